/* SPDX-License-Identifier: MIT */
/*
 * Leases, F_SETLEASE of fcntl(2): who has one on a file is told before others open or truncate it
 * in a way that conflicts, and those wait until it is given back or its time is over. The functions
 * are ipc/lease.c's, as the telling is by signals. An inode without leases costs a load.
 */
#ifndef VFS_LEASE_H
#define VFS_LEASE_H

#include "vfs/file.h"
#include "vfs/inode.h"

/*
 * For lease_break() and lease_file_gone(), where the inode has leases. flags: O_ACCMODE's and
 * O_NONBLOCK.
 */
int lease_break_all(struct inode *inode, u32 flags);
void lease_end(struct file *file);

/*
 * The caller, which is counted among those who have the regular file open or write it, waits for
 * leases against that. 0, -EWOULDBLOCK (O_NONBLOCK: the holders are told), -ERESTARTSYS. No short
 * lock may be held.
 */
static inline int lease_break(struct inode *inode, u32 flags)
{
	return unlikely(READ_ONCE(inode->leases)) ? lease_break_all(inode, flags) : 0;
}

/* The last reference on a file goes, and its lease. */
static inline void lease_file_gone(struct file *file)
{
	if (unlikely(READ_ONCE(file->inode->leases)))
		lease_end(file);
}

#endif
