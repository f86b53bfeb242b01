/* SPDX-License-Identifier: MIT */
/*
 * splice(2), tee(2), vmsplice(2). Bytes are copied, through a buffer of the layer. No locks of its
 * own: a pipe's bytes are claimed while they are moved (ipc/pipe_splice.c).
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "core/heap.h"
#include "ipc/pipe.h"
#include "memory/iter.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscall/syscall.h"
#include "syscall/transfer.h"
#include "vfs/inode.h"
#include "vfs/notify.h"

#define SPLICE_F_NONBLOCK	2u
#define SPLICE_FLAGS		15ull	/* SPLICE_F_MOVE, NONBLOCK, MORE, GIFT */

/* One side as it was given. */
struct end {
	struct side side;
	struct pipe *pipe;	/* NULL: no pipe */
};

static char *buffer_alloc(void)
{
	return pages_alloc(TRANSFER_BUFFER / PAGE_SIZE, 1);
}

static void buffer_free(char *buffer)
{
	pages_free(buffer, TRANSFER_BUFFER / PAGE_SIZE);
}

/* ---- Into pipes ---- */

static int await_space(struct pipe *pipe, bool nonblock)
{
	int error = pipe_await_space(pipe, nonblock);

	return error == -EPIPE ? pipe_broken() : error;
}

/*
 * Puts bytes that have room. Another writer may have been faster: what a file has lost by being
 * read then waits for room, whatever the flags; what can be read again (may_stop) does not. Bytes,
 * or -errno.
 */
static ssize_t pipe_put(struct pipe *pipe, char *bytes, size_t size, bool may_stop)
{
	struct iter from;
	ssize_t put;

	iter_init_kernel(&from, bytes, size);
	put = pipe_send(pipe, &from, may_stop);
	return put == -EPIPE ? pipe_broken() : put;
}

static ssize_t piece_to_pipe(struct side *in, struct pipe *out, char *buffer, size_t size)
{
	ssize_t got = side_read(in, buffer, MIN(size, pipe_space(out))), put;

	if (got <= 0)
		return got;
	put = pipe_put(out, buffer, (size_t)got, in->seekable);
	if (in->seekable)
		in->offset -= (u64)(got - MAX(put, (ssize_t)0));
	return put;
}

ssize_t side_to_pipe(struct side *in, struct pipe *out, size_t size, bool nonblock)
{
	char *buffer = buffer_alloc();
	ssize_t moved = buffer ? -EAGAIN : -ENOMEM;
	int error = 0;

	size = MIN(size, TRANSFER_BUFFER);
	while (moved == -EAGAIN && !error) {
		error = await_space(out, nonblock);
		if (!error)
			moved = piece_to_pipe(in, out, buffer, size);
		if (nonblock || !in->seekable)
			break;
	}
	if (buffer)
		buffer_free(buffer);
	return error ? error : moved;
}

/* ---- Out of pipes ---- */

/* With the claim on in: as much of size as there is. Bytes or -errno. */
static ssize_t claimed_to_side(struct pipe *in, struct side *out, char *buffer, size_t size)
{
	ssize_t moved = 0, got = 1, put = 1;
	struct iter to;

	while (size && got > 0) {
		iter_init_kernel(&to, buffer, MIN(size, TRANSFER_BUFFER));
		got = pipe_peek(in, &to);
		put = got > 0 ? side_write(out, buffer, (size_t)got) : 0;
		if (put <= 0)
			break;
		pipe_consume(in, (u32)put);
		moved += put;
		size -= (size_t)put;
		/* A file that takes no more says why, if only by a signal. */
		if (put < got && !inode_is_regular(out->file->inode))
			break;
	}
	return moved ? moved : MIN(got, put);
}

static long pipe_to_side(struct pipe *in, struct side *out, size_t size, bool nonblock)
{
	char *buffer = buffer_alloc();
	ssize_t moved = buffer ? 1 : -ENOMEM;

	while (moved > 0) {
		moved = pipe_await_bytes(in, nonblock);
		if (moved <= 0 || !pipe_claim(in))
			continue;
		moved = claimed_to_side(in, out, buffer, size);
		pipe_unclaim(in);
		break;
	}
	if (buffer)
		buffer_free(buffer);
	return moved;
}

