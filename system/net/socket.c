/* SPDX-License-Identifier: MIT */
/* What sockets of all families share: their files, errors that wait, time limits. No locks. */
#include "net/socket.h"

#include "core/timer.h"
#include "ipc/pipe.h"
#include "net/rights.h"
#include "net/unix.h"
#include "process/process.h"
#include "vfs/inode.h"

#define BUFFER_DEFAULT 212992u

/* ---- The file ---- */

static ssize_t socket_read(struct file *file, struct iter *to, u64 *offset)
{
	struct socket *socket = file->private;
	struct socket_message message = { .data = to, .nonblock = file->flags & O_NONBLOCK };
	ssize_t result;

	(void)offset;
	if (!to->left)
		return 0;
	result = socket->operations->receive(socket, &message);
	if (unlikely(message.rights))
		rights_free(message.rights);
	return result;
}

ssize_t socket_send(struct socket *socket, struct socket_message *message)
{
	ssize_t result = socket->operations->send(socket, message);

	if (unlikely(result == -EPIPE) && socket->type == SOCK_STREAM &&
	    !(message->flags & MSG_NOSIGNAL))
		return pipe_broken();
	return result;
}

static ssize_t socket_write(struct file *file, struct iter *from, u64 *offset)
{
	struct socket_message message = { .data = from, .nonblock = file->flags & O_NONBLOCK };

	(void)offset;
	return socket_send(file->private, &message);
}

static u32 socket_poll(struct file *file, struct poll_request *request)
{
	struct socket *socket = file->private;

	return socket->operations->poll(socket, request);
}

static long socket_ioctl(struct file *file, u32 command, uptr argument)
{
	struct socket *socket = file->private;

	return socket->operations->ioctl(socket, command, argument);
}

static bool socket_put_watched(struct file *file)
{
	struct socket *socket = file->private;

	return socket->operations->put_watched(socket);
}

static void socket_release(struct file *file)
{
	struct socket *socket = file->private;

	socket->operations->release(socket);
}

static void socket_flags_changed(struct file *file)
{
	struct socket *socket = file->private;

	WRITE_ONCE(socket->signals, READ_ONCE(file->flags) & FASYNC);
}

static const struct file_operations socket_file_operations = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.put_watched = socket_put_watched,
	.release = socket_release,
	.flags_changed = socket_flags_changed,
	.signals = true,
};

struct socket *socket_of(const struct file *file)
{
	return file->operations == &socket_file_operations ? file->private : NULL;
}

/* ---- Making ---- */

void socket_init(struct socket *socket, const struct socket_operations *operations, u32 family,
		 u32 type)
{
	*socket = (struct socket){
		.operations = operations,
		.family = family,
		.type = type,
		.send_buffer = BUFFER_DEFAULT,
		.receive_buffer = BUFFER_DEFAULT,
		.low_water = 1,
		.peek_offset = -1,
		.receive_timeout_ns = FOREVER,
		.send_timeout_ns = FOREVER,
	};
}

static const struct socket_family *const families[] = { &unix_family };

static const struct socket_family *family_find(int family)
{
	for (u32 i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i]->family == family)
			return families[i];
	return NULL;
}

int socket_create(int family, u32 type, int protocol, struct socket **out)
{
	const struct socket_family *found = family_find(family);

	if (family >= 0 && family < AF_MAX && type >= SOCK_TYPE_COUNT)
		return -EINVAL;
	return found ? found->create(type, protocol, out) : -EAFNOSUPPORT;
}

int socket_create_pair(int family, u32 type, int protocol, struct socket *ends[2])
{
	const struct socket_family *found = family_find(family);
	int error = socket_create(family, type, protocol, &ends[0]);

	if (error)
		return error;
	error = socket_create(family, type, protocol, &ends[1]);
	if (!error) {
		error = found->pair ? found->pair(ends) : -EOPNOTSUPP;
		if (error)
			ends[1]->operations->release(ends[1]);
	}
	if (error)
		ends[0]->operations->release(ends[0]);
	return error;
}

struct file *socket_file_create(struct socket *socket, u32 flags)
{
	const struct credentials *credentials = process_current()->credentials;
	struct file *file = file_create_anonymous(&socket_file_operations, "socket",
						  S_IFSOCK | 0777, O_RDWR | flags, socket);

	if (!file) {
		socket->operations->release(socket);
		return NULL;
	}
	file->inode->uid = credentials->fsuid;
	file->inode->gid = credentials->fsgid;
	store_release(&socket->file, file);
	return file;
}

/* ---- Errors and waits ---- */

int socket_error_take(struct socket *socket)
{
	if (likely(!READ_ONCE(socket->error)))
		return 0;
	return -(int)atomic_exchange(&socket->error, 0);
}

u64 socket_deadline(u64 timeout_ns, bool nonblock)
{
	u64 now;

	if (nonblock || timeout_ns == FOREVER)
		return nonblock ? 0 : FOREVER;
	now = clock_monotonic_ns();
	return timeout_ns < FOREVER - now ? now + timeout_ns : FOREVER;
}

int socket_wait_result(int result, u64 timeout_ns)
{
	if (result == -ETIMEDOUT)
		return -EAGAIN;
	return result == -ERESTARTSYS && timeout_ns != FOREVER ? -EINTR : result;
}
