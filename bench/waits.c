/* SPDX-License-Identifier: MIT */
/* Figures of waiting and waking: pipes, sockets, eventfd, epoll. No locks. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* pipe_self: a write of 8 bytes to a pipe and the read of them, in one thread. */
static uint64_t pipe_self_batch(void *context, uint64_t count)
{
	const int *pipe_fds = context;
	uint64_t began_ns = clock_ns(), got;

	for (uint64_t i = 0; i < count; i++) {
		MUST(write(pipe_fds[1], &i, sizeof(i)) == sizeof(i));
		MUST(read(pipe_fds[0], &got, sizeof(got)) == sizeof(got) && got == i);
	}
	return clock_ns() - began_ns;
}

static double pipe_self_run(void)
{
	int pipe_fds[2];

	MUST(pipe(pipe_fds) == 0);
	return measure(pipe_self_batch, pipe_fds, UINT64_MAX / 2);
}

/* pipe_pair: 8 bytes to another process through one pipe and back, plus one, through a second. */
struct pipe_pair {
	int there[2], back[2];
};

static uint64_t pipe_pair_batch(void *context, uint64_t count)
{
	const struct pipe_pair *pair = context;
	uint64_t began_ns = clock_ns(), got;

	for (uint64_t i = 0; i < count; i++) {
		MUST(write(pair->there[1], &i, sizeof(i)) == sizeof(i));
		MUST(read(pair->back[0], &got, sizeof(got)) == sizeof(got) && got == i + 1);
	}
	return clock_ns() - began_ns;
}

static _Noreturn void pipe_pair_answer(const struct pipe_pair *pair)
{
	uint64_t value;

	close(pair->there[1]);
	while (read(pair->there[0], &value, sizeof(value)) == sizeof(value)) {
		value++;
		if (write(pair->back[1], &value, sizeof(value)) != sizeof(value))
			_exit(1);
	}
	_exit(0);
}

static double pipe_pair_run(void)
{
	struct pipe_pair pair;
	double figure;
	int status;
	pid_t child;

	MUST(pipe(pair.there) == 0 && pipe(pair.back) == 0);
	child = fork();
	MUST(child >= 0);
	if (child == 0)
		pipe_pair_answer(&pair);
	figure = measure(pipe_pair_batch, &pair, UINT64_MAX / 2);
	MUST(close(pair.there[1]) == 0);
	MUST(waitpid(child, &status, 0) == child && status == 0);
	return figure;
}

/* unix_pingpong: 8 bytes to another process through a local stream socket, and back, plus one. */
static uint64_t unix_pingpong_batch(void *context, uint64_t count)
{
	int socket_fd = *(const int *)context;
	uint64_t began_ns = clock_ns(), got;

	for (uint64_t i = 0; i < count; i++) {
		MUST(send(socket_fd, &i, sizeof(i), 0) == sizeof(i));
		MUST(recv(socket_fd, &got, sizeof(got), 0) == sizeof(got) && got == i + 1);
	}
	return clock_ns() - began_ns;
}

static _Noreturn void unix_pingpong_answer(int socket_fd)
{
	uint64_t value;

	while (recv(socket_fd, &value, sizeof(value), 0) == sizeof(value)) {
		value++;
		if (send(socket_fd, &value, sizeof(value), 0) != sizeof(value))
			_exit(1);
	}
	_exit(0);
}

static double unix_pingpong_run(void)
{
	int fds[2], status;
	double figure;
	pid_t child;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	child = fork();
	MUST(child >= 0);
	if (child == 0) {
		close(fds[0]);
		unix_pingpong_answer(fds[1]);
	}
	figure = measure(unix_pingpong_batch, &fds[0], UINT64_MAX / 2);
	MUST(close(fds[0]) == 0 && close(fds[1]) == 0);
	MUST(waitpid(child, &status, 0) == child && status == 0);
	return figure;
}

/* epoll_eventfd: a write to an eventfd, the epoll_wait that reports it, the read: one thread. */
struct epoll_eventfd {
	int epoll_fd, event_fd;
};

static uint64_t epoll_eventfd_batch(void *context, uint64_t count)
{
	const struct epoll_eventfd *fds = context;
	uint64_t began_ns = clock_ns(), value;
	struct epoll_event event;

	for (uint64_t i = 0; i < count; i++) {
		value = i + 1;
		MUST(write(fds->event_fd, &value, sizeof(value)) == sizeof(value));
		MUST(epoll_wait(fds->epoll_fd, &event, 1, -1) == 1 && event.data.u64 == 7);
		MUST(read(fds->event_fd, &value, sizeof(value)) == sizeof(value));
		MUST(value == i + 1);
	}
	return clock_ns() - began_ns;
}

static double epoll_eventfd_run(void)
{
	struct epoll_eventfd fds = { epoll_create1(EPOLL_CLOEXEC), eventfd(0, EFD_CLOEXEC) };
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 7 };

	MUST(fds.epoll_fd >= 0 && fds.event_fd >= 0);
	MUST(epoll_ctl(fds.epoll_fd, EPOLL_CTL_ADD, fds.event_fd, &event) == 0);
	return measure(epoll_eventfd_batch, &fds, UINT64_MAX / 2);
}

const struct figure wait_figures[] = {
	{ "pipe_self", pipe_self_run },
	{ "pipe_pair", pipe_pair_run },
	{ "unix_pingpong", unix_pingpong_run },
	{ "epoll_eventfd", epoll_eventfd_run },
	{ 0 },
};
