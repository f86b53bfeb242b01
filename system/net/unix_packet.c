/* SPDX-License-Identifier: MIT */
/*
 * Datagrams and sequenced packets of local sockets: messages that are whole or not at all, in the
 * receiver's queue (queue.lock). How many bytes a sender may have under way is its own limit; a
 * receiver that is not tied to the sender has a limit of messages too.
 */
#include "core/heap.h"
#include "net/option.h"
#include "net/unix_private.h"
#include "process/process.h"

#define CHARGE_EXTRA	768u	/* what a message takes of a buffer beside its bytes, as on Linux */
#define SIZE_EXTRA	32u	/* a message is that much smaller than the buffer */

/* ---- A message ---- */

static struct unix_message *packet_create(struct unix_socket *self,
					  struct socket_message *message)
{
	const struct credentials *own = process_current()->credentials;
	size_t size = message->data->left;
	struct unix_message *packet = unix_message_create(size);

	if (!packet)
		return ERROR_PTR(-ENOMEM);
	if (iter_copy_from(message->data, packet->data, size) != size) {
		unix_message_put(packet);
		return ERROR_PTR(-EFAULT);
	}
	unix_get(self);
	packet->sender = self;
	packet->charge = size + CHARGE_EXTRA;
	atomic_add(&self->sent, packet->charge);
	packet->has_credentials = message->has_credentials;
	packet->credentials = message->credentials;
	if (!packet->has_credentials)
		packet->credentials = (struct socket_credentials){
			process_current()->pid, own->uid, own->gid,
		};
	return packet;
}

static bool sender_has_room(const struct unix_socket *self)
{
	return READ_ONCE(self->sent) < READ_ONCE(self->socket.send_buffer);
}

/* 0 once the sender may have one more message under way. */
static int sender_wait_room(struct unix_socket *self, u64 deadline_ns)
{
	for (;;) {
		int error = socket_error_take(&self->socket);

		if (error)
			return error;
		if (READ_ONCE(self->shutdown) & SHUT_OUT)
			return -EPIPE;
		if (sender_has_room(self))
			return 0;
		if (!deadline_ns)
			return -EAGAIN;
		error = wait_event(&self->write_wait,
				   sender_has_room(self) || READ_ONCE(self->socket.error) ||
				   READ_ONCE(self->shutdown) & SHUT_OUT, deadline_ns);
		if (error)
			return socket_wait_result(error, self->socket.send_timeout_ns);
	}
}

/* ---- Delivery ---- */

/*
 * 0; -EAGAIN: the receiver has enough of them; -EPERM, -EPIPE, -ECONNREFUSED. *stranded: what
 * unix_rights_wait_locked() says of its rights. unix_lock held.
 */
static int deliver_locked(struct unix_socket *self, struct unix_socket *to,
			  struct unix_message *packet, bool *stranded)
{
	struct rights *rights = packet->rights;
	bool tied = to == self || to->peer == self;
	int error = 0;

	if (to->peer && !tied)
		return -EPERM;
	if (to->state == UNIX_DEAD)
		return unix_is_connected_type(self) ? -EPIPE : -ECONNREFUSED;
	if (READ_ONCE(to->shutdown) & SHUT_IN)
		return -EPIPE;
	if (!tied && unix_queue_is_full(to))
		return -EAGAIN;
	if (!packet->has_credentials)
		packet->has_credentials = socket_switch(&self->socket, SO_PASSCRED) ||
					  socket_switch(&to->socket, SO_PASSCRED);
	lock_acquire(&to->queue.lock);
	if (to->queue.closed) {
		error = -ECONNREFUSED;
	} else {
		list_add_tail(&packet->node, &to->queue.messages);
		to->queue.count++;
	}
	lock_release(&to->queue.lock);
	if (rights && !error)
		*stranded = unix_rights_wait_locked(rights, to);
	return error;
}

