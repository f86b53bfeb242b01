/* SPDX-License-Identifier: MIT */
/* Advisory locks and seals, as fcntl(2) hands them out. */
#ifndef VFS_LOCKS_H
#define VFS_LOCKS_H

#include "core/types.h"

struct file;

/*
 * F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ kin on a file that the caller holds; argument is the address
 * of a struct flock in program memory. 0 or -errno as fcntl(2).
 */
long file_lock_fcntl(struct file *file, int fd, u32 command, uptr argument);

/* F_ADD_SEALS and F_GET_SEALS: -EINVAL where the file can't be sealed. */
long file_seals_fcntl(struct file *file, u32 command, u64 argument);

#endif
