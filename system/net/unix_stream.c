/* SPDX-License-Identifier: MIT */
/*
 * Bytes between two local sockets: the ring of the one that receives them. Where more than bytes
 * was sent, a mark in its queue says what came with which of them. A read begins in any place, goes
 * over bytes without rights, and ends behind those with which it took some.
 *
 * ring.lock guards the bytes, as in a pipe, and together with queue.lock the marks. It is given
 * back after each piece, so that the other side works on one while this one does the next.
 */
#include "core/heap.h"
#include "net/option.h"
#include "net/unix_private.h"
#include "process/process.h"

#define PIECE (64u << 10)

#define NOBODY ((struct socket_credentials){ 0, 65534, 65534 })

/*
 * Moves size bytes, which there are, by one of the ring's functions. All of them or none: -EFAULT,
 * -ENOMEM.
 */
static ssize_t piece_move(struct pipe *ring, struct iter *iter, u32 size,
			  ssize_t (*move)(struct pipe *ring, struct iter *iter))
{
	u32 head = ring->head, tail = ring->tail;
	size_t rest = iter->left - size;
	ssize_t moved;

	iter->left = size;
	do
		moved = move(ring, iter);
	while (unlikely(moved > 0 && iter->left));
	iter->left += rest;
	if (likely(moved > 0))
		return size;
	ring->head = head;
	ring->tail = tail;
	return moved;
}

/* ---- Marks; the ring's lock is held ---- */

/* The mark at a place, or the next one behind it. */
static struct unix_message *mark_find(struct unix_socket *self, u32 place)
{
	struct unix_message *mark;

	list_for_each(mark, &self->queue.messages, node)
		if ((s32)(mark->end - place) > 0)
			return mark;
	return NULL;
}

