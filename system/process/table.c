/* SPDX-License-Identifier: MIT */
/*
 * The table of ids and the tree of processes.
 *
 * Processes, threads, groups and sessions are numbered from one space. A slot of the table counts
 * what uses its number; counts change atomically, without a lock, the pointers under
 * process_tree_lock. The table lies in .bss and costs memory only where numbers were used.
 */
#include <linux/prctl.h>

#include "core/heap.h"
#include "core/report.h"
#include "core/string.h"
#include "memory/remote.h"
#include "process/core_dump.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "signal/signal.h"

#define FIRST_REUSED_ID 300	/* where counting starts again, as on Linux */

struct id_slot {
	u32 users;
	struct process *process;
	struct thread *thread;
};

struct lock process_tree_lock = LOCK_INIT(LOCK_PROCESS_TREE);
struct process *init_process;

static struct id_slot slots[PID_MAX + 1] __attribute__((section(".bss.large")));
static u32 last_id;
static u32 live_processes;
static struct list all_processes = { &all_processes, &all_processes };

static u32 id_after(u32 id)
{
	return id >= PID_MAX - 1 ? FIRST_REUSED_ID : id + 1;
}

u32 id_alloc(void)
{
	u32 id = READ_ONCE(last_id);

	for (u32 tries = 0; tries < PID_MAX; tries++) {
		id = id_after(id);
		if (READ_ONCE(slots[id].users) || !atomic_cas(&slots[id].users, 0, 1))
			continue;
		WRITE_ONCE(last_id, id);
		return id;
	}
	return 0;
}

void id_get(u32 id)
{
	if (id)
		atomic_add(&slots[id].users, 1);
}

void id_free(u32 id)
{
	if (id)
		atomic_sub(&slots[id].users, 1);
}

static void process_init(struct process *process, u32 pid)
{
	refcount_init(&process->references, 1);
	process->pid = pid;
	list_init(&process->pid_node);
	list_init(&process->children);
	list_init(&process->sibling_node);
	list_init(&process->pending_queue);
	list_init(&process->threads);
	list_init(&process->posix_timers);
	list_init(&process->tracees);
	lock_init(&process->signal_lock, LOCK_SIGNAL);
	lock_init(&process->exec_lock, LOCK_EXEC);
	wait_queue_init(&process->child_wait);
	wait_queue_init(&process->end_wait);
	wait_queue_init(&process->thread_wait);
	wait_queue_init(&process->signal_wait);
	timer_init(&process->real_timer, real_timer_expire);
	process->exit_signal = SIGCHLD;
	process->dumpable = true;
	process->memory_failure_policy = PR_MCE_KILL_DEFAULT;
	process->start_ns = clock_monotonic_ns();
	process->login_uid = LOGIN_UID_NONE;
	process->core_filter = CORE_FILTER_DEFAULT;
}

struct process *process_create(void)
{
	u32 pid = id_alloc();
	struct process *process;

	if (!pid)
		return ERROR_PTR(-EAGAIN);
	process = heap_alloc_zero(sizeof(*process));
	if (!process) {
		id_free(pid);
		return ERROR_PTR(-ENOMEM);
	}
	process_init(process, pid);
	return process;
}

void process_discard(struct process *process)
{
	process->state = PROCESS_DEAD;
	id_free(process->pid);
	process_put(process);
}

void process_publish(struct process *process, struct process *parent)
{
	lock_acquire(&process_tree_lock);
	process_publish_locked(process, parent);
	lock_release(&process_tree_lock);
}

void process_publish_locked(struct process *process, struct process *parent)
{
	lock_assert_held(&process_tree_lock);
	process->parent = parent;
	if (parent) {
		process->parent_pid = parent->pid;
		list_add_tail(&process->sibling_node, &parent->children);
	}
	id_get(process->pgid);
	id_get(process->sid);
	slots[process->pid].process = process;
	list_add_tail(&process->pid_node, &all_processes);
	live_processes++;
}

void process_set_group_locked(struct process *process, u32 pgid, u32 sid)
{
	id_get(pgid);
	id_get(sid);
	id_free(process->pgid);
	id_free(process->sid);
	process->pgid = pgid;
	process->sid = sid;
}

void process_release_locked(struct process *process)
{
	lock_assert_held(&process_tree_lock);
	process->state = PROCESS_DEAD;
	ptrace_process_released_locked(process);
	list_remove(&process->sibling_node);
	list_remove(&process->pid_node);
	slots[process->pid].process = NULL;
	live_processes--;
	id_free(process->pgid);
	id_free(process->sid);
	id_free(process->pid);
	process_put(process);
}

