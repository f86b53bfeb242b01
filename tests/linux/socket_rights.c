/* SPDX-License-Identifier: MIT */
/* Open files and credentials that are sent along. */
#include "tests/linux/socket.h"

#include <grp.h>
#include <pthread.h>
#include <sys/resource.h>

static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

static int open_file(const char *text)
{
	int fd;

	test_write_file("file", text);
	OK(fd = open("file", O_RDONLY));
	return fd;
}

TEST(socket_carries_open_files)
{
	char text[16] = "";
	struct received got;
	int fds[2], sent[2];

	sent[0] = open_file("inside");
	sent[1] = make_socket(SOCK_STREAM);
	for (size_t i = 0; i < COUNT(types); i++) {
		make_pair(types[i], fds);
		EQUAL(send_fds(fds[0], "x", 1, sent, 2), 1);
		got = receive(fds[1], text, sizeof(text), 0);
		EQUAL(got.size, 1);
		EQUAL(got.fd_count, 2);
		EQUAL(got.flags & MSG_CTRUNC, 0);
		CHECK(got.fds[0] != sent[0] && same_file(got.fds[0], sent[0]));
		CHECK(same_file(got.fds[1], sent[1]));
		EQUAL(fcntl(got.fds[0], F_GETFD), 0);
		OK(lseek(sent[0], 3, SEEK_SET));
		EQUAL(lseek(got.fds[0], 0, SEEK_CUR), 3);
		EQUAL(send_fds(fds[0], "x", 1, sent, 1), 1);
		got = receive(fds[1], text, sizeof(text), MSG_CMSG_CLOEXEC);
		EQUAL(got.fd_count, 1);
		EQUAL(got.flags, MSG_CMSG_CLOEXEC);
		EQUAL(fcntl(got.fds[0], F_GETFD), FD_CLOEXEC);
	}
}

TEST(socket_keeps_files_open_on_their_way)
{
	int fds[2], pipe_fds[2];
	struct received got;
	char byte;

	make_pair(SOCK_STREAM, fds);
	OK(pipe(pipe_fds));
	EQUAL(send_fds(fds[0], "x", 1, &pipe_fds[1], 1), 1);
	OK(close(pipe_fds[1]));
	OK(fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK));
	FAILS(read(pipe_fds[0], &byte, 1), EAGAIN);
	got = receive(fds[1], &byte, 1, 0);
	EQUAL(write(got.fds[0], "y", 1), 1);
	EQUAL(read(pipe_fds[0], &byte, 1), 1);
	EQUAL(send_fds(fds[0], "x", 1, got.fds, 1), 1);
	OK(close(got.fds[0]));
	FAILS(read(pipe_fds[0], &byte, 1), EAGAIN);
	OK(close(fds[1]));
	OK(close(fds[0]));
	EQUAL(read(pipe_fds[0], &byte, 1), 0);
}

TEST(socket_read_drops_files)
{
	int fds[2], pipe_fds[2];
	char byte;

	for (size_t i = 0; i < COUNT(types); i++) {
		make_pair(types[i], fds);
		OK(pipe2(pipe_fds, O_NONBLOCK));
		EQUAL(send_fds(fds[0], "x", 1, &pipe_fds[1], 1), 1);
		OK(close(pipe_fds[1]));
		EQUAL(read(fds[1], &byte, 1), 1);
		EQUAL(read(pipe_fds[0], &byte, 1), 0);
	}
}

TEST(socket_stream_read_ends_behind_files)
{
	char text[32] = "";
	struct received got;
	int fds[2], file = open_file("");

	make_pair(SOCK_STREAM, fds);
	EQUAL(write(fds[0], "ab", 2), 2);
	EQUAL(send_fds(fds[0], "cd", 2, &file, 1), 2);
	EQUAL(write(fds[0], "ef", 2), 2);
	EQUAL(send_fds(fds[0], "gh", 2, &file, 1), 2);
	EQUAL(send_fds(fds[0], "ij", 2, &file, 1), 2);
	got = receive(fds[1], text, 1, 0);
	EQUAL(got.fd_count, 0);
	got = receive(fds[1], text, sizeof(text), 0);
	EQUAL(got.size, 3);
	EQUAL(got.fd_count, 1);
	CHECK(!memcmp(text, "bcd", 3));
	got = receive(fds[1], text, 3, 0);
	EQUAL(got.size, 3);
	EQUAL(got.fd_count, 1);
	got = receive(fds[1], text, sizeof(text), 0);
	EQUAL(got.size, 3);
	EQUAL(got.fd_count, 1);
	CHECK(!memcmp(text, "hij", 3));
}

