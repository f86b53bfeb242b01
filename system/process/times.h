/* SPDX-License-Identifier: MIT */
/* CPU times and other counts of processes, as the host keeps them. */
#ifndef PROCESS_TIMES_H
#define PROCESS_TIMES_H

#include "boundary/abi.h"
#include "process/process.h"

struct rusage;

/* The host's clocks of a host process or thread: all CPU time it had, to the nanosecond. */
#define HOST_PROCESS_CLOCK(host_tgid) ((s32)((~(host_tgid) << 3) | 2))
#define HOST_THREAD_CLOCK(host_tid) (HOST_PROCESS_CLOCK(host_tid) | 4)

/* At HEAP_BASE, where the host reads it. */
extern struct heap_front heap_front;
/* How much of heap_front.ended_cpu_ns was system time; under process_tree_lock. */
extern u64 ended_system_ns;

/*
 * What the host counts for who (RUSAGE_SELF, RUSAGE_THREAD) of the calling host process. Zeros if
 * it doesn't say.
 */
void process_times_read(int who, struct process_times *times);
/*
 * CPU time of any host process or thread of the domain, by its HOST_*_CLOCK; all else is 0. Zeros
 * if there is none. No lock may be held.
 */
void host_times_read(s32 clock, struct process_times *times);
/* Adds more to sum. */
void process_times_add(struct process_times *sum, const struct process_times *more);
/*
 * The calling process until now. The host's count is that of a vfork child's parent, and so is what
 * the child uses: the child's own is counted by thread, of which others count when they have left.
 */
void process_times_self(struct process_times *times);
/*
 * The calling thread leaves its process, which is_played, or is the last to leave the host process:
 * what it used is kept. Takes process_tree_lock.
 */
void process_times_leave(void);
/* The same from outside: process has nothing but stand-ins in the host process host_tgid. */
void process_times_leave_waiting(struct process *process, u32 host_tgid);
void process_times_to_rusage(const struct process_times *times, struct rusage *usage);

#endif