static bool credentials_equal(const struct socket_credentials *a,
			      const struct socket_credentials *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* The last mark grows over what comes right behind it, from the same sender. */
static bool mark_extend(struct unix_queue *queue, const struct unix_message *mark)
{
	struct unix_message *last = list_entry(queue->messages.prev, struct unix_message, node);

	if (list_empty(&queue->messages) || last->end != mark->start || last->rights ||
	    mark->rights || !credentials_equal(&last->credentials, &mark->credentials))
		return false;
	last->end = mark->end;
	return true;
}

/* Takes over mark and its rights. False where it was not needed. */
static bool mark_add(struct unix_socket *self, struct unix_message *mark)
{
	struct unix_queue *queue = &self->queue;
	bool extended;

	lock_acquire(&queue->lock);
	extended = mark_extend(queue, mark);
	if (!extended)
		list_add_tail(&mark->node, &queue->messages);
	lock_release(&queue->lock);
	return !extended;
}

/*
 * The same under unix_lock for one with rights, which then can't be taken before it is known where
 * they wait. *stranded: what unix_rights_wait_locked() says of them.
 */
static bool mark_post(struct unix_socket *self, struct unix_message *mark, bool *stranded)
{
	struct rights *rights = mark->rights;
	bool added;

	if (!rights)
		return mark_add(self, mark);
	lock_acquire(&unix_lock);
	added = mark_add(self, mark);
	*stranded = unix_rights_wait_locked(rights, self);
	lock_release(&unix_lock);
	return added;
}

/* ---- Sending ---- */

/* NULL: nothing but bytes is to be sent. Or ERROR_PTR. */
static struct unix_message *mark_prepare(struct unix_socket *self, const struct unix_socket *peer,
					 struct socket_message *message)
{
	const struct credentials *own = process_current()->credentials;
	bool named = message->has_credentials || socket_switch(&self->socket, SO_PASSCRED) ||
		     socket_switch(&peer->socket, SO_PASSCRED);
	struct unix_message *mark;

	if (likely(!named && !message->rights))
		return NULL;
	mark = unix_message_create(0);
	if (!mark)
		return ERROR_PTR(-ENOMEM);
	mark->credentials = NOBODY;
	if (message->has_credentials)
		mark->credentials = message->credentials;
	else if (named)
		mark->credentials = (struct socket_credentials){
			process_current()->pid, own->uid, own->gid,
		};
	return mark;
}

/* Room for bytes, as the sender's limit has it. */
static u32 stream_room(const struct unix_socket *self, const struct unix_socket *peer)
{
	u32 used = pipe_used(&peer->ring);
	u32 limit = MIN(READ_ONCE(self->socket.send_buffer), READ_ONCE(peer->ring.size));

	return used < limit ? limit - used : 0;
}

/*
 * Bytes moved, 0 where none fit, -EPIPE, -EFAULT, -ENOMEM. *mark becomes NULL when it is used;
 * *stranded as in mark_post().
 */
static ssize_t piece_put_locked(struct unix_socket *self, struct unix_socket *peer,
				struct socket_message *message, struct unix_message **mark,
				bool *stranded)
{
	u32 start = peer->ring.head, room = stream_room(self, peer);
	ssize_t moved;

	/* Nobody empties the ring and the queue of a peer that has ended. */
	if (READ_ONCE(self->shutdown) & SHUT_OUT || READ_ONCE(peer->shutdown) & SHUT_IN)
		return -EPIPE;
	if (!room)
		return 0;
	room = MIN(MIN(room, PIECE), message->data->left);
	moved = piece_move(&peer->ring, message->data, room, pipe_fill_locked);
	if (!*mark || moved <= 0)
		return moved;
	(*mark)->start = start;
	(*mark)->end = start + moved;
	(*mark)->rights = message->rights;
	message->rights = NULL;
	if (mark_post(peer, *mark, stranded))
		*mark = NULL;
	return moved;
}

static ssize_t piece_put(struct unix_socket *self, struct unix_socket *peer,
			 struct socket_message *message)
{
	struct unix_message *mark = mark_prepare(self, peer, message);
	bool stranded = false;
	ssize_t moved;

	if (IS_ERROR(mark))
		return PTR_ERROR(mark);
	lock_acquire(&peer->ring.lock);
	moved = piece_put_locked(self, peer, message, &mark, &stranded);
	lock_release(&peer->ring.lock);
	if (mark)
		unix_message_put(mark);
	if (moved <= 0)
		return moved;
	spin_note(&peer->ring.read_spin);
	unix_wake_reader(peer);
	if (unlikely(stranded))
		unix_collect(peer);
	return moved;
}

static bool stream_writable(struct unix_socket *self, const struct unix_socket *peer)
{
	return stream_room(self, peer) || READ_ONCE(self->shutdown) & SHUT_OUT ||
	       READ_ONCE(self->socket.error);
}

static int stream_wait_room(struct unix_socket *self, struct unix_socket *peer, u64 deadline_ns)
{
	if (!deadline_ns)
		return -EAGAIN;
	if (spin_until(&peer->ring.write_spin, stream_writable(self, peer)))
		return 0;
	return socket_wait_result(wait_event(&self->write_wait, stream_writable(self, peer),
					     deadline_ns), self->socket.send_timeout_ns);
}

static ssize_t stream_put(struct unix_socket *self, struct unix_socket *peer,
			  struct socket_message *message)
{
	u64 deadline_ns = socket_deadline(self->socket.send_timeout_ns, message->nonblock);
	ssize_t total = 0, result = 0;

	while (message->data->left) {
		result = socket_error_take(&self->socket);
		if (!result)
			result = piece_put(self, peer, message);
		if (!result)
			result = stream_wait_room(self, peer, deadline_ns);
		if (result < 0)
			break;
		total += result;
	}
	return total ? total : result;
}

ssize_t unix_stream_send(struct socket *socket, struct socket_message *message)
{
	struct unix_socket *self = unix_of(socket), *peer = load_acquire(&self->peer);
	int error;

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (message->name)
		return peer ? -EISCONN : -EOPNOTSUPP;
	if (!peer)
		return -ENOTCONN;
	if (READ_ONCE(self->shutdown) & SHUT_OUT)
		return -EPIPE;
	if (unlikely(message->rights) && message->data->left) {
		error = rights_launch(message->rights);
		if (error)
			return error;
	}
	return stream_put(self, peer, message);
}

/* ---- Receiving ---- */

struct stream_read {
	struct socket_message *message;
	u32 skip;		/* bytes that peeking passes over */
	bool peek;
	bool named;		/* who sent is told of, and is the same for all that is read */
	bool stop;		/* no more bytes in this read */
};

/* Whether bytes under this mark (NULL: none) may go to the same reader as those before. */
static bool sender_agrees(struct stream_read *read, const struct unix_message *mark)
{
	struct socket_credentials sender = mark ? mark->credentials : NOBODY;
	struct socket_message *message = read->message;

	if (likely(!read->named))
		return true;
	if (message->has_credentials)
		return credentials_equal(&message->credentials, &sender);
	message->has_credentials = true;
	message->credentials = sender;
	return true;
}

/* Some bytes under mark were read, all of them where it is finished. */
static void mark_take(struct unix_socket *self, struct stream_read *read,
		      struct unix_message *mark, bool finished)
{
	struct rights *rights;

	lock_acquire(&self->queue.lock);
	rights = mark->rights;
	if (read->peek) {
		rights = rights ? rights_copy(rights) : NULL;
		read->stop = mark->rights;
		if (mark->rights && !rights)
			read->message->result_flags |= MSG_CTRUNC;
	} else {
		mark->rights = NULL;
		if (finished)
			list_remove(&mark->node);
	}
	lock_release(&self->queue.lock);
	if (rights) {
		if (!read->peek)
			rights_land(rights);
		read->message->rights = rights;
	}
	if (read->peek || !finished)
		return;
	unix_message_put(mark);
	read->stop = read->message->rights;
}

/* Bytes moved, or -EFAULT. */
static ssize_t piece_take_locked(struct unix_socket *self, struct stream_read *read)
{
	struct iter *to = read->message->data;
	struct pipe *ring = &self->ring;
	ssize_t total = 0;

	while (to->left && ring->head != ring->tail && total < PIECE && !read->stop) {
		struct unix_message *mark = mark_find(self, ring->tail);
		bool under = mark && (s32)(ring->tail - mark->start) >= 0;
		u32 size = (!mark ? ring->head : under ? mark->end : mark->start) - ring->tail;
		ssize_t moved;

		if (!sender_agrees(read, under ? mark : NULL)) {
			read->stop = true;
			break;
		}
		moved = piece_move(ring, to, MIN(MIN(size, PIECE), to->left), pipe_take_locked);
		if (moved < 0)
			return total ? total : moved;
		total += moved;
		if (under)
			mark_take(self, read, mark, moved == size);
	}
	return total;
}

/* The bytes stay, and so do the counters. */
static ssize_t piece_peek_locked(struct unix_socket *self, struct stream_read *read)
{
	struct pipe *ring = &self->ring;
	u32 head = ring->head, tail = ring->tail;
	ssize_t moved;

	ring->tail += MIN(read->skip, head - tail);
	moved = piece_take_locked(self, read);
	ring->head = head;
	ring->tail = tail;
	if (moved > 0)
		read->skip += moved;
	return moved;
}

static void writer_wake(struct unix_socket *self)
{
	struct unix_socket *peer = self->peer;

	spin_note(&self->ring.write_spin);
	if ((!wait_queue_idle(&peer->write_wait) || READ_ONCE(peer->socket.signals)) &&
	    unix_is_writable(peer))
		unix_wake_writer(peer);
}

static ssize_t piece_take(struct unix_socket *self, struct stream_read *read)
{
	struct pipe *ring = &self->ring;
	ssize_t moved;

	lock_acquire(&ring->lock);
	if (read->peek)
		moved = piece_peek_locked(self, read);
	else
		moved = piece_take_locked(self, read);
	if (ring->head == ring->tail && !moved)
		pipe_trim_locked(ring);
	lock_release(&ring->lock);
	if (moved > 0 && !read->peek)
		writer_wake(self);
	return moved;
}

static bool stream_readable(struct unix_socket *self, u32 skip)
{
	return pipe_used(&self->ring) > skip || READ_ONCE(self->shutdown) & SHUT_IN ||
	       READ_ONCE(self->socket.error);
}

/* Nothing is there. 0: something may be now; 1: the end of the stream; -errno. */
static int stream_wait_bytes(struct unix_socket *self, u32 skip, u64 deadline_ns)
{
	int error = socket_error_take(&self->socket);

	if (error)
		return error;
	if (READ_ONCE(self->shutdown) & SHUT_IN)
		return pipe_used(&self->ring) <= skip;
	if (!deadline_ns)
		return -EAGAIN;
	if (spin_until(&self->ring.read_spin, stream_readable(self, skip)))
		return 0;
	return socket_wait_result(wait_event(&self->ring.read_wait, stream_readable(self, skip),
					     deadline_ns), self->socket.receive_timeout_ns);
}

/* Reads until there are so many bytes, and then what else there is. */
static ssize_t stream_take(struct unix_socket *self, struct stream_read *read, size_t target)
{
	struct socket_message *message = read->message;
	u64 deadline_ns = socket_deadline(self->socket.receive_timeout_ns, message->nonblock);
	ssize_t total = 0, result;

	for (;;) {
		bool empty = pipe_used(&self->ring) <= read->skip;

		result = empty ? 0 : piece_take(self, read);
		if (result > 0)
			total += result;
		if (result < 0 || read->stop || !message->data->left) {
			if (!empty || total)
				break;
		} else if (result > 0) {
			continue;
		}
		if (total && ((size_t)total >= target || read->peek))
			break;
		result = stream_wait_bytes(self, read->skip, deadline_ns);
		if (result)
			break;
	}
	return total || result > 0 ? total : result;
}

/* SO_PEEK_OFF moves on with peeking, and back with reading. */
static void peek_offset_move(struct socket *socket, bool peek, ssize_t moved)
{
	s32 offset = READ_ONCE(socket->peek_offset);

	if (likely(offset < 0) || moved <= 0)
		return;
	WRITE_ONCE(socket->peek_offset, peek ? offset + moved : MAX(offset - moved, 0));
}

ssize_t unix_stream_receive(struct socket *socket, struct socket_message *message)
{
	struct unix_socket *self = unix_of(socket);
	struct stream_read read = {
		.message = message,
		.peek = message->flags & MSG_PEEK,
		.named = socket_switch(socket, SO_PASSCRED),
	};
	size_t size = message->data->left;
	size_t target = message->flags & MSG_WAITALL ? size : MIN(size, socket->low_water);
	ssize_t moved;

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!load_acquire(&self->peer))
		return -EINVAL;
	if (read.peek && socket->peek_offset > 0)
		read.skip = socket->peek_offset;
	moved = stream_take(self, &read, target);
	peek_offset_move(socket, read.peek, moved);
	if (message->name && moved >= 0)
		unix_address(self->peer, message->name);
	return moved;
}
