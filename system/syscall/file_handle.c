/* SPDX-License-Identifier: MIT */
/*
 * name_to_handle_at(2), open_by_handle_at(2): no file system here gives out handles that outlive
 * their names, so there is none that could be opened. No locks of its own.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>

#include "memory/usercopy.h"
#include "process/credentials.h"
#include "process/process.h"
#include "syscall/path.h"
#include "syscall/syscall.h"

#define HANDLE_SIZE_MAX		128u	/* MAX_HANDLE_SZ */
#define NAME_TO_HANDLE_FLAGS	(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | 0x200)	/* AT_HANDLE_FID */

long sys_name_to_handle_at(int directory_fd, uptr name, uptr handle, uptr mount_id, u64 flags)
{
	struct target target;
	long error;

	(void)handle, (void)mount_id;
	if (flags & ~(u64)NAME_TO_HANDLE_FLAGS)
		return -EINVAL;
	error = target_of_name(directory_fd, name, (int)(flags & AT_EMPTY_PATH) |
			       (flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW), &target);
	if (error)
		return error;
	target_release(&target);
	return -EOPNOTSUPP;
}

long sys_open_by_handle_at(int mount_fd, uptr handle, int flags)
{
	struct { u32 size; s32 type; } head;
	struct file *file;

	(void)flags;
	if (!credentials_capable(process_current()->credentials, CAP_DAC_READ_SEARCH))
		return -EPERM;
	if (get_user(head, handle))
		return -EFAULT;
	if (head.size == 0 || head.size > HANDLE_SIZE_MAX)
		return -EINVAL;
	if (mount_fd != AT_FDCWD) {
		file = current_fd_get(mount_fd);
		if (!file)
			return -EBADF;
		file_put(file);
	}
	return -ESTALE;
}
