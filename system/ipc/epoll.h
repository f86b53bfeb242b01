/* SPDX-License-Identifier: MIT */
/* epoll(7): a file that keeps a set of files to watch and a list of those that may be ready. */
#ifndef IPC_EPOLL_H
#define IPC_EPOLL_H

#include <linux/eventpoll.h>

#include "vfs/file.h"

/* A new epoll file. -ENOMEM as pointer. */
struct file *epoll_create(void) __must_check;

/*
 * epoll_ctl(2) on files that the caller holds; fd is the number under which file is watched (the
 * same file may be watched once for each number). event is NULL for EPOLL_CTL_DEL.
 */
int epoll_control(struct file *epoll, int operation, struct file *file, int fd,
		  const struct epoll_event *event);

/*
 * Writes up to max events to program memory. How many; 0 when the deadline passed; -EINTR, -EFAULT,
 * -EINVAL where the file is no epoll.
 */
int epoll_collect(struct file *epoll, uptr events, int max, u64 deadline_ns);

#endif
