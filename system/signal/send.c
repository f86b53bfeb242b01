/* SPDX-License-Identifier: MIT */
/*
 * Sending: making a signal pending, choosing the thread that shall take it, and interrupting that
 * thread. All under the target's signal_lock; group sends hold process_tree_lock around.
 */
#include <asm/unistd_64.h>
#include <linux/capability.h>

#include "boundary/abi.h"
#include "core/host.h"
#include "core/string.h"
#include "core/wait.h"
#include "process/ptrace.h"
#include "signal/queue.h"

void thread_prod(struct thread *thread)
{
	bool parked = READ_ONCE(thread->parked);

	thread_unpark(thread);
	/*
	 * One that isn't parked may run the program or sleep in a host call. No host thread yet: it
	 * will look.
	 */
	if (parked || !READ_ONCE(thread->host_tid))
		return;
	/*
	 * The host queues each, and delivers all at once: many would overrun the host signal stack.
	 */
	if (!atomic_exchange(&thread->kick_sent, 1u) &&
	    host_call3(__NR_tgkill, thread->host_tgid, thread->host_tid, KICK_SIGNAL))
		WRITE_ONCE(thread->kick_sent, 0);
}

void thread_kick(struct thread *thread)
{
	atomic_or(&thread->work, WORK_SIGNAL);
	if (thread != thread_current() && !thread->player)
		thread_prod(thread);
}

bool thread_is_ending(const struct thread *thread)
{
	const struct process *process = thread->process;

	return READ_ONCE(process->exiting) || (READ_ONCE(thread->work) & WORK_EXIT) ||
	       ((READ_ONCE(process->pending) | READ_ONCE(thread->pending)) & SIGNAL_BIT(SIGKILL));
}

void signal_recompute_locked(struct thread *thread)
{
	struct process *process = thread->process;
	u64 ready = (thread->pending | process->pending) & ~thread->signal_mask;

	if (ready || (process->stopped && !thread->tracee) || ptrace_trap_due_locked(thread) ||
	    process->exiting || process->dumper || process->continue_notify ||
	    (thread->work & WORK_EXIT))
		atomic_or(&thread->work, WORK_SIGNAL);
	else if (thread->work & WORK_SIGNAL)
		atomic_and(&thread->work, ~WORK_SIGNAL);
}

static bool thread_wants(const struct thread *thread, int number)
{
	return ((~thread->signal_mask | thread->wait_set) & SIGNAL_BIT(number)) != 0;
}

/*
 * A thread of process that takes number: one that has nothing else to do, if there is a choice, and
 * one that waits for its vfork child only if there is none.
 */
static struct thread *thread_choose_locked(struct process *process, int number)
{
	struct thread *thread, *busy = NULL;

	list_for_each(thread, &process->threads, process_node) {
		if (!thread_wants(thread, number))
			continue;
		if (!thread->player && !(READ_ONCE(thread->work) & WORK_SIGNAL))
			return thread;
		if (!busy || busy->player)
			busy = thread;
	}
	return busy;
}

/*
 * Whether number ends a process as soon as it is sent to stand_in, and not when it is taken: on
 * Linux only what comes behind no other signal, and makes no core dump.
 */
static bool ends_at_once_locked(const struct thread *stand_in, int number)
{
	const struct process *process = stand_in->process;
	const u64 others = SIGNALS_DUMP | SIGNALS_STOP | SIGNALS_IGNORED;

	if (process->exiting || process->actions[number - 1].handler != (uptr)SIG_DFL)
		return false;
	return number == SIGKILL || (!(SIGNAL_BIT(number) & others) &&
				     !(READ_ONCE(stand_in->work) & WORK_SIGNAL));
}

bool signal_precedes_fork_locked(const struct thread *thread)
{
	struct process *process = thread->process;
	u64 left = process->pending & ~SIGNALS_IGNORED;

	lock_assert_held(&process->signal_lock);
	if (process->exiting || process->doomed ||
	    (READ_ONCE(thread->work) & (WORK_SIGNAL | WORK_EXIT)))
		return true;
	for (; left; left &= left - 1) {
		int number = __builtin_ctzll(left) + 1;

		/* Another thread takes it, and it ends this one too. */
		if (process->actions[number - 1].handler == (uptr)SIG_DFL &&
		    thread_choose_locked(process, number))
			return true;
	}
	return false;
}

