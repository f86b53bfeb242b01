/* SPDX-License-Identifier: MIT */
/* Listening, connecting and accepting; who is at the other end; ends that close. */
#include "tests/linux/socket.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>

static const int connected_types[] = { SOCK_STREAM, SOCK_SEQPACKET };

TEST(socket_accept_gives_the_other_end)
{
	for (size_t i = 0; i < COUNT(connected_types); i++) {
		int type = connected_types[i], client, server;
		int listener = make_listener(type, i ? "b" : "a", 1);
		char text[8] = "";

		client = make_client(type, i ? "b" : "a");
		EQUAL(send(client, "early", 5, 0), 5);
		server = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		OK(server);
		EQUAL(fcntl(server, F_GETFD), FD_CLOEXEC);
		EQUAL(fcntl(server, F_GETFL), O_RDWR | O_NONBLOCK);
		EQUAL(recv(server, text, sizeof(text), 0), 5);
		SAME(text, "early");
		EQUAL(send(server, "back", 4, 0), 4);
		EQUAL(recv(client, text, sizeof(text), 0), 4);
		FAILS(recv(server, text, sizeof(text), 0), EAGAIN);
		OK(close(client));
		EQUAL(recv(server, text, sizeof(text), 0), 0);
	}
}

TEST(socket_names_of_both_ends)
{
	int listener = make_listener(SOCK_STREAM, "s", 2), client, server;
	struct sockaddr_un got;
	socklen_t size = sizeof(got);

	client = make_client(SOCK_STREAM, "s");
	server = accept(listener, (void *)&got, &size);
	OK(server);
	EQUAL(size, sizeof(sa_family_t));
	size = sizeof(got);
	OK(getsockname(server, (void *)&got, &size));
	SAME(got.sun_path, "s");
	size = sizeof(got);
	OK(getpeername(client, (void *)&got, &size));
	SAME(got.sun_path, "s");
	OK(close(server));
	size = sizeof(got);
	OK(getpeername(client, (void *)&got, &size));
	SAME(got.sun_path, "s");
	client = make_bound(SOCK_STREAM, "c");
	OK(connect_to(client, "s"));
	size = sizeof(got);
	OK(accept(listener, (void *)&got, &size));
	SAME(got.sun_path, "c");
	EQUAL(size, sizeof(sa_family_t) + 2);
}

TEST(socket_accept_and_listen_refuse)
{
	int listener = make_listener(SOCK_STREAM, "s", 1), client, pair[2];
	socklen_t size = 3;

	FAILS(accept4(listener, NULL, NULL, 1), EINVAL);
	FAILS(accept(make_socket(SOCK_STREAM), NULL, NULL), EINVAL);
	FAILS(accept(make_socket(SOCK_DGRAM), NULL, NULL), EOPNOTSUPP);
	FAILS(accept(0, NULL, NULL), ENOTSOCK);
	FAILS(accept(-1, NULL, NULL), EBADF);
	FAILS(listen(make_socket(SOCK_STREAM), 1), EINVAL);
	FAILS(listen(make_socket(SOCK_DGRAM), 1), EOPNOTSUPP);
	FAILS(listen(0, 1), ENOTSOCK);
	FAILS(listen(-1, 1), EBADF);
	make_pair(SOCK_STREAM, pair);
	FAILS(listen(pair[0], 1), EINVAL);
	OK(listen(listener, 3));
	OK(fcntl(listener, F_SETFL, O_NONBLOCK));
	FAILS(accept(listener, NULL, NULL), EAGAIN);
	client = make_client(SOCK_STREAM, "s");
	FAILS(accept(listener, (void *)8, &size), EFAULT);
	EQUAL(read(client, &size, 1), 0);
	make_client(SOCK_STREAM, "s");
	FAILS(accept(listener, (void *)&size, (void *)8), EFAULT);
}

