/* SPDX-License-Identifier: MIT */
/*
 * Forgetting names that can be loaded again: memory is the domain's own, and a walk over a whole
 * file system must not keep all of it.
 */
#ifndef VFS_RECLAIM_H
#define VFS_RECLAIM_H

struct dentry;

/*
 * The directory's entries were loaded from its file system and may be dropped. Its LOCK_DIRECTORY
 * is held.
 */
void reclaim_add_directory(struct dentry *directory);
/* The inode of a directory goes away. */
struct inode;
void reclaim_forget_directory(struct inode *inode);
/* Drops unused names where there are too many. No locks held. */
void reclaim_names(void);

#endif
