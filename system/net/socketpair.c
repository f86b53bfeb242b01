/* SPDX-License-Identifier: MIT */
/*
 * A pair of stream sockets is two pipes between two files: what one writes the other reads. The
 * pipes' own locks (LOCK_PIPE) guard them; the pair goes with its second file.
 */
#include "net/socketpair.h"

#include <asm/ioctls.h>

#include "core/heap.h"
#include "ipc/pipe.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "vfs/inode.h"

#define MSG_OOB		0x1u
#define MSG_PEEK	0x2u
#define MSG_DONTWAIT	0x40u
#define MSG_WAITALL	0x100u
#define MSG_NOSIGNAL	0x4000u

struct socket_pair {
	refcount references;		/* one of each file */
	struct pipe *pipes[2];
	struct socket_maker maker;
};

struct socket {
	struct socket_pair *pair;
	struct pipe *in, *out;
};

static const struct file_operations socket_operations;

bool file_is_socket(const struct file *file)
{
	return file->operations == &socket_operations;
}

const struct socket_maker *socket_maker(const struct file *file)
{
	const struct socket *socket = file->private;

	return &socket->pair->maker;
}

/* ---- Data ---- */

static ssize_t receive_all(struct socket *socket, struct iter *to, bool nonblock)
{
	ssize_t total = 0, moved;

	do {
		moved = pipe_receive(socket->in, to, nonblock);
		if (moved <= 0)
			return total ? total : moved;
		total += moved;
	} while (to->left);
	return total;
}

/* Looks without taking; sleeps like a read where there is nothing. */
static ssize_t receive_peek(struct socket *socket, struct iter *to, bool nonblock)
{
	ssize_t moved;

	while (!(moved = pipe_peek(socket->in, to))) {
		int error;

		if (!READ_ONCE(socket->in->writers) || !to->left)
			return 0;
		if (nonblock)
			return -EAGAIN;
		error = wait_event(&socket->in->read_wait,
				   pipe_used(socket->in) || !READ_ONCE(socket->in->writers),
				   FOREVER);
		if (error)
			return error;
	}
	return moved;
}

ssize_t socket_receive(struct file *file, struct iter *to, u32 flags)
{
	struct socket *socket = file->private;
	bool nonblock = file->flags & O_NONBLOCK || flags & MSG_DONTWAIT;

	if (!file_is_socket(file))
		return -ENOTSOCK;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (flags & MSG_PEEK)
		return receive_peek(socket, to, nonblock);
	return flags & MSG_WAITALL && to->left ? receive_all(socket, to, nonblock)
					       : pipe_receive(socket->in, to, nonblock);
}

ssize_t socket_send(struct file *file, struct iter *from, u32 flags)
{
	struct socket *socket = file->private;
	ssize_t result;

	if (!file_is_socket(file))
		return -ENOTSOCK;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	result = pipe_send(socket->out, from, file->flags & O_NONBLOCK || flags & MSG_DONTWAIT);
	return result == -EPIPE && !(flags & MSG_NOSIGNAL) ? pipe_broken() : result;
}

static ssize_t socket_read(struct file *file, struct iter *to, u64 *offset)
{
	(void)offset;
	return socket_receive(file, to, 0);
}

static ssize_t socket_write(struct file *file, struct iter *from, u64 *offset)
{
	(void)offset;
	return socket_send(file, from, 0);
}

/* ---- State ---- */

static u32 socket_poll(struct file *file, struct poll_request *request)
{
	struct socket *socket = file->private;
	bool ended, broken;
	u32 state = 0;

	poll_wait(request, &socket->in->read_wait);
	poll_wait(request, &socket->out->write_wait);
	ended = !READ_ONCE(socket->in->writers);
	broken = !READ_ONCE(socket->out->readers);
	if (pipe_used(socket->in) || ended)
		state |= POLLIN | POLLRDNORM;
	if (ended)
		state |= POLLRDHUP;
	if (ended && broken)
		state |= POLLHUP;
	if (broken || pipe_space(socket->out) >= PIPE_ATOMIC)
		state |= POLLOUT | POLLWRNORM;
	return state;
}

static long socket_ioctl(struct file *file, u32 command, uptr argument)
{
	struct socket *socket = file->private;
	s32 used = pipe_used(socket->in);

	return command == FIONREAD ? put_user(used, argument) : -ENOTTY;
}

/*
 * One direction is no more: what was written can still be read, then comes the end; writing fails.
 * Whoever waits looks again.
 */
static void pipe_close(struct pipe *pipe)
{
	lock_acquire(&pipe->lock);
	pipe->readers = pipe->writers = 0;
	lock_release(&pipe->lock);
	wait_queue_wake_all(&pipe->read_wait, 0);
	wait_queue_wake_all(&pipe->write_wait, 0);
}

int socket_shutdown(struct file *file, u32 how)
{
	struct socket *socket = file->private;

	if (!file_is_socket(file))
		return -ENOTSOCK;
	if (how > 2)
		return -EINVAL;
	if (how != 1)
		pipe_close(socket->in);
	if (how != 0)
		pipe_close(socket->out);
	return 0;
}

/* ---- Life ---- */

static void pair_put(struct socket_pair *pair)
{
	if (!refcount_put(&pair->references))
		return;
	for (u32 i = 0; i < 2; i++)
		if (pair->pipes[i])
			pipe_free(pair->pipes[i]);
	heap_free(pair);
}

static void socket_release(struct file *file)
{
	struct socket *socket = file->private;

	pipe_close(socket->in);
	pipe_close(socket->out);
	pair_put(socket->pair);
	heap_free(socket);
}

static const struct file_operations socket_operations = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.release = socket_release,
};

static struct socket_pair *pair_create(void)
{
	struct socket_pair *pair = heap_alloc_zero(sizeof(*pair));
	const struct process *process = process_current();

	if (!pair)
		return NULL;
	refcount_init(&pair->references, 1);
	for (u32 i = 0; i < 2; i++) {
		pair->pipes[i] = pipe_create();
		if (!pair->pipes[i]) {
			pair_put(pair);
			return NULL;
		}
		pair->pipes[i]->readers = pair->pipes[i]->writers = 1;
	}
	pair->maker = (struct socket_maker){
		process->pid, process->credentials->euid, process->credentials->egid,
	};
	return pair;
}

static struct file *socket_create(struct socket_pair *pair, u32 side, u32 flags)
{
	struct socket *socket = heap_alloc(sizeof(*socket));
	struct file *file;

	if (!socket)
		return NULL;
	*socket = (struct socket){ pair, pair->pipes[side], pair->pipes[1 - side] };
	file = file_create_anonymous(&socket_operations, "socket", S_IFSOCK | 0777,
				     O_RDWR | flags, socket);
	if (file)
		refcount_get(&pair->references);
	else
		heap_free(socket);
	return file;
}

int socketpair_create(u32 flags, struct file *ends[2])
{
	struct socket_pair *pair = pair_create();
	int error = 0;

	if (!pair)
		return -ENOMEM;
	ends[0] = socket_create(pair, 0, flags);
	ends[1] = ends[0] ? socket_create(pair, 1, flags) : NULL;
	if (!ends[1]) {
		if (ends[0])
			file_put(ends[0]);
		error = -ENOMEM;
	}
	pair_put(pair);
	return error;
}
