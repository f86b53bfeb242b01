/* SPDX-License-Identifier: MIT */
/*
 * Taking: what a thread does about its pending signals on the way back to the program, and how
 * stops, ends and continues are told to the parent. Under the process's signal_lock, which is given
 * up for stopping and for telling the parent (process_tree_lock comes before it).
 */
#include "core/report.h"
#include "core/string.h"
#include "core/wait.h"
#include "process/core_dump.h"
#include "process/ptrace.h"
#include "signal/queue.h"
#include "syscall/trace.h"

#define STATUS_DUMPED 0x80u	/* in a wait status */

void signal_mask_set(u64 mask)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	u64 newly_blocked;

	mask &= ~SIGNALS_UNBLOCKABLE;
	if (mask == thread->signal_mask)
		return;
	lock_acquire(&process->signal_lock);
	newly_blocked = mask & ~thread->signal_mask;
	thread->signal_mask = mask;
	if (process->thread_count > 1)
		signal_retarget_locked(process, newly_blocked);
	signal_recompute_locked(thread);
	lock_release(&process->signal_lock);
}

static int take_locked(struct thread *thread, u64 set, signal_info *info)
{
	struct process *process = thread->process;
	int number = signal_queue_take_locked(&thread->pending, &thread->pending_queue, set, info);

	if (!number)
		number = signal_queue_take_locked(&process->pending, &process->pending_queue, set,
						  info);
	return number;
}

int signal_dequeue(u64 set, signal_info *info)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	int number;

	lock_acquire(&process->signal_lock);
	number = take_locked(thread, set, info);
	signal_recompute_locked(thread);
	lock_release(&process->signal_lock);
	return number;
}

/* ---- Telling the parent ---- */

static void child_info_fill(signal_info *info, struct process *process, u32 pid, int number,
			    int code, int status)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = number;
	info->si_code = code;
	info->si_pid = pid;
	info->si_uid = process->credentials ? process->credentials->uid : 0;
	info->si_status = status;
	info->si_utime = process->own_times.user_ns / 10000000;
	info->si_stime = process->own_times.system_ns / 10000000;
}

static bool code_is_end(int code)
{
	return code == CLD_EXITED || code == CLD_KILLED || code == CLD_DUMPED;
}

bool signal_notify_parent_locked(struct process *process, int code, int status)
{
	struct process *parent = process->parent;
	int number = code_is_end(code) ? (int)process->exit_signal : SIGCHLD;
	bool unwanted = false, quiet = false;
	struct signal_action action;
	signal_info info;

	if (parent == init_process)
		return code_is_end(code);
	lock_acquire(&parent->signal_lock);
	action = parent->actions[SIGCHLD - 1];
	lock_release(&parent->signal_lock);
	if (number == SIGCHLD) {
		bool ignored = action.handler == (uptr)SIG_IGN;

		if (code_is_end(code))
			unwanted = ignored || (action.flags & SA_NOCLDWAIT);
		quiet = ignored || (!code_is_end(code) && (action.flags & SA_NOCLDSTOP));
	}
	if (number && !quiet) {
		child_info_fill(&info, process, process->pid, number, code, status);
		signal_send_process(parent, &info);
	}
	/*
	 * One who is released is gone before the parent looks; the caller holds the lock that it
	 * looks under.
	 */
	wait_queue_wake_all(&parent->child_wait, 0);
	return unwanted;
}

void signal_notify_tracer_locked(struct process *tracer, struct process *process, u32 tid, int code,
				 int status)
{
	struct signal_action action;
	signal_info info;

	lock_acquire(&tracer->signal_lock);
	action = tracer->actions[SIGCHLD - 1];
	lock_release(&tracer->signal_lock);
	if (action.handler != (uptr)SIG_IGN &&
	    (code_is_end(code) || !(action.flags & SA_NOCLDSTOP))) {
		child_info_fill(&info, process, tid, SIGCHLD, code, status);
		signal_send_process(tracer, &info);
	}
	wait_queue_wake_all(&tracer->child_wait, 0);
}

/* A tracer that is the parent too is told by its tracees' own stops. */
static void parent_tell(struct process *process, int code, int status)
{
	lock_acquire(&process_tree_lock);
	if (process->parent && (!process->leader_tracee || ptrace_hides_locked(process)))
		signal_notify_parent_locked(process, code, status);
	lock_release(&process_tree_lock);
}

/* ---- Stopping ---- */

/* Sleeps with the whole process until it is continued or ends. */
static void stop_wait(struct thread *thread)
{
	struct process *process = thread->process;

	wait_event_uninterruptible(&process->thread_wait,
				   !READ_ONCE(process->stopped) || READ_ONCE(process->exiting) ||
				   (READ_ONCE(thread->work) & (WORK_EXIT | WORK_PTRACE)));
}

static bool group_is_orphaned(struct process *process)
{
	bool orphaned;

	lock_acquire(&process_tree_lock);
	orphaned = group_is_orphaned_locked(process->pgid, NULL);
	lock_release(&process_tree_lock);
	return orphaned;
}

