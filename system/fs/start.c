/* SPDX-License-Identifier: MIT */
/* Mounting what every domain has. Runs before any program does: no locks. */
#include "fs/start.h"

#include <linux/mount.h>

#include "fs/tree.h"
#include "ipc/posix_mq.h"
#include "tty/devpts.h"
#include "vfs/path.h"

/*
 * Covers a directory of a mount's root by what mount_it mounts. Whether the lower tree has that
 * directory is not asked: nobody can see what is covered.
 */
static struct mount *cover(struct mount *parent, const char *name,
			   struct mount *(*mount_it)(const struct path *mountpoint))
{
	struct path mountpoint = { parent, tree_add(parent->root, name, S_IFDIR | 0755, 0, NULL) };
	struct mount *mount;

	if (IS_ERROR(mountpoint.dentry))
		return (struct mount *)mountpoint.dentry;
	mount = mount_it(&mountpoint);
	path_put(&mountpoint);
	return mount;
}

static struct mount *shm_mount(const struct path *mountpoint)
{
	return tree_mount(mountpoint, "tmpfs", "tmpfs", 01777, MS_NOSUID | MS_NODEV);
}

int file_systems_start(void)
{
	struct mount *mount, *dev;
	int error = tree_mount_root();

	if (error)
		return error;
	mount = cover(mount_root(), "dev", devfs_mount);
	dev = mount;
	if (!IS_ERROR(mount))
		mount = cover(dev, "shm", shm_mount);
	if (!IS_ERROR(mount))
		mount = cover(dev, "pts", devpts_mount);
	if (!IS_ERROR(mount))
		mount = cover(dev, "mqueue", mqueue_mount);
	if (!IS_ERROR(mount))
		mount = cover(mount_root(), "proc", procfs_mount);
	if (!IS_ERROR(mount))
		mount = cover(mount_root(), "sys", sysfs_mount);
	return IS_ERROR(mount) ? PTR_ERROR(mount) : 0;
}
