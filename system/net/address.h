/* SPDX-License-Identifier: MIT */
/* Addresses of sockets as programs give them, of any family. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include "core/types.h"

#define SOCKET_ADDRESS_MAX 128u		/* sizeof(struct sockaddr_storage) */

struct socket_address {
	u32 size;	/* bytes of the rest that count; 0: no address at all */
	union {
		u16 family;
		u8 bytes[SOCKET_ADDRESS_MAX];
	};
};

#endif
