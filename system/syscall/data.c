/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing files by descriptor. The offset that reads and writes share is used under
 * file->position_lock (LOCK_FILE_POSITION), where a file can seek at all.
 */
#include <linux/fs.h>

#include "core/heap.h"
#include "memory/iter.h"
#include "process/process.h"
#include "syscall/fd_use.h"
#include "syscall/file_size.h"
#include "syscall/syscall.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/notify.h"

#define AT_POSITION (~0ull)	/* as an offset: the file's own */

/* A file that is open for reading (or writing), or none. */
static struct fd_use file_for(int fd, bool writing)
{
	struct fd_use use = current_fd_use(fd);

	if (use.file && !(use.file->flags & O_PATH) &&
	    (writing ? FILE_WRITABLE(use.file) : FILE_READABLE(use.file)))
		return use;
	fd_use_end(use);
	return (struct fd_use){ 0 };
}

/* ---- One transfer ---- */

static ssize_t read_at(struct file *file, struct iter *to, u64 *offset)
{
	if (!file->operations->read)
		return inode_is_directory(file->inode) ? -EISDIR : -EINVAL;
	return file->operations->read(file, to, offset);
}

/* Cuts what would go beyond RLIMIT_FSIZE; at the limit already it is an error. */
static int limit_size(const struct file *file, struct iter *from, u64 offset)
{
	u64 limit = process_current()->limits[RLIMIT_FSIZE].rlim_cur;

	if (likely(limit == RLIM64_INFINITY) || !inode_is_regular(file->inode))
		return 0;
	if (file->flags & O_APPEND || from->append)
		offset = READ_ONCE(file->inode->size);
	if (offset >= limit)
		return file_size_check(offset + 1);
	from->left = MIN(from->left, limit - offset);
	return 0;
}

ssize_t file_write_at(struct file *file, struct iter *from, u64 *offset)
{
	int error;

	if (!file->operations->write)
		return -EINVAL;
	error = from->left ? limit_size(file, from, *offset) : 0;
	if (!error && from->left && unlikely(file->inode->mode & (S_ISUID | S_ISGID)))
		inode_drop_privileges(file->inode, process_current()->credentials);
	return error ? error : file->operations->write(file, from, offset);
}

static ssize_t transfer_at(struct file *file, struct iter *iter, bool writing, u64 *offset)
{
	ssize_t result = writing ? file_write_at(file, iter, offset) : read_at(file, iter, offset);

	io_counts_add_call(&thread_current()->io, writing, result);
	if (notify_is_wanted() && result > 0)
		notify_file(file, writing ? IN_MODIFY : IN_ACCESS);
	return result;
}

/* At the file's own position, which moves on. */
static ssize_t transfer(struct fd_use use, struct iter *iter, bool writing)
{
	struct file *file = use.file;
	bool shared;
	u64 unused = 0;
	ssize_t result;

	if (!file->operations->seek)
		return transfer_at(file, iter, writing, &unused);
	shared = fd_position_is_shared(use);
	if (shared)
		lock_acquire(&file->position_lock);
	result = transfer_at(file, iter, writing, &file->position);
	if (shared)
		lock_release(&file->position_lock);
	return result;
}

static ssize_t file_transfer(struct fd_use use, struct iter *iter, bool writing, u64 offset)
{
	if (offset == AT_POSITION)
		return transfer(use, iter, writing);
	if (!use.file->operations->seek)
		return -ESPIPE;
	return transfer_at(use.file, iter, writing, &offset);
}

/* ---- read and write, with and without an offset ---- */

static long transfer_bytes(int fd, uptr base, size_t size, bool writing, u64 offset)
{
	struct fd_use use = file_for(fd, writing);
	struct iter iter;
	long result;

	if (!use.file)
		return -EBADF;
	result = iter_init_user(&iter, base, size);
	if (!result)
		result = file_transfer(use, &iter, writing, offset);
	fd_use_end(use);
	return result;
}

long sys_read(int fd, uptr to, size_t size)
{
	return transfer_bytes(fd, to, size, false, AT_POSITION);
}

long sys_write(int fd, uptr from, size_t size)
{
	return transfer_bytes(fd, from, size, true, AT_POSITION);
}

