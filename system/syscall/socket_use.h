/* SPDX-License-Identifier: MIT */
/* What calls on sockets share: the socket behind a descriptor, addresses of programs. */
#ifndef SYSCALL_SOCKET_USE_H
#define SYSCALL_SOCKET_USE_H

#include "net/socket.h"
#include "syscall/fd_use.h"

struct socket_use {
	struct fd_use fd;
	struct socket *socket;
};

/* The socket for the length of one call: socket_use_end(). 0, -EBADF, -ENOTSOCK (nothing held). */
int socket_use_begin(int fd, struct socket_use *use) __must_check;
static inline void socket_use_end(struct socket_use *use)
{
	fd_use_end(use->fd);
}

/* Whether this call is not to wait, by its flags (MSG_*) or the file's. */
static inline bool socket_use_nonblock(const struct socket_use *use, u32 flags)
{
	return use->fd.file->flags & O_NONBLOCK || flags & MSG_DONTWAIT;
}

/* An address that a program gives. 0, -EINVAL, -EFAULT. */
int socket_address_read(struct socket_address *address, uptr from, s32 size) __must_check;
/* To a program, cut to the room that it said there is; its size is told whole. -EFAULT, -EINVAL. */
int socket_address_write(const struct socket_address *address, uptr to, uptr size_address)
	__must_check;

#endif
