/* SPDX-License-Identifier: MIT */
/*
 * Calls on extended attributes: names and values go through a copy in the heap. No locks of its
 * own.
 */
#include "vfs/xattr.h"

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/xattr.h>

#include "core/heap.h"
#include "memory/usercopy.h"
#include "syscall/path.h"
#include "syscalls.h"
#include "vfs/notify.h"

static const struct credentials *credentials_own(void)
{
	return process_current()->credentials;
}

static int name_read(uptr address, char *name)
{
	ssize_t length = copy_string_from_user(name, address, XATTR_NAME_LENGTH_MAX + 1);

	if (length == -ENAMETOOLONG || length == 0)
		return -ERANGE;
	return length < 0 ? (int)length : 0;
}

static bool target_is_read_only(const struct target *target)
{
	return target->inode->fs->read_only || (target->mount && target->mount->flags & MS_RDONLY);
}

/* ---- set ---- */

/* Takes over target, found with error. */
static long set(struct target *target, long error, uptr name_address, uptr value_address,
		size_t size, u64 flags)
{
	char name[XATTR_NAME_LENGTH_MAX + 1];
	void *value;

	if (error)
		return error;
	error = name_read(name_address, name);
	value = error ? NULL : heap_alloc(size);
	if (!error && !value)
		error = -ENOMEM;
	if (!error && copy_from_user(value, value_address, size))
		error = -EFAULT;
	if (!error)
		error = xattr_set(target->inode, credentials_own(), target_is_read_only(target),
				  name, value, size, (u32)flags);
	if (!error)
		target_notify(target, IN_ATTRIB);
	heap_free(value);
	target_release(target);
	return error;
}

static long set_check(size_t size, u64 flags)
{
	if (flags & ~(u64)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	return size > XATTR_VALUE_MAX ? -E2BIG : 0;
}

static long set_at(uptr path, int at_flags, uptr name, uptr value, size_t size, u64 flags)
{
	struct target target;
	long error = set_check(size, flags);

	if (error)
		return error;
	return set(&target, target_of_name(AT_FDCWD, path, at_flags, &target), name, value, size,
		   flags);
}

long sys_setxattr(uptr path, uptr name, uptr value, size_t size, u64 flags)
{
	return set_at(path, 0, name, value, size, flags);
}

long sys_lsetxattr(uptr path, uptr name, uptr value, size_t size, u64 flags)
{
	return set_at(path, AT_SYMLINK_NOFOLLOW, name, value, size, flags);
}

long sys_fsetxattr(int fd, uptr name, uptr value, size_t size, u64 flags)
{
	struct target target;
	long error = set_check(size, flags);

	if (error)
		return error;
	return set(&target, target_of_open_fd(fd, &target), name, value, size, flags);
}

/* ---- get and list: name 0 lists ---- */

static long give(const struct target *target, const char *name, uptr address, size_t size)
{
	size_t room = MIN(size, (size_t)(name ? XATTR_VALUE_MAX : XATTR_LIST_LENGTH_MAX));
	void *copy = heap_alloc(room);
	ssize_t result;

	if (!copy)
		return -ENOMEM;
	if (name)
		result = xattr_get(target->inode, credentials_own(), name, copy, room);
	else
		result = xattr_list(target->inode, credentials_own(), copy, room);
	if (result > 0 && size && copy_to_user(address, copy, (size_t)result))
		result = -EFAULT;
	heap_free(copy);
	return result;
}

/* Takes over target, found with error. */
static long get(struct target *target, long error, uptr name_address, uptr value, size_t size)
{
	char name[XATTR_NAME_LENGTH_MAX + 1];

	if (error)
		return error;
	error = name_read(name_address, name);
	if (!error)
		error = give(target, name, value, size);
	target_release(target);
	return error;
}

static long list(struct target *target, long error, uptr address, size_t size)
{
	if (error)
		return error;
	error = give(target, NULL, address, size);
	target_release(target);
	return error;
}

long sys_getxattr(uptr path, uptr name, uptr value, size_t size)
{
	struct target target;

	return get(&target, target_of_name(AT_FDCWD, path, 0, &target), name, value, size);
}

long sys_lgetxattr(uptr path, uptr name, uptr value, size_t size)
{
	struct target target;

	return get(&target, target_of_name(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &target), name,
		   value, size);
}

long sys_fgetxattr(int fd, uptr name, uptr value, size_t size)
{
	struct target target;

	return get(&target, target_of_open_fd(fd, &target), name, value, size);
}

long sys_listxattr(uptr path, uptr address, size_t size)
{
	struct target target;

	return list(&target, target_of_name(AT_FDCWD, path, 0, &target), address, size);
}

long sys_llistxattr(uptr path, uptr address, size_t size)
{
	struct target target;

	return list(&target, target_of_name(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &target), address,
		    size);
}

long sys_flistxattr(int fd, uptr address, size_t size)
{
	struct target target;

	return list(&target, target_of_open_fd(fd, &target), address, size);
}

/* ---- remove ---- */

/* Takes over target, found with error. */
static long remove(struct target *target, long error, uptr name_address)
{
	char name[XATTR_NAME_LENGTH_MAX + 1];

	if (error)
		return error;
	error = name_read(name_address, name);
	if (!error)
		error = xattr_remove(target->inode, credentials_own(), target_is_read_only(target),
				     name);
	if (!error)
		target_notify(target, IN_ATTRIB);
	target_release(target);
	return error;
}

long sys_removexattr(uptr path, uptr name)
{
	struct target target;

	return remove(&target, target_of_name(AT_FDCWD, path, 0, &target), name);
}

long sys_lremovexattr(uptr path, uptr name)
{
	struct target target;

	return remove(&target, target_of_name(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &target), name);
}

long sys_fremovexattr(int fd, uptr name)
{
	struct target target;

	return remove(&target, target_of_open_fd(fd, &target), name);
}
