/* SPDX-License-Identifier: MIT */
/*
 * What the rest of the layer asks of the processor: entering, leaving, FPU state, per-thread
 * registers.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include "arch/x86_64/regs.h"
#include "core/thread.h"

/* Text of the layer and of its glue; bounds from the linker and the assembly. */
extern const char layer_text_start[], layer_text_end[], gate_start[], gate_end[];

/* Installs the host signal handlers, once for the domain; forked host processes inherit them. */
void traps_init(void);
/* Per host thread: GS base and host signal stack. Called first by each new host thread. */
void thread_arch_start(struct thread *thread);
/*
 * The thread is to run in the caller's address space too; undone where the host doesn't start it.
 */
void thread_arch_join(struct thread *thread);
void thread_arch_unjoin(struct thread *thread);
/* The last of a host thread, with all signals blocked: gives back the block and ends it. */
__noreturn void thread_arch_exit(struct thread *thread);

/* Free blocks for threads of this address space, linked by their first words. */
struct thread **thread_arch_free_blocks(void);
/* Whether parts of blocks are mapped in another way than the heap around them. */
bool thread_arch_splits_mappings(void);
/*
 * Whether a block may serve this address space alone, since parts of it are open to its programs.
 */
bool thread_arch_is_open(const struct thread *thread);
/* The offset in its block at which the kernel stack of a new thread ends. */
u64 thread_kernel_stack_end(void);

/* A thread's death watch, where the host can reach it with the program's rights. */
struct death_watch *thread_death_watch(struct thread *thread);

/* Leaves the layer by the frame at the top of the current thread's kernel stack. */
__noreturn void thread_go_to_program(struct regs *regs);

/* A frame with the selectors and flags of a fresh program: all other registers zero. */
void regs_init_program(struct regs *regs, u64 rip, u64 rsp);

/* FPU registers as at exec. */
void fpu_reset(void);
/* 0 or -EFAULT; area is 64-byte aligned, mask from fpu_mask(). Program memory is allowed. */
int user_xsave_raw(void *area, u64 mask);
int user_xrstor_raw(const void *area, u64 mask);
/* The XSAVE features that signal frames carry, and the size of such an area. */
u64 fpu_mask(void);
u64 fpu_area_size(void);

static inline u64 fs_base_get(void)
{
	u64 base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static inline void fs_base_set(u64 base)
{
	__asm__ volatile("wrfsbase %0" : : "r"(base));
}

/* Raw host clone; see gate.S. */
long host_clone(u64 flags, void *stack, u32 *parent_tid, u32 *child_tid, u64 tls,
		void (*start)(struct thread *), struct thread *thread);

#endif
