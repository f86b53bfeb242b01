/* SPDX-License-Identifier: MIT */
/*
 * Local sockets (AF_UNIX), of which the rest of the layer knows the family and the list for
 * /proc/net/unix.
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "net/socket.h"

#define UNIX_BACKLOG_MAX	4096u	/* net.core.somaxconn */
#define UNIX_DATAGRAMS_MAX	10u	/* net.unix.max_dgram_qlen */

/* One socket as /proc/net/unix shows it. */
struct unix_view {
	u32 references, type, state;
	u64 ino;			/* 0: no file yet, or no more */
	bool accepts;
	const char *name;		/* NULL: unbound; not ended by a NUL */
	u32 name_size;
};

extern const struct socket_family unix_family;

/* Calls show for each local socket, with LOCK_LOCAL held. */
void unix_for_each(void (*show)(const struct unix_view *view, void *data), void *data);

#endif
