/* SPDX-License-Identifier: MIT */
/* poll, select, epoll, eventfd, timerfd. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

static int make_epoll(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	OK(fd);
	return fd;
}

static void add(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

/* The events that are ready now, 0 when none. */
static uint32_t ready(int epoll)
{
	struct epoll_event event;
	int count = epoll_wait(epoll, &event, 1, 0);

	OK(count);
	return count ? event.events : 0;
}

TEST(poll_results)
{
	struct pollfd polls[3];
	int fds[2], file;

	OK(pipe(fds));
	test_write_file("file", "x");
	OK(file = open("file", O_RDWR));
	polls[0] = (struct pollfd){ fds[0], POLLIN, 0x55 };
	polls[1] = (struct pollfd){ file, POLLIN | POLLOUT, 0 };
	polls[2] = (struct pollfd){ -1, POLLIN, 0x55 };
	EQUAL(poll(polls, 3, -1), 1);
	EQUAL(polls[0].revents, 0);
	EQUAL(polls[1].revents, POLLIN | POLLOUT);
	EQUAL(polls[2].revents, 0);
	polls[0].fd = 999;
	EQUAL(poll(polls, 1, -1), 1);
	EQUAL(polls[0].revents, POLLNVAL);
	EQUAL(poll(NULL, 0, 1), 0);
	FAILS(poll((void *)8, 1, 0), EFAULT);
	FAILS(poll(polls, 1 << 30, 0), EINVAL);
}

TEST(poll_waits_for_a_writer)
{
	struct pollfd pollfd = { .events = POLLIN };
	int fds[2];
	pid_t self = getpid(), child;

	OK(pipe(fds));
	child = fork();
	if (!child) {
		test_await_sleep(self);
		EQUAL(write(fds[1], "x", 1), 1);
		_exit(0);
	}
	pollfd.fd = fds[0];
	EQUAL(poll(&pollfd, 1, -1), 1);
	EQUAL(pollfd.revents, POLLIN);
	EQUAL(test_wait(child), 0);
}

TEST(poll_with_timeouts)
{
	struct timespec brief = { 0, 1000000 }, bad = { 0, -5 };
	struct pollfd pollfd = { .events = POLLIN };
	int fds[2];

	OK(pipe(fds));
	pollfd.fd = fds[0];
	EQUAL(poll(&pollfd, 1, 1), 0);
	EQUAL(ppoll(&pollfd, 1, &brief, NULL), 0);
	FAILS(ppoll(&pollfd, 1, &bad, NULL), EINVAL);
}

static volatile int handled;

static void on_signal(int number)
{
	handled = number;
}

TEST(ppoll_and_pselect_take_a_mask)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct timespec long_time = { 1000, 0 };
	sigset_t set, none;
	int fds[2];

	OK(pipe(fds));
	pollfd.fd = fds[0];
	signal(SIGUSR1, on_signal);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(raise(SIGUSR1));
	FAILS(ppoll(&pollfd, 1, &long_time, &none), EINTR);
	EQUAL(handled, SIGUSR1);
	OK(raise(SIGUSR1));
	FAILS(pselect(0, NULL, NULL, NULL, &long_time, &none), EINTR);
	int epoll = make_epoll();
	struct epoll_event event;
	OK(raise(SIGUSR1));
	FAILS(epoll_pwait(epoll, &event, 1, -1, &none), EINTR);
	sigprocmask(SIG_BLOCK, NULL, &none);
	EQUAL(sigismember(&none, SIGUSR1), 1);
}

