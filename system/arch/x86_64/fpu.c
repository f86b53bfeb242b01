/* SPDX-License-Identifier: MIT */
/*
 * The FPU state that programs begin with, and how much of it signal frames carry. Constant after
 * start: no locks.
 */
#include "arch/x86_64/arch.h"
#include "arch/x86_64/offsets.h"
#include "core/channel.h"
#include "core/string.h"

#define XSAVE_AMX	(3ull << 17)	/* a program must ask for it by arch_prctl, which we lack */
#define XSAVE_BASE_SIZE	576		/* legacy area and header */

/* All components in their initial state; of those only these two control words are not zero. */
static const struct {
	u16 control;
	u8 unused[22];
	u32 mxcsr, mxcsr_mask;
	u8 rest[XSAVE_BASE_SIZE - 32];
} _Alignas(64) initial_state = { .control = 0x37f, .mxcsr = 0x1f80 };

u64 fpu_mask(void)
{
	return config()->xsave_mask & ~XSAVE_AMX;
}

/* Where the last component of mask ends in an area of the standard format. */
static u64 area_size_of(u64 mask)
{
	u64 size = XSAVE_BASE_SIZE;

	for (u32 i = 2; i < 63; i++) {
		u32 a, b, c, d;

		if (!(mask >> i & 1))
			continue;
		__asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0xd), "c"(i));
		size = MAX(size, (u64)a + b);
	}
	return size;
}

u64 fpu_area_size(void)
{
	static u64 size;

	if (!size)
		size = config()->xsave_mask & XSAVE_AMX ? area_size_of(fpu_mask())
							: config()->xsave_size;
	return size;
}

void fpu_reset(void)
{
	user_xrstor_raw(&initial_state, config()->xsave_mask);
}

void regs_init_program(struct regs *regs, u64 rip, u64 rsp)
{
	memset(regs, 0, sizeof(*regs));
	regs->rip = rip;
	regs->rsp = rsp;
	regs->cs = USER_CS;
	regs->ss = USER_SS;
	regs->rflags = 0x202;
	regs->orig_rax = -1ul;
}
