/* SPDX-License-Identifier: MIT */
/*
 * Local sockets that only sockets in flight lead to: each way in which the last way to a circle of
 * them can go. That it is found is told by a pipe's end in it; that nothing of it is left, by the
 * domain's heap, which is compared after each test.
 */
#include "tests/linux/socket.h"

#include <pthread.h>

static pthread_barrier_t barrier;
static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

/*
 * A pipe whose writing end is in the queue of fds[1]; each of the pair leads to both. So its reader
 * is told of the end once the pair is no more.
 */
static int make_circle(int type, int fds[2])
{
	int pipe_fds[2];

	OK(pipe(pipe_fds));
	make_pair(type, fds);
	EQUAL(send_fds(fds[0], "x", 1, fds, 2), 1);
	EQUAL(send_fds(fds[1], "x", 1, fds, 2), 1);
	EQUAL(send_fds(fds[0], "x", 1, &pipe_fds[1], 1), 1);
	OK(close(pipe_fds[1]));
	return pipe_fds[0];
}

static void close_pair(const int fds[2])
{
	OK(close(fds[0]));
	OK(close(fds[1]));
}

/* Linux looks for garbage when a socket is released, which those of a circle never are. */
static void expect_end(int pipe_fd)
{
	struct pollfd poll_fd = { pipe_fd, POLLIN, 0 };
	char byte;

	OK(close(make_socket(SOCK_STREAM)));
	EQUAL(poll(&poll_fd, 1, 10000), 1);
	EQUAL(read(pipe_fd, &byte, 1), 0);
	OK(close(pipe_fd));
}

static void expect_open(int pipe_fd)
{
	struct pollfd poll_fd = { pipe_fd, POLLIN, 0 };

	OK(close(make_socket(SOCK_STREAM)));
	EQUAL(poll(&poll_fd, 1, 0), 0);
}

TEST(socket_circle_ends_with_its_last_descriptor)
{
	int fds[2], copy, pipe_fd;

	for (size_t i = 0; i < COUNT(types); i++) {
		pipe_fd = make_circle(types[i], fds);
		OK(copy = dup(fds[1]));
		close_pair(fds);
		expect_open(pipe_fd);
		OK(close(copy));
		expect_end(pipe_fd);
	}
}

TEST(socket_circle_ends_with_who_received_it)
{
	int fds[2], inner[2], pipe_fd;
	struct received got;
	char byte;

	make_pair(SOCK_SEQPACKET, fds);
	for (size_t i = 0; i < COUNT(types); i++) {
		pipe_fd = make_circle(types[i], inner);
		EQUAL(send_fds(fds[0], "x", 1, inner, 1), 1);
		close_pair(inner);
		got = receive(fds[1], &byte, 1, 0);
		EQUAL(got.fd_count, 1);
		OK(close(got.fds[0]));
		expect_end(pipe_fd);
	}
}

TEST(socket_circle_ends_with_its_last_process)
{
	int fds[2], pipe_fd = make_circle(SOCK_STREAM, fds), wait_fds[2];
	pid_t child;
	char byte;

	OK(pipe(wait_fds));
	child = fork();
	OK(child);
	if (!child) {
		OK(close(wait_fds[1]));
		EQUAL(read(wait_fds[0], &byte, 1), 0);
		_exit(0);
	}
	close_pair(fds);
	OK(close(wait_fds[1]));
	EQUAL(test_wait(child), 0);
	expect_end(pipe_fd);
}

/* ---- A call that waits has the last reference, and no close(2) is to come ---- */

static void on_signal(int number)
{
	(void)number;
}

static volatile pid_t waiter;	/* thread; 0: not there yet */

/* The next send through it waits. */
static void fill(int fd)
{
	while (send(fd, "x", 1, MSG_DONTWAIT) == 1)
		;
	EQUAL(errno, EAGAIN);
}

static void *send_until_signal(void *argument)
{
	int fd = *(int *)argument;

	waiter = gettid();
	FAILS(send(fd, "x", 1, 0), EINTR);
	return NULL;
}

static void await_waiter(void)
{
	char path[40];

	while (!waiter)
		test_pause_ms(1);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)waiter);
	while (strrchr(test_read_file(path), ')')[2] != 'S')
		test_pause_ms(1);
}

TEST(socket_circle_ends_with_a_call_that_waits_in_it)
{
	struct sigaction action = { .sa_handler = on_signal };
	int fds[2], fd, pipe_fd;
	pthread_t thread;

	OK(sigaction(SIGUSR1, &action, NULL));
	for (size_t i = 0; i < COUNT(types); i++) {
		pipe_fd = make_circle(types[i], fds);
		fd = fds[0];
		fill(fd);
		waiter = 0;
		ZERO(pthread_create(&thread, NULL, send_until_signal, &fd));
		await_waiter();
		close_pair(fds);
		expect_open(pipe_fd);
		ZERO(pthread_kill(thread, SIGUSR1));
		ZERO(pthread_join(thread, NULL));
		expect_end(pipe_fd);
	}
}

/* ---- Files that come into a queue after its last descriptor went ---- */

static int late[3];		/* is sent: a pipe's end, what receives it; through this */

static void *send_late(void *argument)
{
	(void)argument;
	waiter = gettid();
	EQUAL(send_fds(late[2], "x", 1, late, 2), 1);
	return NULL;
}

