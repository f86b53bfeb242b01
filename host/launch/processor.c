/* SPDX-License-Identifier: MIT */
/* What the processor and kernel offer to a domain; see processor.h. */
#include <cpuid.h>
#include <sys/auxv.h>

#include "boundary/layout.h"
#include "host/base/kernel.h"
#include "host/launch/processor.h"

#define XSTATE_PKRU		(1ull << 9)
#define XSTATE_AMX		(3ull << 17)
#define XSAVE_LEGACY_SIZE	(512 + 64)
#define HWCAP2_FSGSBASE_BIT	(1ul << 1)

void processor_xsave(uint64_t *mask, uint64_t *size)
{
	uint32_t low, high, a, b, c, d;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	*mask = ((uint64_t)high << 32 | low) & ~(XSTATE_PKRU | XSTATE_AMX);
	*size = XSAVE_LEGACY_SIZE;
	for (uint32_t component = 2; component < 63; component++) {
		if (!(*mask & 1ull << component))
			continue;
		__cpuid_count(0xd, component, a, b, c, d);
		if (a + b > *size)
			*size = a + b;
	}
}

bool processor_has_fsgsbase(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT;
}

int processor_allocate_key(void)
{
	bool both = kernel_pkey_alloc() == LAYER_KEY && kernel_pkey_alloc() == SELECTOR_KEY;

	return both ? LAYER_KEY : -1;
}
