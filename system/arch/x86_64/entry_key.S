/* SPDX-License-Identifier: MIT */
/*
 * The ways in and out where the layer's memory has a protection key; see key.h for the stacks.
 *
 * The key is closed as long as the thread's selector says IN_PROGRAM, and the selector is the thread's lock too: who
 * comes in takes it by exchange, so that a thread block serves one thread at a time. While it says IN_PROGRAM the host
 * lets no system call through, wherever it is made: the gate is no use to who jumps there.
 *
 * Whatever stands here can be jumped to by a program, with any registers. So: the value behind each WRPKRU is looked at; GS
 * base and stack pointer are believed only after the checks of block_check; what has no key is read once.
 *
 * A host signal between program and layer (entry_stub_key to entry_stub_key_switched, entry_signal_key to
 * entry_signal_key_switched, exit_key_glue to exit_key_end) finds the frame on the host signal stack
 * and is handled by signal_from_program() (key.c), which finishes the way on the saved registers.
 *
 * Sources: Intel SDM vol. 2, WRPKRU, RDPKRU; Vahldiek-Oberwagner and others, "ERIM", USENIX Security 2019.
 */
#include "arch/x86_64/offsets.h"
#include "syscalls.h"

#define CARRY(field) mov REGS_##field(%rsp), %rax; mov %rax, %gs:OPEN_##field
#define SPACE_ID space_page(%rip)

	.section .entry, "ax", @progbits

/*
 * Leaves the address of block's selector in selector; ends the program where block is no thread block or
 * one of another address space. The key is open.
 */
	.macro block_check block, selector, scratch, scratch32
	lea	layer_data_start(%rip), \selector
	mov	\block, \scratch
	sub	\selector, \scratch
	mov	\scratch, \selector
	shr	$KEY_HEAP_SHIFT, \selector
	jnz	key_broken
	test	$0x7fff, \scratch32
	jnz	key_broken
	shr	$KEY_SELECTOR_SHIFT, \scratch
	lea	selectors(%rip), \selector
	add	\scratch, \selector
	mov	THREAD_SPACE(\block), \scratch
	cmp	\scratch, SPACE_ID
	jne	key_broken
	.endm

/* Opens all keys. */
	.macro key_open
	xor	%eax, %eax
	wrpkru
	test	%eax, %eax
	jnz	key_broken
	.endm

/*
 * Closes the layer's key and gives the others back to the program, but for key 0: without that neither these
 * instructions nor the host's signals would work. The selector's address is in rdx.
 */
	.macro key_close
	movb	$KEY_IN_PROGRAM, (%rdx)
	xor	%ecx, %ecx
	xor	%edx, %edx
	mov	%gs:OPEN_PKRU, %eax
	and	$~KEY_BITS, %eax
	or	$KEY_CLOSED, %eax
	wrpkru
	not	%eax
	test	$KEY_CLOSED, %al
	jnz	key_broken
	.endm

/* From a stub, as entry_stub. */
	.globl entry_stub_key
	.type entry_stub_key, @function
	.balign 64
entry_stub_key:
	mov	%rax, %gs:OPEN_RAX
	mov	%rdx, %gs:OPEN_RDX
	mov	%rcx, %r11
	.globl entry_stub_key_clobbers
entry_stub_key_clobbers:
	xor	%ecx, %ecx
	rdpkru					/* edx becomes 0 */
	mov	%eax, %gs:OPEN_PKRU
	key_open
	rdgsbase %rax
	block_check %rax, %rdx, %rcx, %ecx
	xor	%ecx, %ecx
	xchg	%cl, (%rdx)
	cmp	$KEY_IN_PROGRAM, %cl
	jne	key_broken
	mov	%rsp, %gs:THREAD_USER_RSP
	mov	%gs:THREAD_KERNEL_STACK, %rsp
	.globl entry_stub_key_switched
entry_stub_key_switched:
	cld
	push	$USER_SS
	push	%gs:THREAD_USER_RSP
	push	$USER_RFLAGS
	push	$USER_CS
	push	%r11
	push	%gs:OPEN_RAX
	mov	(%rsp), %rax
	push	%rdi
	push	%rsi
	push	%gs:OPEN_RDX
	mov	(%rsp), %rdx
	push	%r11
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	$USER_RFLAGS
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cmpq	$0, %gs:THREAD_WORK		/* work or flags */
	jne	entry_key_slow
	cmp	$SYSCALL_COUNT, %rax
	jae	entry_key_slow
	mov	%rax, %gs:THREAD_SYSCALL_NUMBER
	mov	%r10, %rcx
	lea	syscall_table(%rip), %r11
	call	*(%r11,%rax,8)
	mov	%rax, REGS_RAX(%rsp)
	.globl exit_key_begin
