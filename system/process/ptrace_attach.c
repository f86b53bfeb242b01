/* SPDX-License-Identifier: MIT */
/*
 * Who traces whom: how a tracee begins, by itself, by its tracer or by birth, and how it ends.
 *
 * Under process_tree_lock, with signal_lock of the traced process for what its thread looks at.
 */
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <linux/sched.h>

#include "arch/x86_64/arch.h"
#include "boundary/layout.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/mm.h"
#include "process/ptrace.h"
#include "process/ptrace_private.h"

static size_t fpu_pages(void)
{
	return ROUND_UP(fpu_area_size(), PAGE_SIZE) / PAGE_SIZE;
}

/* One reference, of the list and the thread to be. NULL: out of memory. */
static struct tracee *tracee_create(void)
{
	struct tracee *tracee = heap_alloc_zero(sizeof(*tracee));

	if (!tracee)
		return NULL;
	tracee->fpu = pages_alloc_zero(fpu_pages());
	if (!tracee->fpu) {
		heap_free(tracee);
		return NULL;
	}
	refcount_init(&tracee->references, 1);
	list_init(&tracee->node);
	wait_queue_init(&tracee->wait);
	return tracee;
}

void tracee_put(struct tracee *tracee)
{
	if (!tracee || !refcount_put(&tracee->references))
		return;
	id_free(tracee->tid);
	if (tracee->process)
		process_put(tracee->process);
	pages_free(tracee->fpu, fpu_pages());
	heap_free(tracee);
}

/* ---- Permission ---- */

static bool same_ids(u32 uid, u32 gid, const struct credentials *other)
{
	return uid == other->uid && uid == other->euid && uid == other->suid &&
	       gid == other->gid && gid == other->egid && gid == other->sgid;
}

bool ptrace_may_access_locked(struct process *process, enum ptrace_ids ids)
{
	const struct credentials *own = process_current()->credentials;
	const struct credentials *other = process->credentials;
	const bool real = ids == PTRACE_REAL_IDS;

	lock_assert_held(&process->signal_lock);
	if (process == process_current() || credentials_capable(own, CAP_SYS_PTRACE))
		return true;
	return other && process->dumpable &&
	       same_ids(real ? own->uid : own->fsuid, real ? own->gid : own->fsgid, other) &&
	       !(other->cap_permitted & ~(real ? own->cap_permitted : own->cap_effective));
}

bool ptrace_may_access(struct process *process, enum ptrace_ids ids)
{
	bool allowed;

	lock_acquire(&process->signal_lock);
	allowed = ptrace_may_access_locked(process, ids);
	lock_release(&process->signal_lock);
	return allowed;
}

int ptrace_memory_find(struct process *process, enum ptrace_ids ids, u64 *memory)
{
	int error = -EPERM;

	lock_acquire(&process->signal_lock);
	if (ptrace_may_access_locked(process, ids)) {
		*memory = process->mm ? process->mm->id : 0;
		error = 0;
	}
	lock_release(&process->signal_lock);
	return error;
}

/* ---- Beginning ---- */

/* Ties thread, which nobody traces, to tracer. Both locks held. Takes over the reference. */
static void attach_locked(struct tracee *tracee, struct thread *thread, struct process *tracer)
{
	struct process *process = thread->process;

	tracee->tracer = tracer;
	tracee->process = process;
	process_get(process);
	tracee->tid = thread->tid;
	id_get(thread->tid);
	tracee->thread = thread;
	tracee->stop_seen = process->stop_count - 1;
	refcount_get(&tracee->references);
	thread->tracee = tracee;
	atomic_or(&thread->work, WORK_PTRACE);
	list_add_tail(&tracee->node, &tracer->tracees);
	if (tracee->tid == process->pid)
		process->leader_tracee = tracee;
}

/* May parent be the tracer of the calling process, which asks for it? process_tree_lock held. */
static bool parent_may_trace_locked(struct process *parent)
{
	const struct credentials *own = process_current()->credentials, *its;
	bool may;

	/* The layer's init never looks after anybody who is stopped. */
	if (parent == init_process)
		return false;
	lock_acquire(&parent->signal_lock);
	its = parent->credentials;
	may = !(own->cap_permitted & ~its->cap_permitted) ||
	      credentials_capable(its, CAP_SYS_PTRACE);
	lock_release(&parent->signal_lock);
	return may;
}

