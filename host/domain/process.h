/* SPDX-License-Identifier: MIT */
/*
 * The monitor of a lasting domain as a process of the host, for who can't reach it by its socket:
 * the file `run` names it (record.h), and that it holds the lock of the folder proves it. So a
 * process that has the same number by now is never taken for it.
 */
#ifndef HOST_DOMAIN_PROCESS_H
#define HOST_DOMAIN_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "host/base/error.h"
#include "host/domain/folder.h"

/* The monitor's process; 0: there is none, or it is not ours to see. */
pid_t monitor_find(const struct folder *folder);

/* Whether it was stopped (SIGSTOP): it hears nobody until it goes on. 0 is none. */
bool monitor_is_stopped(pid_t process);

/*
 * Whether it waits in the kernel, as for a disk: it hears when that is over, and before that no
 * signal would end it either.
 */
bool monitor_is_in_kernel(pid_t process);

/*
 * A pidfd of it, or -ESRCH with a message. Also of one that was killed and is dying: the kernel
 * takes its files first, and gives the lock back only before it says that the process has ended.
 */
int monitor_open(const struct folder *folder, struct error *err);

#endif
