/* SPDX-License-Identifier: MIT */
/* Calls that make, remove, link and rename names; readlink. No locks of its own. */
#include "vfs/names.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "core/heap.h"
#include "memory/usercopy.h"
#include "syscall/path.h"
#include "syscalls.h"

/* ---- making ---- */

static long make_at(int directory_fd, uptr name, u32 mode, u32 rdev)
{
	struct path_argument argument;
	long error = path_argument_init(&argument, directory_fd, name, 0);

	if (error)
		return error;
	error = path_make(&argument.walker, argument.start, argument.name, mode, rdev);
	path_argument_release(&argument);
	return error;
}

long sys_mkdirat(int directory_fd, uptr name, u32 mode)
{
	return make_at(directory_fd, name, S_IFDIR | (mode & 01777), 0);
}

long sys_mkdir(uptr name, u32 mode)
{
	return sys_mkdirat(AT_FDCWD, name, mode);
}

long sys_mknodat(int directory_fd, uptr name, u32 mode, u32 rdev)
{
	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (!credentials_capable(process_current()->credentials, CAP_MKNOD))
			return -EPERM;
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return make_at(directory_fd, name, mode & (S_IFMT | MODE_PERMISSIONS), rdev);
}

long sys_mknod(uptr name, u32 mode, u32 rdev)
{
	return sys_mknodat(AT_FDCWD, name, mode, rdev);
}

static long symlink_with(char *target, uptr target_address, int directory_fd, uptr name)
{
	struct path_argument argument;
	ssize_t length = copy_string_from_user(target, target_address, PATH_MAX);
	long error;

	if (length <= 0)
		return length ? length : -ENOENT;
	error = path_argument_init(&argument, directory_fd, name, 0);
	if (error)
		return error;
	error = path_symlink(&argument.walker, target, argument.start, argument.name);
	path_argument_release(&argument);
	return error;
}

long sys_symlinkat(uptr target_address, int directory_fd, uptr name)
{
	char *target = heap_alloc(PATH_MAX);
	long error;

	if (!target)
		return -ENOMEM;
	error = symlink_with(target, target_address, directory_fd, name);
	heap_free(target);
	return error;
}

long sys_symlink(uptr target, uptr name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

/* ---- removing ---- */

static long remove_at(int directory_fd, uptr name, bool directory)
{
	struct path_argument argument;
	long error = path_argument_init(&argument, directory_fd, name, 0);

	if (error)
		return error;
	error = path_remove(&argument.walker, argument.start, argument.name, directory);
	path_argument_release(&argument);
	return error;
}

long sys_unlinkat(int directory_fd, uptr name, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return remove_at(directory_fd, name, flags & AT_REMOVEDIR);
}

long sys_unlink(uptr name)
{
	return remove_at(AT_FDCWD, name, false);
}

long sys_rmdir(uptr name)
{
	return remove_at(AT_FDCWD, name, true);
}

/* ---- two names; both arguments together are too long for the kernel stack ---- */

struct two_arguments {
	struct path_argument from, to;
};

static long two_arguments_init(struct two_arguments **out, int from_fd, uptr from, int from_flags,
			       int to_fd, uptr to)
{
	struct two_arguments *two = heap_alloc(sizeof(*two));
	long error;

	if (!two)
		return -ENOMEM;
	error = path_argument_init(&two->from, from_fd, from, from_flags);
	if (!error) {
		error = path_argument_init(&two->to, to_fd, to, 0);
		if (error)
			path_argument_release(&two->from);
	}
	if (error)
		heap_free(two);
	*out = two;
	return error;
}

static void two_arguments_free(struct two_arguments *two)
{
	path_argument_release(&two->from);
	path_argument_release(&two->to);
	heap_free(two);
}

long sys_linkat(int from_fd, uptr from, int to_fd, uptr to, int flags)
{
	struct two_arguments *two;
	long error;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH &&
	    !credentials_capable(process_current()->credentials, CAP_DAC_READ_SEARCH))
		return -ENOENT;
	error = two_arguments_init(&two, from_fd, from, flags, to_fd, to);
	if (error)
		return error;
	error = path_link(&two->from.walker, two->from.start, two->from.name, (u32)flags,
			  two->to.start, two->to.name);
	two_arguments_free(two);
	return error;
}

long sys_link(uptr from, uptr to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_renameat2(int from_fd, uptr from, int to_fd, uptr to, u32 flags)
{
	struct two_arguments *two;
	long error;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
	    (flags & RENAME_EXCHANGE && flags & ~RENAME_EXCHANGE))
		return -EINVAL;
	error = two_arguments_init(&two, from_fd, from, 0, to_fd, to);
	if (error)
		return error;
	error = path_rename(&two->from.walker, two->from.start, two->from.name, two->to.start,
			    two->to.name, flags);
	two_arguments_free(two);
	return error;
}

long sys_renameat(int from_fd, uptr from, int to_fd, uptr to)
{
	return sys_renameat2(from_fd, from, to_fd, to, 0);
}

long sys_rename(uptr from, uptr to)
{
	return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ---- readlink ---- */

static long read_link(struct inode *inode, uptr buffer, size_t size)
{
	char text[PATH_MAX];
	ssize_t length;

	if (!inode_is_symlink(inode) || !inode->operations->read_link)
		return -EINVAL;
	length = inode->operations->read_link(inode, text, sizeof(text));
	if (length < 0)
		return length;
	inode_touch_accessed(inode);
	length = MIN(length, (ssize_t)MIN(size, sizeof(text) - 1));
	return copy_to_user(buffer, text, (size_t)length) ? -EFAULT : length;
}

long sys_readlinkat(int directory_fd, uptr name, uptr buffer, size_t size)
{
	struct target target;
	long result;
	char first;

	if ((int)size <= 0)
		return -EINVAL;
	if (get_user(first, name))
		return -EFAULT;
	if (!first && directory_fd == AT_FDCWD)
		return -ENOENT;
	result = target_of_name(directory_fd, name,
				AT_SYMLINK_NOFOLLOW | (first ? 0 : AT_EMPTY_PATH), &target);
	if (result)
		return result;
	if (!first && !inode_is_symlink(target.inode))
		result = -ENOENT;
	else
		result = read_link(target.inode, buffer, (size_t)(int)size);
	target_release(&target);
	return result;
}

long sys_readlink(uptr name, uptr buffer, size_t size)
{
	return sys_readlinkat(AT_FDCWD, name, buffer, size);
}