/* There is room for what waits, and then only itself holds the receiver. */
static void receive_last(void)
{
	static char text[1 << 20];
	pthread_t thread;

	fill(late[2]);
	waiter = 0;
	ZERO(pthread_create(&thread, NULL, send_late, NULL));
	await_waiter();
	CHECK(recv(late[1], text, sizeof(text), 0) > 0);
	OK(close(late[1]));
	ZERO(pthread_join(thread, NULL));
	OK(close(late[0]));
}

TEST(socket_receives_itself_when_nobody_has_it)
{
	int pipe_fds[2];

	for (int i = 0; i < 40; i++) {
		OK(pipe(pipe_fds));
		late[0] = pipe_fds[1];
		if (i % 2) {
			make_pair(SOCK_STREAM, late + 1);
		} else {
			late[1] = make_bound(SOCK_DGRAM, "s");
			late[2] = make_client(SOCK_DGRAM, "s");
			OK(unlink("s"));
		}
		receive_last();
		expect_end(pipe_fds[0]);
		OK(close(late[2]));
	}
}

/* ---- Large ones, and listeners ---- */

TEST(socket_circle_of_many)
{
	enum { LENGTH = 2000 };
	int first[2], last[2], next[2], pipe_fd;

	pipe_fd = make_circle(SOCK_DGRAM, first);
	OK(last[0] = dup(first[0]));
	OK(last[1] = dup(first[1]));
	for (int i = 0; i < LENGTH; i++) {
		make_pair(SOCK_DGRAM, next);
		EQUAL(send_fds(next[0], "x", 1, &last[1], 1), 1);
		close_pair(last);
		memcpy(last, next, sizeof(next));
	}
	EQUAL(send_fds(first[1], "x", 1, &last[1], 1), 1);
	close_pair(last);
	close_pair(first);
	expect_end(pipe_fd);
}

TEST(socket_circle_through_ready_connections)
{
	int listener = make_listener(SOCK_SEQPACKET, "s", 8), fds[2], pipe_fd, client;

	pipe_fd = make_circle(SOCK_STREAM, fds);
	for (int i = 0; i < 3; i++) {
		client = make_client(SOCK_SEQPACKET, "s");
		EQUAL(send_fds(client, "x", 1, (int[]){ client, fds[i % 2] }, 2), 1);
		OK(close(client));
	}
	/* The pair is led to by the listener alone, and the listener by the pair. */
	EQUAL(send_fds(fds[0], "x", 1, &listener, 1), 1);
	close_pair(fds);
	OK(close(listener));
	expect_end(pipe_fd);
}

TEST(socket_that_a_listener_leads_to_is_no_garbage)
{
	int listener = make_listener(SOCK_STREAM, "s", 8), client = make_client(SOCK_STREAM, "s");
	int server, fds[2], pipe_fd = make_circle(SOCK_STREAM, fds);
	struct received got;
	char byte;

	EQUAL(send_fds(client, "x", 1, (int[]){ client, fds[0] }, 2), 1);
	close_pair(fds);
	OK(close(client));
	expect_open(pipe_fd);
	OK(server = accept(listener, NULL, NULL));
	got = receive(server, &byte, 1, 0);
	EQUAL(got.fd_count, 2);
	expect_open(pipe_fd);
	close_pair(got.fds);
	expect_end(pipe_fd);
}

/* ---- A socket sent while it is closed ---- */

enum { RACES = 300 };
static int raced[4];		/* the ends of a pipe, a pair */

static void *send_raced(void *argument)
{
	(void)argument;
	for (int i = 0; i < RACES; i++) {
		pthread_barrier_wait(&barrier);
		send_fds(raced[2], "x", 1, raced + 1, 3);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

/* At another moment of the sending in each round. */
static void close_raced(int round)
{
	for (volatile int i = round * 7 % 500; i; i--)
		;
	OK(close(raced[2 + round % 2]));
	OK(close(raced[3 - round % 2]));
}

TEST(socket_circle_closed_while_it_is_sent)
{
	pthread_t thread;

	ZERO(pthread_barrier_init(&barrier, NULL, 2));
	ZERO(pthread_create(&thread, NULL, send_raced, NULL));
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < RACES; i++) {
		OK(pipe(raced));
		make_pair(types[i % COUNT(types)], raced + 2);
		pthread_barrier_wait(&barrier);
		close_raced(i);
		pthread_barrier_wait(&barrier);
		OK(close(raced[1]));
		expect_end(raced[0]);
	}
	ZERO(pthread_join(thread, NULL));
}

/* ---- A receiver that ends while files come ---- */

static void *send_until_end(void *argument)
{
	(void)argument;
	while (send_fds(raced[2], "x", 1, raced + 1, 1) == 1 || errno == EAGAIN)
		;
	CHECK(errno == EPIPE || errno == ECONNRESET || errno == ECONNREFUSED);
	return NULL;
}

/* What waits takes the receiver long enough to drop that more comes meanwhile. */
TEST(socket_ends_while_files_come)
{
	enum { MANY = 250 };
	int many[MANY];
	pthread_t thread;

	if (geteuid())
		test_skip("not root: files in flight are bounded");
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < MANY; i++)
		OK(many[i] = dup(0));
	for (int i = 0; i < 40; i++) {
		OK(pipe(raced));
		make_pair(types[i % COUNT(types)] | SOCK_NONBLOCK, raced + 2);
		for (int j = 0; j < 20; j++)
			send_fds(raced[2], "x", 1, many, MANY);
		ZERO(pthread_create(&thread, NULL, send_until_end, NULL));
		test_pause_ms(i % 2);
		OK(close(raced[3]));
		ZERO(pthread_join(thread, NULL));
		OK(close(raced[2]));
		OK(close(raced[1]));
		expect_end(raced[0]);
	}
}
