/* SPDX-License-Identifier: MIT */
/*
 * How threads and processes end.
 *
 * Each thread of an ending process leaves by itself; the last one gives back what the process held,
 * hands its children on, becomes a zombie and tells the parent. All of that is done in the heap
 * before the host thread ends, so that the parent goes on without waiting for the host.
 */
#include <asm/unistd_64.h>
#include <linux/ptrace.h>
#include <linux/resource.h>

#include "core/heap.h"
#include "core/host.h"
#include "ipc/sysv_sem.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/fork.h"
#include "process/process.h"
#include "process/program.h"
#include "process/ptrace.h"
#include "process/times.h"
#include "process/vfork.h"
#include "signal/signal.h"
#include "syscalls.h"
#include "tty/job_control.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"

/* ---- A thread ---- */

/* Whether anybody is left who could see what a thread of process leaves behind in its memory. */
static bool memory_is_shared(struct process *process)
{
	return READ_ONCE(process->thread_count) > 1 ||
	       (process->mm && READ_ONCE(process->mm->references.count) > 1);
}

/*
 * pthread_join waits for this. It comes after the bookkeeping, as the one who waits often makes a
 * thread at once, and would meet us at the locks.
 */
void clear_tid_tell(struct thread *thread)
{
	if (thread->clear_tid && put_user((u32)0, thread->clear_tid) == 0)
		host_call3(__NR_futex, thread->clear_tid, FUTEX_WAKE, 1);
}

void process_end_others_locked(struct process *process)
{
	struct thread *thread;

	lock_assert_held(&process->signal_lock);
	list_for_each(thread, &process->threads, process_node) {
		if (thread == thread_current())
			continue;
		atomic_or(&thread->work, WORK_EXIT);
		thread_kick(thread);
	}
	ptrace_wake_locked(process);
}

void process_kill_locked(struct process *process, u32 status)
{
	struct thread *thread;
	bool waiting = true;

	lock_assert_held(&process->signal_lock);
	process->exiting = true;
	process->exit_status = status;
	ptrace_wake_locked(process);
	list_for_each(thread, &process->threads, process_node) {
		waiting &= thread->player != NULL;
		atomic_or(&thread->work, WORK_EXIT);
		thread_kick(thread);
	}
	if (waiting)
		vfork_waiting_end_locked(process);
}

/* ---- A process: what it held ---- */

/* Others look at these pointers under signal_lock: procfs. */
void process_release_resources(struct process *process)
{
	struct fd_table *files = process->files;
	struct fs_context *fs = process->fs;
	struct file *exe_file = process->exe_file;
	struct mm *mm = process->mm;

	sem_undo_exit(process);
	lock_acquire(&process->exec_lock);
	lock_acquire(&process->signal_lock);
	process->files = NULL;
	process->fs = NULL;
	process->exe_file = NULL;
	process->mm = NULL;
	lock_release(&process->signal_lock);
	lock_release(&process->exec_lock);
	if (files)
		fd_table_put(files);
	if (fs)
		fs_context_put(fs);
	if (exe_file)
		file_put(exe_file);
	if (mm)
		mm_put(mm);
	/* The vfork parent that waits is one of a traced process. */
	wait_queue_wake_all(&process->thread_wait, 0);
}

/* ---- A process: its place in the tree ---- */

static struct process *reaper_find_locked(struct process *process)
{
	struct process *ancestor;

	for (ancestor = process->parent; ancestor && ancestor != init_process;
	     ancestor = ancestor->parent)
		if (ancestor->child_subreaper && ancestor->state == PROCESS_RUNNING &&
		    !ancestor->exiting)
			return ancestor;
	return init_process;
}

int wait_code(u32 status)
{
	if (!(status & 0x7f))
		return CLD_EXITED;
	return status & 0x80 ? CLD_DUMPED : CLD_KILLED;
}

static int wait_value(u32 status)
{
	return status & 0x7f ? status & 0x7f : status >> 8 & 0xff;
}

