/* SPDX-License-Identifier: MIT */
/*
 * From file to file: sendfile(2), copy_file_range(2). Bytes go through a buffer of the layer. A
 * file's own offset is read at the start and written at the end under its position_lock, which is
 * not held between, so that two files never have to be locked at once.
 */
#include <linux/fs.h>

#include "core/heap.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscall/syscall.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/notify.h"

#define BUFFER_SIZE (64ul << 10)
#define TRANSFER_MAX 0x7ffff000ul

/* One side: a file, and where in it. */
struct side {
	struct file *file;
	uptr offset_address;	/* the program's offset; 0: the file's own */
	u64 offset;
	bool seekable;
};

static int side_open(struct side *side, int fd, uptr offset_address, bool writing)
{
	struct file *file = current_fd_get(fd);

	*side = (struct side){ .file = file, .offset_address = offset_address };
	if (!file)
		return -EBADF;
	if (file->flags & O_PATH || !(writing ? FILE_WRITABLE(file) : FILE_READABLE(file)))
		return -EBADF;
	side->seekable = file->operations->seek;
	if (!offset_address) {
		lock_acquire(&file->position_lock);
		side->offset = file->position;
		lock_release(&file->position_lock);
		return 0;
	}
	if (get_user(side->offset, offset_address))
		return -EFAULT;
	if (!side->seekable)
		return -ESPIPE;
	return (s64)side->offset < 0 ? -EINVAL : 0;
}

/* Gives the new offset to whom it belongs. */
static int side_store(struct side *side)
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

static void side_close(struct side *side)
{
	if (side->file)
		file_put(side->file);
}

static ssize_t side_read(struct side *side, char *buffer, size_t size)
{
	struct iter iter;

	iter_init_kernel(&iter, buffer, size);
	return side->file->operations->read(side->file, &iter, &side->offset);
}

static ssize_t side_write(struct side *side, char *buffer, size_t size)
{
	struct iter iter;

	iter_init_kernel(&iter, buffer, size);
	return side->file->operations->write(side->file, &iter, &side->offset);
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
	char *buffer = pages_alloc(BUFFER_SIZE / PAGE_SIZE, 1);
	ssize_t moved = 0, n = 0;

	if (!buffer)
		return -ENOMEM;
	while (size) {
		size_t piece = MIN(size, BUFFER_SIZE);

		n = move_piece(in, out, buffer, piece);
		if (n <= 0)
			break;
		moved += n;
		size -= n;
		if ((size_t)n < piece || thread_interrupted())
			break;
	}
	pages_free(buffer, BUFFER_SIZE / PAGE_SIZE);
	if (moved) {
		notify_file(in->file, IN_ACCESS);
		notify_file(out->file, IN_MODIFY);
	}
	if (moved && (side_store(in) || side_store(out)))
		return -EFAULT;
	return moved ? moved : n;
}

static long sendfile_check(const struct side *in, const struct side *out)
{
	if (!inode_is_regular(in->file->inode) || !in->file->operations->read)
		return -EINVAL;
	if (!out->file->operations->write || out->file->flags & O_APPEND)
		return -EINVAL;
	return 0;
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
		result = move_bytes(&in, &out, MIN(size, TRANSFER_MAX));
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
	if (out->file->flags & O_APPEND)
		return -EBADF;
	if (in->offset + size < in->offset || out->offset + size < out->offset)
		return -EOVERFLOW;
	if (in->file->inode == out->file->inode && in->offset < out->offset + size &&
	    out->offset < in->offset + size)
		return -EINVAL;
	return 0;
}

long sys_copy_file_range(int in_fd, uptr in_offset, int out_fd, uptr out_offset, size_t size,
			 u64 flags)
{
	struct side in, out = { 0 };
	long result = side_open(&in, in_fd, in_offset, false);

	if (!result)
		result = side_open(&out, out_fd, out_offset, true);
	if (!result)
		result = flags ? -EINVAL : copy_check(&in, &out, size);
	if (!result)
		result = move_bytes(&in, &out, MIN(size, TRANSFER_MAX));
	side_close(&in);
	side_close(&out);
	return result;
}