/* number is pending, and thread takes it. One that waits for its vfork child can only be ended. */
static void thread_tell_locked(struct process *process, struct thread *thread, int number)
{
	if (thread->player && ends_at_once_locked(thread, number))
		process_kill_locked(process, number);
	else
		thread_kick(thread);
}

void signal_retarget_locked(struct process *process, u64 set)
{
	u64 left = process->pending & set;
	struct thread *thread;

	for (; left; left &= left - 1) {
		int number = __builtin_ctzll(left) + 1;

		thread = thread_choose_locked(process, number);
		if (thread)
			thread_tell_locked(process, thread, number);
	}
}

/* Stop and continue cancel each other, whether or not they are ignored or blocked. */
static void signal_prepare_locked(struct process *process, int number)
{
	if (SIGNAL_BIT(number) & SIGNALS_STOP)
		signal_drop_locked(process, SIGNAL_BIT(SIGCONT));
	if (number != SIGCONT && number != SIGKILL)
		return;
	if (number == SIGCONT)
		signal_drop_locked(process, SIGNALS_STOP);
	process->continue_count++;
	if (number == SIGKILL)
		ptrace_wake_locked(process);
	else
		ptrace_continued_locked(process);
	if (!process->stopped)
		return;
	process->stopped = false;
	if (number == SIGCONT) {
		process->stop_unreported = false;
		process->continue_unreported = true;
		process->continue_notify = true;
	}
	wait_queue_wake_all(&process->thread_wait, 0);
}

/* Blocked signals are kept even if ignored: the action may change before they are unblocked. */
static bool signal_is_dropped_locked(struct process *process, struct thread *thread, int number)
{
	if (!signal_is_ignored_locked(process, number))
		return false;
	if (!thread) {
		if (list_empty(&process->threads))
			return false;
		thread = list_first(&process->threads, struct thread, process_node);
	}
	/* A tracer wants to know even of these. */
	return !(thread->signal_mask & SIGNAL_BIT(number)) && !thread->tracee;
}

/* thread NULL: to the process. */
static int signal_post_locked(struct process *process, struct thread *thread,
			      const signal_info *info)
{
	u64 *pending = thread ? &thread->pending : &process->pending;
	struct list *queue = thread ? &thread->pending_queue : &process->pending_queue;
	int number = info->si_signo, error;

	if (process == init_process || process->state != PROCESS_RUNNING)
		return 0;
	if (process->exiting) {
		/* A tracer may hold it at its very end. */
		if (number == SIGKILL)
			ptrace_wake_locked(process);
		return 0;
	}
	signal_prepare_locked(process, number);
	if (signal_is_dropped_locked(process, thread, number))
		return 0;
	if (number < SIGNAL_FIRST_REALTIME && (*pending & SIGNAL_BIT(number)))
		return 0;
	error = signal_queue_add_locked(queue, info, process->limits[RLIMIT_SIGPENDING].rlim_cur);
	if (error)
		return error;
	*pending |= SIGNAL_BIT(number);
	if (!wait_queue_idle(&process->signal_wait))
		wait_queue_wake_all(&process->signal_wait, 0);
	if (!thread)
		thread = thread_choose_locked(process, number);
	if (thread && thread_wants(thread, number))
		thread_tell_locked(process, thread, number);
	return 0;
}

static struct thread *own_thread_locked(struct process *process, u32 tid)
{
	struct thread *thread;

	list_for_each(thread, &process->threads, process_node)
		if (thread->tid == tid)
			return thread;
	return NULL;
}

/* A signal that is pending already stands for further expiries of its timer. */
static u32 overruns_add(signal_info *pending, const signal_info *info)
{
	u64 overruns = (u64)pending->si_overrun + (u64)info->si_overrun + 1;

	pending->si_overrun = (int)MIN(overruns, (u64)INT32_MAX);
	return (u32)pending->si_overrun;
}