TEST(socket_peek_duplicates_files)
{
	struct received got;
	char byte;
	int fds[2], file = open_file("");

	for (size_t i = 0; i < COUNT(types); i++) {
		make_pair(types[i], fds);
		EQUAL(send_fds(fds[0], "x", 1, &file, 1), 1);
		for (int peek = 2; peek >= 0; peek--) {
			got = receive(fds[1], &byte, 1, peek ? MSG_PEEK : 0);
			EQUAL(got.size, 1);
			EQUAL(got.fd_count, 1);
			CHECK(same_file(got.fds[0], file));
		}
	}
}

TEST(socket_files_that_do_not_fit_are_dropped)
{
	static const struct { int room, count; bool truncated; } cases[] = {
		{ CMSG_SPACE(3 * sizeof(int)), 3, false }, { CMSG_LEN(3 * sizeof(int)), 3, false },
		{ CMSG_LEN(2 * sizeof(int)), 2, true }, { CMSG_LEN(sizeof(int)) + 3, 1, true },
		{ CMSG_LEN(0), 0, true }, { 5, 0, true }, { 0, 0, true },
	};
	char control[200] __attribute__((aligned(8))), byte;
	struct iovec part = { &byte, 1 };
	int fds[2], sent[3];

	for (int i = 0; i < 3; i++)
		sent[i] = open_file("");
	make_pair(SOCK_STREAM, fds);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = cases[i].room };
		struct cmsghdr *header = (void *)control;

		EQUAL(send_fds(fds[0], "x", 1, sent, 3), 1);
		EQUAL(recvmsg(fds[1], &message, 0), 1);
		EQUAL(message.msg_flags & MSG_CTRUNC, cases[i].truncated ? MSG_CTRUNC : 0);
		EQUAL(message.msg_controllen,
		      !cases[i].count ? 0 :
		      cases[i].room < (int)CMSG_SPACE(cases[i].count * sizeof(int)) ?
		      (size_t)cases[i].room : CMSG_SPACE(cases[i].count * sizeof(int)));
		if (cases[i].count)
			EQUAL(header->cmsg_len, CMSG_LEN(cases[i].count * sizeof(int)));
	}
}

