/* SPDX-License-Identifier: MIT */
/*
 * What debuggers know of a thread's registers: struct user of Linux's ABI, which the kernel's own
 * headers leave to the C library. Begins as struct regs.
 */
#ifndef ARCH_USER_REGS_H
#define ARCH_USER_REGS_H

#include "core/types.h"

struct user_regs_struct {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax, rip, cs, rflags, rsp, ss;
	u64 fs_base, gs_base, ds, es, fs, gs;
};

/* PTRACE_PEEKUSR and PTRACE_POKEUSR address this. */
#define USER_SIZE		912u
#define USER_DEBUG_REGISTERS	848u	/* eight of them up to the end */

_Static_assert(sizeof(struct user_regs_struct) == 27 * 8, "part of Linux's ABI");

#endif
