/* SPDX-License-Identifier: MIT */
/* What local sockets say of themselves: poll(2), ioctl(2), getsockopt(2). */
#include <asm/ioctls.h>

#include "core/string.h"
#include "memory/usercopy.h"
#include "net/option.h"
#include "net/unix_private.h"

/* What the sender has under way. */
static u32 bytes_sent(const struct unix_socket *self)
{
	const struct unix_socket *peer = load_acquire(&self->peer);

	if (self->socket.type != SOCK_STREAM)
		return READ_ONCE(self->sent);
	return peer ? pipe_used(&peer->ring) : 0;
}

/* A quarter of the buffer may be taken, so that writers do not wake for each byte that is read. */
bool unix_is_writable(const struct unix_socket *self)
{
	return READ_ONCE(self->state) != UNIX_LISTENING &&
	       bytes_sent(self) <= READ_ONCE(self->socket.send_buffer) / 4;
}

/* ---- poll ---- */

static bool is_readable(const struct unix_socket *self)
{
	return pipe_used(&self->ring) || READ_ONCE(self->ready_count) ||
	       READ_ONCE(self->queue.count);
}

/* Whether its datagrams go to a socket that takes no more of them now. */
static bool peer_is_full(struct unix_socket *self)
{
	struct unix_socket *peer;
	bool full;

	if (self->socket.type != SOCK_DGRAM)
		return false;
	lock_acquire(&unix_lock);
	peer = self->peer;
	full = peer && peer->peer != self && unix_queue_is_full(peer);
	lock_release(&unix_lock);
	return full;
}

u32 unix_poll(struct socket *socket, struct poll_request *request)
{
	struct unix_socket *self = unix_of(socket);
	u32 shutdown, state = 0;

	poll_wait(request, &self->ring.read_wait);
	poll_wait(request, &self->write_wait);
	shutdown = READ_ONCE(self->shutdown);
	if (READ_ONCE(socket->error))
		state |= POLLERR;
	if (shutdown == (SHUT_IN | SHUT_OUT))
		state |= POLLHUP;
	if (shutdown & SHUT_IN)
		state |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (is_readable(self))
		state |= POLLIN | POLLRDNORM;
	if (unix_is_connected_type(self) && READ_ONCE(self->state) == UNIX_IDLE)
		state |= POLLHUP;
	if (unix_is_writable(self) && !peer_is_full(self))
		state |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return state;
}

/* ---- ioctl ---- */

static s32 bytes_queued(struct unix_socket *self)
{
	struct unix_message *packet;
	s32 bytes = 0;

	if (self->socket.type == SOCK_STREAM)
		return pipe_used(&self->ring);
	lock_acquire(&self->queue.lock);
	list_for_each(packet, &self->queue.messages, node) {
		bytes += packet->size;
		if (self->socket.type == SOCK_DGRAM)
			break;
	}
	lock_release(&self->queue.lock);
	return bytes;
}

long unix_ioctl(struct socket *socket, u32 command, uptr argument)
{
	struct unix_socket *self = unix_of(socket);

	switch (command) {
	case FIONREAD:
		if (READ_ONCE(self->state) == UNIX_LISTENING)
			return -EINVAL;
		return put_user(bytes_queued(self), argument);
	case TIOCOUTQ:
		return put_user((s32)bytes_sent(self), argument);
	default:
		return -ENOTTY;
	}
}

/* ---- getsockopt ---- */

/* The credentials of who made the other end, with a reference, and its process. Or NULL. */
static struct credentials *peer_credentials_get(struct unix_socket *self, u32 *pid)
{
	struct credentials *credentials;

	lock_acquire(&unix_lock);
	credentials = self->state == UNIX_LISTENING ? self->credentials : self->peer_credentials;
	*pid = self->state == UNIX_LISTENING ? self->pid : self->peer_pid;
	if (credentials)
		refcount_get(&credentials->references);
	lock_release(&unix_lock);
	return credentials;
}

static long option_peer(struct unix_socket *self, void *value)
{
	struct socket_credentials told = { 0, ~0u, ~0u };
	u32 pid;
	struct credentials *credentials = peer_credentials_get(self, &pid);

	if (credentials) {
		told = (struct socket_credentials){ pid, credentials->euid, credentials->egid };
		credentials_put(credentials);
	}
	memcpy(value, &told, sizeof(told));
	return sizeof(told);
}

static long option_peer_groups(struct unix_socket *self, void *value)
{
	u32 pid;
	struct credentials *credentials = peer_credentials_get(self, &pid);
	long size;

	_Static_assert(GROUPS_MAX * sizeof(u32) <= SOCKET_OPTION_MAX, "all groups fit");
	if (!credentials)
		return -ENODATA;
	size = credentials->group_count * sizeof(u32);
	memcpy(value, credentials->groups, size);
	credentials_put(credentials);
	return size;
}

long unix_option(struct socket *socket, int option, void *value)
{
	struct unix_socket *self = unix_of(socket);
	s32 accepts = READ_ONCE(self->state) == UNIX_LISTENING;

	switch (option) {
	case SO_ACCEPTCONN:
		memcpy(value, &accepts, sizeof(accepts));
		return sizeof(accepts);
	case SO_PEERCRED:
		return option_peer(self, value);
	case SO_PEERGROUPS:
		return option_peer_groups(self, value);
	default:
		return -ENOPROTOOPT;
	}
}
