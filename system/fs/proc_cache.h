/* SPDX-License-Identifier: MIT */
/* The processor's caches, as it describes them itself. */
#ifndef FS_PROC_CACHE_H
#define FS_PROC_CACHE_H

#include "core/types.h"

struct processor_cache {
	const char *type;		/* "Data", "Instruction", "Unified" */
	u32 level;
	u32 size_kb, line_size, partitions, ways, sets;
};

/* The one of this index, from 0 on. False where there is none. */
bool processor_cache_read(u32 index, struct processor_cache *cache);

#endif
