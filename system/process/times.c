/* SPDX-License-Identifier: MIT */
/*
 * CPU times and other counts of processes; see times.h. Times of children are under
 * process_tree_lock.
 */
#include "process/times.h"

#include <asm/unistd_64.h>
#include <linux/resource.h>
#include <linux/times.h>

#include "core/host.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "syscalls.h"

#define NS_PER_TICK 10000000ull		/* of times(2): 100 for each second */

void process_times_read(int who, struct process_times *times)
{
	struct rusage usage;

	memset(times, 0, sizeof(*times));
	if (host_call2(__NR_getrusage, who, &usage) < 0)
		return;
	times->user_ns = usage.ru_utime.tv_sec * 1000000000ull + usage.ru_utime.tv_usec * 1000ull;
	times->system_ns = usage.ru_stime.tv_sec * 1000000000ull + usage.ru_stime.tv_usec * 1000ull;
	times->max_rss_kb = usage.ru_maxrss;
	times->minor_faults = usage.ru_minflt;
	times->major_faults = usage.ru_majflt;
	times->voluntary = usage.ru_nvcsw;
	times->involuntary = usage.ru_nivcsw;
}

void process_times_to_rusage(const struct process_times *times, struct rusage *usage)
{
	memset(usage, 0, sizeof(*usage));
	usage->ru_utime.tv_sec = times->user_ns / 1000000000;
	usage->ru_utime.tv_usec = times->user_ns % 1000000000 / 1000;
	usage->ru_stime.tv_sec = times->system_ns / 1000000000;
	usage->ru_stime.tv_usec = times->system_ns % 1000000000 / 1000;
	usage->ru_maxrss = times->max_rss_kb;
	usage->ru_minflt = times->minor_faults;
	usage->ru_majflt = times->major_faults;
	usage->ru_nvcsw = times->voluntary;
	usage->ru_nivcsw = times->involuntary;
}

static void children_times_read(struct process_times *times)
{
	lock_acquire(&process_tree_lock);
	*times = process_current()->children_times;
	lock_release(&process_tree_lock);
}

long sys_getrusage(int who, uptr address)
{
	struct process_times times;
	struct rusage usage;

	if (who == RUSAGE_CHILDREN)
		children_times_read(&times);
	else if (who == RUSAGE_SELF || who == RUSAGE_THREAD)
		process_times_read(who, &times);
	else
		return -EINVAL;
	process_times_to_rusage(&times, &usage);
	return put_user(usage, address);
}

long sys_times(uptr address)
{
	struct process_times own, children;
	struct tms tms;

	if (address) {
		process_times_read(RUSAGE_SELF, &own);
		children_times_read(&children);
		tms.tms_utime = own.user_ns / NS_PER_TICK;
		tms.tms_stime = own.system_ns / NS_PER_TICK;
		tms.tms_cutime = children.user_ns / NS_PER_TICK;
		tms.tms_cstime = children.system_ns / NS_PER_TICK;
		if (put_user(tms, address))
			return -EFAULT;
	}
	return (long)(clock_monotonic_ns() / NS_PER_TICK);
}
