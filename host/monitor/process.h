/* SPDX-License-Identifier: MIT */
/*
 * Memory of a domain's processes, as the host counts it: REQ_PROCESS and REQ_PROCESS_AREAS. The
 * domain knows its processes by their ids in its own namespace; here they are found by the host's
 * /proc.
 */
#ifndef HOST_MONITOR_PROCESS_H
#define HOST_MONITOR_PROCESS_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "boundary/abi.h"
#include "host/monitor/lower.h"

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

/*
 * A file of the process in the host's /proc, for reading; it is of no other even where its id is in
 * use again by now. 0, -ESRCH, or -errno of the opening.
 */
int process_open(struct process_finder *finder, uint32_t inner, const char *name, FILE **file);

/* What is mapped from an address on, into the answer. 0, -ESRCH, or -errno of the host's file. */
int process_areas_read(struct process_finder *finder, uint32_t inner, uint64_t from,
		       struct answer *answer);

#endif
