/* SPDX-License-Identifier: MIT */
/* New processes and threads: clone(2) and its family, and the host threads under them. */
#ifndef PROCESS_FORK_H
#define PROCESS_FORK_H

#include "core/thread.h"

/*
 * vfork without a host process: the parent's thread plays the child in the parent's address space,
 * with the child's process structure, until exec or exit. What the thread was before is kept here.
 */
struct vfork_frame {
	struct process *parent;
	u32 parent_tid;
	u64 parent_mask;
	uptr parent_clear_tid, parent_robust_list;
	uptr altstack_base;
	u64 altstack_size;
	u32 altstack_flags;
	char name[16];
	u64 fs_base;
	struct regs *saved_regs;	/* heap copy of the parent's registers at the call */
	struct vfork_frame *outer;	/* vfork from within a vfork child */
};

/*
 * Ends the play: the calling thread is the parent again and its registers say that vfork returned
 * the child's pid. Called on the kernel stack by exit (process/exit.c) and exec; does not return:
 * goes back to the program.
 */
__noreturn void vfork_return(u32 child_pid);

/*
 * Ends the host thread under the calling thread, and with the last one its host process. All
 * bookkeeping is done.
 */
__noreturn void thread_host_exit(struct thread *thread);

#endif
