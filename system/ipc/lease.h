/* SPDX-License-Identifier: MIT */
/* Leases: F_SETLEASE and F_GETLEASE of fcntl(2). The vfs's part is vfs/lease.h. */
#ifndef IPC_LEASE_H
#define IPC_LEASE_H

#include "core/types.h"

struct file;

/*
 * Takes, changes or (F_UNLCK) gives back the lease of the open file, which is fd; the calling
 * process becomes the file's owner where there is none. 0, -EINVAL, -EACCES, -ENOMEM; -EAGAIN:
 * others have the file open, or there is no lease to give back.
 */
long lease_set(struct file *file, int fd, int type);
/* F_RDLCK, F_WRLCK, F_UNLCK: what the holder has, or is to make of it where somebody waits. */
long lease_get(struct file *file);

/* Seconds that a holder has for that; 0 or less: all the time. A single word. */
extern s32 lease_break_time;

#endif
