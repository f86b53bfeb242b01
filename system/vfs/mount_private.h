/* SPDX-License-Identifier: MIT */
/* What mount.c and mount_change.c share. */
#ifndef VFS_MOUNT_PRIVATE_H
#define VFS_MOUNT_PRIVATE_H

#include "vfs/mount.h"

extern struct list mount_list;		/* under name_lock */

/* One that is counted and covers nothing yet, taking over root's reference. NULL: out of memory. */
struct mount *mount_alloc(struct dentry *root, struct file_system *fs, u32 flags);
/* Covers mountpoint, with references of its own. Under name_lock. */
void mount_attach_locked(struct mount *mount, const struct path *mountpoint);

#endif
