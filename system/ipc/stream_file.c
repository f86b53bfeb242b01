/* SPDX-License-Identifier: MIT */
/* Streams as files, and as the first descriptors of a program. No locks of its own. */
#include <asm/ioctls.h>

#include "ipc/input_file.h"
#include "ipc/stream.h"
#include "memory/usercopy.h"
#include "vfs/file.h"
#include "vfs/inode.h"

static ssize_t stream_read(struct file *file, struct iter *to, u64 *offset)
{
	(void)offset;
	return stream_take(file->private, file, to);
}

static ssize_t stream_write(struct file *file, struct iter *from, u64 *offset)
{
	(void)offset;
	return stream_give(file->private, file, from);
}

static u32 stream_poll(struct file *file, struct poll_request *request)
{
	return stream_state(file->private, request);
}

static long stream_ioctl(struct file *file, u32 command, uptr argument)
{
	s32 used = stream_waiting(file->private);

	if (command != FIONREAD)
		return -ENOTTY;
	return put_user(used, argument);
}

static void stream_release(struct file *file)
{
	struct stream_end *stream = file->private;

	console_put(stream->console);
}

static const struct file_operations input_operations = {
	.read = stream_read,
	.poll = stream_poll,
	.ioctl = stream_ioctl,
	.release = stream_release,
};

static const struct file_operations output_operations = {
	.write = stream_write,
	.poll = stream_poll,
	.ioctl = stream_ioctl,
	.release = stream_release,
};

bool stream_open_again(struct inode *inode, struct file *file)
{
	struct stream_end *stream = inode->private;

	if (inode->file_operations != &input_operations &&
	    inode->file_operations != &output_operations)
		return false;
	file->operations = inode->file_operations;
	file->private = stream;
	console_get(stream->console);
	return true;
}

static int stream_install(struct fd_table *table, struct stream_end *stream)
{
	bool input = stream->index == STREAM_IN;
	const struct file_operations *operations = input ? &input_operations : &output_operations;
	const struct program *program = &console_shared(stream->console)->program;
	struct file *file;
	int fd;

	file = file_create_anonymous(operations, "pipe", S_IFIFO | 0600,
				     input ? O_RDONLY : O_WRONLY, stream);
	if (!file)
		return -ENOMEM;
	console_get(stream->console);
	/* For opening it again by /dev/stdin and so on. */
	file->inode->private = stream;
	file->inode->uid = program->uid;
	file->inode->gid = program->gid;
	fd = fd_install_at(table, file, stream->index, STREAM_COUNT, false);
	if (fd < 0)
		file_put(file);
	return fd < 0 ? fd : 0;
}

/* 1 where there is none to be had, and the ring serves instead. */
static int stream_install_file(struct fd_table *table)
{
	struct file *file = input_file_create();
	int fd;

	if (!file)
		return 1;
	fd = fd_install_at(table, file, STREAM_IN, STREAM_COUNT, false);
	if (fd < 0)
		file_put(file);
	return fd < 0 ? fd : 0;
}

/* 2>&1: one file for both, and one ring, so that what is written to them keeps its order. */
static int stream_share_output(struct fd_table *table)
{
	struct file *file = fd_get(table, STREAM_OUT);
	int fd;

	if (!file)
		return -EBADF;
	fd = fd_install_at(table, file, STREAM_ERR, STREAM_COUNT, false);
	if (fd < 0)
		file_put(file);
	return fd < 0 ? fd : 0;
}

static int stream_install_as(struct fd_table *table, struct stream_end *stream, u32 flags)
{
	int error = 1;

	if (flags & STREAM_AS_OUT)
		return stream_share_output(table);
	if (flags & STREAM_IS_FILE)
		error = stream_install_file(table);
	return error > 0 ? stream_install(table, stream) : error;
}

int streams_install(struct console_state *console, struct fd_table *table)
{
	int error = 0;

	for (u32 i = 0; i < STREAM_COUNT && !error; i++) {
		u32 flags = console->stream_flags[i];

		if (!(flags & (STREAM_ABSENT | STREAM_IS_TTY | STREAM_NULL)))
			error = stream_install_as(table, &console->streams[i], flags);
	}
	return error;
}