/* With the claim on in. consume: as splice; else as tee. Bytes, or -EAGAIN: no room any more. */
static ssize_t claimed_to_pipe(struct pipe *in, struct pipe *out, char *buffer, size_t size,
			       bool consume)
{
	struct iter to;
	ssize_t moved;

	iter_init_kernel(&to, buffer, MIN(MIN(size, TRANSFER_BUFFER), pipe_space(out)));
	if (!to.left)
		return -EAGAIN;
	moved = pipe_peek(in, &to);
	if (moved > 0)
		moved = pipe_put(out, buffer, (size_t)moved, true);
	if (moved > 0 && consume)
		pipe_consume(in, (u32)moved);
	return moved;
}

/* Waits as Linux does: for bytes first, then for room. */
static long pipe_to_pipe(struct pipe *in, struct pipe *out, size_t size, bool nonblock,
			 bool consume)
{
	char *buffer = buffer_alloc();
	long moved = buffer ? -EAGAIN : -ENOMEM;
	int bytes, error;

	while (moved == -EAGAIN) {
		bytes = pipe_await_bytes(in, nonblock);
		error = bytes < 0 ? bytes : await_space(out, nonblock);
		if (error || !bytes) {
			moved = error;
			break;
		}
		if (!pipe_claim(in))
			continue;
		moved = claimed_to_pipe(in, out, buffer, size, consume);
		pipe_unclaim(in);
	}
	if (buffer)
		buffer_free(buffer);
	return moved;
}

/* ---- splice ---- */

/* A file whose kind has bytes to move. */
static bool end_moves(const struct end *end, bool writing)
{
	const struct file_operations *operations = end->side.file->operations;
	u32 type = end->side.file->inode->mode & S_IFMT;

	if (writing ? !operations->write || operations->no_splice_write
		    : !operations->read || operations->no_splice_read)
		return false;
	return type == S_IFREG || type == S_IFCHR || type == S_IFBLK || type == S_IFSOCK;
}

static int end_open(struct end *end, int fd)
{
	struct file *file = current_fd_get(fd);

	*end = (struct end){ .side.file = file };
	if (!file || file->flags & O_PATH)
		return -EBADF;
	end->pipe = pipe_of(file);
	return 0;
}

static int end_take_offset(struct end *end, uptr address)
{
	end->side.offset_address = address;
	end->side.seekable = end->side.file->operations->seek;
	return address && get_user(end->side.offset, address) ? -EFAULT : 0;
}

/* The offset is one that this file can be at. */
static int end_check_offset(struct end *end, uptr address)
{
	struct file *file = end->side.file;

	if (address)
		return !end->side.seekable || (s64)end->side.offset < 0 ? -EINVAL : 0;
	lock_acquire(&file->position_lock);
	end->side.offset = file->position;
	lock_release(&file->position_lock);
	return 0;
}

static long splice_pipes(struct end *in, struct end *out, size_t size, bool nonblock)
{
	u32 flags = in->side.file->flags | out->side.file->flags;

	if (in->pipe == out->pipe)
		return -EINVAL;
	return pipe_to_pipe(in->pipe, out->pipe, size, nonblock || flags & O_NONBLOCK, true);
}

static long splice_out(struct end *in, struct end *out, uptr offset, size_t size, bool nonblock)
{
	long error = end_check_offset(out, offset);

	if (error)
		return error;
	if (out->side.file->flags & O_APPEND || !end_moves(out, true))
		return -EINVAL;
	return pipe_to_side(in->pipe, &out->side, size,
			    nonblock || in->side.file->flags & O_NONBLOCK);
}

static long splice_in(struct end *in, struct end *out, uptr offset, size_t size, bool nonblock)
{
	long error = end_check_offset(in, offset);

	if (error)
		return error;
	nonblock |= !!(out->side.file->flags & O_NONBLOCK);
	error = await_space(out->pipe, nonblock);
	if (error || !end_moves(in, false))
		return error ? error : -EINVAL;
	return side_to_pipe(&in->side, out->pipe, size, nonblock);
}

/* In Linux's order. */
static long splice_move(struct end *in, uptr in_offset, struct end *out, uptr out_offset,
			size_t size, bool nonblock)
{
	if ((in->pipe && in_offset) || (out->pipe && out_offset))
		return -ESPIPE;
	if (end_take_offset(out, out_offset) || end_take_offset(in, in_offset))
		return -EFAULT;
	if (!FILE_READABLE(in->side.file) || !FILE_WRITABLE(out->side.file))
		return -EBADF;
	if (in->pipe && out->pipe)
		return splice_pipes(in, out, size, nonblock);
	if (in->pipe)
		return splice_out(in, out, out_offset, size, nonblock);
	return out->pipe ? splice_in(in, out, in_offset, size, nonblock) : -EINVAL;
}

