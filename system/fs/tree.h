/* SPDX-License-Identifier: MIT */
/*
 * The tree: the file system that keeps all its names in the heap. With a lower directory behind it, it is
 * the domain's root (names are loaded from the lower tree as they are asked for); without, it is tmpfs and the
 * ground for devfs.
 */
#ifndef FS_TREE_H
#define FS_TREE_H

#include "vfs/inode.h"
#include "vfs/mount.h"

struct file;

/* The domain's root: loads from the lower tree by the monitor. Makes and registers all. 0 or -errno. */
int tree_mount_root(void);
/*
 * An empty tree covering mountpoint. type, source: as in /proc/mounts; mode: of its root directory.
 * Its root dentry is mount->root. Mount or ERROR_PTR.
 */
struct mount *tree_mount(const struct path *mountpoint, const char *type, const char *source, u32 mode,
			 u32 mount_flags);
/*
 * Adds an entry (any type: mode's S_IFMT; target: of a symbolic link) without permission checks, for
 * populating /dev and the like. The dentry with a reference, or ERROR_PTR (-EEXIST, -ENOMEM).
 */
struct dentry *tree_add(struct dentry *directory, const char *name, u32 mode, u32 rdev, const char *target);

/* An open, nameless regular file, as memfd_create(2) gives. name is copied. File or ERROR_PTR. */
struct file *tree_create_memfd(const char *name, u32 flags);

/*
 * A handle on the inode's lower file, from the monitor; -errno where it gives none. dentry: where it was found, or
 * NULL; its neighbours may be opened in the same request.
 */
int tree_lower_open(struct inode *inode, const struct dentry *dentry);

#endif