long sys_pread64(int fd, uptr to, size_t size, s64 offset)
{
	return offset < 0 ? -EINVAL : transfer_bytes(fd, to, size, false, offset);
}

long sys_pwrite64(int fd, uptr from, size_t size, s64 offset)
{
	return offset < 0 ? -EINVAL : transfer_bytes(fd, from, size, true, offset);
}

/* ---- The same from several places ---- */

/* How RWF_* change a transfer of bytes. -EOPNOTSUPP for those that are not known. */
static int flags_apply(struct iter *iter, bool writing, u32 flags)
{
	if (!flags || !iter->left)
		return 0;
	/* Whether the host would wait for its disk is not known. */
	if (flags & ~(u32)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND))
		return -EOPNOTSUPP;
	iter->append = writing && flags & RWF_APPEND;
	return 0;
}

/* What was written is durable. result: of the write. */
static long flags_finish(struct file *file, bool writing, u32 flags, long result)
{
	int error = 0;

	if (writing && result > 0 && flags & (RWF_DSYNC | RWF_SYNC) && file->operations->sync)
		error = file->operations->sync(file, !(flags & RWF_SYNC));
	return error ? error : result;
}

static long transfer_vector(int fd, uptr iovec, u64 count, bool writing, u64 offset, u32 flags)
{
	struct segment segments[ITER_INLINE_SEGMENTS];
	struct fd_use use = file_for(fd, writing);
	void *allocated = NULL;
	struct iter iter;
	long result;

	if (!use.file)
		return -EBADF;
	if (offset != AT_POSITION && !use.file->operations->seek) {
		fd_use_end(use);
		return -ESPIPE;
	}
	result = iter_init_iovec(&iter, iovec, count, segments, &allocated);
	if (!result)
		result = flags_apply(&iter, writing, flags);
	if (!result)
		result = file_transfer(use, &iter, writing, offset);
	if (flags)
		result = flags_finish(use.file, writing, flags, result);
	heap_free(allocated);
	fd_use_end(use);
	return result;
}

long sys_readv(int fd, uptr iovec, int count)
{
	return transfer_vector(fd, iovec, (u32)count, false, AT_POSITION, 0);
}

long sys_writev(int fd, uptr iovec, int count)
{
	return transfer_vector(fd, iovec, (u32)count, true, AT_POSITION, 0);
}

/* The offset comes in two halves, of which the first holds all on this architecture. */
long sys_preadv(int fd, uptr iovec, u64 count, u64 offset, u64 high)
{
	(void)high;
	return (s64)offset < 0 ? -EINVAL : transfer_vector(fd, iovec, count, false, offset, 0);
}

long sys_pwritev(int fd, uptr iovec, u64 count, u64 offset, u64 high)
{
	(void)high;
	return (s64)offset < 0 ? -EINVAL : transfer_vector(fd, iovec, count, true, offset, 0);
}

static long transfer_vector_flagged(int fd, uptr iovec, u64 count, bool writing, u64 offset,
				    u64 flags)
{
	if ((s64)offset < -1)
		return -EINVAL;
	return transfer_vector(fd, iovec, count, writing, offset, (u32)flags);
}

long sys_preadv2(int fd, uptr iovec, u64 count, u64 offset, u64 high, u64 flags)
{
	(void)high;
	return transfer_vector_flagged(fd, iovec, count, false, offset, flags);
}

long sys_pwritev2(int fd, uptr iovec, u64 count, u64 offset, u64 high, u64 flags)
{
	(void)high;
	return transfer_vector_flagged(fd, iovec, count, true, offset, flags);
}

/* ---- Position ---- */

static long seek(struct fd_use use, s64 offset, u32 whence)
{
	struct file *file = use.file;
	bool shared = fd_position_is_shared(use);
	long result;

	if (!file->operations->seek)
		return -ESPIPE;
	if (shared)
		lock_acquire(&file->position_lock);
	result = file->operations->seek(file, offset, whence);
	if (shared)
		lock_release(&file->position_lock);
	return result;
}

long sys_lseek(int fd, s64 offset, u32 whence)
{
	struct fd_use use = current_fd_use(fd);
	long result = -EBADF;

	if (use.file && !(use.file->flags & O_PATH))
		result = whence > SEEK_MAX ? -EINVAL : seek(use, offset, whence);
	fd_use_end(use);
	return result;
}
