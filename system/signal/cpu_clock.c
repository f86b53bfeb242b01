/* SPDX-License-Identifier: MIT */
/* See cpu_clock.h. No locks. */
#include "signal/cpu_clock.h"

#include <asm/unistd_64.h>
#include <linux/time_types.h>

#include "core/host.h"
#include "core/timer.h"
#include "process/process.h"

#define NS_PER_SECOND	1000000000ull
#define LOOK_MIN_NS	1000000ull	/* a clock isn't looked at more often */

s32 cpu_clock_of_process(int which)
{
	return (s32)(~thread_current()->host_tgid << 3 | (u32)which);
}

u64 cpu_clock_read(s32 clock)
{
	struct __kernel_timespec time;

	if (host_call2(__NR_clock_gettime, (s64)clock, &time) < 0)
		return 0;
	return time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

u64 cpu_clock_next_look(const struct process *process, u64 left_ns)
{
	u64 delay = left_ns / MAX(READ_ONCE(process->thread_count), 1u);

	return clock_monotonic_ns() + MAX(delay, LOOK_MIN_NS);
}