TEST(socket_accept_without_a_descriptor_loses_nobody)
{
	int listener = make_listener(SOCK_STREAM, "s", 1), client;
	struct rlimit limit, none;
	char byte;

	client = make_client(SOCK_STREAM, "s");
	EQUAL(write(client, "x", 1), 1);
	OK(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = client + 1;
	OK(setrlimit(RLIMIT_NOFILE, &none));
	FAILS(accept(listener, NULL, NULL), EMFILE);
	FAILS(socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	EQUAL(read(accept(listener, NULL, NULL), &byte, 1), 1);
}

TEST(socket_listener_is_no_stream)
{
	int listener = make_listener(SOCK_STREAM, "s", 1), packets;
	char byte;

	FAILS(read(listener, &byte, 1), EINVAL);
	FAILS(write(listener, &byte, 1), ENOTCONN);
	FAILS(send(listener, &byte, 1, 0), ENOTCONN);
	FAILS(ioctl(listener, FIONREAD, &byte), EINVAL);
	packets = make_listener(SOCK_SEQPACKET, "p", 1);
	FAILS(read(packets, &byte, 1), ENOTCONN);
	FAILS(write(packets, &byte, 1), ENOTCONN);
	FAILS(read(make_socket(SOCK_STREAM), &byte, 1), EINVAL);
	FAILS(write(make_socket(SOCK_STREAM), &byte, 1), ENOTCONN);
	FAILS(read(make_socket(SOCK_SEQPACKET), &byte, 1), ENOTCONN);
	FAILS(write(make_socket(SOCK_SEQPACKET), &byte, 1), ENOTCONN);
}

TEST(socket_backlog_bounds_who_waits)
{
	int listener = make_listener(SOCK_STREAM, "s", 1), fd;

	make_client(SOCK_STREAM, "s");
	make_client(SOCK_STREAM, "s");
	fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
	FAILS(connect_to(fd, "s"), EAGAIN);
	OK(accept(listener, NULL, NULL));
	OK(connect_to(fd, "s"));
	FAILS(connect_to(make_socket(SOCK_STREAM | SOCK_NONBLOCK), "s"), EAGAIN);
	OK(listen(listener, 2));
	OK(connect_to(make_socket(SOCK_STREAM | SOCK_NONBLOCK), "s"));
}

TEST(socket_connect_waits_for_the_backlog)
{
	int listener = make_listener(SOCK_STREAM, "s", 0);
	pid_t child;

	make_client(SOCK_STREAM, "s");
	child = fork();
	OK(child);
	if (!child) {
		OK(connect_to(make_socket(SOCK_STREAM), "s"));
		_exit(0);
	}
	test_await_sleep(child);
	OK(accept(listener, NULL, NULL));
	EQUAL(test_wait(child), 0);
	child = fork();
	OK(child);
	if (!child) {
		OK(close(listener));
		FAILS(connect_to(make_socket(SOCK_STREAM), "s"), ECONNREFUSED);
		_exit(0);
	}
	test_await_sleep(child);
	OK(close(listener));
	EQUAL(test_wait(child), 0);
}

TEST(socket_connect_has_a_time_limit)
{
	struct timeval limit = { 0, 10000 };
	int fd = make_socket(SOCK_STREAM);

	make_listener(SOCK_STREAM, "s", 0);
	make_client(SOCK_STREAM, "s");
	OK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)));
	FAILS(connect_to(fd, "s"), EAGAIN);
}

TEST(socket_blocked_accept_is_woken)
{
	int listener = make_listener(SOCK_STREAM, "s", 1), server;
	pid_t child = fork();
	char byte;

	OK(child);
	if (!child) {
		server = accept(listener, NULL, NULL);
		OK(server);
		EQUAL(write(server, "x", 1), 1);
		_exit(0);
	}
	test_await_sleep(child);
	EQUAL(read(make_client(SOCK_STREAM, "s"), &byte, 1), 1);
	EQUAL(test_wait(child), 0);
}

TEST(socket_accept_has_a_time_limit)
{
	int listener = make_listener(SOCK_STREAM, "s", 1);
	struct timeval limit = { 0, 10000 };

	OK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	FAILS(accept(listener, NULL, NULL), EAGAIN);
}

TEST(socket_shutdown_of_a_listener)
{
	int listener = make_listener(SOCK_STREAM, "s", 1);

	make_client(SOCK_STREAM, "s");
	OK(shutdown(listener, SHUT_RD));
	FAILS(connect_to(make_socket(SOCK_STREAM), "s"), ECONNREFUSED);
	OK(accept(listener, NULL, NULL));
	FAILS(accept(listener, NULL, NULL), EINVAL);
}

