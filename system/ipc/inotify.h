/* SPDX-License-Identifier: MIT */
/* inotify(7): a file that events of watched files are read from. */
#ifndef IPC_INOTIFY_H
#define IPC_INOTIFY_H

#include "vfs/file.h"

struct inode;

/* As /proc/sys/fs/inotify shows them. The last two hold for all that one user has made. */
#define INOTIFY_EVENTS_MAX	16384u
#define INOTIFY_FILES_MAX	128u
#define INOTIFY_WATCHES_MAX	65536u

/*
 * A new one, which belongs to user uid; flags are O_NONBLOCK and O_CLOEXEC. As pointer: -EMFILE,
 * -ENOMEM.
 */
struct file *inotify_create(u32 uid, u32 flags) __must_check;
bool inotify_is(const struct file *file);
/*
 * Makes file watch inode for mask, or changes what it watches it for: the number of the watch.
 * -EEXIST (IN_MASK_CREATE), -ENOSPC, -ENOMEM. file is an inotify file, as below.
 */
long inotify_watch(struct file *file, struct inode *inode, u32 mask);
/* -EINVAL where there is no such watch. */
long inotify_unwatch(struct file *file, int number);

#endif
