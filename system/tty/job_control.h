/* SPDX-License-Identifier: MIT */
/*
 * Session and foreground group of a terminal, and the controlling terminal of a process. All take
 * process_tree_lock, but for those that say that it is held.
 */
#ifndef TTY_JOB_CONTROL_H
#define TTY_JOB_CONTROL_H

#include "tty/tty.h"

struct process;

/* The controlling terminal of the calling process, with a reference; NULL: none. */
struct tty *job_control_own(void);

/* The terminal becomes that of the calling process, a session leader, whose group is in front. */
void job_control_begin(struct tty *tty);
/* The same where a leader without a terminal opened one that has no session, for reading. */
void job_control_open(struct tty *tty, const struct file *file);

/*
 * May the calling process use the terminal, or must its group first come to the foreground? number:
 * SIGTTIN or SIGTTOU, which its group gets in the second case. 0, -EIO, -ERESTARTSYS.
 */
int job_control_check(const struct tty *tty, int number);

/*
 * The ioctl commands TIOC[GS]PGRP, TIOCGSID, TIOCSCTTY, TIOCNOTTY. is_own_end: the file is the
 * terminal's own, and not the other end of a pseudo-terminal. -ENOIOCTLCMD for others.
 */
long job_control_ioctl(struct tty *tty, const struct file *file, bool is_own_end, u32 command,
		       uptr argument);

/* A signal to the foreground group, if there is one: whether there is. */
bool job_control_signal(struct tty *tty, int number);

/*
 * The terminal is gone for its session: the leader gets SIGHUP and SIGCONT, or, where it is the
 * process that ends, the foreground group.
 */
void job_control_hang_up(struct tty *tty, const struct process *ending);
/* A session leader ends: its terminal has no session any more. process_tree_lock held. */
void job_control_leader_ends_locked(struct process *leader);

#endif
