/* SPDX-License-Identifier: MIT */
/* What memory a process takes: the host counts it, and tells the monitor. */
#ifndef PROCESS_MEMORY_USE_H
#define PROCESS_MEMORY_USE_H

#include "boundary/abi.h"
#include "boundary/area_use.h"
#include "core/types.h"

/*
 * Of the host process that a process of the domain runs in: all zeros where it is not found. The
 * layer's heap is among what is shared. Takes LOCK_CHANNEL; costs a request.
 */
void memory_use_read(uint32_t host_tgid, struct process_memory *memory);

struct area_uses {
	struct area_use *uses;		/* sorted by address; of the heap */
	u32 count;
};

/*
 * The same of each piece that the host has for programs in its address space: 0 and all of it,
 * which area_uses_release() gives back, or -ENOMEM, -ESRCH, or why the host doesn't tell. 0 as id:
 * a host process that has not begun, and has nothing yet.
 */
int area_uses_read(u32 host_tgid, struct area_uses *uses) __must_check;
void area_uses_release(struct area_uses *uses);
/*
 * Adds up what lies within [start, end). The host may have as one piece what the layer has as
 * several: of such a piece it is the part by size.
 */
void area_uses_sum(const struct area_uses *uses, u64 start, u64 end, struct area_use *sum);

#endif
