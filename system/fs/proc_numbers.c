/* SPDX-License-Identifier: MIT */
/* Sets of processors and the like, as files of /proc and /sys print them. No locks. */
#include "fs/proc.h"

static bool is_set(const u64 *mask, u32 bit)
{
	return mask[bit / 64] >> bit % 64 & 1;
}

/* In groups of 32, the highest first; its leading zeros as many as it has bits for. */
void proc_mask_print(struct proc_text *text, const u64 *mask, u32 bits)
{
	u32 groups = (bits + 31) / 32, digits = ((bits - 1) % 32 + 4) / 4;

	for (u32 i = groups; i-- > 0;) {
		u32 word = (u32)(mask[i / 2] >> i % 2 * 32);

		proc_print(text, "%0*x%s", i + 1 == groups ? (int)digits : 8, word, i ? "," : "");
	}
}

void proc_list_print(struct proc_text *text, const u64 *mask, u32 bits)
{
	const char *comma = "";

	for (u32 i = 0; i < bits; i++) {
		u32 first = i;

		if (!is_set(mask, i))
			continue;
		while (i + 1 < bits && is_set(mask, i + 1))
			i++;
		if (i == first)
			proc_print(text, "%s%u", comma, first);
		else
			proc_print(text, "%s%u-%u", comma, first, i);
		comma = ",";
	}
}
