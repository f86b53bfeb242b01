/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: files in a domain have none, and can't be given any. Each call checks what Linux
 * checks before it asks the file system, and answers as one without extended attributes.
 */
#include <linux/fcntl.h>
#include <linux/xattr.h>

#include "memory/usercopy.h"
#include "syscall/path.h"
#include "syscalls.h"

#define ATTRIBUTE_NAME_MAX 255
#define ATTRIBUTE_SIZE_MAX 65536

static long name_check(uptr address)
{
	char name[ATTRIBUTE_NAME_MAX + 1];
	ssize_t length = copy_string_from_user(name, address, sizeof(name));

	if (length == -ENAMETOOLONG || length == 0)
		return -ERANGE;
	return length < 0 ? length : 0;
}

static long of_name(uptr name, int flags)
{
	struct target target;
	long error = target_of_name(AT_FDCWD, name, flags, &target);

	if (!error)
		target_release(&target);
	return error;
}

static long of_fd(int fd)
{
	struct target target;
	long error = target_of_open_fd(fd, &target);

	if (!error)
		target_release(&target);
	return error;
}

/* The first error of the file and the attribute's name; else that there is no such thing here. */
static long refuse(long file_error, uptr attribute)
{
	long error = file_error ? file_error : name_check(attribute);

	return error ? error : -EOPNOTSUPP;
}

static long set(long file_error, uptr attribute, size_t size, u64 flags)
{
	if (flags & ~(u64)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (size > ATTRIBUTE_SIZE_MAX)
		return -E2BIG;
	return refuse(file_error, attribute);
}

long sys_setxattr(uptr name, uptr attribute, uptr value, size_t size, u64 flags)
{
	(void)value;
	return set(of_name(name, 0), attribute, size, flags);
}

long sys_lsetxattr(uptr name, uptr attribute, uptr value, size_t size, u64 flags)
{
	(void)value;
	return set(of_name(name, AT_SYMLINK_NOFOLLOW), attribute, size, flags);
}

long sys_fsetxattr(int fd, uptr attribute, uptr value, size_t size, u64 flags)
{
	(void)value;
	return set(of_fd(fd), attribute, size, flags);
}

long sys_getxattr(uptr name, uptr attribute, uptr value, size_t size)
{
	(void)value;
	(void)size;
	return refuse(of_name(name, 0), attribute);
}

long sys_lgetxattr(uptr name, uptr attribute, uptr value, size_t size)
{
	(void)value;
	(void)size;
	return refuse(of_name(name, AT_SYMLINK_NOFOLLOW), attribute);
}

long sys_fgetxattr(int fd, uptr attribute, uptr value, size_t size)
{
	(void)value;
	(void)size;
	return refuse(of_fd(fd), attribute);
}

/* An empty list, of length 0. */
long sys_listxattr(uptr name, uptr list, size_t size)
{
	(void)list;
	(void)size;
	return of_name(name, 0);
}

long sys_llistxattr(uptr name, uptr list, size_t size)
{
	(void)list;
	(void)size;
	return of_name(name, AT_SYMLINK_NOFOLLOW);
}

long sys_flistxattr(int fd, uptr list, size_t size)
{
	(void)list;
	(void)size;
	return of_fd(fd);
}

long sys_removexattr(uptr name, uptr attribute)
{
	return refuse(of_name(name, 0), attribute);
}

long sys_lremovexattr(uptr name, uptr attribute)
{
	return refuse(of_name(name, AT_SYMLINK_NOFOLLOW), attribute);
}

long sys_fremovexattr(int fd, uptr attribute)
{
	return refuse(of_fd(fd), attribute);
}
