/* SPDX-License-Identifier: MIT */
/*
 * The gate: the only `syscall` instructions from which the domain's filter lets calls reach the
 * host. Kept in a section of its own; its bounds stand in the layer's note.
 */
#include <asm/errno.h>

#include "arch/x86_64/offsets.h"

	.section .gate, "ax", @progbits

/* long host_call(long number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) */
	.globl host_call
	.type host_call, @function
host_call:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
	ret
	.size host_call, . - host_call

/*
 * The same for calls that block for a program. A kick that comes anywhere from
 * gate_interruptible_begin up to and including the `syscall` finds rip in that range and moves it
 * to gate_interrupted (trap.c); one that comes during the call makes the host return -EINTR. So no
 * kick is lost between the look at work and the sleep.
 */
	.globl host_call_interruptible
	.type host_call_interruptible, @function
host_call_interruptible:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	.globl gate_interruptible_begin
gate_interruptible_begin:
	testl	$19, %gs:THREAD_WORK		/* WORK_SIGNAL | WORK_EXIT | WORK_SERVE */
	jnz	gate_interrupted
	.globl gate_interruptible_syscall
gate_interruptible_syscall:
	syscall
	ret
	.globl gate_interrupted
gate_interrupted:
	mov	$-EINTR, %rax
	ret
	.size host_call_interruptible, . - host_call_interruptible

/*
 * long host_clone(u64 flags, void *stack, u32 *parent_tid, u32 *child_tid, u64 tls,
 *		   void (*start)(struct thread *), struct thread *thread)
 * The child begins on stack in start(thread), which never returns. The registers that carry both
 * there survive the call in the child.
 */
	.globl host_clone
	.type host_clone, @function
host_clone:
	mov	%rcx, %r10
	mov	8(%rsp), %rax			/* thread, to the child's first stack slot */
	mov	%rax, -8(%rsi)
	sub	$8, %rsi
	mov	$56, %eax			/* clone */
	syscall
	test	%rax, %rax
	jz	1f
	ret
1:	xor	%ebp, %ebp
	pop	%rdi
	and	$-16, %rsp
	call	*%r9
	ud2
	.size host_clone, . - host_clone

/*
 * The host's id of this thread, in eax, for entry_signal_key: it has no stack that it could trust.
 */
	.globl gate_thread_id
gate_thread_id:
	mov	$186, %eax			/* gettid */
	syscall
	jmp	entry_signal_identified

/*
 * void thread_block_free_and_exit(struct thread *thread, struct thread **list, u32 *threads): puts
 * the block on a list of free ones and ends the host thread. Another may run on the block as soon
 * as it is listed, so nothing of it is used from there on, its stack included.
 */
	.globl thread_block_free_and_exit
	.type thread_block_free_and_exit, @function
thread_block_free_and_exit:
	mov	(%rsi), %rax
1:	mov	%rax, (%rdi)
	lock cmpxchg %rdi, (%rsi)
	jnz	1b
	test	%rdx, %rdx
	jz	4f
	lock decl (%rdx)
	jnz	4f
	/*
	 * The last thread of its address space, and so the only one that still looks at this list.
	 */
	mov	(%rsi), %rdi
	mov	%rdi, %rcx
2:	mov	(%rcx), %rax			/* to the end of the list */
	test	%rax, %rax
	cmovnz	%rax, %rcx
	jnz	2b
	mov	free_threads(%rip), %rax
3:	mov	%rax, (%rcx)
	lock cmpxchg %rdi, free_threads(%rip)
	jnz	3b
4:	xor	%edi, %edi
	mov	$60, %eax			/* exit */
	syscall
	ud2
	.size thread_block_free_and_exit, . - thread_block_free_and_exit
