/* SPDX-License-Identifier: MIT */
/* The program's registers as the entry code saves them: the order of Linux's struct pt_regs. */
#ifndef ARCH_REGS_H
#define ARCH_REGS_H

#include "core/types.h"

struct regs {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax;		/* number of the call, or -1 where no call was made */
	u64 rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct regs) == 21 * 8, "assembly counts on struct regs");

#endif