static int deliver(struct unix_socket *self, struct unix_socket *to, struct unix_message *packet)
{
	struct unix_socket *gone = NULL;
	bool stranded = false;
	int error;

	lock_acquire(&unix_lock);
	error = deliver_locked(self, to, packet, &stranded);
	/* A peer that is no more is forgotten. */
	if (error == -ECONNREFUSED && self->peer == to) {
		gone = to;
		self->peer = NULL;
		self->state = UNIX_IDLE;
		list_remove(&self->follower_node);
	}
	lock_release(&unix_lock);
	if (gone)
		unix_put(gone);
	if (error)
		return error;
	spin_note(&to->ring.read_spin);
	unix_wake_reader(to);
	if (unlikely(stranded))
		unix_collect(to);
	return 0;
}

static bool receiver_has_room(const struct unix_socket *to)
{
	return !unix_queue_is_full(to) || READ_ONCE(to->state) == UNIX_DEAD ||
	       READ_ONCE(to->shutdown) & SHUT_IN;
}

/* The receiver with a reference. */
static int receiver_find(struct unix_socket *self, const struct socket_message *message,
			 struct unix_socket **to)
{
	if (message->name && !unix_is_connected_type(self))
		return unix_find(self, message->name, to);
	*to = unix_peer_get(self);
	return *to ? 0 : -ENOTCONN;
}

static int packet_post(struct unix_socket *self, const struct socket_message *message,
		       struct unix_message *packet, u64 deadline_ns)
{
	for (;;) {
		struct unix_socket *to;
		int error = receiver_find(self, message, &to);
		bool full;

		if (error)
			return error;
		error = deliver(self, to, packet);
		full = error == -EAGAIN && deadline_ns;
		if (full)
			error = wait_event(&to->room_wait, receiver_has_room(to), deadline_ns);
		unix_put(to);
		if (error || !full)
			return socket_wait_result(error, self->socket.send_timeout_ns);
	}
}

/* ---- Sending ---- */

/* What can be said before there is a message. */
static int packet_check(struct unix_socket *self, const struct socket_message *message)
{
	struct socket *socket = &self->socket;
	int error = 0;

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (message->name && !unix_is_connected_type(self))
		error = unix_address_check(message->name);
	else if (!READ_ONCE(self->peer))
		error = -ENOTCONN;
	if (error)
		return error;
	if (socket_switch(socket, SO_PASSCRED) && !READ_ONCE(self->name)) {
		error = unix_bind_number(self);
		if (error)
			return error;
	}
	return message->data->left > (size_t)socket->send_buffer - SIZE_EXTRA ? -EMSGSIZE : 0;
}

ssize_t unix_packet_send(struct socket *socket, struct socket_message *message)
{
	struct unix_socket *self = unix_of(socket);
	u64 deadline_ns = socket_deadline(socket->send_timeout_ns, message->nonblock);
	ssize_t size = message->data->left;
	struct unix_message *packet;
	int error = packet_check(self, message);

	if (!error)
		error = sender_wait_room(self, deadline_ns);
	if (!error && message->rights)
		error = rights_launch(message->rights);
	if (error)
		return error;
	packet = packet_create(self, message);
	if (IS_ERROR(packet))
		return PTR_ERROR(packet);
	packet->rights = message->rights;
	message->rights = NULL;
	error = packet_post(self, message, packet, deadline_ns);
	if (error)
		unix_message_put(packet);
	return error ? error : size;
}

/* ---- Receiving ---- */

/* Who waits for room in the queue, tied to this socket or not. */
static void senders_wake(struct unix_socket *self)
{
	struct unix_socket *follower;

	wait_queue_wake_all(&self->room_wait, POLLOUT | POLLWRNORM | POLLWRBAND);
	lock_acquire(&unix_lock);
	list_for_each(follower, &self->followers, follower_node)
		wait_queue_wake_all(&follower->write_wait, POLLOUT | POLLWRNORM | POLLWRBAND);
	lock_release(&unix_lock);
}

/* The message that a peek begins in: *offset is made one into it. queue.lock held. */
static struct unix_message *packet_at_locked(struct unix_queue *queue, u32 *offset)
{
	struct unix_message *packet;

	list_for_each(packet, &queue->messages, node) {
		if (!*offset || *offset < packet->size)
			return packet;
		*offset -= packet->size;
	}
	return NULL;
}

