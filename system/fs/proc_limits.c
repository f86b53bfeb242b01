/* SPDX-License-Identifier: MIT */
/* /proc/PID/limits. Limits are single words, read without a lock. */
#include "core/string.h"
#include "fs/proc.h"

static const struct {
	const char *name, *unit;
} limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", "" },
	[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void limit_print(struct proc_text *text, u64 value)
{
	if (value == RLIM64_INFINITY)
		proc_print(text, "%-20s ", "unlimited");
	else
		proc_print(text, "%-20llu ", (unsigned long long)value);
}

int proc_limits_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);

	if (!process)
		return -ESRCH;
	proc_print(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (u32 i = 0; i < RLIM_NLIMITS; i++) {
		proc_print(text, "%-25s ", limit_names[i].name);
		limit_print(text, process->limits[i].rlim_cur);
		limit_print(text, process->limits[i].rlim_max);
		proc_print(text, "%-10s\n", limit_names[i].unit);
	}
	process_put(process);
	return 0;
}
