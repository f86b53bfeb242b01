/* SPDX-License-Identifier: MIT */
/*
 * The tree: inodes of all types in the heap, directories that are lists of cached names, and trees
 * made from nothing (tmpfs, devfs). Names come from the lower tree in tree_load.c; bytes are
 * file_data.c's. Locks: LOCK_DIRECTORY for listing.
 */
#include "fs/tree.h"

#include <linux/magic.h>

#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/file_data.h"
#include "fs/identity.h"
#include "fs/image.h"
#include "fs/lower.h"
#include "fs/overlay.h"
#include "vfs/file.h"
#include "vfs/keep.h"
#include "vfs/names.h"
#include "vfs/notify.h"
#include "vfs/path.h"
#include "vfs/reclaim.h"

/* Inode numbers of files made here begin far above those of the lower tree. */
#define FIRST_OWN_INO OVERLAY_OWN_INO
#define ENTRIES_AHEAD 4

/* ---- Inodes ---- */

static const struct inode_operations tree_operations;
static const struct file_operations tree_directory_operations;

static const struct file_operations *tree_file_operations(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return &file_data_operations;
	case S_IFDIR:
		return &tree_directory_operations;
	default:
		return NULL;
	}
}

struct inode *tree_inode_create(struct file_system *fs, u32 mode)
{
	return inode_create(fs, mode, &tree_operations, tree_file_operations(mode));
}

int tree_set_target(struct inode *inode, const char *target, size_t size)
{
	inode->target = heap_alloc(size + 1);
	if (!inode->target)
		return -ENOMEM;
	memcpy(inode->target, target, size);
	inode->target[size] = '\0';
	inode->size = size;
	inode->flags |= INODE_PLAIN_LINK;
	return 0;
}

static struct inode *tree_make(struct file_system *fs, u32 mode, u32 rdev, const char *target)
{
	struct inode *inode = tree_inode_create(fs, mode);

	if (!inode)
		return ERROR_PTR(-ENOMEM);
	inode->rdev = rdev;
	inode->flags |= INODE_CHANGED;
	if ((mode & S_IFMT) == S_IFLNK && tree_set_target(inode, target, strlen(target))) {
		inode_put(inode);
		return ERROR_PTR(-ENOMEM);
	}
	return inode;
}

static ssize_t tree_read_link(struct inode *inode, char *to, size_t size)
{
	if (!inode_is_symlink(inode))
		return -EINVAL;
	return strlcpy(to, inode->target, size);
}

static void tree_attributes(struct inode *inode, struct attributes *out)
{
	if (inode_is_regular(inode)) {
		file_data_note_times(inode);
		out->mtime_ns = READ_ONCE(inode->mtime_ns);
		out->ctime_ns = READ_ONCE(inode->ctime_ns);
		out->blocks = file_data_blocks(inode);
	} else if (inode_is_directory(inode) && !directory_has_ground(inode))
		out->size = inode->directory->entry_count * 20;
}

/* As for files in tree_open.c: may the host's side read a directory that not everybody may? */
static int tree_open_directory(struct inode *inode, struct dentry *dentry)
{
	int error = 0;

	if ((READ_ONCE(inode->mode) & S_IROTH) || (READ_ONCE(inode->flags) & INODE_COMPLETE))
		return 0;
	lock_acquire(&inode->directory->lock);
	if (!(inode->flags & INODE_COMPLETE))
		error = tree_load_all(dentry);
	lock_release(&inode->directory->lock);
	return error;
}

static int tree_open(struct inode *inode, struct file *file)
{
	if (inode_is_regular(inode))
		return tree_open_regular(inode, file);
	return inode_is_directory(inode) ? tree_open_directory(inode, file->dentry) : 0;
}

static int tree_truncate(struct inode *inode, u64 size)
{
	return inode_is_regular(inode) ? file_data_truncate(inode, size) : -EINVAL;
}

static void tree_release(struct inode *inode)
{
	if (inode_is_regular(inode))
		file_data_free(inode);
	else if (inode_is_symlink(inode))
		heap_free(inode->target);
	overlay_inode_release(inode);
	identity_forget(inode);
	lower_inode_forget(inode);
}

static const struct inode_operations tree_operations = {
	.load = tree_load,
	.load_all = tree_load_all,
	.make = tree_make,
	.read_link = tree_read_link,
	.open = tree_open,
	.attributes = tree_attributes,
	.truncate = tree_truncate,
	.release = tree_release,
};

/* ---- Directories ---- */

/*
 * The entry after this one, and its inode on the way to the cache: a listing's time is that of
 * waiting for entries and inodes, one after the other, unless they are asked for before their turn.
 */
