/* SPDX-License-Identifier: MIT */
/* Inside signal/ only: sets of signals, default actions, and the queues of what is pending. */
#ifndef SIGNAL_QUEUE_H
#define SIGNAL_QUEUE_H

#include "process/process.h"
#include "signal/signal.h"

#define SIGNAL_FIRST_REALTIME	32

#define SIGNALS_STOP		(SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | \
				 SIGNAL_BIT(SIGTTOU))
#define SIGNALS_IGNORED		(SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGCHLD) | \
				 SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGURG))
#define SIGNALS_SYNCHRONOUS	(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | \
				 SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))
/* Linux makes a core dump first. */
#define SIGNALS_DUMP		(SIGNALS_SYNCHRONOUS | SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGABRT) | \
				 SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ))
#define SIGNALS_UNBLOCKABLE	(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* All of these: process->signal_lock held. */

/* Whether the action for number is to do nothing. */
bool signal_is_ignored_locked(const struct process *process, int number);
/*
 * Adds to a queue where room is allowed by limit. -EAGAIN where the signal must be refused; 0 where
 * it is to become pending, though maybe without its information, as Linux does.
 */
int signal_queue_add_locked(struct list *queue, const signal_info *info, u64 limit);
/* Takes the next of set out of what is pending: its number or 0. */
int signal_queue_take_locked(u64 *pending, struct list *queue, u64 set, signal_info *info);
/*
 * The signal of a POSIX timer, to the thread tid or (0) the process: where the last one of this
 * timer is still pending that counts one more overrun, and those of info. The overruns that the
 * pending signal tells. (send.c)
 */
u32 signal_post_timer_locked(struct process *process, u32 tid, const signal_info *info);
/* Drops all in set from the process and its threads. */
void signal_drop_locked(struct process *process, u64 set);

#endif
