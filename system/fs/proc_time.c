/* SPDX-License-Identifier: MIT */
/* /proc/uptime, loadavg and stat: what the processors did. No locks of its own. */
#include "core/channel.h"
#include "core/string.h"
#include "core/timer.h"
#include "fs/proc.h"
#include "process/load.h"

#define NS_PER_SECOND 1000000000ull
#define NS_PER_TICK 10000000ull

/* The domain's processors have been there since the host's boot, and idle but for its work. */
static u64 idle_ns(u64 up, const struct cpu_time *time)
{
	u64 all = up * config()->cpu_count, used = time->user_ns + time->system_ns;

	return all > used ? all - used : 0;
}

static void seconds_print(struct proc_text *text, u64 ns, char after)
{
	proc_print(text, "%llu.%02u%c", (unsigned long long)(ns / NS_PER_SECOND),
		   (u32)(ns % NS_PER_SECOND / NS_PER_TICK), after);
}

int proc_uptime_show(struct proc_text *text, const struct proc_key *key)
{
	u64 up = clock_monotonic_ns();
	struct cpu_time time;
	int error = cpu_time_read(&time);

	(void)key;
	if (error)
		return error;
	seconds_print(text, up, ' ');
	seconds_print(text, idle_ns(up, &time), '\n');
	return 0;
}

static bool pid_newest(struct process *process, void *data)
{
	u32 *newest = data;

	*newest = MAX(*newest, process->pid);
	return false;
}

static u32 newest_pid(void)
{
	u32 newest = 0;

	process_for_each(pid_newest, &newest);
	return newest;
}

int proc_loadavg_show(struct proc_text *text, const struct proc_key *key)
{
	struct proc_thread_count count;
	u32 loads[3];
	int error = load_read(loads);

	(void)key;
	if (error)
		return error;
	for (u32 i = 0; i < ARRAY_SIZE(loads); i++)
		proc_print(text, "%u.%02u ", loads[i] >> LOAD_SHIFT,
			   (loads[i] % LOAD_ONE) * 100 >> LOAD_SHIFT);
	proc_threads_count(&count);
	proc_print(text, "%u/%u %u\n", count.running, count.all, newest_pid());
	return 0;
}

/* The host does not say which processor a process used: all of them show the same share of it. */
static void cpu_print(struct proc_text *text, const char *name, const struct cpu_time *time,
		      u64 idle, u32 share)
{
	proc_print(text, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name,
		   (unsigned long long)(time->user_ns / share / NS_PER_TICK),
		   (unsigned long long)(time->system_ns / share / NS_PER_TICK),
		   (unsigned long long)(idle / share / NS_PER_TICK));
}

int proc_stat_show(struct proc_text *text, const struct proc_key *key)
{
	u64 up = clock_monotonic_ns(), idle;
	u32 cpus = config()->cpu_count;
	struct proc_thread_count count;
	struct cpu_time time;
	int error = cpu_time_read(&time);
	char name[16];

	(void)key;
	if (error)
		return error;
	idle = idle_ns(up, &time);
	cpu_print(text, "cpu ", &time, idle, 1);
	for (u32 i = 0; i < cpus; i++) {
		format(name, sizeof(name), "cpu%u", i);
		cpu_print(text, name, &time, idle, cpus);
	}
	proc_threads_count(&count);
	proc_print(text, "intr 0\nctxt 0\nbtime %llu\nprocesses %u\n",
		   (unsigned long long)((clock_realtime_ns() - up) / NS_PER_SECOND), newest_pid());
	proc_print(text, "procs_running %u\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
		   count.running);
	return 0;
}
