/* SPDX-License-Identifier: MIT */
/*
 * A process as a file: pidfd_open(2), CLONE_PIDFD. It stands for that one process, whoever gets its
 * number later, and is readable once the process has ended.
 */
#ifndef IPC_PIDFD_H
#define IPC_PIDFD_H

#include "vfs/file.h"

struct process;

/*
 * A pidfd of process in the calling process's table, closed on exec; flags is O_NONBLOCK or 0. The
 * descriptor, or -ENOMEM, -EMFILE.
 */
int pidfd_install(struct process *process, u32 flags) __must_check;
/* The pidfd at a descriptor of the calling process, with a reference; NULL where it is none. */
struct file *pidfd_get(int fd);
/* Whom it stands for: there as long as the file is, ended or not. NULL where it is no pidfd. */
struct process *pidfd_process(const struct file *file);

#endif