/* SIGKILL is on its way to one of the threads, which does not look for it where it is stopped. */
static bool kill_is_pending_locked(struct process *process)
{
	u64 pending = process->pending;
	struct thread *thread;

	list_for_each(thread, &process->threads, process_node)
		pending |= thread->pending;
	return pending & SIGNAL_BIT(SIGKILL);
}

/* Default action of the stop signals. Called with the lock held, returns without it. */
static void stop_begin(struct process *process, int number)
{
	u32 count = process->continue_count;
	struct thread *thread;
	bool begun = false;

	lock_release(&process->signal_lock);
	if (number != SIGSTOP && group_is_orphaned(process))
		return;
	lock_acquire(&process->signal_lock);
	if (count == process->continue_count && !process->exiting && !process->stopped &&
	    !kill_is_pending_locked(process)) {
		begun = true;
		process->stopped = true;
		process->stop_count++;
		process->stop_signal = number;
		process->stop_unreported = true;
		process->continue_unreported = false;
		list_for_each(thread, &process->threads, process_node)
			thread_kick(thread);
	} else if (process->stopped && thread_current()->tracee) {
		/* A tracee that went on alone meanwhile stops once more. */
		thread_current()->tracee->stop_seen = process->stop_count - 1;
	}
	lock_release(&process->signal_lock);
	if (begun)
		parent_tell(process, CLD_STOPPED, number);
}

/* ---- The loop ---- */

/* What concerns the whole process comes before signals. True where the lock was given up. */
static bool process_work(struct thread *thread, struct process *process)
{
	if (process->exiting || (READ_ONCE(thread->work) & WORK_EXIT)) {
		u32 status = process->exiting ? process->exit_status : 0;

		lock_release(&process->signal_lock);
		thread_exit(status);
	}
	if (core_dump_wants_locked(thread)) {
		core_dump_join();
		return true;
	}
	if (process->continue_notify) {
		process->continue_notify = false;
		lock_release(&process->signal_lock);
		parent_tell(process, CLD_CONTINUED, SIGCONT);
		return true;
	}
	if (ptrace_trap_due_locked(thread)) {
		lock_release(&process->signal_lock);
		ptrace_trap();
		return true;
	}
	if (process->stopped && !thread->tracee) {
		lock_release(&process->signal_lock);
		stop_wait(thread);
		return true;
	}
	return false;
}

/* The action for number is a handler: copies it for the caller. */
static void handler_take(struct process *process, int number, struct signal_action *action)
{
	struct signal_action *own = &process->actions[number - 1];

	*action = *own;
	if (own->flags & SA_RESETHAND)
		own->handler = (uptr)SIG_DFL;
}

/* Carries out the default action; called with the lock held, returns without it. */
static void default_act(struct process *process, int number, const signal_info *info)
{
	bool dumped;

	if (SIGNAL_BIT(number) & SIGNALS_STOP) {
		stop_begin(process, number);
		return;
	}
	if (SIGNAL_BIT(number) & SIGNALS_IGNORED) {
		lock_release(&process->signal_lock);
		return;
	}
	/* It is not pending any more, and what ends the process comes behind a core dump. */
	process->doomed = true;
	lock_release(&process->signal_lock);
	dumped = (SIGNAL_BIT(number) & SIGNALS_DUMP) && core_dump(info);
	process_exit_group((u32)number | (dumped ? STATUS_DUMPED : 0));
}

bool signal_take(signal_info *info, struct signal_action *action)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;

	for (;;) {
		int number;
		uptr handler;

		lock_acquire(&process->signal_lock);
		if (process_work(thread, process))
			continue;
		number = take_locked(thread, ~thread->signal_mask, info);
		signal_recompute_locked(thread);
		if (!number) {
			lock_release(&process->signal_lock);
			return false;
		}
		if (thread->tracee && number != SIGKILL) {
			lock_release(&process->signal_lock);
			number = ptrace_signal(number, info);
			if (!number)
				continue;
			lock_acquire(&process->signal_lock);
		}
		if (thread->work & WORK_TRACE)
			trace_signal(info);
		handler = process->actions[number - 1].handler;
		if (handler == (uptr)SIG_DFL) {
			default_act(process, number, info);
			continue;
		}
		if (handler != (uptr)SIG_IGN) {
			handler_take(process, number, action);
			lock_release(&process->signal_lock);
			return true;
		}
		lock_release(&process->signal_lock);
	}
}

void signal_actions_reset_for_exec(struct process *process)
{
	posix_timers_release(process);
	lock_acquire(&process->signal_lock);
	for (int i = 0; i < SIGNAL_COUNT; i++) {
		struct signal_action *action = &process->actions[i];

		if (action->handler != (uptr)SIG_IGN)
			action->handler = (uptr)SIG_DFL;
		action->flags = 0;
		action->restorer = 0;
		action->mask = 0;
	}
	lock_release(&process->signal_lock);
}
