/* SPDX-License-Identifier: MIT */
/* Advisory locks on files: of records, fcntl(2), and of whole files, flock(2). */
#ifndef VFS_LOCKS_H
#define VFS_LOCKS_H

#include "core/types.h"

struct fd_table;
struct file;
struct inode;

/*
 * F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ kin; argument is the address of a struct flock in
 * program memory. owner, the descriptor table, and pid say whose locks those of a process are. 0 or
 * -errno.
 */
long file_lock_fcntl(struct file *file, struct fd_table *owner, u32 pid, u32 command,
		     uptr argument);

/* flock(2). 0, -EWOULDBLOCK, -EINVAL, -ENOMEM, -ERESTARTSYS. */
long file_flock(struct file *file, u32 operation);

/*
 * A descriptor of a table goes: the table's record locks on the file go with it, whichever it was.
 */
void file_locks_closed(struct file *file, struct fd_table *owner);
/* The last reference on a file goes: so do the locks that belong to it. */
void file_locks_release(struct file *file);
/* An inode goes; nobody has a lock on it any more. */
void inode_locks_free(struct inode *inode);

/* F_ADD_SEALS and F_GET_SEALS: -EINVAL where the file can't be sealed. */
long file_seals_fcntl(struct file *file, u32 command, u64 argument);

#endif
