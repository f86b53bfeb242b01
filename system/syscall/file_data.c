/* SPDX-License-Identifier: MIT */
/*
 * Size, space and durability of open files, hints about their use, and locks on them. No locks of
 * its own.
 */
#include <linux/fs.h>

#include "process/process.h"
#include "syscall/file_size.h"
#include "syscall/syscall.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/locks.h"
#include "vfs/notify.h"

#define ADVICE_MAX 5	/* POSIX_FADV_NOREUSE */
#define FALLOCATE_MODES 0x7f

/* A file that is no mere place (O_PATH), or NULL. */
static struct file *file_opened(int fd)
{
	struct file *file = current_fd_get(fd);

	if (!file || !(file->flags & O_PATH))
		return file;
	file_put(file);
	return NULL;
}

long sys_ftruncate(int fd, s64 size)
{
	struct file *file;
	long result = -EINVAL;

	if (size < 0)
		return -EINVAL;
	file = file_opened(fd);
	if (!file)
		return -EBADF;
	if (inode_is_regular(file->inode) && FILE_WRITABLE(file) && file->operations->truncate)
		result = (u64)size > READ_ONCE(file->inode->size) ? file_size_check(size) : 0;
	if (!result) {
		inode_drop_privileges(file->inode, process_current()->credentials);
		result = file->operations->truncate(file, size);
	}
	if (!result)
		notify_file(file, IN_MODIFY);
	file_put(file);
	return result;
}

static long allocate(struct file *file, int mode, s64 offset, s64 size)
{
	if (offset < 0 || size <= 0)
		return -EINVAL;
	if (mode & ~FALLOCATE_MODES)
		return -EOPNOTSUPP;
	if (!FILE_WRITABLE(file))
		return -EBADF;
	if ((file->inode->mode & S_IFMT) == S_IFIFO)
		return -ESPIPE;
	if (inode_is_directory(file->inode))
		return -EISDIR;
	if (!inode_is_regular(file->inode))
		return -ENODEV;
	if (offset + (u64)size > INT64_MAX)
		return -EFBIG;
	if (!file->operations->allocate)
		return -EOPNOTSUPP;
	if (file_size_check(offset + size))
		return -EFBIG;
	return file->operations->allocate(file, mode, offset, size);
}

long sys_fallocate(int fd, int mode, s64 offset, s64 size)
{
	struct file *file = file_opened(fd);
	long result;

	if (!file)
		return -EBADF;
	result = allocate(file, mode, offset, size);
	if (!result)
		notify_file(file, IN_MODIFY);
	file_put(file);
	return result;
}

static long sync_file(int fd, bool data_only)
{
	struct file *file = file_opened(fd);
	long result;

	if (!file)
		return -EBADF;
	result = file->operations->sync ? file->operations->sync(file, data_only) : -EINVAL;
	file_put(file);
	return result;
}

long sys_fsync(int fd)
{
	return sync_file(fd, false);
}

long sys_fdatasync(int fd)
{
	return sync_file(fd, true);
}

/*
 * The host's page cache writes when it likes; what is asked for here is no promise of durability.
 */
long sys_sync_file_range(int fd, s64 offset, s64 size, u64 flags)
{
	struct file *file;
	long result = 0;

	if (flags & ~7ull || offset < 0 || size < 0)
		return -EINVAL;
	file = file_opened(fd);
	if (!file)
		return -EBADF;
	if (!inode_is_regular(file->inode) && !inode_is_directory(file->inode))
		result = -ESPIPE;
	file_put(file);
	return result;
}

/* Advice is only advice. */
long sys_fadvise64(int fd, s64 offset, size_t size, int advice)
{
	struct file *file = file_opened(fd);
	long result = 0;

	(void)offset;
	if (!file)
		return -EBADF;
	if ((file->inode->mode & S_IFMT) == S_IFIFO)
		result = -ESPIPE;
	else if ((s64)size < 0 || advice < 0 || advice > ADVICE_MAX)
		result = -EINVAL;
	file_put(file);
	return result;
}

long sys_readahead(int fd, s64 offset, size_t size)
{
	struct file *file = file_opened(fd);
	long result;

	(void)offset, (void)size;
	if (!file)
		return -EBADF;
	result = !FILE_READABLE(file) ? -EBADF : inode_is_regular(file->inode) ? 0 : -EINVAL;
	file_put(file);
	return result;
}

long sys_flock(int fd, u32 operation)
{
	struct file *file = file_opened(fd);
	long result;

	if (!file)
		return -EBADF;
	result = file_flock(file, operation);
	file_put(file);
	return result;
}