u32 signal_post_timer_locked(struct process *process, u32 tid, const signal_info *info)
{
	struct thread *thread = tid ? own_thread_locked(process, tid) : NULL;
	struct list *queue = thread ? &thread->pending_queue : &process->pending_queue;
	struct queued_signal *entry;

	if (tid && !thread)
		return 0;
	list_for_each(entry, queue, node)
		if (entry->info.si_code == SI_TIMER && entry->info.si_tid == info->si_tid)
			return overruns_add(&entry->info, info);
	signal_post_locked(process, thread, info);
	return (u32)info->si_overrun;
}

int signal_send_process(struct process *process, const signal_info *info)
{
	int error;

	lock_acquire(&process->signal_lock);
	error = signal_post_locked(process, NULL, info);
	lock_release(&process->signal_lock);
	return error;
}

int signal_send_thread(struct thread *thread, const signal_info *info)
{
	struct process *process = thread->process;
	int error;

	lock_acquire(&process->signal_lock);
	error = signal_post_locked(process, thread, info);
	lock_release(&process->signal_lock);
	return error;
}

void signal_send_simple(struct process *process, int number, int code)
{
	signal_info info;

	memset(&info, 0, sizeof(info));
	info.si_signo = number;
	info.si_code = code;
	signal_send_process(process, &info);
}

void signal_force(const signal_info *info)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct signal_action *action = &process->actions[info->si_signo - 1];
	u64 bit = SIGNAL_BIT(info->si_signo);

	lock_acquire(&process->signal_lock);
	if ((thread->signal_mask & bit) || action->handler == (uptr)SIG_IGN) {
		action->handler = (uptr)SIG_DFL;
		thread->signal_mask &= ~bit;
	}
	signal_post_locked(process, thread, info);
	signal_recompute_locked(thread);
	lock_release(&process->signal_lock);
}

void signal_force_segv(int number)
{
	struct process *process = process_current();
	signal_info info;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGSEGV;
	info.si_code = SI_KERNEL;
	if (number == SIGSEGV) {
		lock_acquire(&process->signal_lock);
		process->actions[SIGSEGV - 1].handler = (uptr)SIG_DFL;
		lock_release(&process->signal_lock);
	}
	signal_force(&info);
}

bool signal_permitted(const struct credentials *sender, u32 sender_sid, struct process *target,
		      int number)
{
	bool same_user = true;

	if (!sender || credentials_capable(sender, CAP_KILL))
		return true;
	if (number == SIGCONT && target->sid == sender_sid)
		return true;
	lock_acquire(&target->signal_lock);
	if (target->credentials) {
		u32 uid = target->credentials->uid, suid = target->credentials->suid;

		same_user = sender->euid == suid || sender->euid == uid || sender->uid == suid ||
			    sender->uid == uid;
	}
	lock_release(&target->signal_lock);
	return same_user;
}

struct group_send {
	u32 pgid, sender_sid;
	const signal_info *info;
	const struct credentials *sender;
	bool found, sent;
	int error;
};

static bool group_send_one(struct process *process, void *data)
{
	struct group_send *send = data;

	if (process->pgid != send->pgid || process == init_process)
		return false;
	send->found = true;
	if (!signal_permitted(send->sender, send->sender_sid, process, send->info->si_signo)) {
		send->error = -EPERM;
		return false;
	}
	if (send->info->si_signo)
		signal_send_process(process, send->info);
	send->sent = true;
	return false;
}

int signal_send_group_locked(u32 pgid, const signal_info *info, const struct credentials *sender)
{
	struct group_send send = {
		.pgid = pgid, .info = info, .sender = sender,
		.sender_sid = sender ? process_current()->sid : 0,
	};

	process_for_each_locked(group_send_one, &send);
	if (!send.found)
		return -ESRCH;
	return send.sent ? 0 : send.error;
}

int signal_send_group(u32 pgid, const signal_info *info, const struct credentials *sender)
{
	int result;

	lock_acquire(&process_tree_lock);
	result = signal_send_group_locked(pgid, info, sender);
	lock_release(&process_tree_lock);
	return result;
}
