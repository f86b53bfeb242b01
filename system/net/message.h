/* SPDX-License-Identifier: MIT */
/*
 * What one send or receive moves: bytes, and what comes beside them. On the stack of the call; the
 * socket fills in or uses up what it says below.
 */
#ifndef NET_MESSAGE_H
#define NET_MESSAGE_H

#include "memory/iter.h"
#include "net/address.h"

#define MSG_OOB		0x1u
#define MSG_PEEK	0x2u
#define MSG_CTRUNC	0x8u
#define MSG_TRUNC	0x20u
#define MSG_DONTWAIT	0x40u
#define MSG_EOR		0x80u
#define MSG_WAITALL	0x100u
#define MSG_ERRQUEUE	0x2000u
#define MSG_NOSIGNAL	0x4000u
#define MSG_WAITFORONE	0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u

struct rights;

/* struct ucred of programs. */
struct socket_credentials { u32 pid, uid, gid; };

struct socket_message {
	struct iter *data;
	u32 flags;			/* MSG_* of the call */
	u32 result_flags;		/* receive: MSG_* to be told */
	bool nonblock;
	/* receive: credentials are told of, where the socket was asked for them */
	bool has_credentials;
	struct socket_credentials credentials;
	/*
	 * Send: open files to go along, which the socket takes over when it returns more than an
	 * error (and sets this to NULL). Receive: those that came, the caller's from then on.
	 */
	struct rights *rights;
	/* send: to whom; receive: filled with from whom. NULL: not asked, not told */
	struct socket_address *name;
};

#endif
