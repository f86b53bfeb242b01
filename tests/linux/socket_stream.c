/* SPDX-License-Identifier: MIT */
/* Bytes through connected local sockets: waiting, limits, peeking, flags. */
#include "tests/linux/socket.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

TEST(socket_stream_knows_no_messages)
{
	char text[16] = "";
	int fds[2];

	make_pair(SOCK_STREAM, fds);
	EQUAL(write(fds[0], "abc", 3), 3);
	EQUAL(write(fds[0], "", 0), 0);
	EQUAL(write(fds[0], "def", 3), 3);
	EQUAL(read(fds[1], text, 4), 4);
	SAME(text, "abcd");
	EQUAL(read(fds[1], text, sizeof(text)), 2);
	EQUAL(read(fds[1], text, 0), 0);
	FAILS(recv(fds[1], text, 0, MSG_DONTWAIT), EAGAIN);
	EQUAL(write(fds[0], "x", 1), 1);
	EQUAL(recv(fds[1], text, 0, 0), 0);
	EQUAL(recv(fds[1], text, 9, 0), 1);
}

TEST(socket_stream_peeks)
{
	char text[16] = "";
	int fds[2];

	make_pair(SOCK_STREAM, fds);
	FAILS(recv(fds[1], text, 4, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	EQUAL(write(fds[0], "abcdef", 6), 6);
	EQUAL(recv(fds[1], text, 2, MSG_PEEK), 2);
	SAME(text, "ab");
	EQUAL(recv(fds[1], text, sizeof(text), MSG_PEEK | MSG_WAITALL | MSG_DONTWAIT), 6);
	EQUAL(recv(fds[1], text, sizeof(text), 0), 6);
	SAME(text, "abcdef");
}

TEST(socket_stream_peeks_at_an_offset)
{
	char text[16] = "";
	int fds[2];

	make_pair(SOCK_STREAM, fds);
	EQUAL(option_of(fds[1], SO_PEEK_OFF), -1);
	option_set(fds[1], SO_PEEK_OFF, 0);
	EQUAL(write(fds[0], "abcdef", 6), 6);
	EQUAL(recv(fds[1], text, 2, MSG_PEEK), 2);
	EQUAL(recv(fds[1], text, 2, MSG_PEEK), 2);
	SAME(text, "cd");
	EQUAL(option_of(fds[1], SO_PEEK_OFF), 4);
	EQUAL(recv(fds[1], text, 3, 0), 3);
	EQUAL(option_of(fds[1], SO_PEEK_OFF), 1);
	EQUAL(recv(fds[1], text, 9, MSG_PEEK), 2);
	CHECK(!memcmp(text, "ef", 2));
	FAILS(recv(fds[1], text, 9, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
}

TEST(socket_waitall_waits_for_all)
{
	char text[16] = "";
	int fds[2];
	pid_t child;

	make_pair(SOCK_STREAM, fds);
	child = fork();
	OK(child);
	if (!child) {
		EQUAL(recv(fds[1], text, 6, MSG_WAITALL), 6);
		SAME(text, "abcdef");
		EQUAL(recv(fds[1], text, 6, MSG_WAITALL), 2);
		_exit(0);
	}
	EQUAL(write(fds[0], "abc", 3), 3);
	test_await_sleep(child);
	EQUAL(write(fds[0], "defgh", 5), 5);
	OK(shutdown(fds[0], SHUT_WR));
	EQUAL(test_wait(child), 0);
}

TEST(socket_low_water_mark)
{
	char text[16] = "";
	int fds[2];
	pid_t child;

	make_pair(SOCK_STREAM, fds);
	option_set(fds[1], SO_RCVLOWAT, 4);
	EQUAL(option_of(fds[1], SO_RCVLOWAT), 4);
	child = fork();
	OK(child);
	if (!child) {
		EQUAL(read(fds[1], text, sizeof(text)), 5);
		EQUAL(read(fds[1], text, 2), 2);
		_exit(0);
	}
	EQUAL(write(fds[0], "abc", 3), 3);
	test_await_sleep(child);
	EQUAL(write(fds[0], "de", 2), 2);
	test_await_sleep(child);
	EQUAL(write(fds[0], "fg", 2), 2);
	EQUAL(test_wait(child), 0);
	EQUAL(write(fds[0], "ab", 2), 2);
	EQUAL(recv(fds[1], text, 9, MSG_DONTWAIT), 2);
}

TEST(socket_receive_has_a_time_limit)
{
	struct timeval limit = { 0, 10000 }, got;
	socklen_t size = sizeof(got);
	int fds[2];
	char byte;

	make_pair(SOCK_STREAM, fds);
	OK(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	OK(getsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &got, &size));
	EQUAL(size, sizeof(got));
	CHECK(got.tv_sec == 0 && got.tv_usec >= 9000 && got.tv_usec <= 20000);
	FAILS(read(fds[0], &byte, 1), EAGAIN);
	EQUAL(write(fds[1], "ab", 2), 2);
	EQUAL(recv(fds[0], &got, 9, MSG_WAITALL), 2);
	limit.tv_usec = 1000000;
	FAILS(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), EDOM);
	FAILS(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, 8), EINVAL);
}

TEST(socket_send_has_a_time_limit)
{
	static char data[1 << 20];
	struct timeval limit = { 0, 10000 };
	int fds[2];
	ssize_t sent;

	make_pair(SOCK_STREAM, fds);
	OK(setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)));
	sent = write(fds[0], data, sizeof(data));
	CHECK(sent > 0 && sent < (ssize_t)sizeof(data));
	FAILS(write(fds[0], data, 1), EAGAIN);
}

