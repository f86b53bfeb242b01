/* SPDX-License-Identifier: MIT */
/*
 * Stops of a traced thread, by itself: before and after calls, before a signal is delivered, at
 * events, and with its whole process. It sleeps in the layer until its tracer lets it go on, or it
 * is killed.
 *
 * Locks: the state of a stop is under signal_lock; the tracer is told under process_tree_lock,
 * when the stop can be seen.
 */
#include <asm/unistd_64.h>
#include <linux/ptrace.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/patch.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "process/ptrace.h"

#define FLAG_TRACE	0x100ul		/* TF */
#define XSAVE_HEADER	512
#define CODE_CALL_GOOD	(SIGTRAP | 0x80)

struct stop {
	u32 code;			/* found out when it begins where it is of_group */
	const signal_info *info;	/* NULL: PTRACE_GETSIGINFO has nothing to tell */
	u64 message;
	u32 otherwise;			/* the result where the thread is not to stop after all */
	bool ends;			/* also where its process is ending */
	bool of_group;
};

/* ---- Registers ---- */

static void registers_save(struct thread *thread, struct tracee *tracee)
{
	sites_restore(thread->process->mm);
	regs_leave_stub(thread->regs);
	if (tracee->step_forced)
		thread->regs->rflags &= ~FLAG_TRACE;
	tracee->step_forced = false;
	tracee->fs_base = fs_base_get();
	tracee->fpu_changed = false;
	memset((char *)tracee->fpu + XSAVE_HEADER, 0, 64);
	/* The area is the layer's own: it can't fault. */
	(void)user_xsave_raw(tracee->fpu, fpu_mask());
	thread->flags |= THREAD_STOPPED;
}

static void registers_load(struct thread *thread, struct tracee *tracee)
{
	struct regs *regs = thread->regs;

	fs_base_set(tracee->fs_base);
	if (tracee->fpu_changed && user_xrstor_raw(tracee->fpu, fpu_mask()))
		fpu_reset();
	if (tracee->mode == MODE_STEP && !(regs->rflags & FLAG_TRACE)) {
		regs->rflags |= FLAG_TRACE;
		tracee->step_forced = true;
	}
	/* The processor would fault on the way out. */
	if (!user_range_ok(regs->rip, 1) || !user_range_ok(regs->rsp, 0)) {
		regs->orig_rax = -1ul;
		signal_force_segv(0);
	}
}

/* ---- Stopping ---- */

static struct tracee *tracee_own_get(void)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct tracee *tracee;

	lock_acquire(&process->signal_lock);
	tracee = thread->tracee;
	if (tracee)
		refcount_get(&tracee->references);
	lock_release(&process->signal_lock);
	return tracee;
}

static void own_info(signal_info *info, int number, int code)
{
	struct process *process = process_current();

	memset(info, 0, sizeof(*info));
	info->si_signo = number;
	info->si_code = code;
	info->si_pid = thread_current()->tid;
	info->si_uid = process->credentials->uid;
}

/*
 * A stop with the whole process, or where its tracer wants one: whether the process is stopped, and
 * that this tracee knows it, is one thing. What wait status has of it. signal_lock held.
 */
static u32 group_stop_locked(struct tracee *tracee)
{
	struct process *process = tracee->process;
	u32 number = process->stopped ? process->stop_signal : SIGTRAP;
	u32 code = tracee->seized ? number | PTRACE_EVENT_STOP << 8 : number;

	tracee->stop_seen = process->stop_count;
	tracee->notify_wanted = false;
	tracee->has_info = tracee->seized;
	if (tracee->seized)
		own_info(&tracee->info, (int)number, (int)code);
	return code;
}

static bool stop_begin(struct tracee *tracee, struct stop *stop)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	bool stops;

	lock_acquire(&process->signal_lock);
	stops = thread->tracee == tracee && (stop->ends || !thread_is_ending(thread));
	if (stops) {
		tracee->has_info = stop->info;
		if (stop->info)
			tracee->info = *stop->info;
		if (stop->of_group)
			stop->code = group_stop_locked(tracee);
		tracee->code = stop->code;
		tracee->message = stop->message;
		tracee->data = 0;
		tracee->mode = MODE_PLAIN;
		tracee->stop_wanted = false;
		tracee->unreported = true;
		tracee->state = TRACEE_STOPPED;
	}
	lock_release(&process->signal_lock);
	return stops;
}

