/* SPDX-License-Identifier: MIT */
/* Pairs of connected stream sockets: data both ways, ends, options, waiting. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void make_pair(int fds[2])
{
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

TEST(socketpair_carries_both_ways)
{
	char text[16] = "";
	struct stat status;
	int fds[2];

	make_pair(fds);
	EQUAL(write(fds[0], "there", 5), 5);
	EQUAL(send(fds[1], "back", 4, 0), 4);
	EQUAL(recv(fds[1], text, 2, MSG_PEEK), 2);
	EQUAL(read(fds[1], text, sizeof(text)), 5);
	CHECK(!memcmp(text, "there", 5));
	EQUAL(recv(fds[0], text, sizeof(text), MSG_DONTWAIT), 4);
	FAILS(recv(fds[0], text, 1, MSG_DONTWAIT), EAGAIN);
	OK(fstat(fds[0], &status));
	CHECK(S_ISSOCK(status.st_mode));
	FAILS(lseek(fds[0], 0, SEEK_CUR), ESPIPE);
}

TEST(socketpair_between_processes)
{
	int fds[2], number = 20;

	make_pair(fds);
	pid_t child = fork();
	OK(child);
	if (!child) {
		EQUAL(recv(fds[1], &number, sizeof(number), MSG_WAITALL), sizeof(number));
		number *= 2;
		EQUAL(write(fds[1], &number, sizeof(number)), sizeof(number));
		_exit(0);
	}
	OK(close(fds[1]));
	EQUAL(write(fds[0], &number, sizeof(number)), sizeof(number));
	EQUAL(read(fds[0], &number, sizeof(number)), sizeof(number));
	EQUAL(number, 40);
	EQUAL(test_wait(child), 0);
	EQUAL(read(fds[0], &number, 1), 0);
}

TEST(socketpair_shutdown_and_close)
{
	char byte;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	make_pair(fds);
	OK(shutdown(fds[0], SHUT_WR));
	EQUAL(read(fds[1], &byte, 1), 0);
	FAILS(write(fds[0], "x", 1), EPIPE);
	EQUAL(write(fds[1], "y", 1), 1);
	EQUAL(read(fds[0], &byte, 1), 1);
	OK(close(fds[1]));
	EQUAL(read(fds[0], &byte, 1), 0);
	FAILS(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	FAILS(shutdown(fds[0], 9), EINVAL);
}

TEST(socketpair_poll_states)
{
	int fds[2];

	make_pair(fds);
	struct pollfd poll_fd = { fds[0], POLLIN | POLLOUT | POLLRDHUP, 0 };

	EQUAL(poll(&poll_fd, 1, 0), 1);
	EQUAL(poll_fd.revents, POLLOUT);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(poll(&poll_fd, 1, 0), 1);
	EQUAL(poll_fd.revents, POLLIN | POLLOUT);
	OK(close(fds[1]));
	EQUAL(poll(&poll_fd, 1, 0), 1);
	EQUAL(poll_fd.revents, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

TEST(socketpair_messages)
{
	char first[3] = "", second[10] = "";
	struct iovec out[2] = { { "ab", 2 }, { "cdef", 4 } };
	struct iovec in[2] = { { first, 2 }, { second, sizeof(second) } };
	struct msghdr message = { .msg_iov = out, .msg_iovlen = 2 };
	int fds[2];

	make_pair(fds);
	EQUAL(sendmsg(fds[0], &message, 0), 6);
	message.msg_iov = in;
	EQUAL(recvmsg(fds[1], &message, 0), 6);
	SAME(first, "ab");
	SAME(second, "cdef");
}

TEST(socketpair_names_and_options)
{
	struct sockaddr_un name;
	socklen_t size = sizeof(name);
	int fds[2], value = 0;

	make_pair(fds);
	OK(getsockname(fds[0], (struct sockaddr *)&name, &size));
	EQUAL(size, sizeof(name.sun_family));
	EQUAL(name.sun_family, AF_UNIX);
	size = sizeof(value);
	OK(getsockopt(fds[0], SOL_SOCKET, SO_TYPE, &value, &size));
	EQUAL(value, SOCK_STREAM);
	OK(getsockopt(fds[0], SOL_SOCKET, SO_ERROR, &value, &size));
	EQUAL(value, 0);
	FAILS(getsockopt(0, SOL_SOCKET, SO_TYPE, &value, &size), ENOTSOCK);
	FAILS(socketpair(AF_UNIX, SOCK_STREAM | 0x100000, 0, fds), EINVAL);
	FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8), EFAULT);
	OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
	EQUAL(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	EQUAL(fcntl(fds[1], F_GETFL), O_RDWR | O_NONBLOCK);
}
