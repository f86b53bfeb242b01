/* SPDX-License-Identifier: MIT */
/*
 * A thread of the domain: one host thread, its kernel stack, and all it keeps in the heap.
 *
 * Thread blocks are THREAD_BLOCK_SIZE bytes, aligned to their size, in one area of the heap:
 *
 *	| struct thread (one page) | host signal stack | kernel stack, growing down |
 *
 * GS base points at the block while the thread runs; the host signal stack finds it by masking rsp.
 * With a protection key the kernel stack lies below the host signal stack (arch/x86_64/key.h).
 * The first fields are known to assembly (arch/x86_64/offsets.h holds their numbers, asserted
 * there).
 */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/futex.h>

#include "core/io_counts.h"
#include "core/list.h"
#include "core/lock.h"
#include "core/types.h"

#define THREAD_BLOCK_SIZE	(32ul << 10)
#define THREAD_STRUCT_SIZE	4096ul
#define THREAD_SIGNAL_STACK_SIZE (12ul << 10)

#define TIMER_SLACK_DEFAULT_NS 50000ull

struct memory_request;
struct process;
struct regs;
struct tracee;

/* Reasons not to go straight back to the program (thread->work); looked at on each way out. */
#define WORK_SIGNAL	1u	/* an unmasked signal, a stop or a kill may be pending */
#define WORK_EXIT	2u	/* the whole process ends (exit_group, exec by another thread) */
#define WORK_TRACE	4u	/* --trace is on: always take the slow way */
#define WORK_ORPHAN	8u	/* a thread that this one plays a vfork child of has ended */
#define WORK_SERVE	16u	/* others want something of its memory (memory/remote.h) */
#define WORK_PTRACE	32u	/* it is traced by a program: always take the slow way */

/* thread->flags, private to the thread */
#define THREAD_FULL_RESTORE 1u	/* leave by iretq with every register restored, rcx and r11 too */
#define THREAD_TRAPPED	2u	/* the call in progress came by a host trap */
#define THREAD_STOPPED	4u	/* stopped for a tracer, which may have changed any register */

/* What the host does when the host thread dies unasked; see process/death.h. */
struct robust_word {
	struct robust_list entry;
	u32 word;
};

struct death_watch {
	struct robust_list_head head;
	/* the host's id of the thread; the host adds FUTEX_OWNER_DIED */
	struct robust_word owner;
};

struct thread {
	/* Known to assembly. */
	struct thread *self;
	u64 kernel_stack_top;	/* struct regs lies right below */
	u64 user_rsp;		/* scratch while the entry code switches stacks */
	/* the call in progress; private, but the crash report reads it */
	u64 syscall_number;
	u32 work;		/* WORK_* bits; set by anyone, atomically */
	u32 flags;		/* private to the thread */
	/* Only with a protection key, see arch/x86_64/key.c. */
	u64 space;		/* identity of the address space that the thread runs in */
	u8 *selector;		/* IN_PROGRAM while it runs its program */
	struct open_frame *open_frame;
	/*
	 * Written by the host when the host thread begins; the boot thread asks (process/thread.c).
	 */
	u32 host_own_tid;
	struct thread *next_block;	/* in the list of all blocks that ever were; constant */
	u64 open_space;		/* where the block's open pages are open; outlives the thread */

	/* Parking: see core/wait.h. */
	u32 park_word;		/* futex; raised by each unpark */
	u32 parked;		/* non-zero while in, or on the way into, the host's futex wait */
	u32 kick_sent;		/* a kick is on its way: no second one is queued behind it */
	/* non-zero in other host calls that sleep: for /proc; a kick interrupts them */
	u32 host_waits;

	/* Identity. Constant while the thread runs, but for vfork's borrowing (process/fork.c). */
	struct process *process;
	u32 tid;
	u32 host_tgid, host_tid;	/* as seen in the domain's host pid namespace */
	struct list process_node;	/* process->threads, under LOCK_SIGNAL */
	struct death_watch death_watch;
	void (*start)(struct thread *thread);	/* what a fresh host process waits for */
	bool in_reserve;		/* its host process was forked before it was wanted */
	void *start_argument;		/* for the function that a new host process begins in */

	struct regs *regs;		/* the program's registers while in the layer */

	/* Signals, under process->signal_lock (LOCK_SIGNAL) unless said. */
	u64 signal_mask;		/* blocked; written only by the thread itself */
	u64 wait_set;			/* what sigtimedwait(2) waits for, though it is blocked */
	/* sigsuspend, ppoll...: restored after the handler; private */
	u64 saved_mask;
	bool restore_mask;		/* private */
	/* sent to this thread and not yet taken; bit n-1 is signal n */
	u64 pending;
	struct list pending_queue;	/* struct queued_signal */
	/* who traces it (process/ptrace.h), also under process_tree_lock; NULL: nobody */
	struct tracee *tracee;
	struct memory_request *requests;	/* for its memory; WORK_SERVE is set */
	uptr altstack_base;		/* private: what sigaltstack(2) set */
	u64 altstack_size;
	u32 altstack_flags;
	struct siginfo fault_info;	/* of the last fault, until it is made a signal; private */
	/* of the last fault, shown in signal frames; private */
	u64 fault_trap, fault_error, fault_address;

	/*
	 * Written by the thread alone, but for moves to process->io and to another thread in its
	 * place, which hold process_tree_lock.
	 */
	struct io_counts io;

	/* Private to the thread. */
	uptr clear_tid;			/* set_tid_address(2), CLONE_CHILD_CLEARTID */
	uptr robust_list;		/* set_robust_list(2) */
	u64 restart_deadline_ns;	/* nanosleep and others, for restart_syscall */
	u32 restart_kind;
	uptr restart_remain;
	char name[16];			/* PR_SET_NAME, /proc/PID/comm */
	u64 gs_base;			/* what the program set by arch_prctl(2); only remembered */
	u64 timer_slack_ns;		/* PR_SET_TIMERSLACK; only remembered; 0: the default */
	u32 memory_policy;		/* set_mempolicy(2); only remembered */
	u32 exit_status;		/* wait status this thread exits with */
	struct vfork_frame *vfork;	/* non-NULL while this thread plays its child */
	/*
	 * A stand-in (process/vfork.c): the thread that plays the child. NULL in all others, and
	 * when the stand-in was removed. Under process_tree_lock.
	 */
	struct thread *player;

	/* private: wake-ups that wait until a queue is unlocked (core/wait.c) */
	struct wake_list *wakes;
	/* private: files that were in flight and are being given back (net/rights.c) */
	struct list *freed_rights;

	/* Debug builds: ranks held now, and the locks, for the order checker. */
	u32 held_count;
	struct lock *held[16];
};

_Static_assert(sizeof(struct thread) <= THREAD_STRUCT_SIZE, "struct thread outgrew its page");

/*
 * Does what others asked the calling thread for (WORK_SERVE): on each way out and in each park,
 * without short locks (memory/remote.c).
 */
void thread_serve(void);

static inline struct thread *thread_current(void)
{
	struct thread *thread;

	__asm__("mov %%gs:0, %0" : "=r"(thread));
	return thread;
}

static inline u64 thread_timer_slack_ns(const struct thread *thread)
{
	u64 slack_ns = READ_ONCE(thread->timer_slack_ns);

	return slack_ns ? slack_ns : TIMER_SLACK_DEFAULT_NS;
}

#endif