void process_put(struct process *process)
{
	if (!refcount_put(&process->references))
		return;
	signal_queue_flush(&process->pending_queue);
	credentials_put(process->credentials);
	heap_free(process->exe_path);
	heap_free(process);
}

struct process *process_find_locked(u32 pid)
{
	lock_assert_held(&process_tree_lock);
	return pid <= PID_MAX ? slots[pid].process : NULL;
}

struct process *process_find(u32 pid)
{
	struct process *process;

	lock_acquire(&process_tree_lock);
	process = process_find_locked(pid);
	if (process)
		process_get(process);
	lock_release(&process_tree_lock);
	return process;
}

struct thread *thread_find_locked(u32 tid)
{
	lock_assert_held(&process_tree_lock);
	return tid <= PID_MAX ? slots[tid].thread : NULL;
}

bool process_for_each_locked(bool (*visit)(struct process *process, void *data), void *data)
{
	struct process *process;

	lock_assert_held(&process_tree_lock);
	list_for_each(process, &all_processes, pid_node)
		if (visit(process, data))
			return true;
	return false;
}

bool process_for_each(bool (*visit)(struct process *process, void *data), void *data)
{
	bool stopped;

	lock_acquire(&process_tree_lock);
	stopped = process_for_each_locked(visit, data);
	lock_release(&process_tree_lock);
	return stopped;
}

u32 process_count(void)
{
	return READ_ONCE(live_processes);
}

/* ---- Threads ---- */

static void thread_link_locked(struct thread *thread, struct process *process)
{
	list_add_tail(&thread->process_node, &process->threads);
	slots[thread->tid].thread = thread;
	signal_recompute_locked(thread);
}

static void thread_unlink_locked(struct thread *thread)
{
	list_remove(&thread->process_node);
	io_counts_move(&thread->io, &thread->process->io);
	/* After a hand-over the number leads to another thread. */
	if (slots[thread->tid].thread == thread)
		slots[thread->tid].thread = NULL;
}

int thread_publish(struct thread *thread)
{
	struct process *process = thread->process;
	int error = 0;

	lock_acquire(&process_tree_lock);
	lock_acquire(&process->signal_lock);
	if (process->exiting || process->exec_thread)
		error = -EAGAIN;
	if (!error) {
		process->thread_count++;
		thread_link_locked(thread, process);
	}
	lock_release(&process->signal_lock);
	lock_release(&process_tree_lock);
	return error;
}

/* No lock is needed any more by who finds it without a player. Both locks held. */
static void stand_in_leave_locked(struct thread *stand_in)
{
	atomic_or(&stand_in->player->work, WORK_ORPHAN);
	store_release(&stand_in->player, NULL);
}

/* Nobody is told of its end but by that of its process. */
static void stand_in_untrace_locked(struct thread *stand_in)
{
	struct tracee *tracee = ptrace_thread_ends_locked(stand_in);

	if (tracee)
		tracee_put(tracee);
}

static void stand_ins_remove_locked(struct process *process)
{
	struct thread *thread, *next;

	list_for_each_safe(thread, next, &process->threads, process_node) {
		if (!thread->player)
			continue;
		thread_unlink_locked(thread);
		stand_in_untrace_locked(thread);
		process->thread_count--;
		if (thread->tid != process->pid)
			id_free(thread->tid);
		stand_in_leave_locked(thread);
	}
}

bool thread_unpublish(struct thread *thread)
{
	struct process *process = thread->process;
	struct tracee *tracee;
	bool last;

	lock_acquire(&process_tree_lock);
	lock_acquire(&process->signal_lock);
	thread_unlink_locked(thread);
	memory_requests_return_locked(thread);
	tracee = ptrace_thread_ends_locked(thread);
	process->thread_count--;
	if (process->exiting)
		stand_ins_remove_locked(process);
	last = !process->thread_count;
	signal_retarget_locked(process, ~thread->signal_mask);
	lock_release(&process->signal_lock);
	ptrace_end_tell_locked(tracee);
	if (thread->tid != process->pid)
		id_free(thread->tid);
	/*
	 * Once the tree is unlocked, another thread may be the last one, and the process be gone.
	 */
	wait_queue_wake_all(&process->thread_wait, 0);
	lock_release(&process_tree_lock);
	signal_queue_flush(&thread->pending_queue);
	return last;
}

