/* SPDX-License-Identifier: MIT */
/*
 * Local sockets: making and ending them, and which functions serve which type. unix_lock guards the
 * list of all of them, and what net/unix_private.h says.
 */
#include "core/heap.h"
#include "ipc/async.h"
#include "net/unix_private.h"
#include "process/process.h"
#include "vfs/inode.h"

/* Holds what the default limit of 212,992 bytes lets in. */
#define STREAM_SIZE (256u << 10)

struct lock unix_lock = LOCK_INIT(LOCK_LOCAL);

static struct list all = { &all, &all };	/* unix_socket.node */

static const struct socket_operations stream_operations, packet_operations;

/* ---- Life ---- */

struct unix_socket *unix_create(u32 type)
{
	struct unix_socket *self = heap_alloc_zero(sizeof(*self));

	if (!self)
		return NULL;
	if (pipe_init(&self->ring, type == SOCK_STREAM ? STREAM_SIZE : PAGE_SIZE)) {
		heap_free(self);
		return NULL;
	}
	socket_init(&self->socket,
		    type == SOCK_STREAM ? &stream_operations : &packet_operations, AF_UNIX, type);
	refcount_init(&self->references, 1);
	list_init(&self->followers);
	list_init(&self->follower_node);
	list_init(&self->ready);
	list_init(&self->ready_node);
	list_init(&self->flights);
	list_init(&self->garbage_node);
	lock_init(&self->queue.lock, LOCK_LOCAL_QUEUE);
	list_init(&self->queue.messages);
	wait_queue_init(&self->write_wait);
	wait_queue_init(&self->room_wait);
	lock_acquire(&unix_lock);
	list_add_tail(&self->node, &all);
	lock_release(&unix_lock);
	return self;
}

void unix_put(struct unix_socket *self)
{
	if (!refcount_put(&self->references))
		return;
	if (self->name)
		unix_name_put(self->name);
	credentials_put(self->credentials);
	credentials_put(self->peer_credentials);
	pipe_free_pages(&self->ring);
	heap_free(self);
}

struct unix_socket *unix_peer_get(struct unix_socket *self)
{
	struct unix_socket *peer;

	lock_acquire(&unix_lock);
	peer = self->peer;
	if (peer)
		unix_get(peer);
	lock_release(&unix_lock);
	return peer;
}

struct credentials *unix_credentials_get(void)
{
	struct credentials *credentials = process_current()->credentials;

	refcount_get(&credentials->references);
	return credentials;
}

struct unix_socket *unix_of_file(const struct file *file)
{
	struct socket *socket = socket_of(file);

	return socket && socket->family == AF_UNIX ? unix_of(socket) : NULL;
}

/* The file may be going away: its owner is looked up where that can't be. */
static void owner_tell(struct unix_socket *self, u32 events)
{
	struct file_owner owner = { 0 };

	lock_acquire(&unix_lock);
	if (self->socket.file)
		owner = self->socket.file->owner;
	lock_release(&unix_lock);
	async_send(&owner, events);
}

void unix_wake_reader(struct unix_socket *self)
{
	if (!wait_queue_idle(&self->ring.read_wait))
		wait_queue_wake(&self->ring.read_wait, POLLIN | POLLRDNORM);
	if (unlikely(READ_ONCE(self->socket.signals)))
		owner_tell(self, POLLIN | POLLRDNORM);
}

void unix_wake_writer(struct unix_socket *self)
{
	if (!wait_queue_idle(&self->write_wait))
		wait_queue_wake(&self->write_wait, POLLOUT | POLLWRNORM | POLLWRBAND);
	if (unlikely(READ_ONCE(self->socket.signals)))
		owner_tell(self, POLLOUT | POLLWRNORM | POLLWRBAND);
}

void unix_wake(struct unix_socket *self)
{
	if (READ_ONCE(self->socket.signals))
		owner_tell(self, POLLIN | POLLHUP);
	wait_queue_wake_all(&self->ring.read_wait, 0);
	wait_queue_wake_all(&self->write_wait, 0);
	wait_queue_wake_all(&self->room_wait, 0);
}

/* ---- The end ---- */

