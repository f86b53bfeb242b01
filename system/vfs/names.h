/* SPDX-License-Identifier: MIT */
/*
 * Changes of the tree: making, removing, renaming and linking names, and changing attributes, with
 * all of Linux's checks. Names are strings in the layer's memory; start as for path_walk(). Each
 * returns 0 or
 * -errno as the system call of that name.
 */
#ifndef VFS_NAMES_H
#define VFS_NAMES_H

#include "vfs/path.h"

/* mkdir, mknod: type and permissions in mode (umask is applied here). */
int path_make(const struct walker *walker, const struct path *start, const char *name, u32 mode,
	      u32 rdev);
/* What bind(2) makes; *made gets a reference on it. The umask is applied here. */
int path_make_socket(const struct walker *walker, const char *name, u32 permissions,
		     struct inode **made);
int path_symlink(const struct walker *walker, const char *target, const struct path *start,
		 const char *name);
/* at_flags: AT_SYMLINK_FOLLOW, AT_EMPTY_PATH (old_name "" then names old_start itself). */
int path_link(const struct walker *walker, const struct path *old_start, const char *old_name,
	      u32 at_flags, const struct path *new_start, const char *new_name);
/* unlink, or rmdir where directory. */
int path_remove(const struct walker *walker, const struct path *start, const char *name,
		bool directory);
/* flags: RENAME_NOREPLACE, RENAME_EXCHANGE. */
int path_rename(const struct walker *walker, const struct path *old_start, const char *old_name,
		const struct path *new_start, const char *new_name, u32 flags);

/* ---- One entry, the directory locked by the caller (LOCK_DIRECTORY) ---- */

/*
 * A new inode for that directory, owned by the walker, set-group-id directories regarded; umask is
 * not applied. Inode or ERROR_PTR (-EPERM: the file system can't make files).
 */
struct inode *name_make_inode(const struct walker *walker, const struct dentry *directory, u32 mode,
			      u32 rdev, const char *target);
/*
 * Makes inode, whose reference it takes over, the file of a name that is absent. The dentry with a
 * reference, or NULL: out of memory, and the caller keeps inode.
 */
struct dentry *name_enter(struct dentry *directory, const char *name, size_t size,
			  struct inode *inode);

/* What to change of an inode's attributes. */
enum { CHANGE_MODE = 1u, CHANGE_UID = 2u, CHANGE_GID = 4u, CHANGE_ATIME = 8u, CHANGE_MTIME = 16u,
       CHANGE_TIMES_TO_NOW = 32u };	/* both were asked to be now: write permission is enough */

struct attribute_change {
	u32 what;
	u32 mode, uid, gid;
	s64 atime_ns, mtime_ns;
};

/*
 * chmod, chown, utimensat on a place (mount may be NULL: an anonymous file). Checks owner and
 * capabilities.
 */
int path_change(const struct mount *mount, struct inode *inode,
		const struct credentials *credentials, const struct attribute_change *change);
/* truncate(2), permission included. */
int path_truncate(const struct path *path, const struct credentials *credentials, u64 size);

#endif
