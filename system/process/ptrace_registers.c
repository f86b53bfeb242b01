/* SPDX-License-Identifier: MIT */
/*
 * Registers of a stopped tracee, in the shapes that debuggers know. The general ones lie in the
 * frame on its kernel stack, the others in the XSAVE area that it filled when it stopped.
 * signal_lock of its process is held: so the thread, and its stack, stay.
 */
#include <asm/sigcontext.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/user_regs.h"
#include "boundary/layout.h"
#include "core/string.h"
#include "process/ptrace.h"

#define XSAVE_HEADER	512
#define XSAVE_BASE	576
#define XSAVE_FP_SSE	3ull
#define MXCSR_OFFSET	24
#define MXCSR_MASK_OFFSET 28
#define SW_OFFSET	464	/* here debuggers read which features the area has */

/* CF PF AF ZF SF TF DF OF NT RF AC: what Linux lets a tracer change. */
#define FLAGS_CHANGEABLE 0x54dd5ul

void ptrace_registers_get(const struct tracee *tracee, struct user_regs_struct *to)
{
	_Static_assert(sizeof(struct regs) == offsetof(struct user_regs_struct, fs_base),
		       "the same order");
	memset(to, 0, sizeof(*to));
	memcpy(to, tracee->thread->regs, sizeof(struct regs));
	to->fs_base = tracee->fs_base;
	to->gs_base = tracee->thread->gs_base;
}

/* cs and ss stay what they are, but one that no program can run with is refused. */
static bool selector_is_possible(u64 selector)
{
	return (selector & 3) == 3 && selector < 0x10000;
}

int ptrace_registers_set(struct tracee *tracee, const struct user_regs_struct *from)
{
	struct regs *regs = tracee->thread->regs;
	u64 flags = regs->rflags;

	if (!selector_is_possible(from->cs) || !selector_is_possible(from->ss) ||
	    from->fs_base >= USER_END || from->gs_base >= USER_END)
		return -EIO;
	memcpy(regs, from, sizeof(*regs));
	regs->cs = USER_CS;
	regs->ss = USER_SS;
	regs->rflags = (from->rflags & FLAGS_CHANGEABLE) | (flags & ~FLAGS_CHANGEABLE);
	tracee->fs_base = from->fs_base;
	tracee->thread->gs_base = from->gs_base;
	return 0;
}

size_t ptrace_fpu_size(void)
{
	return fpu_area_size();
}

void ptrace_fpu_get(const struct tracee *tracee, void *to, size_t size)
{
	u64 mask = fpu_mask();

	memcpy(to, tracee->fpu, MIN(size, fpu_area_size()));
	if (size > XSAVE_HEADER) {
		memset((char *)to + SW_OFFSET, 0, XSAVE_HEADER - SW_OFFSET);
		memcpy((char *)to + SW_OFFSET, &mask, sizeof(mask));
	}
}

/* What XRSTOR would refuse. */
static bool area_is_valid(const struct tracee *tracee, const char *area, size_t size)
{
	u32 mxcsr, mxcsr_mask;
	u64 header[8];

	memcpy(&mxcsr, area + MXCSR_OFFSET, sizeof(mxcsr));
	memcpy(&mxcsr_mask, (const char *)tracee->fpu + MXCSR_MASK_OFFSET, sizeof(mxcsr_mask));
	if (mxcsr & ~(mxcsr_mask ? mxcsr_mask : 0xffbfu))
		return false;
	if (size <= XSAVE_HEADER)
		return true;
	memcpy(header, area + XSAVE_HEADER, sizeof(header));
	if (header[0] & ~fpu_mask())
		return false;
	for (u32 i = 1; i < ARRAY_SIZE(header); i++)
		if (header[i])
			return false;
	return true;
}

int ptrace_fpu_set(struct tracee *tracee, const void *from, size_t size)
{
	u64 features;

	if (size != XSAVE_HEADER && size != fpu_area_size())
		return -EINVAL;
	if (!area_is_valid(tracee, from, size))
		return -EINVAL;
	memcpy(tracee->fpu, from, size);
	memcpy(&features, (char *)tracee->fpu + XSAVE_HEADER, sizeof(features));
	if (size == XSAVE_HEADER)
		features |= XSAVE_FP_SSE;
	memcpy((char *)tracee->fpu + XSAVE_HEADER, &features, sizeof(features));
	tracee->fpu_changed = true;
	return 0;
}