/* The next message, or NULL. Taken out of the queue, or (peek) with one more reference. */
static struct unix_message *packet_take(struct unix_socket *self, bool peek, u32 *offset)
{
	struct unix_queue *queue = &self->queue;
	struct unix_message *packet;
	bool had_room = false;

	lock_acquire(&queue->lock);
	packet = packet_at_locked(queue, offset);
	if (packet && peek) {
		refcount_get(&packet->references);
	} else if (packet) {
		list_remove(&packet->node);
		had_room = unix_queue_is_full(self);
		queue->count--;
		had_room = had_room && !unix_queue_is_full(self);
	}
	lock_release(&queue->lock);
	if (had_room)
		senders_wake(self);
	return packet;
}

static bool packet_readable(struct unix_socket *self)
{
	return READ_ONCE(self->queue.count) || READ_ONCE(self->shutdown) & SHUT_IN ||
	       READ_ONCE(self->socket.error);
}

/* NULL: nothing comes any more. Or ERROR_PTR. */
static struct unix_message *packet_await(struct unix_socket *self, bool peek, bool nonblock,
					 u32 *offset)
{
	u64 timeout_ns = self->socket.receive_timeout_ns;
	u64 deadline_ns = socket_deadline(timeout_ns, nonblock);
	u32 skip = *offset;

	for (;;) {
		int error = socket_error_take(&self->socket);
		struct unix_message *packet;

		if (error)
			return ERROR_PTR(error);
		*offset = skip;
		packet = packet_take(self, peek, offset);
		if (packet)
			return packet;
		if (READ_ONCE(self->shutdown) & SHUT_IN &&
		    (deadline_ns || unix_is_connected_type(self)))
			return NULL;
		if (!deadline_ns)
			return ERROR_PTR(-EAGAIN);
		if (spin_until(&self->ring.read_spin, packet_readable(self)))
			continue;
		error = wait_event(&self->ring.read_wait, packet_readable(self), deadline_ns);
		if (error)
			return ERROR_PTR(socket_wait_result(error, timeout_ns));
	}
}

/* What came beside the bytes. */
static void packet_tell(struct unix_socket *self, struct unix_message *packet,
			struct socket_message *message)
{
	if (message->name)
		unix_address(packet->sender, message->name);
	if (socket_switch(&self->socket, SO_PASSCRED)) {
		message->has_credentials = true;
		message->credentials = packet->has_credentials ? packet->credentials
			: (struct socket_credentials){ 0, 65534, 65534 };
	}
	lock_acquire(&self->queue.lock);
	if (packet->rights && message->flags & MSG_PEEK) {
		message->rights = rights_copy(packet->rights);
		if (!message->rights)
			message->result_flags |= MSG_CTRUNC;
	} else {
		message->rights = packet->rights;
		packet->rights = NULL;
	}
	lock_release(&self->queue.lock);
	if (message->rights && message->rights->in_flight)
		rights_land(message->rights);
}

static ssize_t packet_give(struct unix_message *packet, struct socket_message *message, u32 offset)
{
	size_t size = packet->size - MIN(offset, packet->size);
	size_t fits = MIN(size, message->data->left);

	if (iter_copy_to(message->data, packet->data + (packet->size - size), fits) != fits)
		return -EFAULT;
	if (fits < size)
		message->result_flags |= MSG_TRUNC;
	return message->flags & MSG_TRUNC ? size : fits;
}

ssize_t unix_packet_receive(struct socket *socket, struct socket_message *message)
{
	struct unix_socket *self = unix_of(socket);
	s32 offset = READ_ONCE(socket->peek_offset);
	bool peek = message->flags & MSG_PEEK;
	u32 skip = peek && offset > 0 ? offset : 0;
	struct unix_message *packet;
	ssize_t result;

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (unix_is_connected_type(self) && READ_ONCE(self->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	packet = packet_await(self, peek, message->nonblock, &skip);
	if (!packet || IS_ERROR(packet))
		return PTR_ERROR(packet);
	result = packet_give(packet, message, skip);
	if (result >= 0)
		packet_tell(self, packet, message);
	if (offset >= 0 && result >= 0)
		WRITE_ONCE(socket->peek_offset,
			   peek ? offset + result : MAX(offset - (s32)packet->size, 0));
	unix_message_put(packet);
	return result;
}
