/* SPDX-License-Identifier: MIT */
/*
 * Clocks and sleeping. The clocks are the host's; a program mostly reads them by its own vDSO and
 * never comes here. A sleep is a park until a deadline on CLOCK_MONOTONIC. No locks.
 */
#include <asm/unistd_64.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "core/futex.h"
#include "core/host.h"
#include "core/restart.h"
#include "core/timer.h"
#include "core/wait.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "process/times.h"
#include "syscalls.h"

#define CLOCK_LIST_END 12	/* CLOCK_TAI is 11 */

/* ---- clocks of a process or thread: the complement of its id, and which clock of it ---- */

#define CPU_CLOCK_ID(clock)	((u32)~((clock) >> 3))
#define CPU_CLOCK_WHICH(clock)	((clock) & 3)
#define CPU_CLOCK_OF_THREAD	4
#define CPU_CLOCK_NONE		3	/* a file's clock */
#define CPU_CLOCK_OF_ALL	2	/* of a process: user and system time, to the nanosecond */

static u32 host_id_of(u32 id, bool thread_wanted)
{
	struct thread *thread;
	u32 host_id = 0;

	lock_acquire(&process_tree_lock);
	thread = thread_find_locked(id);
	if (thread)
		host_id = thread_wanted ? thread->host_tid : thread->host_tgid;
	lock_release(&process_tree_lock);
	return host_id;
}

/* The host's number of a clock, in *host. 0 or -EINVAL. */
static int clock_translate(int clock, int *host)
{
	u32 id = CPU_CLOCK_ID(clock), host_id;

	*host = clock;
	if (clock >= 0)
		return clock < CLOCK_LIST_END ? 0 : -EINVAL;
	if (CPU_CLOCK_WHICH(clock) == CPU_CLOCK_NONE)
		return -EINVAL;
	if (!id)
		return 0;
	host_id = host_id_of(id, clock & CPU_CLOCK_OF_THREAD);
	*host = (int)(~host_id << 3 | (u32)(clock & 7));
	return host_id ? 0 : -EINVAL;
}

/* The host's clock would be that of the process whose thread plays the calling one. */
static bool is_clock_of_played(int clock)
{
	const struct process *process = process_current();
	u32 id = CPU_CLOCK_ID(clock);

	if (!process->is_played)
		return false;
	return clock == CLOCK_PROCESS_CPUTIME_ID ||
	       (clock < 0 && (clock & 7) == CPU_CLOCK_OF_ALL && (!id || id == process->pid));
}

static void played_clock_read(struct __kernel_timespec *now)
{
	struct process_times times;
	u64 total_ns;

	process_times_self(&times);
	total_ns = times.user_ns + times.system_ns;
	now->tv_sec = total_ns / NS_PER_SECOND;
	now->tv_nsec = total_ns % NS_PER_SECOND;
}

long sys_clock_gettime(int clock, uptr address)
{
	struct __kernel_timespec now;
	int error;

	if (is_clock_of_played(clock)) {
		played_clock_read(&now);
		return put_user(now, address);
	}
	error = clock_translate(clock, &clock);
	if (!error)
		error = clock_read(clock, &now);
	return error ? error : put_user(now, address);
}

long sys_clock_getres(int clock, uptr address)
{
	struct __kernel_timespec resolution;
	long error = clock_translate(clock, &clock);

	if (!error)
		error = host_call2(__NR_clock_getres, clock, &resolution);
	return error || !address ? error : put_user(resolution, address);
}

/* The host's clocks are nobody's in a domain. */
long sys_clock_settime(int clock, uptr address)
{
	struct __kernel_timespec time;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (get_user(time, address))
		return -EFAULT;
	if (time.tv_sec < 0 || (u64)time.tv_nsec >= NS_PER_SECOND)
		return -EINVAL;
	return -EPERM;
}

long sys_gettimeofday(uptr address, uptr zone)
{
	u64 now = clock_realtime_ns();
	s64 time[2] = { (s64)(now / NS_PER_SECOND), (s64)(now % NS_PER_SECOND / 1000) };

	if (address && copy_to_user(address, time, sizeof(time)))
		return -EFAULT;
	return zone ? clear_user(zone, 2 * sizeof(int)) : 0;
}

long sys_settimeofday(uptr address, uptr zone)
{
	(void)address;
	(void)zone;
	return -EPERM;
}

long sys_time(uptr address)
{
	s64 now = (s64)(clock_realtime_coarse_ns() / NS_PER_SECOND);

	if (address && put_user(now, address))
		return -EFAULT;
	return now;
}

/* ---- sleeping ---- */

static int time_read(uptr address, u64 *ns)
{
	struct __kernel_timespec time;

	if (get_user(time, address))
		return -EFAULT;
	if (time.tv_sec < 0 || (u64)time.tv_nsec >= NS_PER_SECOND)
		return -EINVAL;
	*ns = time.tv_sec >= (s64)(FOREVER / 2 / NS_PER_SECOND) ? FOREVER / 2 :
	      (u64)time.tv_sec * NS_PER_SECOND + (u64)time.tv_nsec;
	return 0;
}

/* 0 after the deadline, -EINTR when something wants the thread before. */
static int sleep_until(u64 deadline_ns)
{
	for (;;) {
		u32 seen = thread_park_begin();

		if (thread_interrupted())
			return clock_monotonic_ns() >= deadline_ns ? 0 : -EINTR;
		if (thread_park(seen, deadline_ns) == -ETIMEDOUT)
			return 0;
	}
}

static long remain_write(uptr address, u64 deadline_ns)
{
	u64 now = clock_monotonic_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
	struct __kernel_timespec time = {
		.tv_sec = (s64)(left / NS_PER_SECOND), .tv_nsec = (s64)(left % NS_PER_SECOND),
	};

	return address ? put_user(time, address) : 0;
}

static long sleep_relative(u64 duration_ns, uptr remain)
{
	u64 deadline;

	if (!restart_take(RESTART_SLEEP, &deadline))
		deadline = clock_monotonic_ns() + duration_ns;
	if (!sleep_until(deadline))
		return 0;
	if (remain_write(remain, deadline))
		return -EFAULT;
	return restart_later(RESTART_SLEEP, deadline);
}

long sys_nanosleep(uptr request, uptr remain)
{
	u64 duration;
	int error = time_read(request, &duration);

	return error ? error : sleep_relative(duration, remain);
}

static long sleep_absolute(int clock, u64 instant)
{
	return sleep_until(clock_to_monotonic_ns(clock, instant)) ? -ERESTARTNOHAND : 0;
}

/* Time that runs only while the process does: the host sleeps. Restarting begins anew. */
static long sleep_cpu_time(int clock, int flags, uptr request, uptr remain)
{
	long result;

	if (!user_range_ok(request, 16) || (remain && !user_range_ok(remain, 16)))
		return -EFAULT;
	WRITE_ONCE(thread_current()->host_waits, 1);
	result = host_call_interruptible(__NR_clock_nanosleep, (u64)clock, (u64)flags, request,
					 remain, 0, 0);
	WRITE_ONCE(thread_current()->host_waits, 0);
	return result == -EINTR && flags & TIMER_ABSTIME ? -ERESTARTNOHAND : result;
}

long sys_clock_nanosleep(int clock, int flags, uptr request, uptr remain)
{
	u64 time;
	int error;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		break;
	case CLOCK_PROCESS_CPUTIME_ID:
		return sleep_cpu_time(clock, flags, request, remain);
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
	error = time_read(request, &time);
	if (error)
		return error;
	return flags & TIMER_ABSTIME ? sleep_absolute(clock, time) : sleep_relative(time, remain);
}