TEST(select_results)
{
	struct timeval none = { 0, 0 };
	fd_set in, out;
	int fds[2];

	OK(pipe(fds));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fds[0], &in);
	FD_SET(fds[1], &out);
	EQUAL(select(fds[1] + 1, &in, &out, NULL, &none), 1);
	CHECK(!FD_ISSET(fds[0], &in));
	CHECK(FD_ISSET(fds[1], &out));
	EQUAL(write(fds[1], "x", 1), 1);
	FD_SET(fds[0], &in);
	EQUAL(select(fds[1] + 1, &in, &out, NULL, NULL), 2);
	OK(close(fds[0]));
	FD_ZERO(&in);
	FD_SET(fds[0], &in);
	FAILS(select(fds[0] + 1, &in, NULL, NULL, &none), EBADF);
	FAILS(select(-1, NULL, NULL, NULL, &none), EINVAL);
	none.tv_usec = -1;
	FAILS(select(0, NULL, NULL, NULL, &none), EINVAL);
	none.tv_usec = 1000;
	EQUAL(select(0, NULL, NULL, NULL, &none), 0);
	EQUAL(none.tv_usec, 0);
}

TEST(epoll_level)
{
	int epoll = make_epoll(), fds[2];
	char byte;

	OK(pipe(fds));
	add(epoll, fds[0], EPOLLIN);
	EQUAL(ready(epoll), 0);
	EQUAL(write(fds[1], "xy", 2), 2);
	EQUAL(ready(epoll), EPOLLIN);
	EQUAL(ready(epoll), EPOLLIN);
	EQUAL(read(fds[0], &byte, 1), 1);
	EQUAL(ready(epoll), EPOLLIN);
	EQUAL(read(fds[0], &byte, 1), 1);
	EQUAL(ready(epoll), 0);
	OK(close(fds[1]));
	EQUAL(ready(epoll), EPOLLHUP);
}

TEST(epoll_edge)
{
	int epoll = make_epoll(), fds[2];

	OK(pipe(fds));
	EQUAL(write(fds[1], "x", 1), 1);
	add(epoll, fds[0], EPOLLIN | EPOLLET);
	EQUAL(ready(epoll), EPOLLIN);
	EQUAL(ready(epoll), 0);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(ready(epoll), EPOLLIN);
	EQUAL(ready(epoll), 0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	OK(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
	EQUAL(ready(epoll), EPOLLIN);
	EQUAL(ready(epoll), 0);
}

TEST(epoll_oneshot)
{
	int epoll = make_epoll(), fds[2];

	OK(pipe(fds));
	add(epoll, fds[0], EPOLLIN | EPOLLONESHOT);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(ready(epoll), EPOLLIN);
	EQUAL(ready(epoll), 0);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(ready(epoll), 0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };
	OK(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
	EQUAL(ready(epoll), EPOLLIN);
	EQUAL(ready(epoll), 0);
}

TEST(epoll_control_refusals)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = make_epoll(), fds[2], file;

	OK(pipe(fds));
	add(epoll, fds[0], EPOLLIN);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event), EEXIST);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[1], &event), ENOENT);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_DEL, fds[1], NULL), ENOENT);
	FAILS(epoll_ctl(epoll, 99, fds[0], &event), EINVAL);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, 999, &event), EBADF);
	FAILS(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &event), EINVAL);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event), EINVAL);
	test_write_file("file", "x");
	OK(file = open("file", O_RDONLY));
	FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event), EPERM);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[1], (void *)8), EFAULT);
	OK(epoll_ctl(epoll, EPOLL_CTL_DEL, fds[0], NULL));
	FAILS(epoll_wait(epoll, &event, 0, 0), EINVAL);
	FAILS(epoll_wait(epoll, &event, -1, 0), EINVAL);
	FAILS(epoll_wait(fds[0], &event, 1, 0), EINVAL);
	FAILS(epoll_create1(0x1), EINVAL);
	FAILS(epoll_create(0), EINVAL);
}