TEST(socket_files_beyond_the_limit_of_descriptors)
{
	struct rlimit limit;
	struct received got;
	int fds[2], sent[3];
	char byte;

	for (int i = 0; i < 3; i++)
		sent[i] = open_file("");
	make_pair(SOCK_STREAM, fds);
	OK(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = fds[1] + 2;
	EQUAL(send_fds(fds[0], "x", 1, sent, 3), 1);
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	got = receive(fds[1], &byte, 1, 0);
	EQUAL(got.size, 1);
	EQUAL(got.fd_count, 1);
	EQUAL(got.flags & MSG_CTRUNC, MSG_CTRUNC);
}

TEST(socket_ancillary_data_is_checked)
{
	static const struct { size_t size; int level, type; size_t length; int error; } cases[] = {
		{ 40, SOL_SOCKET, SCM_RIGHTS, 15, EINVAL },
		{ 40, SOL_SOCKET, SCM_RIGHTS, 41, EINVAL },
		{ 40, SOL_SOCKET, SCM_RIGHTS, CMSG_LEN(4), EBADF },
		{ 24, SOL_SOCKET, SCM_RIGHTS, CMSG_LEN(3), 0 },
		{ 40, SOL_SOCKET, 77, CMSG_LEN(4), EINVAL },
		{ 40, SOL_SOCKET, SCM_CREDENTIALS, CMSG_LEN(4), EINVAL },
		{ 40, SOL_SOCKET, SCM_CREDENTIALS, CMSG_LEN(16), EINVAL },
		{ 24, 77, SCM_RIGHTS, CMSG_LEN(4), 0 }, { 5, 77, SCM_RIGHTS, CMSG_LEN(4), 0 },
	};
	char control[64] __attribute__((aligned(8)));
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *header = (void *)control;
	int fds[2];

	for (size_t i = 0; i < COUNT(cases); i++) {
		make_pair(SOCK_DGRAM, fds);
		memset(control, 0, sizeof(control));
		message.msg_controllen = cases[i].size;
		header->cmsg_len = cases[i].length;
		header->cmsg_level = cases[i].level;
		header->cmsg_type = cases[i].type;
		*(int *)CMSG_DATA(header) = 99;
		if (cases[i].error)
			FAILS(sendmsg(fds[0], &message, 0), cases[i].error);
		else
			EQUAL(sendmsg(fds[0], &message, 0), 1);
	}
}

TEST(socket_carries_so_many_files)
{
	struct received got;
	int fds[2], sent[254];
	char byte;

	make_pair(SOCK_STREAM, fds);
	for (int i = 0; i < 254; i++)
		sent[i] = fds[0];
	FAILS(send_fds(fds[0], "x", 1, sent, 254), EINVAL);
	EQUAL(send_fds(fds[0], "x", 1, sent, 253), 1);
	got = receive(fds[1], &byte, 1, 0);
	EQUAL(got.fd_count, 253);
	sent[0] = -1;
	FAILS(send_fds(fds[0], "x", 1, sent, 2), EBADF);
}

TEST(socket_rights_of_an_empty_send)
{
	struct received got;
	int fds[2], file = open_file("");
	char byte;

	make_pair(SOCK_STREAM, fds);
	EQUAL(send_fds(fds[0], "", 0, &file, 1), 0);
	FAILS(recv(fds[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
	make_pair(SOCK_DGRAM, fds);
	EQUAL(send_fds(fds[0], "", 0, &file, 1), 0);
	got = receive(fds[1], &byte, 1, 0);
	EQUAL(got.size, 0);
	EQUAL(got.fd_count, 1);
}

TEST(socket_of_path_descriptor)
{
	struct received got;
	int fds[2], path;
	char byte;

	make_pair(SOCK_STREAM, fds);
	OK(path = open(".", O_PATH));
	EQUAL(send_fds(fds[0], "x", 1, &path, 1), 1);
	got = receive(fds[1], &byte, 1, 0);
	EQUAL(got.fd_count, 1);
	CHECK(fcntl(got.fds[0], F_GETFL) & O_PATH);
	FAILS(read(got.fds[0], &byte, 1), EBADF);
}

/* ---- In circles: the domain's heap is compared after each test ---- */

TEST(socket_in_itself_goes_with_it)
{
	int fds[2];

	for (size_t i = 0; i < COUNT(types); i++) {
		make_pair(types[i], fds);
		EQUAL(send_fds(fds[0], "x", 1, &fds[1], 1), 1);
		OK(close(fds[0]));
		OK(close(fds[1]));
		make_pair(types[i], fds);
		EQUAL(send_fds(fds[0], "x", 1, &fds[0], 1), 1);
		EQUAL(send_fds(fds[1], "x", 1, &fds[1], 1), 1);
		OK(close(fds[0]));
		OK(close(fds[1]));
	}
}

TEST(socket_circle_releases_what_is_in_it)
{
	int fds[2], others[2], pipe_fds[2];
	char byte;

	OK(pipe(pipe_fds));
	make_pair(SOCK_STREAM, fds);
	make_pair(SOCK_DGRAM, others);
	EQUAL(send_fds(fds[0], "x", 1, others, 2), 1);
	EQUAL(send_fds(others[0], "x", 1, fds, 2), 1);
	EQUAL(send_fds(others[1], "x", 1, &pipe_fds[1], 1), 1);
	OK(close(pipe_fds[1]));
	for (int i = 0; i < 2; i++) {
		OK(close(fds[i]));
		OK(close(others[i]));
	}
	/* Linux looks when a socket is released. */
	OK(close(make_socket(SOCK_STREAM)));
	EQUAL(read(pipe_fds[0], &byte, 1), 0);
}

TEST(socket_that_can_be_reached_is_no_garbage)
{
	int fds[2], inner[2];
	struct received got;
	char text[8] = "";

	make_pair(SOCK_STREAM, fds);
	make_pair(SOCK_STREAM, inner);
	EQUAL(send_fds(inner[0], "a", 1, &inner[0], 1), 1);
	EQUAL(send_fds(inner[0], "b", 1, &inner[1], 1), 1);
	EQUAL(send_fds(fds[0], "c", 1, &inner[1], 1), 1);
	OK(close(inner[0]));
	OK(close(inner[1]));
	OK(close(make_socket(SOCK_STREAM)));
	got = receive(fds[1], text, 1, 0);
	EQUAL(got.fd_count, 1);
	inner[1] = got.fds[0];
	got = receive(inner[1], text, sizeof(text), 0);
	EQUAL(got.fd_count, 1);
	EQUAL(write(got.fds[0], "d", 1), 1);
	got = receive(inner[1], text, sizeof(text), 0);
	EQUAL(got.fd_count, 1);
	CHECK(same_file(got.fds[0], inner[1]));
	EQUAL(read(inner[1], text, 1), 1);
	EQUAL(text[0], 'd');
}

TEST(socket_circle_through_a_listener)
{
	int listener = make_listener(SOCK_STREAM, "s", 1), pipe_fds[2], client;
	char byte;

	OK(pipe(pipe_fds));
	client = make_client(SOCK_STREAM, "s");
	EQUAL(send_fds(client, "x", 1, (int[]){ listener, client, pipe_fds[1] }, 3), 1);
	OK(close(pipe_fds[1]));
	OK(close(client));
	OK(close(listener));
	OK(close(make_socket(SOCK_STREAM)));
	EQUAL(read(pipe_fds[0], &byte, 1), 0);
}

TEST(socket_circle_left_by_who_drops_it)
{
	int fds[2], inner[2];
	char byte;

	make_pair(SOCK_STREAM, fds);
	make_pair(SOCK_STREAM, inner);
	EQUAL(send_fds(inner[0], "a", 1, inner, 2), 1);
	EQUAL(send_fds(inner[1], "a", 1, inner, 2), 1);
	EQUAL(send_fds(fds[0], "b", 1, inner, 2), 1);
	OK(close(inner[0]));
	OK(close(inner[1]));
	EQUAL(read(fds[1], &byte, 1), 1);
	EQUAL(read(fds[0], &byte, 0), 0);
}

TEST(socket_chain_in_flight_goes_whole)
{
	enum { LENGTH = 2000 };
	int fds[2], next[2], pipe_fds[2];
	char byte;

	OK(pipe(pipe_fds));
	make_pair(SOCK_DGRAM, fds);
	EQUAL(send_fds(fds[0], "x", 1, &pipe_fds[1], 1), 1);
	OK(close(pipe_fds[1]));
	for (int i = 0; i < LENGTH; i++) {
		make_pair(SOCK_DGRAM, next);
		EQUAL(send_fds(next[0], "x", 1, &fds[1], 1), 1);
		OK(close(fds[0]));
		OK(close(fds[1]));
		memcpy(fds, next, sizeof(fds));
	}
	OK(close(fds[0]));
	OK(close(fds[1]));
	EQUAL(read(pipe_fds[0], &byte, 1), 0);
}

/* ---- All at once ---- */

enum { SHARED = 6, ROUNDS = 1500 };
static int shared[SHARED][2];

/* Sends ends of pairs through ends of pairs, takes some, leaves some: circles come and go. */
static void *pass_about(void *argument)
{
	unsigned int seed = (unsigned int)(long)argument + 1;

	for (int i = 0; i < ROUNDS; i++) {
		int *through = shared[rand_r(&seed) % SHARED], own[2];
		struct received got;
		char text[8];

		make_pair(types[i % COUNT(types)], own);
		send_fds(own[0], "a", 1, own, 2);
		send_fds(own[0], "a", 1, through, 1);
		send_fds(through[0], "b", 1, own, 2);
		OK(close(own[0]));
		OK(close(own[1]));
		got = receive(through[1], text, 1 + i % 3, i % 5 ? 0 : MSG_PEEK);
		for (int j = 0; got.size > 0 && j < got.fd_count; j++)
			OK(close(got.fds[j]));
	}
	return NULL;
}

TEST(socket_threads_pass_sockets_about)
{
	pthread_t threads[4];

	for (int i = 0; i < SHARED; i++)
		make_pair(types[i % COUNT(types)] | SOCK_NONBLOCK, shared[i]);
	for (size_t i = 0; i < COUNT(threads); i++)
		ZERO(pthread_create(&threads[i], NULL, pass_about, (void *)(long)i));
	for (size_t i = 0; i < COUNT(threads); i++)
		ZERO(pthread_join(threads[i], NULL));
}

TEST(socket_files_in_flight_are_bounded)
{
	struct rlimit limit = { 20, 20 };
	int fds[2], sent = 0;

	if (geteuid())
		test_skip("not root");
	make_pair(SOCK_DGRAM, fds);
	IN_CHILD(OK(setrlimit(RLIMIT_NOFILE, &limit));
		 OK(setgroups(0, NULL));
		 OK(setresuid(54321, 54321, 54321));
		 while (sent < 100 && send_fds(fds[0], "x", 1, (int[]){ 0, 1, 2, 0, 1 }, 5) == 1)
			sent++;
		 EQUAL(errno, ETOOMANYREFS);
		 CHECK(sent >= 4 && sent <= 6));
}

/* ---- Credentials ---- */

TEST(socket_tells_credentials_when_asked)
{
	struct received got;
	char text[8];
	int fds[2];

	for (size_t i = 0; i < COUNT(types); i++) {
		make_pair(types[i], fds);
		EQUAL(write(fds[0], "a", 1), 1);
		EQUAL(option_of(fds[1], SO_PASSCRED), 0);
		option_set(fds[1], SO_PASSCRED, 1);
		EQUAL(option_of(fds[1], SO_PASSCRED), 1);
		EQUAL(write(fds[0], "b", 1), 1);
		got = receive(fds[1], text, sizeof(text), 0);
		CHECK(got.named);
		EQUAL(got.size, 1);
		EQUAL(got.sender.pid, 0);
		EQUAL(got.sender.uid, 65534);
		EQUAL(got.sender.gid, 65534);
		got = receive(fds[1], text, sizeof(text), 0);
		CHECK(got.named);
		EQUAL(got.sender.pid, getpid());
		EQUAL(got.sender.uid, getuid());
		EQUAL(got.sender.gid, getgid());
		option_set(fds[1], SO_PASSCRED, 0);
		EQUAL(write(fds[0], "c", 1), 1);
		got = receive(fds[1], text, sizeof(text), 0);
		CHECK(!got.named);
	}
}

TEST(socket_stream_does_not_mix_senders)
{
	struct received got;
	char text[8];
	int fds[2];
	pid_t child;

	make_pair(SOCK_STREAM, fds);
	option_set(fds[1], SO_PASSCRED, 1);
	EQUAL(write(fds[0], "ab", 2), 2);
	EQUAL(write(fds[0], "c", 1), 1);
	child = fork();
	OK(child);
	if (!child) {
		EQUAL(write(fds[0], "d", 1), 1);
		_exit(0);
	}
	EQUAL(test_wait(child), 0);
	EQUAL(write(fds[0], "e", 1), 1);
	got = receive(fds[1], text, 8, MSG_PEEK);
	EQUAL(got.size, 3);
	EQUAL(got.sender.pid, getpid());
	got = receive(fds[1], text, 8, 0);
	EQUAL(got.size, 3);
	EQUAL(got.sender.pid, getpid());
	got = receive(fds[1], text, 8, 0);
	EQUAL(got.size, 1);
	EQUAL(got.sender.pid, child);
	EQUAL(write(fds[0], "f", 1), 1);
	EQUAL(read(fds[1], text, 8), 2);
}

static ssize_t send_as(int fd, pid_t pid, uid_t uid, gid_t gid)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8))) = "";
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct ucred told = { pid, uid, gid };

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_CREDENTIALS;
	header->cmsg_len = CMSG_LEN(sizeof(told));
	memcpy(CMSG_DATA(header), &told, sizeof(told));
	return sendmsg(fd, &message, 0);
}

