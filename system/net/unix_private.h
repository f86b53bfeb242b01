/* SPDX-License-Identifier: MIT */
/*
 * Inside local sockets.
 *
 *	unix.c		making, ending; operations by type
 *	unix_name.c	names: in the file tree, abstract, by number
 *	unix_connect.c	listening, connecting, accepting, shutting down
 *	unix_stream.c	bytes in a ring, with marks on it
 *	unix_packet.c	datagrams and sequenced packets: a queue of messages
 *	unix_state.c	what poll(2), ioctl(2) and getsockopt(2) tell
 *	unix_collect.c	sockets that only sockets in flight lead to
 *
 * Locks. unix_lock (LOCK_LOCAL, short, one for the domain) guards who is called what, connected to
 * whom, waiting to be accepted, and in flight. unix_queue.lock (LOCK_LOCAL_QUEUE, short) guards a
 * socket's queue; ring.lock (LOCK_PIPE, long) the bytes of a stream, and with the queue's lock the
 * marks on them: either is enough to look at those.
 */
#ifndef NET_UNIX_PRIVATE_H
#define NET_UNIX_PRIVATE_H

#include "core/lock.h"
#include "core/wait.h"
#include "ipc/pipe.h"
#include "net/rights.h"
#include "net/unix.h"
#include "process/credentials.h"

#define UNIX_PATH_MAX	108u
#define UNIX_NAME_FAMILY sizeof(u16)	/* what comes before the name itself */

/* The bytes behind the family: a path with its NUL, or a NUL and an abstract name. */
struct unix_name {
	refcount references;
	u32 size;
	char bytes[];
};

enum unix_state { UNIX_IDLE, UNIX_LISTENING, UNIX_CONNECTED, UNIX_DEAD };

/*
 * A message that waits in a queue, or what came with the bytes from start to end of a stream: its
 * mark.
 */
struct unix_message {
	refcount references;		/* the queue; who peeks at it */
	struct list node;		/* queue */
	struct unix_socket *sender;	/* reference held; NULL for marks */
	u32 charge;			/* what it takes of the sender's buffer */
	bool has_credentials;
	struct socket_credentials credentials;
	struct rights *rights;		/* in flight; queue */
	u32 start, end;			/* marks: by the ring's counters */
	u32 size;			/* bytes of data */
	char data[];
};

struct unix_queue {
	struct lock lock;
	struct list messages;		/* struct unix_message, oldest first */
	u32 count;
	bool closed;			/* nothing is added any more */
};

struct unix_socket {
	struct socket socket;
	/* its file, the one at its other end, messages from it, who is about to do something */
	refcount references;

	/* unix_lock */
	struct list node;		/* all of them */
	struct unix_socket *name_next;	/* of those with an abstract name, by hash */
	enum unix_state state;
	struct unix_name *name;		/* set once; a reference */
	struct inode *inode;		/* of its path; reference held; inode->private leads back */
	/*
	 * The other end, or where datagrams go; a reference. A stream's does not change once set,
	 * and is read without the lock by the file's users.
	 */
	struct unix_socket *peer;
	struct list followers, follower_node;	/* sockets whose datagrams come here */
	struct list ready;		/* listening: connected ones that nobody accepted yet */
	struct list ready_node;
	struct unix_socket *listener;	/* in whose list of those it is, or NULL */
	u32 ready_count, backlog;
	/* Who made the other end; for a listener and its kind: who called listen(2). NULL: none. */
	struct credentials *credentials, *peer_credentials;
	u32 pid, peer_pid;
	/* collector */
	struct list flights;		/* struct right: its file's references in flight */
	u32 in_flight;			/* how many */
	u32 unexplained;		/* those that no suspect's queue accounts for */
	enum { GARBAGE_NO, GARBAGE_MAYBE } garbage;
	struct list garbage_node;

	u32 shutdown;			/* SHUT_*; atomic */
	u32 sent;			/* charges of messages that nobody took yet; atomic */
	struct unix_queue queue;
	struct pipe ring;		/* streams: what came in */
	/* Who waits to read sleeps in ring.read_wait, whatever the type. */
	struct wait_queue write_wait;	/* writers of this socket */
	/* those without a tie to this socket that wait for room in its queue */
	struct wait_queue room_wait;
};

extern struct lock unix_lock;

static inline struct unix_socket *unix_of(struct socket *socket)
{
	return container_of(socket, struct unix_socket, socket);
}

static inline bool unix_is_connected_type(const struct unix_socket *socket)
{
	return socket->socket.type != SOCK_DGRAM;
}

/* ---- unix.c ---- */

