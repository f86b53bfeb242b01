/* SPDX-License-Identifier: MIT */
/* How much the domain as a whole uses its processors: /proc/stat, /proc/loadavg, sysinfo(2). */
#ifndef PROCESS_LOAD_H
#define PROCESS_LOAD_H

#include "core/types.h"

#define LOAD_SHIFT 11 /* loads are fixed-point numbers with so many bits behind the point */
#define LOAD_ONE (1u << LOAD_SHIFT)

struct cpu_time {
	u64 user_ns, system_ns;
};

/*
 * CPU time of all processes that are and were: neither part is ever less than it was said to be
 * before. Takes process_tree_lock. 0 or -ENOMEM.
 */
int cpu_time_read(struct cpu_time *time);

/*
 * Averages over 1, 5 and 15 minutes of how many processors were at work. Linux counts threads that
 * want to run; the host does not tell of those that wait for a processor. 0 or -ENOMEM.
 */
int load_read(u32 loads[3]);

#endif
