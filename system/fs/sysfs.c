/* SPDX-License-Identifier: MIT */
/*
 * /sys: what programs read of it to find their way: which kinds of devices there are (none), and
 * how memory is handled. Tables as in proc.h; the processors are in sysfs_cpu.c. No locks.
 */
#include "fs/sysfs.h"

#include <linux/magic.h>
#include <linux/mount.h>

#include "fs/proc.h"
#include "fs/start.h"

static const struct proc_directory empty_directory = { 0 };

#define EMPTY(name) PROC_DIRECTORY(name, 0755, &empty_directory)

static const struct proc_row class_rows[] = {
	EMPTY("block"),	       EMPTY("mem"),	 EMPTY("misc"), EMPTY("net"),
	EMPTY("power_supply"), EMPTY("thermal"), EMPTY("tty"),
};
static const struct proc_directory class_directory = PROC_TABLE(class_rows);

static const struct proc_row dev_rows[] = { EMPTY("block"), EMPTY("char") };
static const struct proc_directory dev_directory = PROC_TABLE(dev_rows);

static const struct proc_row system_rows[] = {
	PROC_DIRECTORY("cpu", 0755, &sysfs_cpu_directory),
	PROC_DIRECTORY("node", 0755, &sysfs_node_directory),
};
static const struct proc_directory system_directory = PROC_TABLE(system_rows);

static const struct proc_row devices_rows[] = { PROC_DIRECTORY("system", 0755, &system_directory) };
static const struct proc_directory devices_directory = PROC_TABLE(devices_rows);

/* Where other file systems are looked for. */
static const struct proc_row fs_rows[] = { EMPTY("cgroup") };
static const struct proc_directory fs_directory = PROC_TABLE(fs_rows);

/* madvise(2) reaches the host, whose own setting the layer cannot see: it does that at least. */
static const struct proc_row huge_rows[] = {
	PROC_CONSTANT("enabled", "always [madvise] never\n"),
	PROC_CONSTANT("hpage_pmd_size", "2097152\n"),
};
static const struct proc_directory huge_directory = PROC_TABLE(huge_rows);

static const struct proc_row mm_rows[] = {
	EMPTY("hugepages"),
	PROC_DIRECTORY("transparent_hugepage", 0755, &huge_directory),
};
static const struct proc_directory mm_directory = PROC_TABLE(mm_rows);

static const struct proc_row kernel_rows[] = {
	PROC_CONSTANT("fscaps", "1\n"),
	PROC_DIRECTORY("mm", 0755, &mm_directory),
};
static const struct proc_directory kernel_directory = PROC_TABLE(kernel_rows);

static const struct proc_row root_rows[] = {
	EMPTY("block"),
	EMPTY("bus"),
	PROC_DIRECTORY("class", 0755, &class_directory),
	PROC_DIRECTORY("dev", 0755, &dev_directory),
	PROC_DIRECTORY("devices", 0755, &devices_directory),
	EMPTY("firmware"),
	PROC_DIRECTORY("fs", 0755, &fs_directory),
	PROC_DIRECTORY("kernel", 0755, &kernel_directory),
	EMPTY("module"),
	EMPTY("power"),
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