static void on_alarm(int number)
{
	(void)number;
}

TEST(socket_wait_is_interrupted)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct timeval limit = { 20, 0 };
	char byte;
	int fds[2];
	pid_t child;

	make_pair(SOCK_STREAM, fds);
	for (int restart = 0; restart < 2; restart++) {
		action.sa_flags = restart ? SA_RESTART : 0;
		OK(sigaction(SIGALRM, &action, NULL));
		child = fork();
		OK(child);
		if (!child) {
			if (!restart)
				FAILS(read(fds[0], &byte, 1), EINTR);
			EQUAL(read(fds[0], &byte, 1), 1);
			OK(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
			FAILS(read(fds[0], &byte, 1), EINTR);
			_exit(0);
		}
		test_await_sleep(child);
		OK(kill(child, SIGALRM));
		test_await_sleep(child);
		EQUAL(write(fds[1], "x", 1), 1);
		for (int rest = 1; rest;) {
			OK(ioctl(fds[0], FIONREAD, &rest));
			test_pause_ms(1);
		}
		test_await_sleep(child);
		OK(kill(child, SIGALRM));
		EQUAL(test_wait(child), 0);
		OK(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 0 },
			      sizeof(limit)));
	}
}

TEST(socket_buffer_bounds_what_is_under_way)
{
	static char data[1 << 20];
	int fds[2], count = 0;
	ssize_t sent, small;

	make_pair(SOCK_STREAM | SOCK_NONBLOCK, fds);
	sent = write(fds[0], data, sizeof(data));
	CHECK(sent > 100000 && sent < 400000);
	FAILS(write(fds[0], data, 1), EAGAIN);
	EQUAL(events_of(fds[0]), 0);
	OK(ioctl(fds[1], FIONREAD, &count));
	EQUAL(count, sent);
	OK(ioctl(fds[0], SIOCOUTQ, &count));
	CHECK(count >= sent);
	EQUAL(recv(fds[1], data, 70000, MSG_WAITALL), 70000);
	EQUAL(events_of(fds[0]), 0);
	EQUAL(recv(fds[1], data, sent - 70000, MSG_WAITALL), sent - 70000);
	EQUAL(events_of(fds[0]), POLLOUT);
	OK(ioctl(fds[0], SIOCOUTQ, &count));
	EQUAL(count, 0);
	make_pair(SOCK_STREAM | SOCK_NONBLOCK, fds);
	option_set(fds[0], SO_SNDBUF, 4096);
	small = write(fds[0], data, sizeof(data));
	CHECK(small > 0 && small < 20000);
}

TEST(socket_blocked_writer_is_woken)
{
	static unsigned char data[3 << 20];
	size_t total = 0;
	int fds[2];
	pid_t child;

	make_pair(SOCK_STREAM, fds);
	child = fork();
	OK(child);
	if (!child) {
		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = i % 251;
		EQUAL(write(fds[1], data, sizeof(data)), sizeof(data));
		_exit(0);
	}
	OK(close(fds[1]));
	test_await_sleep(child);
	for (ssize_t got; (got = read(fds[0], data, 7777)) > 0; total += got)
		for (ssize_t i = 0; i < got; i++)
			EQUAL(data[i], (total + i) % 251);
	EQUAL(total, sizeof(data));
	EQUAL(test_wait(child), 0);
}

