/* SPDX-License-Identifier: MIT */
/* Steps of path walks that the operations on names need too. */
#ifndef VFS_WALK_H
#define VFS_WALK_H

#include "vfs/path.h"

/*
 * The dentry of a name in a directory, with a reference; it has an inode. Loads it if need be. rest
 * is the name and what comes behind it in the path (a hint). -ENOENT and what the file system says.
 * No mount is crossed. The directory's lock must not be held.
 */
int name_lookup(struct dentry *directory, const char *name, size_t size, const char *rest,
		u32 walk_flags, struct dentry **out) __must_check;
/* The same with the directory locked by the caller, for changing it afterwards. */
int name_lookup_locked(struct dentry *directory, const char *name, size_t size, const char *rest,
		       u32 walk_flags, struct dentry **out) __must_check;
/* Goes up to the root of what is mounted here, as long as something is. Moves the reference. */
void path_cross_mounts(struct path *path);

/* The walk's fast part (walk_fast.c): 0 and *out, -ENOENT, or 1 where the slow one must decide. */
int path_walk_fast(const struct walker *walker, const struct path *start, const char *name,
		   u32 flags, struct path *out) __must_check;

/* A symbolic link's target as a fresh string that heap_free() gives back, or ERROR_PTR. */
char *link_target(struct inode *inode);

#endif
