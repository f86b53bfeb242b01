/* SPDX-License-Identifier: MIT */
/* Mounts what every domain has: the root, /dev and what is below it, /proc, /sys. */
#ifndef FS_START_H
#define FS_START_H

struct mount;
struct path;

/* Called once, before the first program. 0 or -errno. */
int file_systems_start(void);

/*
 * Mounts the volumes, after all of that: a directory that one is to cover is made where it is
 * missing. *path: where the last one was to go. 0 or -errno.
 */
int volumes_start(const char **path);

/* ---- The file systems it mounts there; each makes its file system and covers mountpoint ---- */

/* fs/devfs.c: a tree populated with device nodes. Mount or ERROR_PTR. */
struct mount *devfs_mount(const struct path *mountpoint);
/* fs/procfs.c. Mount or ERROR_PTR. */
struct mount *procfs_mount(const struct path *mountpoint);
/* fs/sysfs.c. Mount or ERROR_PTR. */
struct mount *sysfs_mount(const struct path *mountpoint);

#endif
