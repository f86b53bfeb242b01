/* SPDX-License-Identifier: MIT */
/*
 * How programs enter the layer and leave it.
 *
 *   entry_stub	   a patched site: a few instructions, no host involved
 *   entry_signal  a host signal: a call from a site that is not patched (SIGSYS), a fault, a kick
 *
 * Where the layer's memory has a protection key, both ways begin and end in entry_key.S.
 *
 * Invariants: the FPU and vector registers hold the program's values all the time in which C code
 * runs; GS base is the thread block; on the kernel stack struct regs lies at its top. A kick may
 * come between any two instructions: within [exit_begin, exit_end) the way out is taken again from
 * exit_slow (see trap.c), anywhere else in the layer it changes nothing.
 *
 * Sources: Linux's Documentation/arch/x86/entry_64.rst for what a system call preserves; Intel SDM
 * vol. 2, IRET, XRSTOR.
 */
#include "arch/x86_64/offsets.h"
#include "syscalls.h"

	.section .entry, "ax", @progbits

/*
 * From a stub: rax is the number, rcx where to go back to, r11 is free; all else is the program's.
 * The stub was reached by a jump, so nothing was written below the program's stack pointer.
 */
	.globl entry_stub
	.type entry_stub, @function
	.balign 64
entry_stub:
	mov	%rsp, %gs:THREAD_USER_RSP
	mov	%gs:THREAD_KERNEL_STACK, %rsp
	cld
	push	$USER_SS
	push	%gs:THREAD_USER_RSP
	push	$USER_RFLAGS
	push	$USER_CS
	push	%rcx
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	$USER_RFLAGS			/* r11, as the syscall instruction leaves it */
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cmpq	$0, %gs:THREAD_WORK		/* work or flags */
	jne	entry_slow
	cmp	$SYSCALL_COUNT, %rax
	jae	entry_slow
	mov	%rax, %gs:THREAD_SYSCALL_NUMBER
	mov	%r10, %rcx
	lea	syscall_table(%rip), %r11
	call	*(%r11,%rax,8)
	mov	%rax, REGS_RAX(%rsp)
	.globl exit_begin
exit_begin:
	cmpq	$0, %gs:THREAD_WORK
	jne	exit_slow
	/* C has kept rbx, rbp, r12 to r15; the rest comes back from the frame. */
exit_fast:
	mov	REGS_RDI(%rsp), %rdi
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_RDX(%rsp), %rdx
	mov	REGS_R8(%rsp), %r8
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R10(%rsp), %r10
	mov	REGS_RAX(%rsp), %rax
	mov	REGS_RIP(%rsp), %rcx
	mov	$USER_RFLAGS, %r11d
	mov	REGS_RSP(%rsp), %rsp
	jmp	*%rcx

	/* Signals, tracing, an end: C does it all, then every register is loaded. */
	.globl exit_slow
exit_slow:
	FLAGS_CLEAR
	mov	%rsp, %rdi
	call	exit_work
	/* What came while it was about to return: a kick that struck there did nothing. */
	testl	$EXIT_WORK, %gs:THREAD_WORK
	jnz	exit_slow
	mov	REGS_R15(%rsp), %r15
	mov	REGS_R14(%rsp), %r14
	mov	REGS_R13(%rsp), %r13
	mov	REGS_R12(%rsp), %r12
	mov	REGS_RBP(%rsp), %rbp
	mov	REGS_RBX(%rsp), %rbx
	test	%eax, %eax
	jz	exit_fast
	mov	REGS_RDI(%rsp), %rdi
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_RDX(%rsp), %rdx
	mov	REGS_R8(%rsp), %r8
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R10(%rsp), %r10
	mov	REGS_R11(%rsp), %r11
	mov	REGS_RAX(%rsp), %rax
	mov	REGS_RCX(%rsp), %rcx
	lea	REGS_RIP(%rsp), %rsp
	iretq
	.globl exit_end
