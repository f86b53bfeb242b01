/* SPDX-License-Identifier: MIT */
/* /sys: the little of it that programs read to count processors. Tables as in proc.h; no locks. */
#include <linux/magic.h>
#include <linux/mount.h>

#include "core/channel.h"
#include "fs/proc.h"
#include "fs/start.h"

static int cpus_show(struct proc_text *text, const struct proc_key *key)
{
	u32 count = config()->cpu_count;

	(void)key;
	if (count > 1)
		proc_print(text, "0-%u\n", count - 1);
	else
		proc_print(text, "0\n");
	return 0;
}

static const struct proc_row cpu_rows[] = {
	PROC_FILE("online", 0444, cpus_show),
	PROC_FILE("possible", 0444, cpus_show),
	PROC_FILE("present", 0444, cpus_show),
};
static const struct proc_directory cpu_directory = PROC_TABLE(cpu_rows);

static const struct proc_row system_rows[] = { PROC_DIRECTORY("cpu", 0755, &cpu_directory) };
static const struct proc_directory system_directory = PROC_TABLE(system_rows);

static const struct proc_row devices_rows[] = { PROC_DIRECTORY("system", 0755, &system_directory) };
static const struct proc_directory devices_directory = PROC_TABLE(devices_rows);

/* An empty one: where other file systems are looked for. */
static const struct proc_directory empty_directory = { 0 };
static const struct proc_row fs_rows[] = { PROC_DIRECTORY("cgroup", 0755, &empty_directory) };
static const struct proc_directory fs_directory = PROC_TABLE(fs_rows);

static const struct proc_row root_rows[] = {
	PROC_DIRECTORY("devices", 0755, &devices_directory),
	PROC_DIRECTORY("fs", 0755, &fs_directory),
};
static const struct proc_directory root_directory = PROC_TABLE(root_rows);
static const struct proc_row root_row = PROC_DIRECTORY("", 0555, &root_directory);

static struct file_system sysfs = {
	.type = "sysfs",
	.source = "sysfs",
	.magic = SYSFS_MAGIC,
	.is_made_up = true,
};

struct mount *sysfs_mount(const struct path *mountpoint)
{
	return proc_mount_table(mountpoint, &sysfs, &root_row, MS_NOSUID | MS_NODEV | MS_NOEXEC);
}
