/* SPDX-License-Identifier: MIT */
/* Mounting what every domain has. Runs before any program does: no locks. */
#include "fs/start.h"

#include <linux/mount.h>

#include "fs/tree.h"
#include "process/credentials.h"
#include "vfs/path.h"
#include "vfs/walk.h"

/* The directory of a name, made where the lower tree has none. Reference held, or ERROR_PTR. */
static struct dentry *directory_find(struct dentry *parent, const char *name)
{
	size_t size = __builtin_strlen(name);
	struct dentry *found;
	int error = name_lookup(parent, name, size, name, 0, &found);

	if (error == -ENOENT)
		return tree_add(parent, name, S_IFDIR | 0755, 0, NULL);
	if (!error && !inode_is_directory(found->inode)) {
		dentry_put(found);
		error = -ENOTDIR;
	}
	return error ? ERROR_PTR(error) : found;
}

/* Covers a directory of a mount's root by what mount_it mounts. */
static struct mount *cover(struct mount *parent, const char *name,
			   struct mount *(*mount_it)(const struct path *mountpoint))
{
	struct path mountpoint = { parent, directory_find(parent->root, name) };
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
	struct mount *mount;
	int error = tree_mount_root();

	if (error)
		return error;
	mount = cover(mount_root(), "dev", devfs_mount);
	if (!IS_ERROR(mount))
		mount = cover(mount, "shm", shm_mount);
	if (!IS_ERROR(mount))
		mount = cover(mount_root(), "proc", procfs_mount);
	if (!IS_ERROR(mount))
		mount = cover(mount_root(), "sys", sysfs_mount);
	return IS_ERROR(mount) ? PTR_ERROR(mount) : 0;
}
