/* SPDX-License-Identifier: MIT */
/* Options of local sockets. */
#include "tests/linux/socket.h"

#include <grp.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

TEST(socket_options_begin_so)
{
	static const struct { int option, value; } options[] = {
		{ SO_TYPE, SOCK_DGRAM }, { SO_DOMAIN, AF_UNIX }, { SO_PROTOCOL, 0 },
		{ SO_ERROR, 0 }, { SO_ACCEPTCONN, 0 }, { SO_SNDBUF, 212992 },
		{ SO_RCVBUF, 212992 }, { SO_RCVLOWAT, 1 }, { SO_SNDLOWAT, 1 },
		{ SO_REUSEADDR, 0 }, { SO_KEEPALIVE, 0 }, { SO_BROADCAST, 0 },
		{ SO_OOBINLINE, 0 }, { SO_PASSCRED, 0 }, { SO_PEEK_OFF, -1 }, { SO_DEBUG, 0 },
	};
	int fd = make_socket(SOCK_DGRAM);

	for (size_t i = 0; i < COUNT(options); i++)
		EQUAL(option_of(fd, options[i].option), options[i].value);
	EQUAL(option_of(make_listener(SOCK_STREAM, "s", 1), SO_ACCEPTCONN), 1);
}

TEST(socket_options_are_set)
{
	static const struct { int option, value, got; } options[] = {
		{ SO_SNDBUF, 10000, 20000 }, { SO_RCVBUF, 10000, 20000 }, { SO_SNDBUF, 1, 4608 },
		{ SO_RCVBUF, 1, 2304 },
		{ SO_REUSEADDR, 5, 1 }, { SO_REUSEADDR, 0, 0 },
		{ SO_KEEPALIVE, 1, 1 }, { SO_BROADCAST, 1, 1 }, { SO_RCVLOWAT, 0, 1 },
		{ SO_RCVLOWAT, 9, 9 }, { SO_RCVLOWAT, -1, 0x7fffffff }, { SO_PASSCRED, 1, 1 },
		{ SO_PEEK_OFF, 7, 7 }, { SO_OOBINLINE, 1, 1 },
	};
	int fd = make_socket(SOCK_STREAM);

	for (size_t i = 0; i < COUNT(options); i++) {
		option_set(fd, options[i].option, options[i].value);
		EQUAL(option_of(fd, options[i].option), options[i].got);
	}
}

TEST(socket_options_refuse)
{
	static const int fixed[] = { SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR, SO_ACCEPTCONN,
				     SO_PEERCRED, SO_SNDLOWAT, 4711, -1 };
	int fd = make_socket(SOCK_STREAM), value = 1;
	socklen_t size = sizeof(value);

	for (size_t i = 0; i < COUNT(fixed); i++)
		FAILS(setsockopt(fd, SOL_SOCKET, fixed[i], &value, size), ENOPROTOOPT);
	FAILS(getsockopt(fd, SOL_SOCKET, 4711, &value, &size), ENOPROTOOPT);
	FAILS(setsockopt(fd, 6, 1, &value, size), EOPNOTSUPP);
	FAILS(getsockopt(fd, 6, 1, &value, &size), EOPNOTSUPP);
	FAILS(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
	FAILS(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, -1), EINVAL);
	FAILS(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (void *)8, 4), EFAULT);
	FAILS(getsockopt(fd, SOL_SOCKET, SO_TYPE, (void *)8, &size), EFAULT);
	FAILS(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, (void *)8), EFAULT);
	size = -1;
	FAILS(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size), EINVAL);
	size = 1;
	value = 0x7777;
	OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size));
	EQUAL(size, 1);
	EQUAL(value, 0x7701);
	FAILS(getsockopt(0, SOL_SOCKET, SO_TYPE, &value, &size), ENOTSOCK);
	FAILS(setsockopt(-1, SOL_SOCKET, SO_TYPE, &value, 4), EBADF);
}

TEST(socket_linger_is_remembered)
{
	struct linger linger = { 5, 7 };
	socklen_t size = sizeof(linger);
	int fd = make_socket(SOCK_STREAM);

	OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	linger = (struct linger){ 0 };
	OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size));
	EQUAL(linger.l_onoff, 1);
	EQUAL(linger.l_linger, 7);
	FAILS(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
}

TEST(socket_groups_of_the_peer)
{
	gid_t groups[3] = { 11, 22, 33 }, got[8];
	socklen_t size = sizeof(got);
	int fds[2];

	if (geteuid())
		test_skip("not root");
	OK(setgroups(3, groups));
	make_pair(SOCK_STREAM, fds);
	OK(getsockopt(fds[0], SOL_SOCKET, SO_PEERGROUPS, got, &size));
	EQUAL(size, sizeof(groups));
	CHECK(!memcmp(got, groups, sizeof(groups)));
	size = 8;
	FAILS(getsockopt(fds[0], SOL_SOCKET, SO_PEERGROUPS, got, &size), ERANGE);
	EQUAL(size, sizeof(groups));
	FAILS(getsockopt(make_socket(SOCK_STREAM), SOL_SOCKET, SO_PEERGROUPS, got, &size), ENODATA);
}