TEST(epoll_many_sources_in_turn)
{
	enum { SOURCES = 200 };
	struct epoll_event events[SOURCES];
	int epoll = make_epoll(), fds[SOURCES], seen[2000] = { 0 };

	for (int i = 0; i < SOURCES; i++) {
		OK(fds[i] = eventfd(1, 0));
		add(epoll, fds[i], EPOLLIN);
	}
	EQUAL(epoll_wait(epoll, events, SOURCES, 0), SOURCES);
	for (int i = 0; i < SOURCES; i++)
		EQUAL(seen[events[i].data.fd]++, 0);
	for (int round = 0; round < SOURCES / 10; round++) {
		EQUAL(epoll_wait(epoll, events, 10, 0), 10);
		for (int i = 0; i < 10; i++)
			seen[events[i].data.fd]++;
	}
	for (int i = 0; i < SOURCES; i++)
		EQUAL(seen[fds[i]], 2);
}

TEST(epoll_forgets_closed_files)
{
	int epoll = make_epoll(), fds[2], copy;

	OK(pipe(fds));
	add(epoll, fds[0], EPOLLIN);
	EQUAL(write(fds[1], "x", 1), 1);
	OK(copy = dup(fds[0]));
	OK(close(fds[0]));
	EQUAL(ready(epoll), EPOLLIN);
	OK(close(copy));
	EQUAL(ready(epoll), 0);
}

TEST(epoll_in_epoll)
{
	int inner = make_epoll(), outer = make_epoll(), fd;
	struct epoll_event event = { .events = EPOLLIN };
	struct pollfd pollfd = { inner, POLLIN, 0 };

	OK(fd = eventfd(0, 0));
	add(inner, fd, EPOLLIN);
	add(outer, inner, EPOLLIN);
	EQUAL(ready(outer), 0);
	EQUAL(poll(&pollfd, 1, 0), 0);
	EQUAL(eventfd_write(fd, 1), 0);
	EQUAL(ready(outer), EPOLLIN);
	EQUAL(poll(&pollfd, 1, 0), 1);
	FAILS(epoll_ctl(inner, EPOLL_CTL_ADD, outer, &event), ELOOP);
}

TEST(epoll_wait_is_woken)
{
	struct epoll_event event;
	int epoll = make_epoll(), fds[2];
	pid_t self = getpid(), child;

	OK(pipe(fds));
	add(epoll, fds[0], EPOLLIN);
	for (int i = 0; i < 20; i++) {
		char byte;

		child = fork();
		if (!child) {
			if (i % 2)
				test_await_sleep(self);
			EQUAL(write(fds[1], "x", 1), 1);
			_exit(0);
		}
		EQUAL(epoll_wait(epoll, &event, 1, -1), 1);
		EQUAL(event.data.fd, fds[0]);
		EQUAL(read(fds[0], &byte, 1), 1);
		EQUAL(test_wait(child), 0);
	}
	EQUAL(epoll_wait(epoll, &event, 1, 2), 0);
}

TEST(epoll_change_while_waiting)
{
	struct epoll_event event;
	int epoll = make_epoll(), fd;
	pid_t self = getpid(), child;

	OK(fd = eventfd(5, 0));
	child = fork();
	if (!child) {
		test_await_sleep(self);
		add(epoll, fd, EPOLLIN);
		_exit(0);
	}
	EQUAL(epoll_wait(epoll, &event, 1, -1), 1);
	EQUAL(event.events, EPOLLIN);
	EQUAL(test_wait(child), 0);
}

static int passed_epoll;