exit_key_begin:
	cmpq	$0, %gs:THREAD_WORK
	jne	exit_key_slow
exit_key_fast:
	mov	REGS_RAX(%rsp), %rax
	mov	%rax, %gs:OPEN_RAX
	mov	REGS_RDX(%rsp), %rdx
	mov	%rdx, %gs:OPEN_RDX
	mov	REGS_RIP(%rsp), %r11
	mov	%r11, %gs:OPEN_RIP
	mov	REGS_RSP(%rsp), %rcx
	mov	%rcx, %gs:OPEN_RSP
	mov	REGS_RDI(%rsp), %rdi
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_R8(%rsp), %r8
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R10(%rsp), %r10
	mov	%gs:THREAD_SELECTOR, %rdx
	mov	%rcx, %rsp
	.globl exit_key_glue
exit_key_glue:
	key_close
	mov	%gs:OPEN_RAX, %rax
	mov	%gs:OPEN_RDX, %rdx
	jmp	*%r11
	.globl exit_key_glue_end
exit_key_glue_end:

	.globl exit_key_slow
exit_key_slow:
	FLAGS_CLEAR
	mov	%rsp, %rdi
	call	exit_work
	testl	$EXIT_WORK, %gs:THREAD_WORK
	jnz	exit_key_slow
	mov	REGS_R15(%rsp), %r15
	mov	REGS_R14(%rsp), %r14
	mov	REGS_R13(%rsp), %r13
	mov	REGS_R12(%rsp), %r12
	mov	REGS_RBP(%rsp), %rbp
	mov	REGS_RBX(%rsp), %rbx
	test	%eax, %eax
	jz	exit_key_fast
	CARRY(RIP)
	CARRY(CS)
	CARRY(RFLAGS)
	CARRY(RSP)
	CARRY(SS)
	CARRY(RCX)
	CARRY(RDX)
	CARRY(RAX)
	mov	REGS_RDI(%rsp), %rdi
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_R8(%rsp), %r8
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R10(%rsp), %r10
	mov	REGS_R11(%rsp), %r11
	mov	%gs:THREAD_SELECTOR, %rdx
	mov	%gs:THREAD_OPEN_FRAME, %rsp
	.globl exit_key_glue_full
exit_key_glue_full:
	key_close
	mov	%gs:OPEN_RAX, %rax
	mov	%gs:OPEN_RDX, %rdx
	mov	%gs:OPEN_RCX, %rcx
	iretq
	.globl exit_key_end
exit_key_end:

entry_key_slow:
	mov	%rsp, %rdi
	call	syscall_slow
	jmp	exit_key_slow
	.size entry_stub_key, . - entry_stub_key

/*
 * Somebody jumped to where nobody should. The host's signal for this instruction finds the thread in its program,
 * or, if it truly was in the layer, ends the domain.
 */
key_broken:
	xor	%ecx, %ecx
	xor	%edx, %edx
	mov	$KEY_CLOSED, %eax
	wrpkru
	ud2

/* As entry_signal. What the host passes in rdx and rsi follows from rsp; only rsp and rdi are looked at. */
	.globl entry_signal_key
	.type entry_signal_key, @function
entry_signal_key:
	xor	%ecx, %ecx
	xor	%edx, %edx
	key_open
	cld
	mov	%rsp, %rdx
	and	$-32768, %rdx
	block_check %rdx, %r8, %r9, %r9d
	xor	%eax, %eax
	xchg	%al, (%r8)
	cmp	$KEY_IN_PROGRAM, %al
	je	1f
	/* In the layer, so it is said: only the thread itself gets through the gate, and only to itself. */
	jmp	gate_thread_id
	.globl entry_signal_identified
entry_signal_identified:
	mov	%rsp, %rdx
	and	$-32768, %rdx
	cmp	%eax, THREAD_HOST_OWN_TID(%rdx)
	jne	key_broken
	lea	boot_thread_block(%rip), %rax
	cmp	%rax, %rdx
	je	2f
	mov	%rsp, %rax
	and	$0x7fff, %eax
	cmp	$KEY_SIGNAL_STACK, %eax
	jb	2f
1:	wrgsbase %rdx
	mov	%rsp, %rsi
	mov	%gs:THREAD_KERNEL_STACK, %rsp
	.globl entry_signal_key_switched
entry_signal_key_switched:
	FLAGS_CLEAR
	sub	$REGS_SIZE, %rsp
	xor	%ebp, %ebp
	call	signal_from_program
	jmp	exit_key_slow
2:	lea	8(%rsp), %rdx
	lea	HOST_FRAME_INFO(%rsp), %rsi
	jmp	entry_signal
	.size entry_signal_key, . - entry_signal_key
