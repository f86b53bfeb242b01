/* SPDX-License-Identifier: MIT */
/* /proc: its root and the files about the domain as a whole. No locks of its own. */
#include <linux/magic.h>
#include <linux/mount.h>

#include "core/channel.h"
#include "core/heap.h"
#include "core/string.h"
#include "core/system_name.h"
#include "core/timer.h"
#include "fs/proc.h"
#include "fs/start.h"

#define NS_PER_SECOND 1000000000ull
#define NS_PER_TICK 10000000ull

/* ---- Time and load ---- */

static int uptime_show(struct proc_text *text, const struct proc_key *key)
{
	u64 now = clock_monotonic_ns();
	u64 idle = now * config()->cpu_count;

	(void)key;
	proc_print(text, "%llu.%02u %llu.%02u\n", (unsigned long long)(now / NS_PER_SECOND),
		   (u32)(now % NS_PER_SECOND / 10000000),
		   (unsigned long long)(idle / NS_PER_SECOND),
		   (u32)(idle % NS_PER_SECOND / 10000000));
	return 0;
}

static bool pid_newest(struct process *process, void *data)
{
	u32 *newest = data;

	*newest = MAX(*newest, process->pid);
	return false;
}

/*
 * The layer takes no part in scheduling: it knows how many processes there are, not how many want
 * to run.
 */
static int loadavg_show(struct proc_text *text, const struct proc_key *key)
{
	u32 newest = 0;

	(void)key;
	process_for_each(pid_newest, &newest);
	proc_print(text, "0.00 0.00 0.00 1/%u %u\n", process_count(), newest);
	return 0;
}

static void cpu_line(struct proc_text *text, const char *name, u64 idle_ticks)
{
	proc_print(text, "%s 0 0 0 %llu 0 0 0 0 0 0\n", name, (unsigned long long)idle_ticks);
}

static int stat_show(struct proc_text *text, const struct proc_key *key)
{
	u64 monotonic = clock_monotonic_ns(), ticks = monotonic / NS_PER_TICK;
	u32 newest = 0;
	char name[16];

	(void)key;
	process_for_each(pid_newest, &newest);
	cpu_line(text, "cpu ", ticks * config()->cpu_count);
	for (u32 i = 0; i < config()->cpu_count; i++) {
		format(name, sizeof(name), "cpu%u", i);
		cpu_line(text, name, ticks);
	}
	proc_print(text,
		   "intr 0\nctxt 0\nbtime %llu\nprocesses %u\nprocs_running 1\nprocs_blocked 0\n",
		   (unsigned long long)((clock_realtime_ns() - monotonic) / NS_PER_SECOND), newest);
	return 0;
}

/* ---- Memory ---- */

static void memory_line(struct proc_text *text, const char *name, u64 bytes)
{
	proc_print(text, "%-15s %8llu kB\n", name, (unsigned long long)(bytes >> 10));
}

/*
 * Of the host's memory a domain sees its own share alone: what its heap takes is used, the rest
 * free.
 */
static int meminfo_show(struct proc_text *text, const struct proc_key *key)
{
	u64 total = config()->memory_total, available;
	struct heap_usage usage;

	(void)key;
	heap_usage(&usage);
	available = usage.page_bytes < total ? total - usage.page_bytes : 0;
	memory_line(text, "MemTotal:", total);
	memory_line(text, "MemFree:", available);
	memory_line(text, "MemAvailable:", available);
	memory_line(text, "Buffers:", 0);
	memory_line(text, "Cached:", 0);
	memory_line(text, "SwapCached:", 0);
	memory_line(text, "Active:", 0);
	memory_line(text, "Inactive:", 0);
	memory_line(text, "SwapTotal:", 0);
	memory_line(text, "SwapFree:", 0);
	memory_line(text, "Dirty:", 0);
	memory_line(text, "Writeback:", 0);
	memory_line(text, "Mapped:", 0);
	memory_line(text, "Shmem:", 0);
	memory_line(text, "Slab:", usage.slab_bytes);
	memory_line(text, "SReclaimable:", 0);
	memory_line(text, "PageTables:", 0);
	memory_line(text, "CommitLimit:", total);
	memory_line(text, "Committed_AS:", 0);
	return 0;
}