void thread_hand_over(struct thread *from, struct thread *to)
{
	struct process *process = to->process;

	lock_acquire(&process_tree_lock);
	lock_acquire(&process->signal_lock);
	io_counts_move(&from->io, &to->io);
	thread_unlink_locked(from);
	memory_requests_return_locked(from);
	ptrace_move_locked(from, to);
	thread_link_locked(to, process);
	signal_retarget_locked(process, ~0ull);
	lock_release(&process->signal_lock);
	lock_release(&process_tree_lock);
}

void thread_take_pid(struct thread *thread)
{
	struct process *process = thread->process;

	lock_acquire(&process_tree_lock);
	if (thread->tid != process->pid) {
		slots[thread->tid].thread = NULL;
		id_free(thread->tid);
		thread->tid = process->pid;
		slots[thread->tid].thread = thread;
	}
	lock_acquire(&process->signal_lock);
	ptrace_take_pid_locked(thread);
	lock_release(&process->signal_lock);
	lock_release(&process_tree_lock);
}

/* ---- Stand-ins ---- */

/* Moves what is queued from one list to another, which is empty. */
static void queue_move(struct list *from, struct list *to)
{
	if (list_empty(from))
		return;
	list_insert_between(to, from->prev, from->next);
	list_init(from);
}

/* With its id and what was sent to it. Both locks held. */
static void thread_replace_locked(struct thread *old, struct thread *new)
{
	list_add_tail(&new->process_node, &old->process_node);
	list_remove(&old->process_node);
	new->process = old->process;
	new->tid = old->tid;
	new->signal_mask = old->signal_mask;
	new->pending = old->pending;
	old->pending = 0;
	io_counts_move(&old->io, &new->io);
	queue_move(&old->pending_queue, &new->pending_queue);
	memory_requests_return_locked(old);
	ptrace_move_locked(old, new);
	slots[new->tid].thread = new;
	signal_recompute_locked(new);
}

int thread_play(struct thread *thread, struct thread *stand_in, struct process *child)
{
	struct process *parent = thread->process;
	bool busy;

	lock_acquire(&process_tree_lock);
	lock_acquire(&parent->signal_lock);
	/* As on Linux: what is pending comes first, as nobody would see to it during the play. */
	busy = READ_ONCE(thread->work) & (WORK_SIGNAL | WORK_EXIT);
	if (!busy) {
		stand_in->player = thread;
		thread_replace_locked(thread, stand_in);
		signal_retarget_locked(parent, ~thread->signal_mask);
	}
	lock_release(&parent->signal_lock);
	if (!busy) {
		lock_acquire(&child->signal_lock);
		thread->process = child;
		thread->tid = child->pid;
		child->thread_count++;
		thread_link_locked(thread, child);
		lock_release(&child->signal_lock);
	}
	lock_release(&process_tree_lock);
	return busy ? -ERESTARTNOINTR : 0;
}

bool thread_play_end(struct thread *thread, struct thread *stand_in)
{
	struct process *parent;
	bool back;

	lock_acquire(&process_tree_lock);
	back = stand_in->player;
	if (back) {
		parent = stand_in->process;
		lock_acquire(&parent->signal_lock);
		atomic_and(&thread->work, ~(WORK_SIGNAL | WORK_EXIT));
		atomic_or(&thread->work, stand_in->work & WORK_EXIT);
		thread_replace_locked(stand_in, thread);
		lock_release(&parent->signal_lock);
		/* Who waits for its memory. */
		if (!wait_queue_idle(&parent->thread_wait))
			wait_queue_wake_all(&parent->thread_wait, 0);
	}
	lock_release(&process_tree_lock);
	return back;
}

void stand_ins_remove(struct process *process)
{
	lock_acquire(&process_tree_lock);
	lock_acquire(&process->signal_lock);
	stand_ins_remove_locked(process);
	lock_release(&process->signal_lock);
	lock_release(&process_tree_lock);
}

bool stand_in_replace(struct thread *thread)
{
	struct process *process = thread->process;
	struct thread *stand_in;
	bool found = false;

	lock_acquire(&process_tree_lock);
	lock_acquire(&process->signal_lock);
	list_for_each(stand_in, &process->threads, process_node) {
		found = stand_in->player;
		if (!found)
			continue;
		thread_replace_locked(stand_in, thread);
		stand_in_leave_locked(stand_in);
		break;
	}
	lock_release(&process->signal_lock);
	lock_release(&process_tree_lock);
	return found;
}
