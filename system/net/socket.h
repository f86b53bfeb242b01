/* SPDX-License-Identifier: MIT */
/*
 * Sockets as system calls see them: a family's operations, and options that all families have. A
 * socket belongs to its file; what a family keeps of it embeds struct socket.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "net/address.h"
#include "net/message.h"
#include "vfs/file.h"

#define AF_UNSPEC	0
#define AF_UNIX		1
#define AF_MAX		46

#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define SOCK_RAW	3
#define SOCK_SEQPACKET	5
#define SOCK_TYPES	0xfu	/* the bits of a type */
#define SOCK_TYPE_COUNT	11u

#define SHUT_IN		1u	/* nothing more comes: bits of shutdown(2)'s argument plus one */
#define SHUT_OUT	2u	/* nothing more goes */

struct socket;

/* All return 0 (or what is said) or -errno as the system call of that name. Any may sleep. */
struct socket_operations {
	int (*bind)(struct socket *socket, const struct socket_address *address);
	int (*listen)(struct socket *socket, u32 backlog);
	int (*connect)(struct socket *socket, const struct socket_address *address, bool nonblock);
	/* *out: a socket without a file; socket_file_create() gives it one. */
	int (*accept)(struct socket *socket, bool nonblock, struct socket **out);
	/* Its own address, or (peer) the one it is connected to. */
	int (*name)(struct socket *socket, bool peer, struct socket_address *out);
	/* Bytes moved. */
	ssize_t (*send)(struct socket *socket, struct socket_message *message);
	ssize_t (*receive)(struct socket *socket, struct socket_message *message);
	int (*shutdown)(struct socket *socket, u32 how);	/* SHUT_* bits */
	u32 (*poll)(struct socket *socket, struct poll_request *request);
	long (*ioctl)(struct socket *socket, u32 command, uptr argument);
	/*
	 * An option of SOL_SOCKET that only the family knows: writes it to value, which has room
	 * for SOCKET_OPTION_MAX bytes, and returns its size; -ENOPROTOOPT.
	 */
	long (*option)(struct socket *socket, int option, void *value);
	/* As in struct file_operations. */
	bool (*put_watched)(struct socket *socket);
	/* The file is gone, or there will be none. */
	void (*release)(struct socket *socket);
};

/* A family: how its sockets are made. */
struct socket_family {
	u16 family;
	/* A socket without a file. -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENOMEM. */
	int (*create)(u32 type, int protocol, struct socket **out);
	/* Connects two fresh ones of one type: socketpair(2). NULL: there are no pairs. */
	int (*pair)(struct socket *ends[2]);
};

struct socket {
	const struct socket_operations *operations;
	u16 family, type;		/* constant */
	u32 error;			/* SO_ERROR: an errno that waits to be told; atomic */
	/* Single words, changed by setsockopt(2) alone. */
	u32 send_buffer, receive_buffer;	/* bytes, doubled as Linux does */
	u32 low_water;
	s32 peek_offset;		/* SO_PEEK_OFF; below 0: none */
	bool signals;			/* O_ASYNC is set */
	u32 switches;			/* bits of options that are on or off; net/option.h */
	struct { s32 on, seconds; } linger;
	u64 receive_timeout_ns, send_timeout_ns;	/* FOREVER: none */
	/* no reference; NULL: none yet */
	struct file *file;
};

/* ---- Making ---- */

/* A socket of a family and type without a file: -EAFNOSUPPORT, -EPROTONOSUPPORT... */
int socket_create(int family, u32 type, int protocol, struct socket **out) __must_check;
/* Two that are connected. -EOPNOTSUPP where the family has no pairs. */
int socket_create_pair(int family, u32 type, int protocol, struct socket *ends[2]) __must_check;
/* For families: what all sockets begin with. */
void socket_init(struct socket *socket, const struct socket_operations *operations, u32 family,
		 u32 type);
/*
 * Its file, which owns it from then on; flags: O_NONBLOCK. NULL when out of memory: the socket was
 * released.
 */
struct file *socket_file_create(struct socket *socket, u32 flags) __must_check;

/* ---- Using ---- */

/* NULL where the file is none. */
struct socket *socket_of(const struct file *file);
/* The error that waits, as a negative errno, and none any more. */
int socket_error_take(struct socket *socket);
/* When a wait with this timeout ends: 0 where it is not to wait at all. */
u64 socket_deadline(u64 timeout_ns, bool nonblock);
/* What a call returns whose wait ended so: -EAGAIN for the deadline; no restart with a timeout. */
int socket_wait_result(int result, u64 timeout_ns);
/* send(2): raises SIGPIPE where that is due. */
ssize_t socket_send(struct socket *socket, struct socket_message *message);

#endif