TEST(socket_end_of_a_listener_resets_who_waits)
{
	int listener = make_listener(SOCK_STREAM, "s", 1);
	int client = make_client(SOCK_STREAM, "s");
	char byte;

	EQUAL(events_of(client), POLLOUT);
	OK(close(listener));
	EQUAL(events_of(client), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
	FAILS(read(client, &byte, 1), ECONNRESET);
	EQUAL(read(client, &byte, 1), 0);
	FAILS(send(client, &byte, 1, MSG_NOSIGNAL), EPIPE);
}

TEST(socket_close_with_unread_bytes_resets)
{
	char byte;
	int fds[2];

	for (size_t i = 0; i < COUNT(connected_types); i++) {
		make_pair(connected_types[i], fds);
		EQUAL(write(fds[0], "x", 1), 1);
		EQUAL(write(fds[1], "y", 1), 1);
		OK(close(fds[1]));
		EQUAL(option_of(fds[0], SO_ERROR), ECONNRESET);
		EQUAL(option_of(fds[0], SO_ERROR), 0);
		EQUAL(read(fds[0], &byte, 1), 1);
		EQUAL(read(fds[0], &byte, 1), 0);
	}
}

TEST(socket_error_comes_behind_the_bytes_of_a_stream)
{
	char byte;
	int fds[2];

	make_pair(SOCK_STREAM, fds);
	EQUAL(write(fds[0], "x", 1), 1);
	EQUAL(write(fds[1], "y", 1), 1);
	OK(close(fds[1]));
	EQUAL(read(fds[0], &byte, 1), 1);
	FAILS(read(fds[0], &byte, 1), ECONNRESET);
	EQUAL(read(fds[0], &byte, 1), 0);
	make_pair(SOCK_SEQPACKET, fds);
	EQUAL(write(fds[0], "x", 1), 1);
	EQUAL(write(fds[1], "y", 1), 1);
	OK(close(fds[1]));
	FAILS(read(fds[0], &byte, 1), ECONNRESET);
	EQUAL(read(fds[0], &byte, 1), 1);
	EQUAL(read(fds[0], &byte, 1), 0);
}

TEST(socket_shutdown_in_all_ways)
{
	char byte;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT(connected_types); i++) {
		make_pair(connected_types[i], fds);
		EQUAL(write(fds[1], "x", 1), 1);
		OK(shutdown(fds[0], SHUT_RD));
		FAILS(write(fds[1], "x", 1), EPIPE);
		EQUAL(read(fds[0], &byte, 1), 1);
		EQUAL(read(fds[0], &byte, 1), 0);
		EQUAL(write(fds[0], "z", 1), 1);
		EQUAL(read(fds[1], &byte, 1), 1);
		OK(shutdown(fds[1], SHUT_RDWR));
		FAILS(write(fds[0], "z", 1), EPIPE);
		EQUAL(read(fds[1], &byte, 1), 0);
	}
	OK(shutdown(make_socket(SOCK_STREAM), SHUT_RD));
	OK(shutdown(make_socket(SOCK_DGRAM), SHUT_WR));
	FAILS(shutdown(fds[0], 3), EINVAL);
	FAILS(shutdown(fds[0], -1), EINVAL);
	FAILS(shutdown(0, 0), ENOTSOCK);
	FAILS(shutdown(-1, 0), EBADF);
}