static void tracer_tell(struct tracee *tracee, u32 code, bool of_group)
{
	lock_acquire(&process_tree_lock);
	if (tracee->tracer)
		signal_notify_tracer_locked(tracee->tracer, tracee->process, tracee->tid,
					    of_group ? CLD_STOPPED : CLD_TRAPPED, code & 0x7f);
	lock_release(&process_tree_lock);
}

static bool tracee_goes_on(struct tracee *tracee)
{
	return __atomic_load_n(&tracee->state, __ATOMIC_ACQUIRE) == TRACEE_RUNS;
}

/* The signal to go on with; info, where not NULL, gets what the tracer made of it. */
static u32 tracee_stop(struct stop *stop, signal_info *info)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct tracee *tracee = tracee_own_get();
	u32 number = stop->otherwise;

	if (!tracee)
		return number;
	registers_save(thread, tracee);
	if (stop_begin(tracee, stop)) {
		tracer_tell(tracee, stop->code, stop->of_group);
		wait_event_uninterruptible(&tracee->wait, tracee_goes_on(tracee));
		lock_acquire(&process->signal_lock);
		number = tracee->data;
		if (info)
			*info = tracee->info;
		tracee->has_info = false;
		lock_release(&process->signal_lock);
		registers_load(thread, tracee);
	}
	tracee_put(tracee);
	return number;
}

/* As ptrace_notify() of Linux: SIGTRAP with what happened above it. */
static u32 trap_stop(u32 code, u64 message, bool ends)
{
	signal_info info;
	struct stop stop = { .code = code, .info = &info, .message = message, .ends = ends };

	own_info(&info, SIGTRAP, (int)code);
	return tracee_stop(&stop, NULL);
}

/* What the tracer gave a call or an event to go on with is sent like any other signal. */
static void signal_send_self(u32 number)
{
	signal_info info;

	if (!number || number > SIGNAL_COUNT)
		return;
	memset(&info, 0, sizeof(info));
	info.si_signo = (int)number;
	info.si_code = SI_USER;
	signal_send_thread(thread_current(), &info);
}

/* ---- Calls ---- */

static enum tracee_mode own_mode(u32 *options)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	enum tracee_mode mode = MODE_PLAIN;

	*options = 0;
	lock_acquire(&process->signal_lock);
	if (thread->tracee) {
		mode = thread->tracee->mode;
		*options = thread->tracee->options;
	}
	lock_release(&process->signal_lock);
	return mode;
}

static u32 call_code(u32 options)
{
	return options & PTRACE_O_TRACESYSGOOD ? CODE_CALL_GOOD : SIGTRAP;
}

bool ptrace_call_begins(struct regs *regs)
{
	u32 options;

	if (own_mode(&options) != MODE_CALL)
		return true;
	regs->rax = -ENOSYS;
	signal_send_self(trap_stop(call_code(options), PTRACE_EVENTMSG_SYSCALL_ENTRY, false));
	return !thread_is_ending(thread_current()) && regs->orig_rax != -1ul;
}

void ptrace_call_ends(struct regs *regs)
{
	u32 options;
	enum tracee_mode mode = own_mode(&options);
	signal_info info;

	if (mode == MODE_CALL) {
		signal_send_self(trap_stop(call_code(options), PTRACE_EVENTMSG_SYSCALL_EXIT,
					   false));
	} else if (mode == MODE_STEP) {
		memset(&info, 0, sizeof(info));
		info.si_signo = SIGTRAP;
		info.si_code = TRAP_BRKPT;
		info.si_addr = (void *)regs->rip;
		signal_force(&info);
	}
}

/* ---- Signals ---- */

/* Another signal than the one that was taken comes from the tracer. */
static void info_from_tracer(signal_info *info, u32 number)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = (int)number;
	info->si_code = SI_USER;
	lock_acquire(&process_tree_lock);
	if (thread_current()->tracee && thread_current()->tracee->tracer) {
		info->si_pid = thread_current()->tracee->tracer->pid;
		info->si_uid = thread_current()->tracee->tracer->credentials->uid;
	}
	lock_release(&process_tree_lock);
}