static long splice_ends(struct end *in, uptr in_offset, struct end *out, uptr out_offset,
			size_t size, bool nonblock)
{
	long moved = splice_move(in, in_offset, out, out_offset, size, nonblock);

	if (moved <= 0)
		return moved;
	/* The other way round than sendfile(2) and tee(2) do it. */
	notify_file(out->side.file, IN_MODIFY);
	notify_file(in->side.file, IN_ACCESS);
	return side_store(&in->side) || side_store(&out->side) ? -EFAULT : moved;
}

long sys_splice(int in_fd, uptr in_offset, int out_fd, uptr out_offset, size_t size, u64 flags)
{
	struct end in, out = { 0 };
	long result;

	flags = (u32)flags;
	if (!size)
		return 0;
	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	result = end_open(&in, in_fd);
	if (!result)
		result = end_open(&out, out_fd);
	if (!result)
		result = splice_ends(&in, in_offset, &out, out_offset, MIN(size, TRANSFER_MAX),
				     flags & SPLICE_F_NONBLOCK);
	side_close(&in.side);
	side_close(&out.side);
	return result;
}

/* ---- tee ---- */

static long tee_ends(struct end *in, struct end *out, size_t size, bool nonblock)
{
	long moved;

	if (!FILE_READABLE(in->side.file) || !FILE_WRITABLE(out->side.file))
		return -EBADF;
	if (!in->pipe || !out->pipe || in->pipe == out->pipe)
		return -EINVAL;
	nonblock |= !!((in->side.file->flags | out->side.file->flags) & O_NONBLOCK);
	moved = pipe_to_pipe(in->pipe, out->pipe, size, nonblock, false);
	if (moved > 0)
		notify_moved(in->side.file, out->side.file);
	return moved;
}

long sys_tee(int in_fd, int out_fd, size_t size, u64 flags)
{
	struct end in, out = { 0 };
	long result;

	flags = (u32)flags;
	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	if (!size)
		return 0;
	result = end_open(&in, in_fd);
	if (!result)
		result = end_open(&out, out_fd);
	if (!result)
		result = tee_ends(&in, &out, MIN(size, TRANSFER_MAX), flags & SPLICE_F_NONBLOCK);
	side_close(&in.side);
	side_close(&out.side);
	return result;
}

/* ---- vmsplice ---- */

/* Fills the pipe as far as there is room, and waits only where there is none at all. */
static long memory_to_pipe(struct iter *from, struct pipe *pipe, bool nonblock)
{
	long moved = -EAGAIN, error = 0;

	while (moved == -EAGAIN && !error) {
		error = await_space(pipe, nonblock);
		if (error)
			break;
		from->left = MIN(from->left, pipe_space(pipe));
		moved = from->left ? pipe_send(pipe, from, true) : -EAGAIN;
	}
	return error ? error : moved == -EPIPE ? pipe_broken() : moved;
}

static long vmsplice_file(struct file *file, struct iter *iter, bool nonblock)
{
	struct pipe *pipe = pipe_of(file);
	bool writing = FILE_WRITABLE(file);
	long moved;

	if (!iter->left)
		return 0;
	if (!pipe)
		return -EBADF;
	moved = writing ? memory_to_pipe(iter, pipe, nonblock)
			: pipe_receive(pipe, iter, nonblock);
	if (moved > 0)
		notify_file(file, writing ? IN_MODIFY : IN_ACCESS);
	return moved;
}

long sys_vmsplice(int fd, uptr iovec, size_t count, u64 flags)
{
	struct segment segments[ITER_INLINE_SEGMENTS];
	void *allocated = NULL;
	struct file *file;
	struct iter iter;
	long result = -EBADF;

	flags = (u32)flags;
	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	file = current_fd_get(fd);
	if (!file)
		return -EBADF;
	if (!(file->flags & O_PATH))
		result = iter_init_iovec(&iter, iovec, count, segments, &allocated);
	if (!result)
		result = vmsplice_file(file, &iter, flags & SPLICE_F_NONBLOCK);
	heap_free(allocated);
	file_put(file);
	return result;
}
