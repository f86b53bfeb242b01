/* SPDX-License-Identifier: MIT */
/* Numbers that assembly needs of C structures; arch/x86_64/trap.c asserts each. */
#ifndef ARCH_OFFSETS_H
#define ARCH_OFFSETS_H

#define THREAD_SELF		0
#define THREAD_KERNEL_STACK	8
#define THREAD_USER_RSP		16
#define THREAD_SYSCALL_NUMBER	24
#define THREAD_WORK		32
/* WORK_SIGNAL, WORK_EXIT, WORK_ORPHAN, WORK_SERVE: what exit_work() sees to */
#define EXIT_WORK		27
#define THREAD_FLAGS		36	/* right behind work: one compare looks at both */
#define THREAD_SPACE		40
#define THREAD_SELECTOR		48
#define THREAD_OPEN_FRAME	56
#define THREAD_HOST_OWN_TID	64

#define REGS_R15	0
#define REGS_R14	8
#define REGS_R13	16
#define REGS_R12	24
#define REGS_RBP	32
#define REGS_RBX	40
#define REGS_R11	48
#define REGS_R10	56
#define REGS_R9		64
#define REGS_R8		72
#define REGS_RAX	80
#define REGS_RCX	88
#define REGS_RDX	96
#define REGS_RSI	104
#define REGS_RDI	112
#define REGS_ORIG_RAX	120
#define REGS_RIP	128
#define REGS_CS		136
#define REGS_RFLAGS	144
#define REGS_RSP	152
#define REGS_SS		160
#define REGS_SIZE	168

/* struct ucontext's general registers, as the host's signal frame has them. */
#define UC_R8		40
#define UC_R9		48
#define UC_R10		56
#define UC_R11		64
#define UC_R12		72
#define UC_R13		80
#define UC_R14		88
#define UC_R15		96
#define UC_RDI		104
#define UC_RSI		112
#define UC_RBP		120
#define UC_RBX		128
#define UC_RDX		136
#define UC_RAX		144
#define UC_RCX		152
#define UC_RSP		160
#define UC_RIP		168
#define UC_RFLAGS	176
#define UC_FPSTATE	224

/* With a protection key (key.h): struct open_frame, at this offset in the thread block. */
#define KEY_OPEN_FRAME		0x7f00
#define OPEN_RIP		(KEY_OPEN_FRAME + 0)
#define OPEN_CS			(KEY_OPEN_FRAME + 8)
#define OPEN_RFLAGS		(KEY_OPEN_FRAME + 16)
#define OPEN_RSP		(KEY_OPEN_FRAME + 24)
#define OPEN_SS			(KEY_OPEN_FRAME + 32)
#define OPEN_RAX		(KEY_OPEN_FRAME + 40)
#define OPEN_RDX		(KEY_OPEN_FRAME + 48)
#define OPEN_RCX		(KEY_OPEN_FRAME + 56)
#define OPEN_PKRU		(KEY_OPEN_FRAME + 64)

#define HOST_FRAME_INFO	312		/* siginfo in the host's signal frame */
/*
 * PKRU: no access by the layer's key, no writing by the selectors'; and all that programs don't
 * choose
 */
#define KEY_CLOSED		0x24
#define KEY_BITS		0x33
/* offset of the host signal stack in the thread block */
#define KEY_SIGNAL_STACK	0x6000
#define KEY_HEAP_SHIFT		36		/* HEAP_SIZE */
#define KEY_SELECTOR_SHIFT	9		/* THREAD_BLOCK_SIZE to SELECTOR_STRIDE */
#define KEY_IN_PROGRAM		1

/* BOUNDARY_VERSION, for the layer's note; process/domain.c asserts it. */
#define NOTE_BOUNDARY_VERSION 17

#define USER_CS		0x33
#define USER_SS		0x2b
/* interrupts, ZF, PF: what a call entered by a stub reports */
#define USER_RFLAGS	0x246

/*
 * The layer's own flags in place of the program's, all of which POPF can set: IRETQ faults with NT,
 * AC makes unaligned access fault, DF turns string instructions round. Needs a stack.
 */
#define FLAGS_CLEAR	pushq $2; popfq

#endif
