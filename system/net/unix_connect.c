/* SPDX-License-Identifier: MIT */
/*
 * Connections of local sockets. connect(2) makes both ends at once; the server's waits in the
 * listener's queue until it is accepted. All changes of state are made under unix_lock.
 */
#include "net/option.h"
#include "net/unix_private.h"
#include "process/process.h"

/* ---- Listening ---- */

int unix_listen(struct socket *socket, u32 backlog)
{
	struct unix_socket *self = unix_of(socket);
	struct credentials *credentials, *old = NULL;
	int error = 0;

	if (!unix_is_connected_type(self))
		return -EOPNOTSUPP;
	credentials = unix_credentials_get();
	lock_acquire(&unix_lock);
	if (!self->name || (self->state != UNIX_IDLE && self->state != UNIX_LISTENING)) {
		error = -EINVAL;
		old = credentials;
	} else {
		old = self->credentials;
		self->credentials = credentials;
		self->pid = process_current()->pid;
		self->state = UNIX_LISTENING;
		self->backlog = MIN(backlog, UNIX_BACKLOG_MAX);
	}
	lock_release(&unix_lock);
	if (old)
		credentials_put(old);
	wait_queue_wake_all(&self->room_wait, 0);
	return error;
}

static bool listener_accepts(const struct unix_socket *self)
{
	return READ_ONCE(self->state) == UNIX_LISTENING && !(READ_ONCE(self->shutdown) & SHUT_IN);
}

static bool listener_is_full(const struct unix_socket *self)
{
	return READ_ONCE(self->ready_count) > READ_ONCE(self->backlog);
}

/* ---- Connecting streams and sequenced packets ---- */

static void peer_set_locked(struct unix_socket *self, struct unix_socket *peer)
{
	unix_get(peer);
	self->state = UNIX_CONNECTED;
	store_release(&self->peer, peer);
}

/* The server's end: called as its listener, made by the caller. */
static void server_init_locked(struct unix_socket *server, struct unix_socket *listener)
{
	refcount_get(&listener->name->references);
	server->name = listener->name;
	server->peer_credentials = unix_credentials_get();
	server->peer_pid = process_current()->pid;
	if (socket_switch(&listener->socket, SO_PASSCRED))
		server->socket.switches |= 1u << SO_PASSCRED;
}

/* 0; -EAGAIN: the listener has enough of them; -ECONNREFUSED, -EISCONN, -EINVAL. */
static int connect_locked(struct unix_socket *self, struct unix_socket *server,
			  struct unix_socket *listener)
{
	if (!listener_accepts(listener))
		return -ECONNREFUSED;
	if (listener_is_full(listener))
		return -EAGAIN;
	if (self->state != UNIX_IDLE)
		return self->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
	server_init_locked(server, listener);
	refcount_get(&listener->credentials->references);
	self->peer_credentials = listener->credentials;
	self->peer_pid = listener->pid;
	peer_set_locked(server, self);
	peer_set_locked(self, server);
	list_add_tail(&server->ready_node, &listener->ready);
	server->listener = listener;
	listener->ready_count++;
	return 0;
}

static int connect_to(struct unix_socket *self, struct unix_socket *server,
		      struct unix_socket *listener)
{
	int error;

	lock_acquire(&unix_lock);
	error = connect_locked(self, server, listener);
	lock_release(&unix_lock);
	if (!error)
		unix_wake_reader(listener);
	return error;
}

static int connect_stream(struct unix_socket *self, struct unix_socket *server,
			  const struct socket_address *address, bool nonblock)
{
	u64 timeout_ns = self->socket.send_timeout_ns;
	u64 deadline_ns = socket_deadline(timeout_ns, nonblock);

	for (;;) {
		struct unix_socket *listener;
		int error = unix_find(self, address, &listener);

		if (error)
			return error;
		error = connect_to(self, server, listener);
		if (error == -EAGAIN && deadline_ns)
			error = wait_event(&listener->room_wait,
					   !listener_is_full(listener) ||
					   !listener_accepts(listener), deadline_ns);
		else
			deadline_ns = 0;
		unix_put(listener);
		if (error || !deadline_ns)
			return socket_wait_result(error, timeout_ns);
	}
}

/* ---- Where datagrams go ---- */

/* Its datagrams go nowhere any more. The former peer with its reference, or NULL. */
static struct unix_socket *leave_locked(struct unix_socket *self)
{
	struct unix_socket *old = self->peer;

	list_remove(&self->follower_node);
	self->peer = NULL;
	self->state = UNIX_IDLE;
	return old;
}

static void follow_locked(struct unix_socket *self, struct unix_socket *peer)
{
	peer_set_locked(self, peer);
	list_add_tail(&self->follower_node, &peer->followers);
}