exit_end:

entry_slow:
	mov	%rsp, %rdi
	call	syscall_slow
	jmp	exit_slow
	.size entry_stub, . - entry_stub

/*
 * void thread_go_to_program(struct regs *regs): leaves the layer with the registers in the frame at
 * the top of the thread's kernel stack. Everything below it on that stack is forgotten.
 */
	.globl thread_go_to_program
	.type thread_go_to_program, @function
thread_go_to_program:
	mov	%rdi, %rsp
	cmpb	$0, key_in_use(%rip)
	jne	exit_key_slow
	jmp	exit_slow
	.size thread_go_to_program, . - thread_go_to_program

/*
 * The handler of every host signal, on the thread's host signal stack. C decides: 0 goes back to
 * where the signal came from with the registers in the host's frame (which C may have changed);
 * otherwise the result is the address of a function to run on the kernel stack above a filled
 * frame.
 */
	.globl entry_signal
	.type entry_signal, @function
entry_signal:
	FLAGS_CLEAR
	mov	%rdx, %rbx
	mov	%rsp, %rcx
	and	$-32768, %rcx			/* the thread block that this stack belongs to */
	wrgsbase %rcx				/* a program may have loaded a selector into GS */
	call	host_signal
	mov	%rax, %rcx
	/* The program's FPU state is live again from here on, as everywhere in the layer. */
	mov	UC_FPSTATE(%rbx), %rdi
	test	%rdi, %rdi
	jz	1f
	mov	xsave_restore_mask(%rip), %eax
	mov	xsave_restore_mask+4(%rip), %edx
	xrstor64 (%rdi)
1:	test	%rcx, %rcx
	jz	2f
	mov	%gs:THREAD_KERNEL_STACK, %rsp
	sub	$REGS_SIZE, %rsp
	mov	%rsp, %rdi
	xor	%ebp, %ebp
	call	*%rcx
	jmp	exit_slow
2:	push	$USER_SS
	push	UC_RSP(%rbx)
	push	UC_RFLAGS(%rbx)
	push	$USER_CS
	push	UC_RIP(%rbx)
	mov	UC_R8(%rbx), %r8
	mov	UC_R9(%rbx), %r9
	mov	UC_R10(%rbx), %r10
	mov	UC_R11(%rbx), %r11
	mov	UC_R12(%rbx), %r12
	mov	UC_R13(%rbx), %r13
	mov	UC_R14(%rbx), %r14
	mov	UC_R15(%rbx), %r15
	mov	UC_RDI(%rbx), %rdi
	mov	UC_RSI(%rbx), %rsi
	mov	UC_RBP(%rbx), %rbp
	mov	UC_RDX(%rbx), %rdx
	mov	UC_RAX(%rbx), %rax
	mov	UC_RCX(%rbx), %rcx
	mov	UC_RBX(%rbx), %rbx
	iretq
	.size entry_signal, . - entry_signal

/* The first instruction of a domain: takes the boot thread's block and stack, then C. */
	.globl layer_start
	.type layer_start, @function
layer_start:
	lea	boot_thread_block(%rip), %rdi
	wrgsbase %rdi
	lea	32768(%rdi), %rsp
	sub	$REGS_SIZE+8, %rsp
	xor	%ebp, %ebp
	call	domain_start
	ud2
	.size layer_start, . - layer_start

	.section .note.mezzo, "a", @note
	.balign 4
	.long	6				/* name size */
	.long	2f - 1f				/* descriptor size */
	.long	1				/* type */
	.asciz	"Mezzo"
	.balign 4
1:	.ascii	"mezzo-sl"
	.long	NOTE_BOUNDARY_VERSION
	.long	2f - 1b
	.quad	layer_start
	.quad	gate_start
	.quad	gate_end
	.quad	layer_data_start
	.quad	layer_data_end - 0x3f0008200000
	.quad	layer_bss_end - 0x3f0008200000
2:
