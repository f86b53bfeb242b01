/* SPDX-License-Identifier: MIT */
/* Between the files that make up /sys. */
#ifndef FS_SYSFS_H
#define FS_SYSFS_H

#include "fs/proc.h"

extern const struct proc_directory sysfs_cpu_directory;		/* sysfs_cpu.c */
extern const struct proc_directory sysfs_node_directory;

#endif
