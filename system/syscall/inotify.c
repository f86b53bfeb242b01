/* SPDX-License-Identifier: MIT */
/* The calls of inotify(7) around ipc/inotify.c. No locks. */
#include "ipc/inotify.h"

#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "syscall/path.h"
#include "syscalls.h"

/* At least one of these makes a mask. */
#define MASK_KNOWN	(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ISDIR | \
			 IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_ADD | \
			 IN_MASK_CREATE | IN_ONESHOT)

long sys_inotify_init1(int flags)
{
	struct file *file;
	long fd;

	if (flags & ~(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	file = inotify_create(process_current()->credentials->uid, (u32)flags);
	if (IS_ERROR(file))
		return PTR_ERROR(file);
	fd = current_fd_install(file, flags & IN_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

/* Who watches a file must be allowed to read it. */
static long watch_name(struct file *file, uptr name, u32 mask)
{
	u32 walk_flags = (mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW) |
			 (mask & IN_ONLYDIR ? WALK_DIRECTORY : 0);
	struct path place;
	long result = path_argument_walk(AT_FDCWD, name, 0, walk_flags, &place);

	if (result)
		return result;
	result = inode_permission(place.dentry->inode, process_current()->credentials, MAY_READ);
	if (!result)
		result = inotify_watch(file, place.dentry->inode, mask);
	path_put(&place);
	return result;
}

long sys_inotify_add_watch(int fd, uptr name, u64 mask)
{
	struct file *file;
	long result = -EINVAL;

	if (!((u32)mask & MASK_KNOWN))
		return -EINVAL;
	file = current_fd_get(fd);
	if (!file)
		return -EBADF;
	if (inotify_is(file) && (~mask & (IN_MASK_ADD | IN_MASK_CREATE)))
		result = watch_name(file, name, (u32)mask);
	file_put(file);
	return result;
}

long sys_inotify_rm_watch(int fd, int number)
{
	struct file *file = current_fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = inotify_is(file) ? inotify_unwatch(file, number) : -EINVAL;
	file_put(file);
	return result;
}
