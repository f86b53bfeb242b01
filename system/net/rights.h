/* SPDX-License-Identifier: MIT */
/*
 * Open files that are sent along with a message (SCM_RIGHTS in unix(7)). From the moment that they
 * are sent until somebody takes them they are in flight: counted for the user who sent them, and,
 * where they are sockets themselves, known to the collector (net/unix_collect.c).
 */
#ifndef NET_RIGHTS_H
#define NET_RIGHTS_H

#include "core/list.h"
#include "core/types.h"

#define RIGHTS_MAX 253u		/* SCM_MAX_FD: of one message */

struct file;
struct rights;
struct unix_socket;

struct right {
	struct file *file;	/* reference held */
	/* in flight, and a local socket */
	struct rights *rights;	/* that it is one of */
	struct list flight_node;
};

struct rights {
	struct list node;	/* of those that a thread is about to give back */
	u32 count;
	u32 sender_uid;		/* in flight: whose count they are in */
	bool in_flight;
	/* In flight: in whose queue they wait, or waited until just now. NULL: in none yet. */
	struct unix_socket *holder;
	struct right entries[];
};

/* Without files yet, with room for so many. NULL: out of memory. */
struct rights *rights_create(u32 room) __must_check;
/* A copy with references of its own, not in flight. NULL: out of memory. */
struct rights *rights_copy(const struct rights *rights) __must_check;
/*
 * Gives all references back, of those in flight too. A file that goes with that may be a socket
 * with further ones in its queue: however long such a chain is, it takes no more stack. No locks
 * held.
 */
void rights_free(struct rights *rights);

/*
 * They are sent. 0; -ETOOMANYREFS: the user has more in flight than RLIMIT_NOFILE allows (without
 * CAP_SYS_RESOURCE or CAP_SYS_ADMIN); -ENOMEM. Takes LOCK_LOCAL.
 */
int rights_launch(struct rights *rights) __must_check;
/* They are taken. Takes LOCK_LOCAL. */
void rights_land(struct rights *rights);
void rights_land_locked(struct rights *rights);	/* LOCK_LOCAL held */

#endif
