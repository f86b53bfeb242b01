/* SPDX-License-Identifier: MIT */
/*
 * /dev: a tree filled with device nodes and links when the domain starts. No locks: nobody else
 * runs yet.
 */
#include <linux/mount.h>

#include "fs/device.h"
#include "fs/start.h"
#include "fs/tree.h"
#include "ipc/pipe.h"
#include "vfs/dentry.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

struct devfs_row {
	const char *name;
	u32 mode;
	u32 rdev;
	const char *target;
};

#define MEMORY(name, minor) { name, S_IFCHR | 0666, DEVICE(DEVICE_MAJOR_MEMORY, minor), NULL }
#define LINK(name, target) { name, S_IFLNK | 0777, 0, target }

static const struct devfs_row devfs_rows[] = {
	MEMORY("null", DEVICE_NULL),
	MEMORY("zero", DEVICE_ZERO),
	MEMORY("full", DEVICE_FULL),
	MEMORY("random", DEVICE_RANDOM),
	MEMORY("urandom", DEVICE_URANDOM),
	{ "ptmx", S_IFCHR | 0666, DEVICE(DEVICE_MAJOR_TERMINAL, 2), NULL },
	{ "tty", S_IFCHR | 0666, DEVICE(DEVICE_MAJOR_TERMINAL, 0), NULL },
	{ "console", S_IFCHR | 0666, DEVICE(DEVICE_MAJOR_TERMINAL, 1), NULL },
	LINK("fd", "/proc/self/fd"),
	LINK("stdin", "/proc/self/fd/0"),
	LINK("stdout", "/proc/self/fd/1"),
	LINK("stderr", "/proc/self/fd/2"),
};

struct mount *devfs_mount(const struct path *mountpoint)
{
	struct mount *mount = tree_mount(mountpoint, "devtmpfs", "devtmpfs", 0755, MS_NOSUID);

	if (IS_ERROR(mount))
		return mount;
	devices_register();
	fifo_register();
	for (u32 i = 0; i < ARRAY_SIZE(devfs_rows); i++) {
		const struct devfs_row *row = &devfs_rows[i];
		struct dentry *dentry =
			tree_add(mount->root, row->name, row->mode, row->rdev, row->target);

		if (IS_ERROR(dentry))
			return ERROR_PTR(PTR_ERROR(dentry));
		dentry_put(dentry);
	}
	return mount;
}
