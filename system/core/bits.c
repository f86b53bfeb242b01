/* SPDX-License-Identifier: MIT */
/*
 * What the compiler calls for bit counts, as not every x86-64 processor has an instruction for
 * them.
 */
#include "core/types.h"

int __popcountdi2(s64 value);

int __popcountdi2(s64 value)
{
	u64 x = (u64)value;

	x -= x >> 1 & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (int)(x * 0x0101010101010101ull >> 56);
}
