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

/*
 * Not in the channel: most processes never touch that, and need no page tables for it. Guarded by
 * process_tree_lock.
 */
_Alignas(64) struct heap_front heap_front __attribute__((section(".data.front"))) = { 0 };

u64 ended_system_ns;

/* Of the host's CPU clocks: the kind that HOST_PROCESS_CLOCK has is 2. */
#define CLOCK_KIND 3
#define CLOCK_KIND_BOTH 0
#define CLOCK_KIND_USER 1

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

/* The host adjusts its split of user and system time: either may lie behind what it said before. */
static u64 difference(u64 now, u64 before)
{
	return now > before ? now - before : 0;
}

static u64 host_clock_read(s32 clock)
{
	struct __kernel_timespec time;

	if (host_call2(__NR_clock_gettime, clock, &time))
		return 0;
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* whole * part / of, without overflow: to 32 bits. part is not above of. */
static u64 share(u64 whole, u64 part, u64 of)
{
	for (; of > UINT32_MAX; of >>= 1)
		part >>= 1;
	return of ? whole / of * part + whole % of * part / of : 0;
}

/*
 * The host has two more clocks of each, which it advances by what its ticks found running: of user
 * time, and of both. The time there was is split as they are: as Linux does it for itself.
 */
void host_times_read(s32 clock, struct process_times *times)
{
	u64 user = host_clock_read((clock & ~CLOCK_KIND) | CLOCK_KIND_USER);
	u64 both = host_clock_read((clock & ~CLOCK_KIND) | CLOCK_KIND_BOTH);
	u64 all = host_clock_read(clock);

	memset(times, 0, sizeof(*times));
	times->system_ns = share(all, difference(both, user), both);
	times->user_ns = all - times->system_ns;
}

void process_times_add(struct process_times *sum, const struct process_times *more)
{
	sum->user_ns += more->user_ns;
	sum->system_ns += more->system_ns;
	sum->max_rss_kb = MAX(sum->max_rss_kb, more->max_rss_kb);
	sum->minor_faults += more->minor_faults;
	sum->major_faults += more->major_faults;
	sum->voluntary += more->voluntary;
	sum->involuntary += more->involuntary;
}

static void times_subtract(struct process_times *times, const struct process_times *before)
{
	times->user_ns = difference(times->user_ns, before->user_ns);
	times->system_ns = difference(times->system_ns, before->system_ns);
	times->minor_faults -= before->minor_faults;
	times->major_faults -= before->major_faults;
	times->voluntary -= before->voluntary;
	times->involuntary -= before->involuntary;
}

/* Of what is not in own_times yet. */
static void times_read_here(struct process_times *times)
{
	struct process *process = process_current();

	process_times_read(process->is_played ? RUSAGE_THREAD : RUSAGE_SELF, times);
	if (process->is_played && thread_current()->tid == process->pid)
		times_subtract(times, &process->player_times);
}

void process_times_self(struct process_times *times)
{
	times_read_here(times);
	lock_acquire(&process_tree_lock);
	process_times_add(times, &process_current()->own_times);
	lock_release(&process_tree_lock);
}

/* Another thread may have the pid as its id later. */
static void player_times_forget(struct process *process)
{
	memset(&process->player_times, 0, sizeof(process->player_times));
}

void process_times_leave(void)
{
	struct process *process = process_current();
	struct process_times times;

	times_read_here(&times);
	if (thread_current()->tid == process->pid)
		player_times_forget(process);
	lock_acquire(&process_tree_lock);
	process_times_add(&process->own_times, &times);
	/* The host process of one that is played goes on. */
	if (!process->is_played) {
		heap_front.ended_cpu_ns += times.user_ns + times.system_ns;
		ended_system_ns += times.system_ns;
	}
	lock_release(&process_tree_lock);
}

void process_times_leave_waiting(struct process *process, u32 host_tgid)
{
	struct process_times times = { 0 };

	if (!process->is_played)
		host_times_read(HOST_PROCESS_CLOCK(host_tgid), &times);
	player_times_forget(process);
	process->is_played = true;
	lock_acquire(&process_tree_lock);
	process_times_add(&process->own_times, &times);
	lock_release(&process_tree_lock);
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
	else if (who == RUSAGE_SELF)
		process_times_self(&times);
	else if (who == RUSAGE_THREAD)
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
		process_times_self(&own);
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