/* ---- What the kernel is ---- */

static int version_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "Linux version %s (mezzo) %s\n", SYSTEM_RELEASE, SYSTEM_VERSION);
	return 0;
}

static int filesystems_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text,
		   "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tdevpts\n"
		   "nodev\tpipefs\nnodev\tmqueue\n");
	return 0;
}

static int devices_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\nBlock devices:\n");
	return 0;
}

static int command_line_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "\n");
	return 0;
}

static int swaps_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

/* ---- The root ---- */

static ssize_t self_link(const struct proc_key *key, char *to, size_t size)
{
	(void)key;
	return format(to, size, "%u", process_current()->pid);
}

static ssize_t thread_self_link(const struct proc_key *key, char *to, size_t size)
{
	(void)key;
	return format(to, size, "%u/task/%u", process_current()->pid, thread_current()->tid);
}

static ssize_t net_link(const struct proc_key *key, char *to, size_t size)
{
	(void)key;
	return format(to, size, "self/net");
}

static ssize_t mounts_link(const struct proc_key *key, char *to, size_t size)
{
	(void)key;
	return format(to, size, "self/mounts");
}

struct pid_search {
	u32 from, next;
};

static bool pid_consider(struct process *process, void *data)
{
	struct pid_search *search = data;

	if (process->pid >= search->from && process->pid < search->next)
		search->next = process->pid;
	return search->next == search->from;
}

static u32 pid_next(const struct proc_key *key, u32 from)
{
	struct pid_search search = { .from = from, .next = PROC_NONE };

	(void)key;
	process_for_each(pid_consider, &search);
	return search.next;
}

static void pid_key_set(struct proc_key *key, u32 number)
{
	key->pid = number;
}

static const struct proc_numbers pid_numbers = {
	.next = pid_next,
	.key_set = pid_key_set,
	.row = &proc_process_row,
};

static const struct proc_row root_rows[] = {
	PROC_LINK("self", self_link),
	PROC_LINK("thread-self", thread_self_link),
	PROC_LINK("mounts", mounts_link),
	PROC_LINK("net", net_link),
	PROC_FILE("cmdline", 0444, command_line_show),
	PROC_FILE("cpuinfo", 0444, proc_cpuinfo_show),
	PROC_FILE("devices", 0444, devices_show),
	PROC_FILE("filesystems", 0444, filesystems_show),
	PROC_FILE("loadavg", 0444, loadavg_show),
	PROC_FILE("meminfo", 0444, meminfo_show),
	PROC_FILE("stat", 0444, stat_show),
	PROC_FILE("swaps", 0444, swaps_show),
	PROC_FILE("uptime", 0444, uptime_show),
	PROC_FILE("version", 0444, version_show),
	PROC_DIRECTORY("mezzo", 0555, &proc_mezzo_directory),
	PROC_DIRECTORY("sys", 0555, &proc_sys_directory),
	PROC_DIRECTORY("sysvipc", 0555, &proc_sysvipc_directory),
};

static const struct proc_directory root_directory = {
	.rows = root_rows,
	.row_count = ARRAY_SIZE(root_rows),
	.numbers = &pid_numbers,
};

static const struct proc_row root_row = PROC_DIRECTORY("", 0555, &root_directory);

static struct file_system procfs = {
	.type = "proc",
	.source = "proc",
	.magic = PROC_SUPER_MAGIC,
	.is_made_up = true,
};

struct mount *procfs_mount(const struct path *mountpoint)
{
	return proc_mount_table(mountpoint, &procfs, &root_row, MS_NOSUID | MS_NODEV | MS_NOEXEC);
}