/* Nothing is added to the stream any more. Whether there were bytes that nobody read. */
static bool ring_close(struct unix_socket *self)
{
	bool unread;

	lock_acquire(&self->ring.lock);
	unread = self->ring.head != self->ring.tail;
	atomic_or(&self->shutdown, SHUT_IN | SHUT_OUT);
	lock_release(&self->ring.lock);
	return unread;
}

/* The other end of a connection that is no more. */
static void peer_tell(struct unix_socket *peer, bool reset)
{
	if (reset)
		WRITE_ONCE(peer->socket.error, ECONNRESET);
	atomic_or(&peer->shutdown, SHUT_IN | SHUT_OUT);
	unix_wake(peer);
}

static void followers_wake_locked(struct unix_socket *self)
{
	struct unix_socket *follower;

	list_for_each(follower, &self->followers, follower_node)
		wait_queue_wake_all(&follower->write_wait, 0);
}

/* Takes it out of all that unix_lock guards; its peer and its inode are the caller's then. */
static struct unix_socket *unlink_locked(struct unix_socket *self, struct inode **inode,
					 struct list *embryos)
{
	struct unix_socket *peer = self->peer;

	self->state = UNIX_DEAD;
	self->socket.file = NULL;
	list_remove(&self->node);
	*inode = unix_unbind_locked(self);
	self->peer = NULL;
	list_remove(&self->follower_node);
	self->listener = NULL;
	list_splice_tail(&self->ready, embryos);
	self->ready_count = 0;
	followers_wake_locked(self);
	return peer;
}

void unix_end(struct unix_socket *self, bool embryo)
{
	struct unix_socket *peer;
	struct list embryos;
	struct inode *inode;
	bool unread;

	list_init(&embryos);
	lock_acquire(&unix_lock);
	peer = unlink_locked(self, &inode, &embryos);
	lock_release(&unix_lock);
	if (inode)
		inode_put(inode);
	unread = ring_close(self);
	unread |= unix_queue_close(&self->queue);
	unix_wake(self);
	while (!list_empty(&embryos)) {
		struct unix_socket *ready = list_first(&embryos, struct unix_socket, ready_node);

		list_remove(&ready->ready_node);
		unix_end(ready, true);
	}
	if (peer) {
		if (unix_is_connected_type(self))
			peer_tell(peer, unread || embryo);
		unix_put(peer);
	}
	unix_put(self);
}

static void unix_release(struct socket *socket)
{
	unix_end(unix_of(socket), false);
}

/* ---- The family ---- */

static int unix_family_create(u32 type, int protocol, struct socket **out)
{
	struct unix_socket *self;

	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	/* As on Linux, which takes this word from BSD. */
	if (type == SOCK_RAW)
		type = SOCK_DGRAM;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	self = unix_create(type);
	if (!self)
		return -ENOMEM;
	*out = &self->socket;
	return 0;
}

const struct socket_family unix_family = {
	.family = AF_UNIX,
	.create = unix_family_create,
	.pair = unix_pair,
};

#define OPERATIONS(send_, receive_) { \
	.bind = unix_bind, \
	.listen = unix_listen, \
	.connect = unix_connect, \
	.accept = unix_accept, \
	.name = unix_name, \
	.send = (send_), \
	.receive = (receive_), \
	.shutdown = unix_shutdown, \
	.poll = unix_poll, \
	.ioctl = unix_ioctl, \
	.option = unix_option, \
	.put_watched = unix_put_watched, \
	.release = unix_release, \
}

static const struct socket_operations stream_operations =
	OPERATIONS(unix_stream_send, unix_stream_receive);
static const struct socket_operations packet_operations =
	OPERATIONS(unix_packet_send, unix_packet_receive);

void unix_for_each(void (*show)(const struct unix_view *view, void *data), void *data)
{
	struct unix_socket *self;

	lock_acquire(&unix_lock);
	list_for_each(self, &all, node) {
		struct unix_view view = {
			.references = READ_ONCE(self->references.count),
			.type = self->socket.type,
			.state = self->state == UNIX_CONNECTED ? 3 : 1,	/* SS_* of Linux */
			.ino = self->socket.file ? self->socket.file->inode->ino : 0,
			.accepts = self->state == UNIX_LISTENING,
			.name = self->name ? self->name->bytes : NULL,
			.name_size = self->name ? self->name->size : 0,
		};

		show(&view, data);
	}
	lock_release(&unix_lock);
}
