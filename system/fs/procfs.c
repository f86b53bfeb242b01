/* SPDX-License-Identifier: MIT */
/* /proc: its root and the files about the domain as a whole. No locks of its own. */
#include <linux/magic.h>
#include <linux/mount.h>

#include "core/channel.h"
#include "core/string.h"
#include "core/system_name.h"
#include "fs/proc.h"
#include "fs/start.h"

/* ---- What the kernel is ---- */

static int version_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "Linux version %s (mezzo) %s\n", SYSTEM_RELEASE, SYSTEM_VERSION);
	return 0;
}

/* No interrupt ends in the layer. */
static int interrupts_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "           ");
	for (u32 i = 0; i < config()->cpu_count; i++)
		proc_print(text, "CPU%-8u", i);
	proc_print(text, "\n");
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

u32 proc_pid_next(const struct proc_key *key, u32 from)
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
	.next = proc_pid_next,
	.key_set = pid_key_set,
	.row = &proc_process_row,
};

#define FILE_SYSTEMS \
	"nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tsockfs\nnodev\tpipefs\n" \
	"nodev\tdevpts\nnodev\tmqueue\n"

#define DEVICES \
	"Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/ptmx\n128 ptm\n136 pts\n\n" \
	"Block devices:\n"

#define TTY_DRIVERS \
	"/dev/tty             /dev/tty        5       0 system:/dev/tty\n" \
	"/dev/ptmx            /dev/ptmx       5       2 system\n" \
	"pty_slave            /dev/pts      136 0-1048575 pty:slave\n" \
	"pty_master           /dev/ptm      128 0-1048575 pty:master\n"

static const struct proc_row tty_rows[] = { PROC_CONSTANT("drivers", TTY_DRIVERS) };
static const struct proc_directory tty_directory = PROC_TABLE(tty_rows);

static const struct proc_row root_rows[] = {
	PROC_LINK("self", self_link),
	PROC_LINK("thread-self", thread_self_link),
	PROC_LINK("mounts", mounts_link),
	PROC_LINK("net", net_link),
	PROC_CONSTANT("cmdline", "\n"),
	PROC_FILE("cpuinfo", 0444, proc_cpuinfo_show),
	PROC_CONSTANT("devices", DEVICES),
	PROC_CONSTANT("diskstats", ""),
	PROC_CONSTANT("filesystems", FILE_SYSTEMS),
	PROC_FILE("interrupts", 0444, interrupts_show),
	PROC_FILE("loadavg", 0444, proc_loadavg_show),
	PROC_FILE("meminfo", 0444, proc_meminfo_show),
	PROC_CONSTANT("misc", ""),
	PROC_CONSTANT("modules", ""),
	PROC_CONSTANT("partitions", "major minor  #blocks  name\n\n"),
	PROC_FILE("stat", 0444, proc_stat_show),
	PROC_CONSTANT("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
	PROC_FILE("uptime", 0444, proc_uptime_show),
	PROC_FILE("version", 0444, version_show),
	PROC_FILE("vmstat", 0444, proc_vmstat_show),
	PROC_DIRECTORY("mezzo", 0555, &proc_mezzo_directory),
	PROC_DIRECTORY("sys", 0555, &proc_sys_directory),
	PROC_DIRECTORY("sysvipc", 0555, &proc_sysvipc_directory),
	PROC_DIRECTORY("tty", 0555, &tty_directory),
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
	proc_cpuinfo_start();
	proc_ns_start();
	return proc_mount_table(mountpoint, &procfs, &root_row, MS_NOSUID | MS_NODEV | MS_NOEXEC);
}
