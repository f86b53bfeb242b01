/* SPDX-License-Identifier: MIT */
/*
 * Clocks of the CPU time that a process uses, for timers on them. The host has them; such a timer
 * is one of the layer's that looks at the clock when it could be due, and again until it is.
 */
#ifndef SIGNAL_CPU_CLOCK_H
#define SIGNAL_CPU_CLOCK_H

#include "core/types.h"

struct process;

enum { CPU_CLOCK_PROF = 0, CPU_CLOCK_VIRTUAL = 1, CPU_CLOCK_SCHED = 2 };

/*
 * The host's number of a clock of the calling process: user and system time by ticks, user time, or
 * both to the nanosecond. Ask when it is set, as exec of a vfork child gives the process another
 * host process.
 */
s32 cpu_clock_of_process(int which);
/* 0 where the host process is gone. */
u64 cpu_clock_read(s32 clock);
/*
 * The instant on CLOCK_MONOTONIC to look again, when process lacks left_ns: it can't have used them
 * sooner, with all of its threads running at once.
 */
u64 cpu_clock_next_look(const struct process *process, u64 left_ns);

#endif
