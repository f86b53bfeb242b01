/* SPDX-License-Identifier: MIT */
/* Pairs of connected stream sockets, socketpair(2): the only sockets there are so far. */
#ifndef NET_SOCKETPAIR_H
#define NET_SOCKETPAIR_H

#include "vfs/file.h"

/* flags: O_NONBLOCK for both. 0 or -ENOMEM. */
int socketpair_create(u32 flags, struct file *ends[2]) __must_check;

/* All below: -ENOTSOCK where the file is no socket. flags are MSG_*, as in recv(2) and send(2). */
ssize_t socket_receive(struct file *file, struct iter *to, u32 flags);
ssize_t socket_send(struct file *file, struct iter *from, u32 flags);
/* how: 0 no more reading, 1 no more writing, 2 neither. */
int socket_shutdown(struct file *file, u32 how);
bool file_is_socket(const struct file *file);
/* The process that made the pair. */
struct socket_maker { u32 pid, uid, gid; };
const struct socket_maker *socket_maker(const struct file *file);

#endif
