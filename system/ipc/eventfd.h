/* SPDX-License-Identifier: MIT */
/* eventfd(2): a counter to wait for. */
#ifndef IPC_EVENTFD_H
#define IPC_EVENTFD_H

#include "vfs/file.h"

#define EFD_SEMAPHORE	1u
#define EFD_CLOEXEC	((u32)O_CLOEXEC)
#define EFD_NONBLOCK	((u32)O_NONBLOCK)

/* A new eventfd; flags are EFD_*, checked here: -EINVAL, -ENOMEM as pointer. */
struct file *eventfd_create(u32 initial, u32 flags) __must_check;

#endif
