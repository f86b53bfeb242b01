/* SPDX-License-Identifier: MIT */
/* Making, finding and freeing mounts; see mount.h. Locks: name_lock (LOCK_DENTRY_CACHE). */
#include "vfs/mount.h"

#include "core/heap.h"
#include "core/string.h"
#include "vfs/foreign.h"
#include "vfs/mount_private.h"
#include "vfs/path.h"
#include "vfs/pool.h"

struct list mount_list = { &mount_list, &mount_list };

static struct pool mount_pool = POOL_INIT(sizeof(struct mount), offsetof(struct mount, link), 1);
static struct mount *first_mount, *lasting_mounts;

struct mount *mount_root(void)
{
	return first_mount;
}

struct mount *mount_lasting(const char *type)
{
	struct mount *mount = READ_ONCE(lasting_mounts);

	while (mount && strcmp(mount->fs->type, type))
		mount = mount->link;
	return mount;
}

void mount_attach_locked(struct mount *mount, const struct path *mountpoint)
{
	static u64 last_order;

	if (mountpoint) {
		mount->parent = mountpoint->mount;
		mount->mountpoint = mountpoint->dentry;
		dentry_get(mount->mountpoint);
		mount_get(mount->parent);
		mount->mountpoint->flags |= DENTRY_MOUNTPOINT;
	}
	mount->order = ++last_order;
	list_add_tail(&mount->node, &mount_list);
}

struct mount *mount_alloc(struct dentry *root, struct file_system *fs, u32 flags)
{
	static u32 last_id;
	struct mount *mount = pool_alloc(&mount_pool);

	if (!mount)
		return NULL;
	/* Walkers may look at it: no field is ever nothing. */
	mount->root = root;
	mount->fs = fs;
	mount->flags = flags;
	mount->references = 1;
	mount->is_counted = true;
	mount->is_expiring = false;
	mount->parent = mount->copy = NULL;
	list_init(&mount->node);
	mount->id = atomic_add(&last_id, 1);
	atomic_add(&fs->mounts, 1);
	return mount;
}

static struct mount *mount_make(const struct path *mountpoint, struct dentry *root,
				struct file_system *fs, u32 flags, bool counted)
{
	struct mount *mount = mount_alloc(root, fs, flags);

	if (!mount)
		return ERROR_PTR(-ENOMEM);
	mount->is_counted = counted;
	lock_acquire(&name_lock);
	if (!counted) {
		mount->link = lasting_mounts;
		lasting_mounts = mount;
	}
	if (!mountpoint)
		first_mount = mount;
	mount_attach_locked(mount, mountpoint);
	lock_release(&name_lock);
	return mount;
}

struct mount *mount_create(const struct path *mountpoint, struct dentry *root,
			   struct file_system *fs, u32 flags)
{
	return mount_make(mountpoint, root, fs, flags, false);
}

struct mount *mount_add(const struct path *mountpoint, struct dentry *root, struct file_system *fs,
			u32 flags)
{
	return mount_make(mountpoint, root, fs, flags, true);
}

void mount_free(struct mount *mount)
{
	struct file_system *fs = mount->fs;

	dentry_put(mount->root);
	if (atomic_sub(&fs->mounts, 1) == 0 && fs->release)
		fs->release(fs);
	pool_free(&mount_pool, mount);
}

struct mount *mount_find_locked(const struct mount *parent, const struct dentry *mountpoint)
{
	struct mount *mount, *found = NULL;

	/* The last one covers those before it. */
	list_for_each(mount, &mount_list, node)
		if (mount->mountpoint == mountpoint && mount->parent == parent)
			found = mount;
	return found;
}

/* The mount behind this one (NULL: the first), with a reference; gives previous's back. */
static struct mount *mount_next(struct mount *previous)
{
	u64 order = previous ? READ_ONCE(previous->order) : 0;
	struct mount *next = NULL, *mount;

	lock_acquire(&name_lock);
	/* Previous may be gone from the list. */
	list_for_each(mount, &mount_list, node) {
		if (mount->order > order) {
			next = mount;
			mount_get(next);
			break;
		}
	}
	lock_release(&name_lock);
	if (previous)
		mount_put(previous);
	return next;
}

void mount_sync_foreign(void)
{
	for (struct mount *mount = mount_next(NULL); mount; mount = mount_next(mount))
		if (mount->fs->foreign)
			mount->fs->foreign->sync_all(mount->fs);
}

void mount_for_each(const struct path *root,
		    void (*print)(void *data, const struct mount *mount, const char *mountpoint,
				  const char *inside),
		    void *data)
{
	char *buffer = heap_alloc(2 * PATH_MAX), *inside = buffer + PATH_MAX;

	if (!buffer)
		return;
	for (struct mount *mount = mount_next(NULL); mount; mount = mount_next(mount)) {
		struct path path = { mount, mount->root };

		/* What is not below the caller's root is not shown. */
		if (path_of(&path, root, buffer, PATH_MAX) >= 0 && buffer[0] == '/' &&
		    dentry_path(mount->root, inside, PATH_MAX) >= 0)
			print(data, mount, buffer, inside);
	}
	heap_free(buffer);
}