TEST(socket_credentials_are_checked)
{
	struct received got;
	char text[8];
	int fds[2];

	if (geteuid())
		test_skip("not root");
	make_pair(SOCK_DGRAM, fds);
	option_set(fds[1], SO_PASSCRED, 1);
	EQUAL(send_as(fds[0], getpid(), 0, 0), 1);
	EQUAL(send_as(fds[0], getppid(), 7, 8), 1);
	got = receive(fds[1], text, 8, 0);
	EQUAL(got.sender.pid, getpid());
	got = receive(fds[1], text, 8, 0);
	EQUAL(got.sender.pid, getppid());
	EQUAL(got.sender.uid, 7);
	EQUAL(got.sender.gid, 8);
	FAILS(send_as(fds[0], 4000000, 0, 0), ESRCH);
	IN_CHILD(OK(setgroups(0, NULL)); OK(setresgid(2, 3, 4)); OK(setresuid(5, 6, 7));
		 EQUAL(send_as(fds[0], getpid(), 5, 2), 1);
		 EQUAL(send_as(fds[0], getpid(), 6, 3), 1);
		 EQUAL(send_as(fds[0], getpid(), 7, 4), 1);
		 FAILS(send_as(fds[0], getpid(), 0, 2), EPERM);
		 FAILS(send_as(fds[0], getpid(), 5, 0), EPERM);
		 FAILS(send_as(fds[0], getppid(), 5, 2), EPERM);
		 EQUAL(write(fds[0], "y", 1), 1));
	for (int i = 0; i < 4; i++)
		got = receive(fds[1], text, 8, 0);
	EQUAL(got.sender.uid, 5);
	EQUAL(got.sender.gid, 2);
}

