/* SPDX-License-Identifier: MIT */
/* dnotify: F_NOTIFY of fcntl(2). The vfs's part is vfs/notify.h. */
#ifndef IPC_DNOTIFY_H
#define IPC_DNOTIFY_H

#include "core/types.h"

struct fd_table;
struct file;

/*
 * The owner of file, an open directory that is fd in table, will be told by signals of events
 * (DN_*) in it; the calling process becomes its owner where there is none. No event: not any more.
 * 0, -ENOTDIR, -ENOMEM.
 */
long dnotify_watch(struct file *file, struct fd_table *table, int fd, u32 events);

#endif