static void *wait_for_events(void *argument)
{
	struct epoll_event event;
	int *sum = argument;

	while (epoll_wait(passed_epoll, &event, 1, -1) == 1) {
		uint64_t value;

		if (read(event.data.fd, &value, 8) != 8)
			continue;
		if (value == 1000)
			return NULL;
		__atomic_fetch_add(sum, (int)value, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(epoll_shared_by_threads)
{
	pthread_t threads[4];
	int sum = 0, fd;

	passed_epoll = make_epoll();
	OK(fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK));
	add(passed_epoll, fd, EPOLLIN);
	for (int i = 0; i < 4; i++)
		ZERO(pthread_create(&threads[i], NULL, wait_for_events, &sum));
	for (int i = 0; i < 1000; i++)
		EQUAL(eventfd_write(fd, 1), 0);
	while (__atomic_load_n(&sum, __ATOMIC_SEQ_CST) < 1000)
		sched_yield();
	EQUAL(sum, 1000);
}

TEST(eventfd_counts)
{
	eventfd_t value;
	uint64_t most = -1;
	int fd;

	OK(fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC));
	EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(eventfd_write(fd, 4));
	OK(eventfd_read(fd, &value));
	EQUAL(value, 7);
	FAILS(eventfd_read(fd, &value), EAGAIN);
	FAILS(write(fd, &most, 8), EINVAL);
	most--;
	EQUAL(write(fd, &most, 8), 8);
	FAILS(eventfd_write(fd, 1), EAGAIN);
	struct pollfd pollfd = { fd, POLLIN | POLLOUT, 0 };
	EQUAL(poll(&pollfd, 1, 0), 1);
	EQUAL(pollfd.revents, POLLIN);
	FAILS(read(fd, &value, 4), EINVAL);
	FAILS(write(fd, &value, 4), EINVAL);
	FAILS(eventfd(0, 0x10), EINVAL);
	OK(fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
	OK(eventfd_read(fd, &value));
	EQUAL(value, 1);
	OK(eventfd_read(fd, &value));
	FAILS(eventfd_read(fd, &value), EAGAIN);
}

TEST(eventfd_blocks_and_wakes)
{
	eventfd_t value;
	int fd;
	pid_t child;

	OK(fd = eventfd(0, 0));
	child = fork();
	if (!child) {
		OK(eventfd_read(fd, &value));
		_exit(value == 9 ? 0 : 1);
	}
	test_await_sleep(child);
	OK(eventfd_write(fd, 9));
	EQUAL(test_wait(child), 0);
}

TEST(timer_descriptor)
{
	struct itimerspec time = { { 0, 0 }, { 0, 1000000 } }, left;
	uint64_t expirations = 0;
	int fd;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (fd < 0 && errno == ENOSYS)
		test_skip("no timerfd");
	OK(fd);
	OK(timerfd_settime(fd, 0, &time, NULL));
	EQUAL(read(fd, &expirations, 8), 8);
	EQUAL(expirations, 1);
	OK(timerfd_gettime(fd, &left));
	EQUAL(left.it_value.tv_sec + left.it_value.tv_nsec, 0);
	OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	FAILS(read(fd, &expirations, 8), EAGAIN);
	FAILS(timerfd_create(99, 0), EINVAL);
}

/*
 * A signalfd shows the signals of whoever added it: one that is gone can't be asked, or woken, any
 * more.
 */
TEST(epoll_watches_a_signalfd_for_a_process_that_ended)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll_fd, signal_fd;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(epoll_fd = epoll_create1(0));
	OK(signal_fd = signalfd(-1, &set, 0));
	IN_CHILD(OK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, signal_fd, &event)));
	OK(kill(getpid(), SIGUSR1));
	OK(epoll_wait(epoll_fd, &event, 1, 0));
	OK(close(signal_fd));
	EQUAL(epoll_wait(epoll_fd, &event, 1, 0), 0);
	OK(close(epoll_fd));
}

/* Stopped and continued more often than the timeout is long. */
TEST(poll_keeps_its_deadline_when_stopped)
{
	pid_t child = fork();
	int status = 0;

	OK(child);
	if (!child) {
		EQUAL(poll(NULL, 0, 300), 0);
		_exit(0);
	}
	for (int i = 0; i < 100 && waitpid(child, &status, WNOHANG) == 0; i++) {
		test_pause_ms(50);
		OK(kill(child, SIGSTOP));
		OK(kill(child, SIGCONT));
		if (i == 99)
			test_fail(__FILE__, __LINE__, "poll never ends");
	}
	EQUAL(status, 0);
}
