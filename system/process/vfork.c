/* SPDX-License-Identifier: MIT */
/*
 * vfork without a host process: the parent's thread plays the child in the parent's memory until
 * exec or exit. Meanwhile a stand-in, a thread that no host thread runs, keeps its place in the
 * parent: it has its id and mask, it collects its signals, and it can be killed. Then the player
 * has nothing to come back to, and the child lives on as the owner of the host thread.
 *
 * Frames are private to the player, but for the stand-ins in them; see thread_play().
 */
#include "process/vfork.h"

#include <linux/resource.h>

#include "arch/x86_64/arch.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/mm.h"
#include "process/fork.h"
#include "process/fresh.h"
#include "process/process.h"
#include "process/thread.h"
#include "process/times.h"
#include "signal/signal.h"

struct vfork_frame {
	struct thread parent;		/* the stand-in */
	struct regs regs;		/* the parent's at the call */
	u64 fs_base;
	/*
	 * References: what the parent leaves in its memory is told by the player, and the child may
	 * be reaped before the player leaves it.
	 */
	struct mm *mm;
	struct process *child;
	struct vfork_frame *outer;	/* vfork from within a vfork child */
};

/* ---- Frames ---- */

static void stand_in_init(struct thread *stand_in, const struct thread *self)
{
	stand_in->self = stand_in;
	stand_in->syscall_number = self->syscall_number;
	stand_in->host_tgid = self->host_tgid;
	stand_in->host_tid = self->host_tid;
	stand_in->clear_tid = self->clear_tid;
	stand_in->robust_list = self->robust_list;
	stand_in->altstack_base = self->altstack_base;
	stand_in->altstack_size = self->altstack_size;
	stand_in->altstack_flags = self->altstack_flags;
	memcpy(stand_in->name, self->name, sizeof(stand_in->name));
	list_init(&stand_in->process_node);
	list_init(&stand_in->pending_queue);
}

struct vfork_frame *vfork_frame_create(struct process *child)
{
	struct thread *self = thread_current();
	struct vfork_frame *frame = heap_alloc_zero(sizeof(*frame));

	if (!frame)
		return NULL;
	stand_in_init(&frame->parent, self);
	frame->regs = *self->regs;
	frame->parent.regs = &frame->regs;
	frame->fs_base = fs_base_get();
	frame->outer = self->vfork;
	frame->mm = self->process->mm;
	refcount_get(&frame->mm->references);
	process_get(child);
	frame->child = child;
	process_times_read(RUSAGE_THREAD, &child->player_times);
	child->is_played = true;
	return frame;
}

void vfork_frame_free(struct vfork_frame *frame)
{
	mm_put(frame->mm);
	process_put(frame->child);
	heap_free(frame);
}

/* ---- The play ---- */

int vfork_begin(struct vfork_frame *frame)
{
	struct thread *self = thread_current();
	int error = thread_play(self, &frame->parent, frame->child);

	if (error)
		return error;
	self->vfork = frame;
	self->clear_tid = 0;
	self->robust_list = 0;
	return 0;
}

static void parent_restore(struct thread *self, const struct vfork_frame *frame)
{
	const struct thread *parent = &frame->parent;

	*self->regs = frame->regs;
	self->regs->rax = frame->child->pid;
	self->regs->orig_rax = -1ul;
	self->clear_tid = parent->clear_tid;
	self->robust_list = parent->robust_list;
	self->altstack_base = parent->altstack_base;
	self->altstack_size = parent->altstack_size;
	self->altstack_flags = parent->altstack_flags;
	memcpy(self->name, parent->name, sizeof(self->name));
	fs_base_set(frame->fs_base);
	self->restore_mask = false;
	self->restart_kind = 0;
	/* The call came by a stub or a trap; rip may stand before a compare that is to be done. */
	self->flags = THREAD_TRAPPED;
}

/*
 * The parent's thread ended: what it leaves in the memory it shared with the player is told here.
 */
static void parent_forget(struct vfork_frame *frame)
{
	signal_queue_flush(&frame->parent.pending_queue);
	robust_list_exit(&frame->parent);
	clear_tid_tell(&frame->parent);
}

void vfork_return(void)
{
	struct thread *self = thread_current();
	struct vfork_frame *frame;
	bool back;

	signal_queue_flush(&self->pending_queue);
	do {
		frame = self->vfork;
		self->process = frame->child;
		back = thread_play_end(self, &frame->parent);
		if (back)
			parent_restore(self, frame);
		else
			parent_forget(frame);
		self->vfork = frame->outer;
		vfork_frame_free(frame);
	} while (!back && self->vfork);
	if (!back)
		thread_host_exit(self);
	thread_go_to_program(self->regs);
}

void vfork_orphan_settle(void)
{
	struct thread *self = thread_current();
	struct vfork_frame *frame;

	atomic_and(&self->work, ~WORK_ORPHAN);
	while ((frame = self->vfork) && !load_acquire(&frame->parent.player)) {
		parent_forget(frame);
		self->vfork = frame->outer;
		vfork_frame_free(frame);
	}
}

/* ---- The end of a process whose threads all wait ---- */

/* In a host process of its own, which has none of the program's memory. */
static void waiting_begin(struct thread *thread)
{
	struct process *process = thread->process;
	bool found = stand_in_replace(thread);

	if (found)
		process_times_leave_waiting(process, (u32)(uptr)thread->start_argument);
	process_put(process);
	if (!found)	/* one of them came back first, and ends it */
		thread_host_exit(thread);
	thread_exit(process->exit_status);
}

/* In the event thread. Where memory is lacking the process ends with the first play that does. */
static void waiting_end(struct work *work)
{
	struct process *process = container_of(work, struct process, end_work);
	struct thread *thread = fresh_thread_create(process, process->pid);

	if (thread)
		thread->start_argument = (void *)(uptr)process->host_tgid;
	if (thread && !fresh_start(thread, waiting_begin))
		return;
	if (thread)
		thread_free(thread);
	process_put(process);
}

void vfork_waiting_end_locked(struct process *process)
{
	process_get(process);
	process->end_work.run = waiting_end;
	event_work_submit(&process->end_work);
}
