/* SPDX-License-Identifier: MIT */
/* The processor's caches by CPUID; see proc_cache.h. No state, no locks. */
#include "fs/proc_cache.h"

#include <cpuid.h>

#define LEAF_INTEL 4u
#define LEAF_AMD 0x8000001du

static const char *const type_names[] = { NULL, "Data", "Instruction", "Unified" };

/* Both leaves have the same form; a processor fills one of them. */
bool processor_cache_read(u32 index, struct processor_cache *cache)
{
	u32 a = 0, b, c, d, type;

	if (!__get_cpuid_count(LEAF_INTEL, index, &a, &b, &c, &d) || !(a & 31))
		if (!__get_cpuid_count(LEAF_AMD, index, &a, &b, &c, &d))
			return false;
	type = a & 31;
	if (!type || type >= ARRAY_SIZE(type_names))
		return false;
	*cache = (struct processor_cache){
		.type = type_names[type],
		.level = a >> 5 & 7,
		.line_size = (b & 0xfff) + 1,
		.partitions = (b >> 12 & 0x3ff) + 1,
		.ways = (b >> 22) + 1,
		.sets = c + 1,
	};
	cache->size_kb = (u32)((u64)cache->line_size * cache->partitions * cache->ways *
			       cache->sets >> 10);
	return true;
}
