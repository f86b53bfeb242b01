/* SPDX-License-Identifier: MIT */
/* How system calls take path names from programs: the string, and where a relative one begins. */
#ifndef SYSCALL_PATH_H
#define SYSCALL_PATH_H

#include "process/process.h"
#include "vfs/file.h"
#include "vfs/path.h"

/* A name as a program gave it. On the stack of the call; its owner releases it. */
struct path_argument {
	struct walker walker;
	const struct path *start;	/* NULL: the working directory */
	struct path place;		/* of file */
	/* open directory that a relative name begins at; reference held */
	struct file *file;
	char name[PATH_MAX];
};

/*
 * Reads the name and finds its start. flags: AT_EMPTY_PATH lets "" through (and then the descriptor
 * may be of any file). -EFAULT, -ENAMETOOLONG, -ENOENT for "", -EBADF, -ENOTDIR. On error nothing
 * is held.
 */
int path_argument_init(struct path_argument *argument, int directory_fd, uptr name, int flags)
	__must_check;
void path_argument_release(struct path_argument *argument);

/* The same and the walk: the place, with a reference. */
int path_argument_walk(int directory_fd, uptr name, int at_flags, u32 walk_flags,
		       struct path *place) __must_check;

/*
 * What an fd or a name leads to: an inode with a reference, and where it lies where that is known
 * (place->dentry NULL for anonymous files). For calls with AT_EMPTY_PATH and for those on
 * descriptors.
 */
struct target {
	struct inode *inode;
	struct mount *mount;		/* NULL for anonymous files */
	struct file *file;		/* one of the two holds the reference */
	struct path place;
};

int target_of_fd(int fd, struct target *target) __must_check;
/* As target_of_fd, but a file opened with O_PATH is -EBADF. */
int target_of_open_fd(int fd, struct target *target) __must_check;
int target_of_name(int directory_fd, uptr name, int at_flags, struct target *target) __must_check;
void target_release(struct target *target);
/* Tells who watches the target that event (IN_*) happened to it. */
void target_notify(const struct target *target, u32 event);

static inline struct walker walker_current(void)
{
	struct process *process = process_current();

	return (struct walker){ .fs = process->fs, .credentials = process->credentials };
}

#endif