TEST(socket_blocked_writer_ends_with_the_reader)
{
	static char data[1 << 20];
	int fds[2];
	pid_t child;

	make_pair(SOCK_STREAM, fds);
	child = fork();
	OK(child);
	if (!child) {
		signal(SIGPIPE, SIG_IGN);
		OK(close(fds[0]));
		CHECK(write(fds[1], data, sizeof(data)) < (ssize_t)sizeof(data));
		_exit(0);
	}
	test_await_sleep(child);
	OK(close(fds[0]));
	EQUAL(test_wait(child), 0);
}

TEST(socket_epoll_edge_of_a_writer)
{
	static char data[1 << 20];
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	int fds[2], epoll_fd = epoll_create1(0);

	make_pair(SOCK_STREAM | SOCK_NONBLOCK, fds);
	OK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[0], &event));
	EQUAL(epoll_wait(epoll_fd, &event, 1, 0), 1);
	CHECK(write(fds[0], data, sizeof(data)) > 0);
	EQUAL(epoll_wait(epoll_fd, &event, 1, 0), 0);
	while (read(fds[1], data, sizeof(data)) > 0)
		;
	EQUAL(epoll_wait(epoll_fd, &event, 1, -1), 1);
	EQUAL(event.events, EPOLLOUT);
	EQUAL(epoll_wait(epoll_fd, &event, 1, 0), 0);
}

TEST(socket_sends_a_file)
{
	char text[32] = "";
	int fds[2], file;

	make_pair(SOCK_STREAM, fds);
	test_write_file("file", "0123456789");
	OK(file = open("file", O_RDONLY));
	EQUAL(sendfile(fds[0], file, &(off_t){ 2 }, 5), 5);
	EQUAL(read(fds[1], text, sizeof(text)), 5);
	SAME(text, "23456");
}

TEST(socket_vectors)
{
	char a[4] = "", b[4] = "";
	struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } };
	struct iovec in[2] = { { a, 3 }, { b, 3 } };
	int fds[2];

	make_pair(SOCK_STREAM, fds);
	EQUAL(writev(fds[1], out, 3), 6);
	EQUAL(readv(fds[0], in, 2), 6);
	SAME(a, "abc");
	SAME(b, "def");
}

TEST(socket_send_and_receive_refuse)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct name name = name_of("s");
	int fds[2];

	OK(munmap(page + 4096, 4096));
	make_pair(SOCK_STREAM, fds);
	FAILS(sendto(fds[0], "x", 1, 0, ADDRESS(&name), name.size), EISCONN);
	FAILS(sendto(make_socket(SOCK_STREAM), "x", 1, 0, ADDRESS(&name), name.size), EOPNOTSUPP);
	FAILS(sendto(fds[0], "x", 1, 0, ADDRESS(&name), 129), EINVAL);
	FAILS(sendto(fds[0], "x", 1, 0, (void *)8, 10), EFAULT);
	FAILS(send(0, "x", 1, 0), ENOTSOCK);
	FAILS(send(-1, "x", 1, 0), EBADF);
	FAILS(recv(0, page, 1, 0), ENOTSOCK);
	FAILS(recv(-1, page, 1, 0), EBADF);
	FAILS(send(fds[0], (void *)8, 1, 0), EFAULT);
	EQUAL(send(fds[0], "abcd", 4, 0), 4);
	FAILS(recv(fds[1], (void *)8, 1, 0), EFAULT);
	FAILS(recv(fds[1], page + 4094, 4, 0), EFAULT);
	FAILS(send(fds[0], page + 4094, 4, 0), EFAULT);
	EQUAL(recv(fds[1], page, 9, 0), 4);
	CHECK(!memcmp(page, "abcd", 4));
}