TEST(socket_broken_stream_raises_sigpipe)
{
	int fds[2];
	pid_t child;

	make_pair(SOCK_STREAM, fds);
	OK(close(fds[1]));
	FAILS(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	child = fork();
	OK(child);
	if (!child) {
		send(fds[0], "x", 1, 0);
		_exit(0);
	}
	EQUAL(test_wait(child), 1000 + SIGPIPE);
	make_pair(SOCK_SEQPACKET, fds);
	OK(close(fds[1]));
	IN_CHILD(FAILS(send(fds[0], "x", 1, 0), EPIPE));
}

TEST(socket_states_of_poll)
{
	int fds[2], listener, client;

	EQUAL(events_of(make_socket(SOCK_STREAM)), POLLOUT | POLLHUP);
	EQUAL(events_of(make_socket(SOCK_SEQPACKET)), POLLOUT | POLLHUP);
	EQUAL(events_of(make_socket(SOCK_DGRAM)), POLLOUT);
	listener = make_listener(SOCK_STREAM, "s", 1);
	EQUAL(events_of(listener), 0);
	client = make_client(SOCK_STREAM, "s");
	EQUAL(events_of(listener), POLLIN);
	EQUAL(events_of(client), POLLOUT);
	OK(accept(listener, NULL, NULL));
	EQUAL(events_of(listener), 0);
	for (size_t i = 0; i < COUNT(connected_types); i++) {
		make_pair(connected_types[i], fds);
		EQUAL(events_of(fds[0]), POLLOUT);
		OK(shutdown(fds[0], SHUT_WR));
		EQUAL(events_of(fds[0]), POLLOUT);
		EQUAL(events_of(fds[1]), POLLIN | POLLOUT | POLLRDHUP);
		OK(shutdown(fds[0], SHUT_RD));
		EQUAL(events_of(fds[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
		EQUAL(events_of(fds[1]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	}
}

TEST(socket_credentials_of_the_peer)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fds[2], listener, server;
	pid_t child;

	OK(getsockopt(make_socket(SOCK_STREAM), SOL_SOCKET, SO_PEERCRED, &peer, &size));
	EQUAL(peer.pid, 0);
	EQUAL(peer.uid, (uid_t)-1);
	EQUAL(peer.gid, (gid_t)-1);
	make_pair(SOCK_DGRAM, fds);
	OK(getsockopt(fds[0], SOL_SOCKET, SO_PEERCRED, &peer, &size));
	EQUAL(peer.pid, getpid());
	listener = make_listener(SOCK_STREAM, "s", 1);
	OK(chmod("s", 0777));
	OK(chmod(".", 0755));
	child = fork();
	OK(child);
	if (!child) {
		if (!geteuid())
			OK(setresuid(1000, 1000, 1000));
		server = make_client(SOCK_STREAM, "s");
		OK(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &size));
		EQUAL(peer.pid, getppid());
		_exit(0);
	}
	EQUAL(test_wait(child), 0);
	server = accept(listener, NULL, NULL);
	OK(server);
	size = 100;
	OK(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &size));
	EQUAL(size, sizeof(peer));
	EQUAL(peer.pid, child);
	EQUAL(peer.uid, geteuid() ? geteuid() : 1000);
	EQUAL(peer.gid, getegid());
	OK(getsockopt(listener, SOL_SOCKET, SO_PEERCRED, &peer, &size));
	EQUAL(peer.pid, getpid());
}

static void *connect_often(void *argument)
{
	for (int i = 0; i < 200; i++) {
		int fd = make_client(SOCK_STREAM, "s");

		EQUAL(write(fd, &i, sizeof(i)), sizeof(i));
		OK(close(fd));
	}
	return argument;
}

TEST(socket_many_connect_at_once)
{
	int listener = make_listener(SOCK_STREAM, "s", 3), sum = 0, value, fd;
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		ZERO(pthread_create(&threads[i], NULL, connect_often, NULL));
	for (int i = 0; i < 200 * (int)COUNT(threads); i++) {
		fd = accept(listener, NULL, NULL);
		OK(fd);
		EQUAL(read(fd, &value, sizeof(value)), sizeof(value));
		EQUAL(read(fd, &value, sizeof(value)), 0);
		OK(close(fd));
		sum += value;
	}
	for (size_t i = 0; i < COUNT(threads); i++)
		ZERO(pthread_join(threads[i], NULL));
	EQUAL(sum, 4 * 199 * 100);
}

TEST(socket_epoll_follows_a_connection)
{
	int epoll_fd = epoll_create1(0), listener, client;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

	listener = make_listener(SOCK_STREAM, "s", 1);
	client = make_socket(SOCK_STREAM);
	OK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client, &event));
	EQUAL(epoll_wait(epoll_fd, &event, 1, 0), 1);
	EQUAL(event.events, EPOLLOUT | EPOLLHUP);
	EQUAL(epoll_wait(epoll_fd, &event, 1, 0), 0);
	OK(connect_to(client, "s"));
	int server = accept(listener, NULL, NULL);
	OK(server);
	EQUAL(write(server, "x", 1), 1);
	EQUAL(epoll_wait(epoll_fd, &event, 1, -1), 1);
	EQUAL(event.events, EPOLLIN | EPOLLOUT);
	EQUAL(epoll_wait(epoll_fd, &event, 1, 0), 0);
	EQUAL(write(server, "y", 1), 1);
	EQUAL(epoll_wait(epoll_fd, &event, 1, -1), 1);
	OK(close(server));
	EQUAL(epoll_wait(epoll_fd, &event, 1, -1), 1);
	EQUAL(event.events, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
}
