/* SPDX-License-Identifier: MIT */
/* Session and foreground group of the one terminal. All take process_tree_lock. */
#ifndef TTY_JOB_CONTROL_H
#define TTY_JOB_CONTROL_H

#include "core/types.h"

/* Whether the terminal is the controlling one of the calling process's session. */
bool job_control_is_own(void);

/*
 * May the calling process use the terminal, or must its group first come to the foreground? number:
 * SIGTTIN or SIGTTOU, which its group gets in the second case. 0, -EIO, -ERESTARTSYS.
 */
int job_control_check(int number);

/* The ioctl commands TIOC[GS]PGRP, TIOCGSID, TIOCSCTTY, TIOCNOTTY. -ENOIOCTLCMD for others. */
long job_control_ioctl(u32 command, uptr argument);

#define ENOIOCTLCMD 515

#endif
