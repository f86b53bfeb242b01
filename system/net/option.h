/* SPDX-License-Identifier: MIT */
/* Options of SOL_SOCKET: those that all families have, and the way to the family's own. */
#ifndef NET_OPTION_H
#define NET_OPTION_H

#include "net/socket.h"

#define SOL_SOCKET 1

enum socket_option {
	SO_DEBUG = 1, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST, SO_SNDBUF,
	SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK, SO_PRIORITY, SO_LINGER, SO_BSDCOMPAT,
	SO_REUSEPORT, SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT, SO_SNDLOWAT, SO_RCVTIMEO, SO_SNDTIMEO,
	SO_ACCEPTCONN = 30, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33, SO_PROTOCOL = 38,
	SO_DOMAIN = 39, SO_PEEK_OFF = 42, SO_PEERGROUPS = 59,
};

/* The greatest value that setsockopt(2) takes and getsockopt(2) gives, groups included. */
#define SOCKET_OPTION_MAX 256u

static inline bool socket_switch(const struct socket *socket, enum socket_option option)
{
	return READ_ONCE(socket->switches) & (1u << option);
}

/*
 * Sets an option of SOL_SOCKET; value holds size bytes. 0, -ENOPROTOOPT, -EINVAL (too few bytes),
 * -EDOM, -EPERM.
 */
int socket_option_set(struct socket *socket, int option, const void *value, u32 size);
/* Its value, of at most SOCKET_OPTION_MAX bytes: its size, or -ENOPROTOOPT, -ENODATA. */
long socket_option_get(struct socket *socket, int option, void *value);

#endif