/* A fresh one with one reference, or NULL: out of memory. */
struct unix_socket *unix_create(u32 type) __must_check;
static inline void unix_get(struct unix_socket *socket) { refcount_get(&socket->references); }
/* Drops a reference. No short locks held. */
void unix_put(struct unix_socket *socket);
/* The peer with a reference, or NULL. */
struct unix_socket *unix_peer_get(struct unix_socket *socket);
/* Who reads, or writes, by the socket is to look again. unix_lock not held. */
void unix_wake_reader(struct unix_socket *socket);
void unix_wake_writer(struct unix_socket *socket);
/* All of them: its state has changed. */
void unix_wake(struct unix_socket *socket);
/* Its file is gone, or (embryo) it was never accepted: all that waits in it is dropped. */
void unix_end(struct unix_socket *socket, bool embryo);
/* The credentials of the caller, as of now, with a reference. */
struct credentials *unix_credentials_get(void);
/* The local socket that a file is, or NULL. */
struct unix_socket *unix_of_file(const struct file *file);

/* ---- unix_name.c ---- */

int unix_bind(struct socket *socket, const struct socket_address *address);
/* Gives an unbound socket an abstract name by number. 0, -ENOMEM, -ENOSPC. */
int unix_bind_number(struct unix_socket *socket);
int unix_name(struct socket *socket, bool peer, struct socket_address *out);
/* Whether it has the form of one: 0 or -EINVAL. */
int unix_address_check(const struct socket_address *address);
/* Who is called so, with a reference: -EINVAL, -ECONNREFUSED, -EPROTOTYPE, or as path_walk(). */
int unix_find(const struct unix_socket *asker, const struct socket_address *address,
	      struct unix_socket **out) __must_check;
/* Takes the name back. unix_lock held; the inode, if any, is the caller's to put. */
struct inode *unix_unbind_locked(struct unix_socket *socket);
/* Its address, or none (size 0) where it is unbound. */
void unix_address(struct unix_socket *socket, struct socket_address *out);
void unix_name_put(struct unix_name *name);

/* ---- unix_connect.c ---- */

int unix_listen(struct socket *socket, u32 backlog);
int unix_connect(struct socket *socket, const struct socket_address *address, bool nonblock);
int unix_accept(struct socket *socket, bool nonblock, struct socket **out);
int unix_shutdown(struct socket *socket, u32 how);
/* Connects two fresh ones. */
int unix_pair(struct socket *ends[2]);

/* ---- unix_queue.c ---- */

/* A message of so many bytes, not charged to anybody. NULL: out of memory. */
struct unix_message *unix_message_create(u32 size) __must_check;
/* Drops a reference; the last one gives back charge and rights. No locks held. */
void unix_message_put(struct unix_message *message);
/* Empties the queue; _close lets nothing in from now on. Was there anything? No locks held. */
bool unix_queue_empty(struct unix_queue *queue);
bool unix_queue_close(struct unix_queue *queue);

/* ---- Data ---- */

ssize_t unix_stream_send(struct socket *socket, struct socket_message *message);
ssize_t unix_stream_receive(struct socket *socket, struct socket_message *message);
ssize_t unix_packet_send(struct socket *socket, struct socket_message *message);
ssize_t unix_packet_receive(struct socket *socket, struct socket_message *message);
/* Whether so much is taken of the sender's buffer that poll(2) says no more fits. */
bool unix_is_writable(const struct unix_socket *socket);
/* More datagrams wait than may, for senders that the socket is not connected to. */
static inline bool unix_queue_is_full(const struct unix_socket *socket)
{
	return READ_ONCE(socket->queue.count) > UNIX_DATAGRAMS_MAX;
}

/* ---- unix_state.c ---- */

u32 unix_poll(struct socket *socket, struct poll_request *request);
long unix_ioctl(struct socket *socket, u32 command, uptr argument);
long unix_option(struct socket *socket, int option, void *value);

/* ---- unix_collect.c ---- */

/* A reference on its file goes into flight, or comes out of it. unix_lock held. */
void unix_flight_add_locked(struct unix_socket *socket, struct right *right);
void unix_flight_remove_locked(struct unix_socket *socket, struct right *right);
/*
 * Rights in flight were put into the queue of holder under this hold of unix_lock. True: one of
 * them may be reached by the queue alone; unix_collect(holder) is to be called without the lock.
 */
bool unix_rights_wait_locked(struct rights *rights, struct unix_socket *holder) __must_check;
/*
 * If nobody can reach the socket any more, frees what waits in it and in all that lead to it. The
 * caller has a reference on it. No short locks held.
 */
void unix_collect(struct unix_socket *socket);
/* A reference on the file of a socket in flight is dropped: as put_watched() of files. */
bool unix_put_watched(struct socket *socket);

#endif
