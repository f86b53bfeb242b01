/* SPDX-License-Identifier: MIT */
/* Datagrams and sequenced packets: boundaries, addresses, limits, many at once. */
#include "tests/linux/socket.h"

#include <sys/epoll.h>

static const int packet_types[] = { SOCK_DGRAM, SOCK_SEQPACKET };

TEST(socket_packets_keep_their_boundaries)
{
	char text[16] = "";
	int fds[2];

	for (size_t i = 0; i < COUNT(packet_types); i++) {
		make_pair(packet_types[i], fds);
		EQUAL(write(fds[0], "abc", 3), 3);
		EQUAL(send(fds[0], "", 0, 0), 0);
		EQUAL(send(fds[0], "defg", 4, MSG_EOR), 4);
		EQUAL(send(fds[0], "hi", 2, 0), 2);
		EQUAL(read(fds[1], text, sizeof(text)), 3);
		EQUAL(read(fds[1], text, sizeof(text)), 0);
		EQUAL(read(fds[1], text, 2), 2);
		EQUAL(read(fds[1], text, sizeof(text)), 2);
		CHECK(!memcmp(text, "hi", 2));
		FAILS(recv(fds[1], text, 1, MSG_DONTWAIT), EAGAIN);
	}
}

TEST(socket_packets_are_cut_and_peeked_at)
{
	char text[16] = "";
	struct received got;
	int fds[2];

	for (size_t i = 0; i < COUNT(packet_types); i++) {
		make_pair(packet_types[i], fds);
		EQUAL(write(fds[0], "abcdef", 6), 6);
		EQUAL(write(fds[0], "gh", 2), 2);
		EQUAL(recv(fds[1], text, 2, MSG_PEEK), 2);
		EQUAL(recv(fds[1], text, 2, MSG_PEEK | MSG_TRUNC), 6);
		got = receive(fds[1], text, 3, 0);
		EQUAL(got.size, 3);
		EQUAL(got.flags & MSG_TRUNC, MSG_TRUNC);
		got = receive(fds[1], text, 3, MSG_CMSG_CLOEXEC);
		EQUAL(got.size, 2);
		EQUAL(got.flags & MSG_TRUNC, 0);
		EQUAL(write(fds[0], "abcdef", 6), 6);
		EQUAL(recv(fds[1], text, 0, MSG_TRUNC), 6);
	}
}

TEST(socket_packets_peek_at_an_offset)
{
	char text[16] = "";
	int fds[2];

	make_pair(SOCK_DGRAM, fds);
	option_set(fds[1], SO_PEEK_OFF, 0);
	EQUAL(write(fds[0], "abcd", 4), 4);
	EQUAL(write(fds[0], "ef", 2), 2);
	EQUAL(recv(fds[1], text, 2, MSG_PEEK), 2);
	EQUAL(recv(fds[1], text, 9, MSG_PEEK), 2);
	SAME(text, "cd");
	EQUAL(recv(fds[1], text, 9, MSG_PEEK), 2);
	SAME(text, "ef");
	EQUAL(recv(fds[1], text, 9, 0), 4);
	EQUAL(option_of(fds[1], SO_PEEK_OFF), 2);
}

TEST(socket_datagrams_tell_their_sender)
{
	int to = make_bound(SOCK_DGRAM, "to"), from = make_bound(SOCK_DGRAM, "from");
	struct name name = name_of("to");
	struct sockaddr_un got;
	socklen_t size = sizeof(got);
	char text[8] = "";

	EQUAL(sendto(from, "hello", 5, 0, ADDRESS(&name), name.size), 5);
	EQUAL(recvfrom(to, text, sizeof(text), 0, (void *)&got, &size), 5);
	SAME(text, "hello");
	SAME(got.sun_path, "from");
	EQUAL(size, sizeof(sa_family_t) + 5);
	EQUAL(sendto(to, "answer", 6, 0, (void *)&got, size), 6);
	EQUAL(recv(from, text, sizeof(text), 0), 6);
	EQUAL(sendto(make_socket(SOCK_DGRAM), "x", 1, 0, ADDRESS(&name), name.size), 1);
	size = sizeof(got);
	EQUAL(recvfrom(to, text, sizeof(text), 0, (void *)&got, &size), 1);
	EQUAL(size, 0);
}

TEST(socket_datagrams_refuse)
{
	static const struct { const char *path; int error; } paths[] = {
		{ "none", ENOENT }, { "file", ECONNREFUSED }, { "stream", EPROTOTYPE },
		{ "dead", ECONNREFUSED }, { "@nobody", ECONNREFUSED },
	};
	struct name name;
	int fd = make_socket(SOCK_DGRAM);

	test_write_file("file", "");
	make_bound(SOCK_STREAM, "stream");
	OK(close(make_bound(SOCK_DGRAM, "dead")));
	for (size_t i = 0; i < COUNT(paths); i++) {
		name = name_of(paths[i].path);
		FAILS(sendto(fd, "x", 1, 0, ADDRESS(&name), name.size), paths[i].error);
		FAILS(connect_to(fd, paths[i].path), paths[i].error);
	}
	FAILS(send(fd, "x", 1, 0), ENOTCONN);
	FAILS(sendto(fd, "x", 1, 0, ADDRESS(&name), 2), EINVAL);
	FAILS(connect(fd, ADDRESS(&name), 1), EINVAL);
	name.address.sun_family = AF_INET;
	FAILS(sendto(fd, "x", 1, 0, ADDRESS(&name), 10), EINVAL);
	FAILS(connect(fd, ADDRESS(&name), 10), EINVAL);
}

TEST(socket_datagrams_are_connected_and_not)
{
	int a = make_bound(SOCK_DGRAM, "a"), b = make_bound(SOCK_DGRAM, "b"), c;
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct sockaddr_un got;
	socklen_t size = sizeof(got);
	char byte;

	OK(connect_to(a, "b"));
	EQUAL(write(a, "x", 1), 1);
	EQUAL(read(b, &byte, 1), 1);
	OK(getpeername(a, (void *)&got, &size));
	SAME(got.sun_path, "b");
	c = make_socket(SOCK_DGRAM);
	OK(connect_to(c, "b"));
	OK(connect_to(b, "a"));
	FAILS(write(c, "x", 1), EPERM);
	FAILS(connect_to(make_socket(SOCK_DGRAM), "b"), EPERM);
	EQUAL(write(b, "lost", 4), 4);
	OK(connect(a, &nobody, sizeof(nobody)));
	FAILS(write(a, "x", 1), ENOTCONN);
	FAILS(getpeername(a, (void *)&got, &size), ENOTCONN);
	EQUAL(option_of(b, SO_ERROR), ECONNRESET);
	EQUAL(write(b, "y", 1), 1);
	EQUAL(read(a, &byte, 1), 1);
}

TEST(socket_datagrams_to_one_that_is_gone)
{
	char byte;
	int fds[2];

	make_pair(SOCK_DGRAM, fds);
	OK(close(fds[1]));
	EQUAL(events_of(fds[0]), POLLOUT);
	FAILS(write(fds[0], "x", 1), ECONNREFUSED);
	FAILS(write(fds[0], "x", 1), ENOTCONN);
	FAILS(recv(fds[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
	make_pair(SOCK_SEQPACKET, fds);
	OK(close(fds[1]));
	FAILS(write(fds[0], "x", 1), EPIPE);
	EQUAL(recv(fds[0], &byte, 1, MSG_DONTWAIT), 0);
}

TEST(socket_datagrams_of_a_socket_that_is_shut)
{
	char byte;
	int fds[2];

	make_pair(SOCK_DGRAM, fds);
	OK(shutdown(fds[0], SHUT_RD));
	FAILS(write(fds[1], "x", 1), EPIPE);
	EQUAL(read(fds[0], &byte, 1), 0);
	FAILS(recv(fds[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
	EQUAL(events_of(fds[0]), POLLIN | POLLOUT | POLLRDHUP);
	OK(shutdown(fds[0], SHUT_WR));
	FAILS(write(fds[0], "x", 1), EPIPE);
	EQUAL(events_of(fds[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	EQUAL(events_of(fds[1]), POLLOUT);
}

TEST(socket_datagrams_have_a_greatest_size)
{
	static char data[1 << 20];
	int fds[2];

	make_pair(SOCK_DGRAM, fds);
	FAILS(write(fds[0], data, sizeof(data)), EMSGSIZE);
	EQUAL(write(fds[0], data, 100000), 100000);
	EQUAL(read(fds[1], data, sizeof(data)), 100000);
	option_set(fds[0], SO_SNDBUF, 4096);
	FAILS(write(fds[0], data, 8192 - 31), EMSGSIZE);
	EQUAL(write(fds[0], data, 4096), 4096);
}

TEST(socket_datagram_queue_is_bounded)
{
	int to = make_bound(SOCK_DGRAM, "to"), a, b, count = 0;
	struct name name = name_of("to");
	char byte;

	a = make_client(SOCK_DGRAM | SOCK_NONBLOCK, "to");
	b = make_client(SOCK_DGRAM | SOCK_NONBLOCK, "to");
	while (count < 1000 && write(a, "x", 1) == 1)
		count++;
	EQUAL(errno, EAGAIN);
	CHECK(count >= 2 && count < 1000);
	EQUAL(events_of(a), 0);
	EQUAL(events_of(b), 0);
	FAILS(write(b, "x", 1), EAGAIN);
	FAILS(sendto(make_socket(SOCK_DGRAM), "x", 1, MSG_DONTWAIT, ADDRESS(&name), name.size),
	      EAGAIN);
	EQUAL(events_of(make_socket(SOCK_DGRAM)), POLLOUT);
	EQUAL(read(to, &byte, 1), 1);
	EQUAL(events_of(b), POLLOUT);
	EQUAL(write(b, "x", 1), 1);
	EQUAL(events_of(a), 0);
}

TEST(socket_datagram_sender_waits_for_room)
{
	int to = make_bound(SOCK_DGRAM, "to"), fd = make_client(SOCK_DGRAM, "to"), epoll_fd;
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	pid_t child;
	char byte;

	while (send(fd, "x", 1, MSG_DONTWAIT) == 1)
		;
	epoll_fd = epoll_create1(0);
	OK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event));
	EQUAL(epoll_wait(epoll_fd, &event, 1, 0), 0);
	child = fork();
	OK(child);
	if (!child) {
		EQUAL(write(fd, "y", 1), 1);
		_exit(0);
	}
	test_await_sleep(child);
	EQUAL(read(to, &byte, 1), 1);
	EQUAL(test_wait(child), 0);
	EQUAL(read(to, &byte, 1), 1);
	EQUAL(epoll_wait(epoll_fd, &event, 1, -1), 1);
	do
		EQUAL(recv(to, &byte, 1, MSG_DONTWAIT), 1);
	while (byte != 'y');
	while (send(fd, "x", 1, MSG_DONTWAIT) == 1)
		;
	child = fork();
	OK(child);
	if (!child) {
		OK(close(to));
		FAILS(write(fd, "y", 1), ECONNREFUSED);
		_exit(0);
	}
	test_await_sleep(child);
	OK(close(to));
	EQUAL(test_wait(child), 0);
}

TEST(socket_packets_of_a_pair_are_bounded_by_bytes)
{
	static char data[10000];
	int fds[2], count = 0;

	make_pair(SOCK_SEQPACKET | SOCK_NONBLOCK, fds);
	while (write(fds[0], data, sizeof(data)) == sizeof(data))
		count++;
	EQUAL(errno, EAGAIN);
	CHECK(count > 8 && count < 30);
	EQUAL(events_of(fds[0]), 0);
	while (read(fds[1], data, sizeof(data)) > 0)
		count--;
	EQUAL(count, 0);
	EQUAL(events_of(fds[0]), POLLOUT);
	OK(ioctl(fds[0], SIOCOUTQ, &count));
	EQUAL(count, 0);
}

TEST(socket_packets_waiting_are_counted)
{
	int fds[2], count = -1;

	make_pair(SOCK_DGRAM, fds);
	OK(ioctl(fds[1], FIONREAD, &count));
	EQUAL(count, 0);
	EQUAL(write(fds[0], "abc", 3), 3);
	EQUAL(write(fds[0], "de", 2), 2);
	OK(ioctl(fds[1], FIONREAD, &count));
	EQUAL(count, 3);
	make_pair(SOCK_SEQPACKET, fds);
	EQUAL(write(fds[0], "abc", 3), 3);
	EQUAL(write(fds[0], "de", 2), 2);
	OK(ioctl(fds[1], FIONREAD, &count));
	EQUAL(count, 5);
}

TEST(socket_many_messages_in_one_call)
{
	char texts[3][8] = { "a", "bc", "def" }, got[4][8] = { "" };
	struct mmsghdr messages[4] = { 0 };
	struct iovec parts[4];
	struct timespec limit = { 10, 0 };
	int fds[2];

	make_pair(SOCK_DGRAM, fds);
	for (int i = 0; i < 4; i++) {
		parts[i] = (struct iovec){ i < 3 ? texts[i] : NULL, i < 3 ? i + 1 : 0 };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	EQUAL(sendmmsg(fds[0], messages, 3, 0), 3);
	EQUAL(messages[2].msg_len, 3);
	for (int i = 0; i < 4; i++)
		parts[i] = (struct iovec){ got[i], 8 };
	EQUAL(recvmmsg(fds[1], messages, 2, 0, NULL), 2);
	EQUAL(messages[0].msg_len, 1);
	EQUAL(messages[1].msg_len, 2);
	SAME(got[1], "bc");
	EQUAL(recvmmsg(fds[1], messages, 4, MSG_WAITFORONE, &limit), 1);
	SAME(got[0], "def");
	CHECK(limit.tv_sec == 9);
	FAILS(recvmmsg(fds[1], messages, 4, MSG_DONTWAIT, NULL), EAGAIN);
	limit.tv_nsec = -1;
	FAILS(recvmmsg(fds[1], messages, 4, MSG_DONTWAIT, &limit), EINVAL);
	FAILS(sendmmsg(0, messages, 1, 0), ENOTSOCK);
	FAILS(sendmmsg(-1, messages, 1, 0), EBADF);
	FAILS(sendmmsg(fds[0], (void *)8, 1, 0), EFAULT);
	FAILS(recvmmsg(fds[0], (void *)8, 1, MSG_DONTWAIT, NULL), EFAULT);
	EQUAL(sendmmsg(fds[0], messages, 0, 0), 0);
	messages[1].msg_hdr.msg_iov = (void *)8;
	EQUAL(sendmmsg(fds[0], messages, 2, 0), 1);
}

TEST(socket_datagram_is_looked_at_before_its_receiver)
{
	static char data[1 << 20];
	struct name name = name_of("none");
	int fd = make_socket(SOCK_DGRAM);

	FAILS(sendto(fd, data, sizeof(data), 0, ADDRESS(&name), name.size), EMSGSIZE);
	FAILS(sendto(fd, (void *)8, 1, 0, ADDRESS(&name), name.size), EFAULT);
	FAILS(sendto(fd, data, sizeof(data), 0, ADDRESS(&name), 2), EINVAL);
	FAILS(sendto(fd, data, 1, 0, ADDRESS(&name), name.size), ENOENT);
}

TEST(socket_packets_with_bad_buffers)
{
	char byte;
	int fds[2];

	make_pair(SOCK_DGRAM, fds);
	FAILS(write(fds[0], (void *)8, 4), EFAULT);
	EQUAL(write(fds[0], "abc", 3), 3);
	EQUAL(write(fds[0], "d", 1), 1);
	FAILS(read(fds[1], (void *)8, 4), EFAULT);
	EQUAL(read(fds[1], &byte, 1), 1);
	EQUAL(byte, 'd');
}