long ptrace_trace_me(void)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct tracee *tracee = tracee_create();
	long error = -EPERM;

	if (!tracee)
		return -ENOMEM;
	/* By its own will: it does not get more by exec than it has. */
	tracee->capable = credentials_capable(process->credentials, CAP_SYS_PTRACE);
	lock_acquire(&process_tree_lock);
	if (parent_may_trace_locked(process->parent)) {
		lock_acquire(&process->signal_lock);
		if (!thread->tracee) {
			attach_locked(tracee, thread, process->parent);
			error = 0;
		}
		lock_release(&process->signal_lock);
	}
	lock_release(&process_tree_lock);
	if (error)
		tracee_put(tracee);
	return error;
}

/* Permission and attachment are one step: exec changes what a process may under its signal_lock. */
static long thread_attach_locked(struct tracee *tracee, struct thread *thread)
{
	struct process *process = thread->process;
	long error = -EPERM;

	if (process == process_current() || process == init_process)
		return -EPERM;
	lock_acquire(&process->signal_lock);
	if (ptrace_may_access_locked(process, PTRACE_REAL_IDS) && !process->exiting &&
	    !thread->tracee) {
		attach_locked(tracee, thread, process_current());
		/* It may sleep in a group stop: from now on it stops for its tracer. */
		thread_kick(thread);
		wait_queue_wake_all(&process->thread_wait, 0);
		error = 0;
	}
	lock_release(&process->signal_lock);
	return error;
}

static void stop_signal_send(struct thread *thread)
{
	signal_info info;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGSTOP;
	info.si_code = SI_KERNEL;
	signal_send_thread(thread, &info);
}

long ptrace_attach(u32 tid, bool seize, u32 options)
{
	struct tracee *tracee = tracee_create();
	struct thread *thread;
	long error;

	if (!tracee)
		return -ENOMEM;
	tracee->seized = seize;
	tracee->options = options;
	tracee->capable = credentials_capable(process_current()->credentials, CAP_SYS_PTRACE);
	lock_acquire(&process_tree_lock);
	thread = thread_find_locked(tid);
	if (thread)
		error = thread_attach_locked(tracee, thread);
	else
		error = process_find_locked(tid) ? -EPERM : -ESRCH;
	if (!error && !seize)
		stop_signal_send(thread);
	lock_release(&process_tree_lock);
	if (error)
		tracee_put(tracee);
	return error;
}

/* ---- By birth ---- */

u32 ptrace_clone_event(u64 flags, u32 exit_signal)
{
	if (flags & CLONE_UNTRACED)
		return 0;
	if (flags & CLONE_VFORK)
		return PTRACE_EVENT_VFORK;
	return exit_signal == SIGCHLD ? PTRACE_EVENT_FORK : PTRACE_EVENT_CLONE;
}

struct tracee *ptrace_child_create(u64 flags, u32 event, int *error)
{
	struct thread *self = thread_current();
	struct tracee *tracee;
	bool wanted = false;

	*error = 0;
	lock_acquire(&self->process->signal_lock);
	if (self->tracee)
		wanted = (event && (self->tracee->options >> event & 1)) || (flags & CLONE_PTRACE);
	lock_release(&self->process->signal_lock);
	if (!wanted)
		return NULL;
	tracee = tracee_create();
	if (!tracee)
		*error = -ENOMEM;
	return tracee;
}

/* What it inherits. False: its parent's tracer has gone meanwhile. process_tree_lock held. */
static bool child_inherit_locked(struct tracee *tracee, struct process **tracer)
{
	struct thread *self = thread_current();

	if (!self->tracee)
		return false;
	*tracer = self->tracee->tracer;
	tracee->options = self->tracee->options;
	tracee->seized = self->tracee->seized;
	tracee->capable = self->tracee->capable;
	tracee->stop_wanted = tracee->seized;
	return true;
}

