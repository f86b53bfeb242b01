/* SPDX-License-Identifier: MIT */
/* Inside vfs/: what making, removing and renaming names have in common. */
#ifndef VFS_NAMES_PRIVATE_H
#define VFS_NAMES_PRIVATE_H

#include "vfs/names.h"
#include "vfs/walk.h"

/* May names be made in this directory? -EROFS, -ENOENT (removed), -EACCES. Directory locked. */
int directory_may_change(const struct path *directory, const struct credentials *credentials);
/*
 * May victim be taken out of directory, as a directory or as anything else? Also -EPERM (sticky),
 * -ENOTDIR,
 * -EISDIR, -EBUSY. Directory locked.
 */
int name_may_remove(const struct path *directory, const struct dentry *victim,
		    const struct credentials *credentials, bool as_directory);

/* It is no name any more, in a file system whose names are not kept. */
void name_mark_deleted(struct dentry *dentry);

/* For a directory that goes: -ENOTEMPTY, else marks it dead. Its parent is locked. */
int directory_retire(struct dentry *directory);

/* A file that is no directory has lost a name, and a link. The caller has a reference. */
void name_taken_off(struct inode *inode);
/* Takes links off; not below zero. */
void inode_unlink(struct inode *inode, u32 count);
/*
 * name_enter() with all that is told to who keeps changes, and the parent's count of directories.
 * 0 with *out, or -errno, and the caller keeps inode.
 */
int name_enter_kept(struct dentry *parent, const struct last_name *last, struct inode *inode,
		    struct dentry **out) __must_check;
/*
 * Makes the file of a name where the file system is somebody else's: the new inode with a
 * reference, or ERROR_PTR. last NULL: one without a name. open_flags: of the open that is to
 * follow, of a regular file. Directory locked.
 */
struct inode *name_make_foreign(const struct walker *walker, const struct dentry *parent,
				const struct last_name *last, u32 mode, const char *target,
				u32 open_flags);
/* Tells that a name was made of inode, or (added false) taken off it, and ends keep_begin(). */
void name_keep(struct inode *parent, struct inode *inode, const char *name, u32 size, bool added);
/* A lower file of this name would come back: an absence must be kept. Directory locked. */
bool directory_needs_whiteout(const struct inode *directory);

#endif
