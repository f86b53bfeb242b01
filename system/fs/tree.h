/* SPDX-License-Identifier: MIT */
/*
 * The tree: the file system that keeps all its names in the heap. With a lower directory behind it,
 * it is the domain's root (names are loaded from the lower tree as they are asked for); without, it
 * is tmpfs and the ground for devfs.
 */
#ifndef FS_TREE_H
#define FS_TREE_H

#include "vfs/inode.h"
#include "vfs/mount.h"

struct file;
struct iter;

/*
 * The domain's root: loads from the lower tree by the monitor. Makes and registers all. 0 or
 * -errno.
 */
int tree_mount_root(void);
/*
 * An empty tree covering mountpoint. type, source: as in /proc/mounts; mode: of its root directory.
 * Its root dentry is mount->root. Mount or ERROR_PTR.
 */
struct mount *tree_mount(const struct path *mountpoint, const char *type, const char *source,
			 u32 mode, u32 mount_flags);
/* What mount(2) was told of a tmpfs. */
struct tree_options {
	const char *source;
	u32 mode, uid, gid;
	u32 mount_flags;
};
/* An empty tmpfs that goes with its last mount. 0 or -ENOMEM. */
int tree_mount_tmpfs(const struct path *mountpoint, const struct tree_options *options);
/*
 * Adds an entry (any type: mode's S_IFMT; target: of a symbolic link) without permission checks,
 * for populating /dev and the like; the name must not be there yet. The dentry with a reference, or
 * ERROR_PTR(-ENOMEM).
 */
struct dentry *tree_add(struct dentry *directory, const char *name, u32 mode, u32 rdev,
			const char *target);

/*
 * An open, nameless regular file for memory that is shared; shown: what stands for its name, which
 * is copied. File or ERROR_PTR(-ENOMEM).
 */
struct file *tree_create_memory(const char *shown, u32 mode);
/* Another, as memfd_create(2) gives. name is copied. File or ERROR_PTR. */
struct file *tree_create_memfd(const char *name, u32 flags);

/* ---- Between the parts of the tree ---- */

/* An inode of a tree, as inode_create(). NULL: out of memory. */
struct inode *tree_inode_create(struct file_system *fs, u32 mode);
/* Gives a symbolic link's inode, which nobody else knows yet, its target. 0 or -ENOMEM. */
int tree_set_target(struct inode *inode, const char *target, size_t size);
/* A regular file that has bytes outside of the domain until it is changed. */
static inline bool tree_has_ground(const struct inode *inode)
{
	return inode->lower_parent || inode->object;
}

/*
 * Makes a name of a directory known, present or (inode NULL) absent, as one that can be loaded
 * again; takes over the reference on inode. Nothing happens where it is known already: what the
 * heap says is the truth. Directory locked. 0 or -ENOMEM.
 */
int tree_enter_loaded(struct dentry *directory, const char *name, size_t size, struct inode *inode);
/* As tree_enter_loaded() for a name that was not known, that is to stay. */
int tree_enter_kept(struct dentry *directory, const char *name, size_t size, struct inode *inode);
/* Whether a name is known, as present or as absent. Directory locked. */
bool tree_knows(struct dentry *directory, const char *name, size_t size);
/* All names of a directory are known now. Directory locked. */
void tree_loaded_all(struct dentry *directory);

/* inode_operations.load and load_all (fs/tree_load.c). */
int tree_load(struct dentry *directory, const char *path, u32 walk_flags);
int tree_load_all(struct dentry *directory);
/*
 * Opens the lower file of a regular inode: a host handle to read from, or -errno. LOCK_INODE may be
 * held.
 */
int tree_lower_open(struct inode *inode);
/* inode_operations.open of regular files: file_data_open(), and handles foreseen. */
int tree_open_regular(struct inode *inode, struct file *file);

#endif
