/* SPDX-License-Identifier: MIT */
/*
 * Signals: sending, taking and what they do. Frames on the program's stack are arch/x86_64/frame.c.
 *
 * A signal is pending for a thread or for a process (process->signal_lock guards both); whoever
 * makes one pending sets WORK_SIGNAL in a thread that can take it and interrupts that thread: an
 * unpark if it is parked, else a kick (host signal) so that it leaves program code or a blocking
 * host call.
 */
#ifndef SIGNAL_SIGNAL_H
#define SIGNAL_SIGNAL_H

#include <asm/siginfo.h>
#include <asm/signal.h>

#include "core/list.h"
#include "core/types.h"

struct thread;
struct process;
struct credentials;

typedef struct siginfo signal_info;

#define SIGNAL_BIT(n)	(1ull << ((n) - 1))

struct queued_signal {
	struct list node;
	signal_info info;
};

/*
 * To a process (any thread that does not block it) or to one thread. 0, or -EAGAIN
 * (RLIMIT_SIGPENDING).
 */
int signal_send_process(struct process *process, const signal_info *info);
int signal_send_thread(struct thread *thread, const signal_info *info);
/* For the kernel's own: si_code SI_KERNEL or as given. */
void signal_send_simple(struct process *process, int number, int code);
/* A fault of the current thread: forced (unblocked, default action if ignored or blocked). */
void signal_force(const signal_info *info);
/*
 * SIGSEGV from the kernel, forced, where a frame for signal number can't be built or read (0:
 * none). A handler of SIGSEGV that can't be entered is not tried again.
 */
void signal_force_segv(int number);
/* All members of a group, with permission checks by sender (NULL: none). 0 or -ESRCH, -EPERM. */
int signal_send_group(u32 pgid, const signal_info *info, const struct credentials *sender);
int signal_send_group_locked(u32 pgid, const signal_info *info, const struct credentials *sender);

/*
 * Makes another thread look at thread->work soon, where the caller has set something, wherever it
 * runs. Callable under LOCK_SIGNAL.
 */
void thread_prod(struct thread *thread);
/* The same for what interrupts its call for the program (WORK_SIGNAL), and for any thread. */
void thread_kick(struct thread *thread);

/*
 * A thread stops caring for the signals in set (it ends, or blocks them): those that wait for the
 * process are shown to another thread that takes them. process->signal_lock held.
 */
void signal_retarget_locked(struct process *process, u64 set);
/* Sets or clears WORK_SIGNAL by what is pending now. The lock of thread->process held. */
void signal_recompute_locked(struct thread *thread);

/* Changes the calling thread's mask and recomputes WORK_SIGNAL. */
void signal_mask_set(u64 mask);

/*
 * Takes the next signal to act on, called on the way out to the program with WORK_SIGNAL set:
 * stops, kills and ignores are carried out inside; returns true where a handler must run, with info
 * and action filled (and SA_RESETHAND applied).
 */
struct signal_action;
bool signal_take(signal_info *info, struct signal_action *action);

/*
 * Whether the thread, which is about to publish a child of its process, has to take a signal first,
 * or its process ends by one. process->signal_lock held.
 */
bool signal_precedes_fork_locked(const struct thread *thread);

/* Dequeues one of the signals in set, for sigtimedwait and signalfd: its number or 0. */
int signal_dequeue(u64 set, signal_info *info);

/* Whether a process with these credentials may send number to target. */
bool signal_permitted(const struct credentials *sender, u32 sender_sid, struct process *target,
		      int number);

/*
 * Tells the parent that process ended, stopped or went on: code is CLD_*, status its si_status.
 * Sends the signal the parent wants, if any, and wakes its wait4. True where the process ended and
 * nobody will ask for it: the caller releases it. process_tree_lock held.
 */
bool signal_notify_parent_locked(struct process *process, int code, int status);

/* Is thread to end soon, whatever its program does? Without a lock: it may be just about to be. */
bool thread_is_ending(const struct thread *thread);

/*
 * The same for a tracer, of a thread tid of process that stopped or ended. process_tree_lock held.
 */
void signal_notify_tracer_locked(struct process *tracer, struct process *process, u32 tid, int code,
				 int status);

/* process->real_timer has run out: SIGALRM (signal/itimer.c). */
struct timer;
void real_timer_expire(struct timer *timer);
/* Stops and frees what alarm(2) and setitimer(2) have armed: the process ends. */
void interval_timers_release(struct process *process);
/*
 * The same for timer_create(2); also done by signal_actions_reset_for_exec. The caller is the only
 * thread.
 */
void posix_timers_release(struct process *process);

/* ---- signal/altstack.c ---- */

/* Whether rsp is within the alternate stack; _holds says no where the stack is disarmed on use. */
bool altstack_spans(const struct thread *thread, uptr rsp);
bool altstack_holds(const struct thread *thread, uptr rsp);
/* sigaltstack(2) by a thread whose stack pointer is rsp. 0, -EPERM, -EINVAL, -ENOMEM. */
int altstack_set(struct thread *thread, const stack_t *stack, uptr rsp);
/* None, as after exec. */
void altstack_reset(struct thread *thread);

/*
 * For exec, by the only thread: handlers become default, timer_create's timers go. exec_lock may be
 * held.
 */
void signal_actions_reset_for_exec(struct process *process);
/* After an action became "ignore": what waits for it is dropped. Takes the lock. */
void signal_drop_ignored(struct process *process, int number);
/* Frees everything queued. */
void signal_queue_flush(struct list *queue);

#endif
