/* SPDX-License-Identifier: MIT */
/*
 * The monitor of a lasting domain as a process of the host, for who can't reach it by its socket:
 * the file `run` names it (record.h), and that it holds the lock of the folder proves it. So a
 * process that has the same number by now is never taken for it.
 */
#ifndef HOST_DOMAIN_PROCESS_H
#define HOST_DOMAIN_PROCESS_H

#include <sys/types.h>

#include "host/base/error.h"
#include "host/domain/folder.h"

/* The monitor's process; 0: there is none, or it is not ours to see. */
pid_t monitor_find(const struct folder *folder);

/* A pidfd of it, or -ESRCH with a message. */
int monitor_open(const struct folder *folder, struct error *err);

#endif