void ptrace_child_attach(struct thread *child, struct tracee *tracee)
{
	struct process *tracer;
	bool traced;

	if (!tracee)
		return;
	lock_acquire(&process_tree_lock);
	traced = child_inherit_locked(tracee, &tracer);
	if (traced) {
		lock_acquire(&child->process->signal_lock);
		attach_locked(tracee, child, tracer);
		signal_recompute_locked(child);
		lock_release(&child->process->signal_lock);
		if (!tracee->seized)
			stop_signal_send(child);
	}
	lock_release(&process_tree_lock);
	if (!traced)
		tracee_put(tracee);
}

/* ---- Ending ---- */

/* The tracer hears no more of it. process_tree_lock held. */
static void unlink_locked(struct tracee *tracee)
{
	if (!tracee->tracer)
		return;
	tracee->tracer = NULL;
	list_remove(&tracee->node);
	if (tracee->process->leader_tracee == tracee)
		tracee->process->leader_tracee = NULL;
	tracee_put(tracee);
}

/* Both locks held. */
static void thread_leave_locked(struct tracee *tracee)
{
	struct thread *thread = tracee->thread;

	tracee->thread = NULL;
	thread->tracee = NULL;
	atomic_and(&thread->work, ~WORK_PTRACE);
}

struct tracee *ptrace_thread_ends_locked(struct thread *thread)
{
	struct tracee *tracee = thread->tracee;

	if (!tracee)
		return NULL;
	thread_leave_locked(tracee);
	tracee->state = TRACEE_ENDED;
	tracee->exit_status = thread->exit_status;
	return tracee;
}

void ptrace_end_tell_locked(struct tracee *tracee)
{
	u32 status;

	if (!tracee)
		return;
	status = tracee->exit_status;
	/* Of the end of a first thread is told with the process's. */
	if (tracee->tracer && tracee->tid != tracee->process->pid)
		signal_notify_tracer_locked(tracee->tracer, tracee->process, tracee->tid,
					    wait_code(status),
					    status & 0x7f ? status & 0x7f : status >> 8 & 0xff);
	tracee_put(tracee);
}

void ptrace_move_locked(struct thread *from, struct thread *to)
{
	struct tracee *tracee = from->tracee;

	if (!tracee)
		return;
	thread_leave_locked(tracee);
	tracee->thread = to;
	to->tracee = tracee;
	atomic_or(&to->work, WORK_PTRACE);
}

void ptrace_take_pid_locked(struct thread *thread)
{
	struct process *process = thread->process;
	struct tracee *tracee = thread->tracee;

	/* The thread that had the pid went without a word. */
	if (process->leader_tracee && process->leader_tracee != tracee)
		unlink_locked(process->leader_tracee);
	if (!tracee || tracee->tid == process->pid)
		return;
	id_free(tracee->tid);
	tracee->tid = process->pid;
	id_get(process->pid);
	process->leader_tracee = tracee;
}

void ptrace_detach_locked(struct tracee *tracee, u32 data)
{
	struct process *process = tracee->process;
	bool was_hidden = ptrace_hides_locked(process) && process->leader_tracee == tracee;
	struct thread *thread;

	refcount_get(&tracee->references);
	lock_acquire(&process->signal_lock);
	thread = tracee->thread;
	if (thread) {
		thread_leave_locked(tracee);
		ptrace_resume_locked(tracee, data, MODE_PLAIN);
		/* It may have to stop with its process now. */
		thread_kick(thread);
	}
	lock_release(&process->signal_lock);
	if (thread)
		tracee_put(tracee);
	unlink_locked(tracee);
	if (was_hidden && process->state == PROCESS_ZOMBIE)
		process_end_tell_locked(process);
	tracee_put(tracee);
}

void ptrace_tracer_ends_locked(struct process *tracer)
{
	struct tracee *tracee, *next;

	list_for_each_safe(tracee, next, &tracer->tracees, node) {
		if (tracee->options & PTRACE_O_EXITKILL)
			signal_send_simple(tracee->process, SIGKILL, SI_KERNEL);
		ptrace_detach_locked(tracee, 0);
	}
}

void ptrace_process_released_locked(struct process *process)
{
	if (process->leader_tracee)
		unlink_locked(process->leader_tracee);
}