TEST(socket_header_of_a_message_is_checked)
{
	struct iovec part = { "x", 1 };
	struct msghdr good = { .msg_iov = &part, .msg_iovlen = 1 }, message;
	struct name name = name_of("s");
	int fds[2];

	make_pair(SOCK_STREAM, fds);
	FAILS(sendmsg(fds[0], (void *)8, 0), EFAULT);
	FAILS(recvmsg(fds[0], (void *)8, 0), EFAULT);
	FAILS(sendmsg(0, &good, 0), ENOTSOCK);
	FAILS(recvmsg(-1, &good, 0), EBADF);
	message = good;
	message.msg_iovlen = 1025;
	FAILS(sendmsg(fds[0], &message, 0), EMSGSIZE);
	FAILS(recvmsg(fds[0], &message, 0), EMSGSIZE);
	message = good;
	message.msg_iov = (void *)8;
	FAILS(sendmsg(fds[0], &message, 0), EFAULT);
	message = good;
	message.msg_name = &name;
	message.msg_namelen = -1;
	FAILS(sendmsg(fds[0], &message, 0), EINVAL);
	message.msg_namelen = name.size;
	FAILS(sendmsg(fds[0], &message, 0), EISCONN);
	message = good;
	message.msg_controllen = 100;
	FAILS(sendmsg(fds[0], &message, 0), EFAULT);
	message.msg_controllen = 1ul << 40;
	FAILS(sendmsg(fds[0], &message, 0), ENOBUFS);
	message.msg_name = (void *)8;
	message.msg_namelen = 0;
	message.msg_controllen = 0;
	EQUAL(sendmsg(fds[0], &message, 0), 1);
}

TEST(socket_stream_tells_a_bound_sender)
{
	struct sockaddr_un got;
	socklen_t size = sizeof(got);
	int listener = make_listener(SOCK_STREAM, "s", 1), client, server;
	char byte;

	client = make_bound(SOCK_STREAM, "c");
	OK(connect_to(client, "s"));
	server = accept(listener, NULL, NULL);
	EQUAL(write(client, "x", 1), 1);
	EQUAL(recvfrom(server, &byte, 1, 0, (void *)&got, &size), 1);
	SAME(got.sun_path, "c");
	client = make_client(SOCK_STREAM, "s");
	OK(server = accept(listener, NULL, NULL));
	EQUAL(write(client, "x", 1), 1);
	size = sizeof(got);
	EQUAL(recvfrom(server, &byte, 1, 0, (void *)&got, &size), 1);
	EQUAL(size, 0);
}

static volatile int signals_seen;

static void on_sigio(int number)
{
	(void)number;
	signals_seen++;
}

TEST(socket_signals_its_owner)
{
	struct sigaction action = { .sa_handler = on_sigio };
	int fds[2], on = 1;

	OK(sigaction(SIGIO, &action, NULL));
	make_pair(SOCK_STREAM, fds);
	OK(ioctl(fds[0], FIOASYNC, &on));
	EQUAL(fcntl(fds[0], F_GETFL), O_RDWR | O_ASYNC);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(signals_seen, 0);
	OK(fcntl(fds[0], F_SETOWN, getpid()));
	EQUAL(fcntl(fds[0], F_GETOWN), getpid());
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(signals_seen, 1);
	OK(fcntl(fds[0], F_SETFL, 0));
	EQUAL(fcntl(fds[0], F_GETFL), O_RDWR);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(signals_seen, 1);
	OK(fcntl(fds[0], F_SETFL, O_ASYNC));
	OK(close(fds[1]));
	CHECK(signals_seen > 1);
	make_pair(SOCK_DGRAM, fds);
	OK(fcntl(fds[0], F_SETFL, O_ASYNC));
	OK(fcntl(fds[0], F_SETOWN, -getpgrp()));
	signals_seen = 0;
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(signals_seen, 1);
	FAILS(ioctl(fds[0], FIOASYNC, (void *)8), EFAULT);
}

TEST(socket_nonblocking_by_ioctl)
{
	int fds[2], on = 1;
	char byte;

	make_pair(SOCK_STREAM, fds);
	OK(ioctl(fds[0], FIONBIO, &on));
	FAILS(read(fds[0], &byte, 1), EAGAIN);
	EQUAL(fcntl(fds[0], F_GETFL), O_RDWR | O_NONBLOCK);
	on = 0;
	OK(ioctl(fds[0], FIONBIO, &on));
	EQUAL(fcntl(fds[0], F_GETFL), O_RDWR);
	FAILS(ioctl(fds[0], TIOCGWINSZ, &on), ENOTTY);
	CHECK(!isatty(fds[0]));
}