static struct list *entry_ahead(struct list *node, const struct list *entries)
{
	if (node == entries)
		return node;
	__builtin_prefetch(&list_entry(node, struct dentry, entry_node)->inode->ino);
	return node->next;
}

/* The directory's lock keeps its list of entries as it is, so that the sink may sleep. */
static int tree_iterate_locked(struct file *file, struct directory_sink *sink, u64 *offset)
{
	struct inode *inode = file->inode;
	struct list *entries = &inode->directory->entries, *ahead;
	struct dentry *dentry;

	if (!(inode->flags & INODE_COMPLETE)) {
		int error = tree_load_all(file->dentry);

		if (error)
			return error;
	}
	ahead = entries->next;
	for (int i = 0; i < ENTRIES_AHEAD; i++)
		ahead = entry_ahead(ahead, entries);
	list_for_each(dentry, entries, entry_node) {
		struct inode *found = dentry->inode;

		ahead = entry_ahead(ahead, entries);
		if (!found || dentry->cookie < *offset)
			continue;
		if (!sink->emit(sink, dentry->name, dentry->name_size, found->ino,
				directory_type(found->mode), dentry->cookie + 1))
			return 0;
		*offset = dentry->cookie + 1;
	}
	return 0;
}

static int tree_iterate(struct file *file, struct directory_sink *sink, u64 *offset)
{
	struct inode *inode = file->inode;
	int error;

	if (inode->flags & INODE_DEAD_DIRECTORY)
		return -ENOENT;
	if (!directory_emit_dots(file, sink, offset))
		return 0;
	lock_acquire(&inode->directory->lock);
	error = tree_iterate_locked(file, sink, offset);
	lock_release(&inode->directory->lock);
	inode_touch_accessed(inode);
	reclaim_names();
	return error;
}

static int tree_directory_sync(struct file *file, bool data_only)
{
	(void)data_only;
	return keep_sync(file->inode->fs);
}

static const struct file_operations tree_directory_operations = {
	.read = file_read_directory,
	.seek = file_seek_endless,
	.iterate = tree_iterate,
	.sync = tree_directory_sync,
};

/* ---- Whole trees ---- */

static struct file_system *tree_fs_create(const char *type, const char *source, u32 magic)
{
	struct file_system *fs = heap_alloc_zero(sizeof(*fs));

	if (!fs)
		return NULL;
	fs->has_xattrs = true;
	fs->type = type;
	fs->source = source;
	fs->magic = magic;
	fs->next_ino = FIRST_OWN_INO;
	file_system_register(fs);
	return fs;
}

/* Takes over the reference on root's inode. */
static struct mount *tree_cover(const struct path *mountpoint, struct inode *inode, u32 mount_flags)
{
	struct dentry *root = dentry_create_root(inode);

	if (!root) {
		inode_put(inode);
		return ERROR_PTR(-ENOMEM);
	}
	return mount_create(mountpoint, root, inode->fs, mount_flags);
}

struct mount *tree_mount(const struct path *mountpoint, const char *type, const char *source,
			 u32 mode, u32 mount_flags)
{
	struct file_system *fs = tree_fs_create(type, source, TMPFS_MAGIC);
	struct inode *inode;

	if (!fs)
		return ERROR_PTR(-ENOMEM);
	fs->next_ino = 0;
	inode = tree_make(fs, S_IFDIR | mode, 0, NULL);
	return IS_ERROR(inode) ? (struct mount *)inode : tree_cover(mountpoint, inode, mount_flags);
}

/* ---- A tree that goes ---- */

static void entry_drop(struct dentry *entry)
{
	lock_acquire(&name_lock);
	dentry_get(entry);
	name_detach_locked(entry);
	lock_release(&name_lock);
	if (entry->inode)
		notify_unmounted(entry->inode);
	dentry_put(entry);
}

static struct dentry *entry_first(const struct dentry *directory)
{
	const struct list *entries = &directory->inode->directory->entries;

	return list_empty(entries) ? NULL : list_first(entries, struct dentry, entry_node);
}

/* Nobody holds anything of it: all names are removed, from the deepest up. */
static void tree_free(struct file_system *fs)
{
	struct dentry *here = fs->root, *entry;

	while ((entry = entry_first(here)) || here != fs->root) {
		if (entry && entry->inode && inode_is_directory(entry->inode)) {
			here = entry;
			continue;
		}
		if (!entry) {
			entry = here;
			here = here->parent;
		}
		entry_drop(entry);
	}
	here->flags |= DENTRY_DETACHED;
	notify_unmounted(here->inode);
	dentry_put(here);
	file_system_put(fs);
}

