/* SPDX-License-Identifier: MIT */
/*
 * The list of mounts. It only grows, under name_lock (LOCK_DENTRY_CACHE), so readers need no
 * lock: a mount is complete before it is linked.
 */
#include "vfs/mount.h"

#include "core/heap.h"
#include "vfs/foreign.h"
#include "vfs/path.h"

static struct list mount_list = { &mount_list, &mount_list };

static struct mount *first_mount;

struct mount *mount_root(void)
{
	return first_mount;
}

struct mount *mount_create(const struct path *mountpoint, struct dentry *root,
			   struct file_system *fs, u32 flags)
{
	static u32 last_id;
	struct mount *mount = heap_alloc_zero(sizeof(*mount));

	if (!mount)
		return ERROR_PTR(-ENOMEM);
	mount->flags = flags;
	mount->root = root;
	mount->fs = fs;
	if (mountpoint) {
		mount->parent = mountpoint->mount;
		mount->mountpoint = mountpoint->dentry;
		dentry_get(mount->mountpoint);
	}
	lock_acquire(&name_lock);
	mount->id = ++last_id;
	list_add_tail(&mount->node, &mount_list);
	if (mountpoint)
		mount->mountpoint->flags |= DENTRY_MOUNTPOINT;
	else
		first_mount = mount;
	lock_release(&name_lock);
	return mount;
}

struct mount *mount_find(const struct mount *parent, const struct dentry *mountpoint)
{
	struct mount *mount, *found = NULL;

	/* The last one covers those before it. */
	list_for_each(mount, &mount_list, node)
		if (mount->mountpoint == mountpoint && mount->parent == parent)
			found = mount;
	return found;
}

void mount_sync_foreign(void)
{
	struct mount *mount;

	list_for_each(mount, &mount_list, node)
		if (mount->fs->foreign)
			mount->fs->foreign->sync_all(mount->fs);
}

void mount_for_each(const struct path *root,
		    void (*print)(void *data, const struct mount *mount, const char *mountpoint),
		    void *data)
{
	char *buffer = heap_alloc(PATH_MAX);
	struct mount *mount;

	if (!buffer)
		return;
	list_for_each(mount, &mount_list, node) {
		struct path path = { mount, mount->root };

		if (path_of(&path, root, buffer, PATH_MAX) >= 0)
			print(data, mount, buffer);
	}
	heap_free(buffer);
}