TEST(socket_credentials_give_the_sender_a_name)
{
	int to = make_bound(SOCK_DGRAM, "to"), fd = make_socket(SOCK_DGRAM);
	struct name name = name_of("to");
	struct sockaddr_un got;
	socklen_t size = sizeof(got);
	char byte;

	option_set(fd, SO_PASSCRED, 1);
	EQUAL(sendto(fd, "x", 1, 0, ADDRESS(&name), name.size), 1);
	EQUAL(recvfrom(to, &byte, 1, 0, (void *)&got, &size), 1);
	EQUAL(size, sizeof(sa_family_t) + 6);
	EQUAL(got.sun_path[0], 0);
}

TEST(socket_credentials_and_files_together)
{
	int fds[2], file = open_file("");
	struct received got;
	char byte;

	make_pair(SOCK_STREAM, fds);
	option_set(fds[1], SO_PASSCRED, 1);
	EQUAL(send_fds(fds[0], "x", 1, &file, 1), 1);
	got = receive(fds[1], &byte, 1, 0);
	CHECK(got.named);
	EQUAL(got.sender.pid, getpid());
	EQUAL(got.fd_count, 1);
	EQUAL(write(fds[0], "x", 1), 1);
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	EQUAL(recvmsg(fds[1], &message, 0), 1);
	EQUAL(message.msg_flags & MSG_CTRUNC, MSG_CTRUNC);
}

TEST(socket_accepted_one_passes_credentials_as_its_listener)
{
	int listener = make_listener(SOCK_STREAM, "s", 1), client;

	option_set(listener, SO_PASSCRED, 1);
	client = make_client(SOCK_STREAM, "s");
	EQUAL(option_of(accept(listener, NULL, NULL), SO_PASSCRED), 1);
	EQUAL(option_of(client, SO_PASSCRED), 0);
}
