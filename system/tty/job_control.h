/* SPDX-License-Identifier: MIT */
/* Session and foreground group of a console's terminal. All take process_tree_lock. */
#ifndef TTY_JOB_CONTROL_H
#define TTY_JOB_CONTROL_H

#include "ipc/console.h"

/* The controlling terminal of the calling process's session, with a reference; NULL: none. */
struct console_state *job_control_own(void);

/* The terminal becomes that of the calling process, a session leader, whose group is in front. */
void job_control_begin(struct console_state *console);

/*
 * May the calling process use the terminal, or must its group first come to the foreground? number:
 * SIGTTIN or SIGTTOU, which its group gets in the second case. 0, -EIO, -ERESTARTSYS.
 */
int job_control_check(const struct console_state *console, int number);

/* The ioctl commands TIOC[GS]PGRP, TIOCGSID, TIOCSCTTY, TIOCNOTTY. -ENOIOCTLCMD for others. */
long job_control_ioctl(struct console_state *console, u32 command, uptr argument);

#define ENOIOCTLCMD 515

#endif
