/* SPDX-License-Identifier: MIT */
/*
 * Mounts: which file system's root covers which directory. A mount lives for ever once made (there
 * are a handful), so pointers to one need no reference. The table is written under
 * LOCK_DENTRY_CACHE.
 */
#ifndef VFS_MOUNT_H
#define VFS_MOUNT_H

#include "core/list.h"
#include "core/types.h"

struct dentry;
struct file_system;

struct mount {
	u32 id;
	u32 flags;			/* MS_RDONLY, MS_NOSUID... as mount(2) */
	struct mount *parent;		/* NULL for the root */
	struct dentry *mountpoint;	/* in parent; reference held */
	struct dentry *root;		/* reference held */
	struct file_system *fs;
	struct list node;		/* mount_list, in the order of mounting */
};

/* A place in the tree. Who holds one holds a reference on the dentry. */
struct path {
	struct mount *mount;
	struct dentry *dentry;
};

/*
 * Covers mountpoint (NULL for the very first) with root, whose reference it takes over. The mount,
 * or ERROR_PTR(-ENOMEM).
 */
struct mount *mount_create(const struct path *mountpoint, struct dentry *root,
			   struct file_system *fs, u32 flags);
struct mount *mount_root(void);
/* What covers a directory of parent (its dentry has DENTRY_MOUNTPOINT then). NULL: nothing. */
struct mount *mount_find(const struct mount *parent, const struct dentry *mountpoint);

/* Makes durable what lies in file systems that are somebody else's (vfs/foreign.h). */
void mount_sync_foreign(void);

/* Calls print for each mount with its mountpoint's path as seen from root: for /proc/mounts. */
void mount_for_each(const struct path *root,
		    void (*print)(void *data, const struct mount *mount, const char *mountpoint),
		    void *data);

#endif