void process_end_tell_locked(struct process *zombie)
{
	int code = wait_code(zombie->exit_status), value = wait_value(zombie->exit_status);

	if (ptrace_hides_locked(zombie)) {
		signal_notify_tracer_locked(zombie->leader_tracee->tracer, zombie, zombie->pid,
					    code, value);
		return;
	}
	/* Its tracer waits for it even where, as its parent, it wants no zombies. */
	if (signal_notify_parent_locked(zombie, code, value) && !zombie->leader_tracee)
		process_release_locked(zombie);
}

static void child_hand_on_locked(struct process *child, struct process *reaper)
{
	list_remove(&child->sibling_node);
	list_add_tail(&child->sibling_node, &reaper->children);
	child->parent = reaper;
	child->parent_pid = reaper->pid;
	if (child->parent_death_signal && child->state == PROCESS_RUNNING)
		signal_send_simple(child, child->parent_death_signal, SI_USER);
	child->exit_signal = SIGCHLD;
	if (child->state == PROCESS_ZOMBIE)
		process_end_tell_locked(child);
}

static void children_hand_on_locked(struct process *process)
{
	struct process *reaper = reaper_find_locked(process), *child, *next;

	if (list_empty(&process->children))
		return;
	list_for_each_safe(child, next, &process->children, sibling_node)
		child_hand_on_locked(child, reaper);
}

/* The last thread is on its way out. May free process unless the caller has a reference. */
static void process_end(struct process *process)
{
	if (!process->is_played)
		process_times_leave();
	interval_timers_release(process);
	posix_timers_release(process);
	process_release_resources(process);
	if (process->pid == FIRST_PROGRAM_PID)
		domain_exit(process->exit_status);
	if (process->console)
		program_end(process);
	lock_acquire(&process_tree_lock);
	if (process->is_session_leader)
		job_control_leader_ends_locked(process);
	group_orphan_check_locked(process);
	ptrace_tracer_ends_locked(process);
	children_hand_on_locked(process);
	lock_acquire(&process->signal_lock);
	process->exiting = true;
	process->stopped = process->stop_unreported = process->continue_unreported = false;
	process->state = PROCESS_ZOMBIE;
	lock_release(&process->signal_lock);
	if (!wait_queue_idle(&process->end_wait))
		wait_queue_wake_all(&process->end_wait, 0);
	process_end_tell_locked(process);
	lock_release(&process_tree_lock);
}

/* ---- The ways out ---- */

/* Decides the wait status: the one of a group exit, else that of the thread whose id is the pid. */
static void exit_status_set(struct process *process, struct thread *thread, u32 status)
{
	lock_acquire(&process->signal_lock);
	if (!process->exiting && thread->tid == process->pid)
		process->exit_status = status;
	lock_release(&process->signal_lock);
}

__noreturn void thread_exit(u32 status)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	bool shared, last;

	vfork_orphan_settle();
	ptrace_event(PTRACE_EVENT_EXIT, status);
	thread->exit_status = status;
	exit_status_set(process, thread, status);
	if (process->is_played)
		process_times_leave();
	if (thread->vfork) {
		/* Threads that it made may still have to go. */
		if (thread_unpublish(thread))
			process_end(process);
		vfork_return();
	}
	robust_list_exit(thread);
	shared = memory_is_shared(process);
	last = thread_unpublish(thread);
	if (shared)
		clear_tid_tell(thread);
	if (!last)
		thread_host_exit(thread);
	process_end(process);
	thread_host_exit(thread);
}

__noreturn void process_exit_group(u32 status)
{
	struct process *process = process_current();

	lock_acquire(&process->signal_lock);
	if (!process->exiting) {
		process->exiting = true;
		process->exit_status = status;
		process_end_others_locked(process);
	}
	status = process->exit_status;
	lock_release(&process->signal_lock);
	thread_exit(status);
}

long sys_exit(int status)
{
	thread_exit((status & 0xff) << 8);
}

long sys_exit_group(int status)
{
	process_exit_group((status & 0xff) << 8);
}
