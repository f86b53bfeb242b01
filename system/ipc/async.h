/* SPDX-License-Identifier: MIT */
/* Telling the owner of a file with O_ASYNC that something can be done with it, by SIGIO. */
#ifndef IPC_ASYNC_H
#define IPC_ASYNC_H

#include "vfs/file.h"

/*
 * events: POLL* bits, of which the first is told where the owner chose a signal of its own. Nobody
 * is told where there is no owner, or who set it may not send him signals. No locks of LOCK_LOCAL's
 * rank or higher held.
 */
void async_send(const struct file_owner *owner, u32 events);
/* Not that something can be done with the file, but that something happened to it. */
#define ASYNC_MESSAGE (POLLIN | POLLRDNORM | POLLMSG)

/*
 * F_SETOWN by the calling process: pid is a process, a group as a negative number, or 0, nobody.
 * async_own: where there is no owner, it is the calling process.
 */
void async_owner_set(struct file *file, s32 pid);
void async_own(struct file *file);

#endif
