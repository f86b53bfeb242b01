/* SPDX-License-Identifier: MIT */
/* signalfd(2): signals of the reading process as a file. */
#ifndef IPC_SIGNALFD_H
#define IPC_SIGNALFD_H

#include "vfs/file.h"

/* A new one for the signals in set; flags are O_NONBLOCK and O_CLOEXEC. -ENOMEM as pointer. */
struct file *signalfd_create(u64 set, u32 flags) __must_check;
/* Makes file care for set from now on. -EINVAL where it is no signalfd. */
int signalfd_change(struct file *file, u64 set);

#endif