static struct dentry *tmpfs_root(struct file_system *fs, const struct tree_options *options)
{
	struct inode *inode = tree_make(fs, S_IFDIR | options->mode, 0, NULL);
	struct dentry *root;

	if (IS_ERROR(inode))
		return NULL;
	inode->uid = options->uid;
	inode->gid = options->gid;
	root = dentry_create_root(inode);
	if (!root)
		inode_put(inode);
	return root;
}

int tree_mount_tmpfs(const struct path *mountpoint, const struct tree_options *options)
{
	struct file_system *fs = tree_fs_create("tmpfs", NULL, TMPFS_MAGIC);
	struct mount *mount;

	if (!fs)
		return -ENOMEM;
	fs->next_ino = 0;
	fs->users = 1;
	fs->release = tree_free;
	fs->source = heap_strdup(options->source);
	fs->root = fs->source ? tmpfs_root(fs, options) : NULL;
	if (!fs->root) {
		file_system_put(fs);
		return -ENOMEM;
	}
	dentry_get(fs->root);
	mount = mount_add(mountpoint, fs->root, fs, options->mount_flags);
	if (!IS_ERROR(mount))
		return 0;
	dentry_put(fs->root);
	tree_free(fs);
	return -ENOMEM;
}

/* The lower root itself is the empty path: REQ_WALK answers it as one node. */
static struct inode *tree_root_inode(struct file_system *fs)
{
	struct lower_path *path = lower_path_create(NULL, "", 0);
	struct inode *inode = path ? tree_inode_create(fs, S_IFDIR | 0755) : NULL;
	const struct node *node;
	struct reply reply;
	int handle, error;

	if (!inode) {
		lower_path_put(path);
		return ERROR_PTR(-ENOMEM);
	}
	inode->flags &= ~INODE_COMPLETE;
	inode->directory->lower = path;
	error = lower_walk("", 0, false, &reply, &handle);
	if (error) {
		inode_put(inode);
		return ERROR_PTR(error);
	}
	node = lower_node_next(&reply, NULL);
	if (node && !node->error) {
		inode->mode = node->mode;
		inode->uid = node->uid;
		inode->gid = node->gid;
		inode->nlink = node->nlink;
		inode->size = node->size;
		inode->blocks = node->blocks;
		inode->ino = node->ino;
		inode->mtime_ns = node->mtime_ns;
		inode->ctime_ns = node->ctime_ns;
		inode->atime_ns = node->atime_ns;
	}
	request_end();
	return inode;
}

/* What the root stands on, before any of its inodes is made. */
static int ground_start(struct file_system *fs)
{
	int error = config()->index_size ? image_start() : 0;

	return error || !config()->overlay_size ? error : overlay_start(fs);
}

int tree_mount_root(void)
{
	struct file_system *fs = tree_fs_create("mezzo", "mezzo", OVERLAYFS_SUPER_MAGIC);
	struct inode *inode;
	struct mount *mount;
	int error;

	if (!fs)
		return -ENOMEM;
	error = ground_start(fs);
	if (error)
		return error;
	inode = config()->index_size ? image_root_inode(fs) : tree_root_inode(fs);
	if (IS_ERROR(inode))
		return PTR_ERROR(inode);
	mount = tree_cover(NULL, inode, 0);
	return IS_ERROR(mount) ? PTR_ERROR(mount) : 0;
}

struct dentry *tree_add(struct dentry *directory, const char *name, u32 mode, u32 rdev,
			const char *target)
{
	struct inode *parent = directory->inode, *inode;
	s64 mtime_ns = parent->mtime_ns, ctime_ns = parent->ctime_ns;
	struct dentry *dentry;

	inode = tree_make(parent->fs, mode, rdev, target);
	if (IS_ERROR(inode))
		return (struct dentry *)inode;
	lock_acquire(&parent->directory->lock);
	dentry = name_enter(directory, name, strlen(name), inode);
	/* A directory of the ground does not change, and has counted the name that is hidden. */
	if (directory_has_ground(parent)) {
		WRITE_ONCE(parent->mtime_ns, mtime_ns);
		WRITE_ONCE(parent->ctime_ns, ctime_ns);
	} else if (dentry && inode_is_directory(inode)) {
		atomic_add(&parent->nlink, 1);
	}
	lock_release(&parent->directory->lock);
	if (dentry)
		return dentry;
	inode_put(inode);
	return ERROR_PTR(-ENOMEM);
}
