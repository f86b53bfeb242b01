/* SPDX-License-Identifier: MIT */
/*
 * Memory of a domain's processes, as the host counts it: REQ_PROCESS. The domain knows its
 * processes by their ids in its own namespace; here they are found by the host's /proc.
 */
#ifndef HOST_MONITOR_PROCESS_H
#define HOST_MONITOR_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "boundary/abi.h"

#define PROCESS_FINDER_SLOTS 1024

/* All zeros but for pidfd: nothing is known yet. */
struct process_finder {
	int pidfd; /* of the domain's first process; the monitor's */
	/* private to process.c: where that is, and when all processes may be looked at again */
	char namespace[40];
	int64_t search_due_ns;
	/* by the domain's ids: what was found last */
	struct {
		uint32_t inner;
		pid_t outer;
	} slots[PROCESS_FINDER_SLOTS];
};

/*
 * What the process takes now. 0, or -ESRCH where none of this id is found; -EAGAIN where too much
 * was searched for, and the domain may ask again in a while.
 */
int process_memory_read(struct process_finder *finder, uint32_t inner,
			struct process_memory *memory);

#endif