/* Drops what waits from a peer that is one no more, and tells it, if it was tied to this one. */
static void leave_finish(struct unix_socket *self, struct unix_socket *old)
{
	if (unix_queue_empty(&self->queue)) {
		lock_acquire(&unix_lock);
		if (old->peer == self && old->state != UNIX_DEAD)
			WRITE_ONCE(old->socket.error, ECONNRESET);
		lock_release(&unix_lock);
		unix_wake(old);
	}
	unix_wake(self);
	unix_put(old);
}

static int connect_datagrams(struct unix_socket *self, const struct socket_address *address)
{
	struct unix_socket *peer = NULL, *old = NULL;
	int error = 0;

	if (address->size < UNIX_NAME_FAMILY)
		return -EINVAL;
	if (address->family != AF_UNSPEC) {
		error = unix_find(self, address, &peer);
		if (error)
			return error;
	}
	lock_acquire(&unix_lock);
	if (peer && peer->state == UNIX_DEAD)
		error = -ECONNREFUSED;
	else if (peer && peer->peer && peer->peer != self)
		error = -EPERM;
	else
		old = leave_locked(self);
	if (!error && peer)
		follow_locked(self, peer);
	lock_release(&unix_lock);
	if (old && old != peer)
		leave_finish(self, old);
	else if (old)
		unix_put(old);
	if (peer)
		unix_put(peer);
	return error;
}

int unix_connect(struct socket *socket, const struct socket_address *address, bool nonblock)
{
	struct unix_socket *self = unix_of(socket), *server;
	int error = 0;

	if (socket_switch(socket, SO_PASSCRED) && !READ_ONCE(self->name) &&
	    address->family == AF_UNIX)
		error = unix_bind_number(self);
	if (error)
		return error;
	if (!unix_is_connected_type(self))
		return connect_datagrams(self, address);
	server = unix_create(socket->type);
	if (!server)
		return -ENOMEM;
	error = connect_stream(self, server, address, nonblock);
	if (error)
		unix_end(server, false);
	return error;
}

int unix_pair(struct socket *ends[2])
{
	struct unix_socket *a = unix_of(ends[0]), *b = unix_of(ends[1]);

	lock_acquire(&unix_lock);
	for (u32 i = 0; i < 2; i++, a = b, b = unix_of(ends[0])) {
		a->peer_credentials = unix_credentials_get();
		a->peer_pid = process_current()->pid;
		if (unix_is_connected_type(a))
			peer_set_locked(a, b);
		else
			follow_locked(a, b);
	}
	lock_release(&unix_lock);
	return 0;
}

/* ---- Accepting ---- */

/* The next connection, or NULL. Who waits to connect is woken. */
static struct unix_socket *ready_take(struct unix_socket *self)
{
	struct unix_socket *ready = NULL;
	bool was_full;

	lock_acquire(&unix_lock);
	was_full = listener_is_full(self);
	if (!list_empty(&self->ready)) {
		ready = list_first(&self->ready, struct unix_socket, ready_node);
		list_remove(&ready->ready_node);
		ready->listener = NULL;
		self->ready_count--;
	}
	lock_release(&unix_lock);
	if (ready && was_full)
		wait_queue_wake_all(&self->room_wait, 0);
	return ready;
}

int unix_accept(struct socket *socket, bool nonblock, struct socket **out)
{
	struct unix_socket *self = unix_of(socket), *ready;
	u64 deadline_ns = socket_deadline(socket->receive_timeout_ns, nonblock);

	if (!unix_is_connected_type(self))
		return -EOPNOTSUPP;
	if (READ_ONCE(self->state) != UNIX_LISTENING)
		return -EINVAL;
	while (!(ready = ready_take(self))) {
		int error;

		if (!listener_accepts(self))
			return -EINVAL;
		error = deadline_ns ? wait_event(&self->ring.read_wait,
						 READ_ONCE(self->ready_count) ||
						 !listener_accepts(self), deadline_ns)
				    : -EAGAIN;
		if (error)
			return socket_wait_result(error, socket->receive_timeout_ns);
	}
	*out = &ready->socket;
	return 0;
}

/* ---- Shutting down ---- */

int unix_shutdown(struct socket *socket, u32 how)
{
	struct unix_socket *self = unix_of(socket), *peer;
	u32 mirrored = (how & SHUT_IN ? SHUT_OUT : 0) | (how & SHUT_OUT ? SHUT_IN : 0);

	atomic_or(&self->shutdown, how);
	peer = unix_is_connected_type(self) ? unix_peer_get(self) : NULL;
	if (peer) {
		atomic_or(&peer->shutdown, mirrored);
		unix_wake(peer);
		unix_put(peer);
	}
	unix_wake(self);
	return 0;
}