int ptrace_signal(int number, signal_info *info)
{
	struct stop stop = { .code = (u32)number, .info = info, .otherwise = (u32)number };
	u32 next = tracee_stop(&stop, info);

	if (!next || next > SIGNAL_COUNT)
		return 0;
	if (next != (u32)info->si_signo)
		info_from_tracer(info, next);
	/* One that is blocked waits, as any other. */
	if (thread_current()->signal_mask & SIGNAL_BIT(next) & ~SIGNAL_BIT(SIGKILL)) {
		signal_send_thread(thread_current(), info);
		return 0;
	}
	return (int)next;
}

/* ---- With the whole process ---- */

bool ptrace_trap_due_locked(const struct thread *thread)
{
	const struct tracee *tracee = thread->tracee;

	if (!tracee)
		return false;
	return tracee->stop_wanted || tracee->notify_wanted ||
	       (thread->process->stopped && tracee->stop_seen != thread->process->stop_count);
}

void ptrace_trap(void)
{
	struct stop stop = { .of_group = true };

	tracee_stop(&stop, NULL);
}

static void tracee_wake_locked(struct tracee *tracee)
{
	if (tracee->state != TRACEE_STOPPED && tracee->state != TRACEE_LISTENS)
		return;
	tracee->unreported = false;
	__atomic_store_n(&tracee->state, TRACEE_RUNS, __ATOMIC_RELEASE);
	wait_queue_wake_all(&tracee->wait, 0);
}

void ptrace_wake_locked(struct process *process)
{
	struct thread *thread;

	list_for_each(thread, &process->threads, process_node)
		if (thread->tracee)
			tracee_wake_locked(thread->tracee);
}

void ptrace_continued_locked(struct process *process)
{
	struct thread *thread;

	list_for_each(thread, &process->threads, process_node) {
		struct tracee *tracee = thread->tracee;

		if (!tracee || !tracee->seized)
			continue;
		tracee->notify_wanted = true;
		if (tracee->state == TRACEE_LISTENS)
			tracee_wake_locked(tracee);
		thread_kick(thread);
	}
}

/* ---- Events ---- */

static bool event_is_wanted(u32 event, bool *seized)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	bool wanted = false;

	lock_acquire(&process->signal_lock);
	*seized = thread->tracee && thread->tracee->seized;
	if (thread->tracee)
		wanted = thread->tracee->options >> event & 1;
	lock_release(&process->signal_lock);
	return wanted;
}

bool ptrace_event(u32 event, u64 message)
{
	bool seized;

	if (!(READ_ONCE(thread_current()->work) & WORK_PTRACE) || !event_is_wanted(event, &seized))
		return false;
	trap_stop(SIGTRAP | event << 8, message, event == PTRACE_EVENT_EXIT);
	return true;
}

void ptrace_exec_done(u32 old_tid)
{
	struct thread *thread = thread_current();
	bool seized;

	if (!(READ_ONCE(thread->work) & WORK_PTRACE))
		return;
	thread->regs->orig_rax = __NR_execve;
	if (event_is_wanted(PTRACE_EVENT_EXEC, &seized))
		ptrace_event(PTRACE_EVENT_EXEC, old_tid);
	else if (!seized)
		signal_send_self(SIGTRAP);
	ptrace_call_ends(thread->regs);
	thread->regs->orig_rax = -1ul;
}

/* ---- Steps ---- */

bool ptrace_step_hide(struct regs *regs)
{
	struct thread *thread = thread_current();
	struct tracee *tracee;
	bool stepping;

	if (!(READ_ONCE(thread->work) & WORK_PTRACE))
		return false;
	tracee = tracee_own_get();
	if (!tracee)
		return false;
	stepping = tracee->step_forced;
	if (stepping)
		regs->rflags &= ~FLAG_TRACE;
	tracee->step_forced = false;
	tracee_put(tracee);
	return stepping;
}

void ptrace_step_clear(struct regs *regs, const struct thread *parent)
{
	struct process *process = parent->process;

	if (!(READ_ONCE(parent->work) & WORK_PTRACE))
		return;
	lock_acquire(&process->signal_lock);
	if (parent->tracee && parent->tracee->step_forced)
		regs->rflags &= ~FLAG_TRACE;
	lock_release(&process->signal_lock);
}

void ptrace_step_ends(void)
{
	trap_stop(SIGTRAP, 0, false);
}
