/* SPDX-License-Identifier: MIT */
/*
 * From file to file: sendfile(2), copy_file_range(2). Bytes go through a buffer of the layer. A
 * file's own offset is read at the start and written at the end under its position_lock, which is
 * not held between, so that two files never have to be locked at once.
 */
#include <linux/fs.h>

#include "syscall/transfer.h"

#include "core/heap.h"
#include "ipc/pipe.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscall/file_size.h"
#include "syscall/syscall.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/notify.h"

/* Whatever it may do. -EBADF, -EFAULT. */
static int side_take(struct side *side, int fd, uptr offset_address)
{
	struct file *file = current_fd_get(fd);

	*side = (struct side){ .file = file, .offset_address = offset_address };
	if (!file || file->flags & O_PATH)
		return -EBADF;
	side->seekable = file->operations->seek;
	if (!offset_address) {
		lock_acquire(&file->position_lock);
		side->offset = file->position;
		lock_release(&file->position_lock);
		return 0;
	}
	return get_user(side->offset, offset_address) ? -EFAULT : 0;
}

int side_open(struct side *side, int fd, uptr offset_address, bool writing)
{
	int error = side_take(side, fd, offset_address);

	if (error == -EBADF)
		return error;
	if (!(writing ? FILE_WRITABLE(side->file) : FILE_READABLE(side->file)))
		return -EBADF;
	if (error || !offset_address)
		return error;
	if (!side->seekable)
		return -ESPIPE;
	return (s64)side->offset < 0 ? -EINVAL : 0;
}

int side_store(struct side *side)
{
	struct file *file = side->file;

	if (side->offset_address)
		return put_user(side->offset, side->offset_address);
	if (side->seekable) {
		lock_acquire(&file->position_lock);
		file->position = side->offset;
		lock_release(&file->position_lock);
	}
	return 0;
}

void side_close(struct side *side)
{
	if (side->file)
		file_put(side->file);
}

ssize_t side_read(struct side *side, char *buffer, size_t size)
{
	struct iter iter;

	iter_init_kernel(&iter, buffer, size);
	return side->file->operations->read(side->file, &iter, &side->offset);
}

ssize_t side_write(struct side *side, char *buffer, size_t size)
{
	struct iter iter;

	iter_init_kernel(&iter, buffer, size);
	return file_write_at(side->file, &iter, &side->offset);
}

/*
 * One buffer full. Bytes written, or -errno; what was read and not written is given back to the
 * offset.
 */
static ssize_t move_piece(struct side *in, struct side *out, char *buffer, size_t size)
{
	ssize_t got = side_read(in, buffer, size), put = 0;

	while (got > 0 && put < got) {
		ssize_t n = side_write(out, buffer + put, got - put);

		if (n <= 0) {
			in->offset -= got - put;
			return put ? put : n;
		}
		put += n;
	}
	return got > 0 ? put : got;
}

static long move_bytes(struct side *in, struct side *out, size_t size)
{
	char *buffer = pages_alloc(TRANSFER_BUFFER / PAGE_SIZE, 1);
	ssize_t moved = 0, n = 0;

	if (!buffer)
		return -ENOMEM;
	while (size) {
		size_t piece = MIN(size, TRANSFER_BUFFER);

		n = move_piece(in, out, buffer, piece);
		if (n <= 0)
			break;
		moved += n;
		size -= n;
		if ((size_t)n < piece || thread_interrupted())
			break;
	}
	pages_free(buffer, TRANSFER_BUFFER / PAGE_SIZE);
	if (!moved)
		return n;
	notify_moved(in->file, out->file);
	return side_store(in) || side_store(out) ? -EFAULT : moved;
}

/* Counts a call that both reads and writes: /proc/PID/io. Returns its result. */
static long both_counted(long result)
{
	struct io_counts *counts = &thread_current()->io;

	io_counts_add_call(counts, false, result);
	io_counts_add_call(counts, true, result);
	return result;
}

static long sendfile_check(const struct side *in, const struct side *out)
{
	if (!inode_is_regular(in->file->inode) || !in->file->operations->read)
		return -EINVAL;
	if (!out->file->operations->write)
		return -EINVAL;
	return !pipe_of(out->file) && out->file->flags & O_APPEND ? -EINVAL : 0;
}

/* To a pipe goes what fits, as with splice(2). */
static long sendfile_move(struct side *in, struct side *out, size_t size)
{
	struct pipe *pipe = pipe_of(out->file);
	long moved;

	if (!size)
		return 0;
	if (out->file->operations->no_splice_write)
		return -EINVAL;
	if (!pipe)
		return move_bytes(in, out, size);
	moved = side_to_pipe(in, pipe, size, out->file->flags & O_NONBLOCK);
	if (moved <= 0)
		return moved;
	notify_moved(in->file, out->file);
	return side_store(in) ? -EFAULT : moved;
}

long sys_sendfile(int out_fd, int in_fd, uptr offset, size_t size)
{
	struct side in, out = { 0 };
	long result = side_open(&in, in_fd, offset, false);

	if (!result)
		result = side_open(&out, out_fd, 0, true);
	if (!result)
		result = sendfile_check(&in, &out);
	if (!result)
		result = both_counted(sendfile_move(&in, &out, MIN(size, TRANSFER_MAX)));
	side_close(&in);
	side_close(&out);
	return result;
}

static long copy_check(const struct side *in, const struct side *out, size_t size)
{
	if (inode_is_directory(in->file->inode) || inode_is_directory(out->file->inode))
		return -EISDIR;
	if (!inode_is_regular(in->file->inode) || !inode_is_regular(out->file->inode))
		return -EINVAL;
	if (!FILE_READABLE(in->file) || !FILE_WRITABLE(out->file) || out->file->flags & O_APPEND)
		return -EBADF;
	if (in->offset + size < in->offset || out->offset + size < out->offset)
		return -EOVERFLOW;
	if ((s64)in->offset < 0 || (s64)out->offset < 0)
		return -EINVAL;
	if (in->file->inode == out->file->inode && in->offset < out->offset + size &&
	    out->offset < in->offset + size)
		return -EINVAL;
	return 0;
}

/* Cut at the limit without a signal, where sendfile(2) tries to go on. */
static size_t copy_size(const struct side *out, size_t size)
{
	u64 limit = process_current()->limits[RLIMIT_FSIZE].rlim_cur;

	size = MIN(size, TRANSFER_MAX);
	return out->offset < limit ? MIN(size, limit - out->offset) : size;
}

long sys_copy_file_range(int in_fd, uptr in_offset, int out_fd, uptr out_offset, size_t size,
			 u64 flags)
{
	struct side in, out;
	int in_error = side_take(&in, in_fd, in_offset);
	int out_error = side_take(&out, out_fd, out_offset);
	long result = out_error == -EBADF ? out_error : in_error ? in_error : out_error;

	if (!result)
		result = flags ? -EINVAL : copy_check(&in, &out, size);
	if (!result)
		result = both_counted(move_bytes(&in, &out, copy_size(&out, size)));
	side_close(&in);
	side_close(&out);
	return result;
}
