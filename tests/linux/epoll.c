/* SPDX-License-Identifier: MIT */
/* epoll: refusals in their order, exclusive waiters, nesting, wake-ups under load, and fdinfo. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#ifndef EPOLLEXCLUSIVE
#define EPOLLEXCLUSIVE (1u << 28)
#endif

static int make_epoll(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	OK(fd);
	return fd;
}

static int control(int epoll, int operation, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll, operation, fd, &event);
}

static int ready(int epoll)
{
	struct epoll_event event;
	int count = epoll_wait(epoll, &event, 1, 0);

	OK(count);
	return count;
}

TEST(epoll_refuses_in_order)
{
	int epoll = make_epoll(), counter = eventfd(0, 0), file;
	struct epoll_event event = { .events = EPOLLIN };

	OK(counter);
	OK(file = open("file", O_RDWR | O_CREAT, 0644));
	FAILS(epoll_create1(1), EINVAL);
	FAILS(epoll_create(0), EINVAL);
	FAILS(epoll_ctl(-1, EPOLL_CTL_ADD, counter, (void *)8), EFAULT);
	FAILS(control(-1, EPOLL_CTL_ADD, -1, EPOLLIN), EBADF);
	FAILS(control(epoll, EPOLL_CTL_ADD, -1, EPOLLIN), EBADF);
	FAILS(control(epoll, EPOLL_CTL_ADD, file, EPOLLIN), EPERM);
	FAILS(control(counter, EPOLL_CTL_ADD, file, EPOLLIN), EPERM);
	FAILS(control(counter, EPOLL_CTL_ADD, epoll, EPOLLIN), EINVAL);
	FAILS(control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN), EINVAL);
	FAILS(control(epoll, 9, counter, EPOLLIN), EINVAL);
	FAILS(control(epoll, EPOLL_CTL_MOD, counter, EPOLLIN), ENOENT);
	FAILS(control(epoll, EPOLL_CTL_DEL, counter, EPOLLIN), ENOENT);
	OK(control(epoll, EPOLL_CTL_ADD, counter, EPOLLIN));
	FAILS(control(epoll, EPOLL_CTL_ADD, counter, EPOLLIN), EEXIST);
	OK(epoll_ctl(epoll, EPOLL_CTL_DEL, counter, NULL));
	FAILS(epoll_wait(epoll, &event, 0, 0), EINVAL);
	FAILS(epoll_wait(epoll, &event, -1, 0), EINVAL);
	FAILS(epoll_wait(-1, &event, 1, 0), EBADF);
	FAILS(epoll_wait(counter, &event, 1, 0), EINVAL);
	FAILS(epoll_wait(epoll, (void *)-4096l, 1, 0), EFAULT);
}

TEST(epoll_exclusive_refusals)
{
	int epoll = make_epoll(), inner = make_epoll(), counter = eventfd(0, 0);

	OK(counter);
	FAILS(control(epoll, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
	FAILS(control(epoll, EPOLL_CTL_ADD, counter, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT),
	      EINVAL);
	FAILS(control(epoll, EPOLL_CTL_ADD, counter, EPOLLPRI | EPOLLEXCLUSIVE), EINVAL);
	OK(control(epoll, EPOLL_CTL_ADD, counter,
		   EPOLLIN | EPOLLOUT | EPOLLET | EPOLLWAKEUP | EPOLLEXCLUSIVE));
	FAILS(control(epoll, EPOLL_CTL_MOD, counter, EPOLLIN), EINVAL);
	FAILS(control(epoll, EPOLL_CTL_MOD, counter, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
	OK(control(epoll, EPOLL_CTL_DEL, counter, 0));
	OK(control(epoll, EPOLL_CTL_ADD, counter, EPOLLIN));
	FAILS(control(epoll, EPOLL_CTL_MOD, counter, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
}

/* Each of many epoll files watches the same counter; whoever gets it takes one. */
#define WAITERS 8

static int shared_counter, done_counter;
static volatile int taken, woken;

static void *exclusive_waiter(void *epoll)
{
	struct epoll_event event;
	uint64_t value;

	for (;;) {
		EQUAL(epoll_wait((int)(long)epoll, &event, 1, -1), 1);
		if (event.data.fd == done_counter)
			return NULL;
		__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
		if (read(shared_counter, &value, 8) == 8)
			__atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST);
	}
}

TEST(epoll_exclusive_wakes_few)
{
	enum { ROUNDS = 2000 };
	pthread_t threads[WAITERS];
	uint64_t one = 1;

	OK(shared_counter = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE));
	OK(done_counter = eventfd(0, 0));
	for (int i = 0; i < WAITERS; i++) {
		int epoll = make_epoll();

		OK(control(epoll, EPOLL_CTL_ADD, shared_counter, EPOLLIN | EPOLLEXCLUSIVE));
		OK(control(epoll, EPOLL_CTL_ADD, done_counter, EPOLLIN));
		ZERO(pthread_create(&threads[i], NULL, exclusive_waiter, (void *)(long)epoll));
	}
	for (int i = 0; i < ROUNDS; i++) {
		EQUAL(write(shared_counter, &one, 8), 8);
		while (taken <= i)
			sched_yield();
	}
	EQUAL(write(done_counter, &one, 8), 8);
	for (int i = 0; i < WAITERS; i++)
		ZERO(pthread_join(threads[i], NULL));
	EQUAL(taken, ROUNDS);
	/* All of them would be eight times as many. */
	CHECK(woken < ROUNDS * WAITERS / 2);
}

TEST(epoll_nests_so_deep)
{
	int fds[7], counter = eventfd(0, 0);
	uint64_t one = 1;

	OK(counter);
	for (int i = 0; i < 6; i++) {
		fds[i] = make_epoll();
		if (i)
			OK(control(fds[i], EPOLL_CTL_ADD, fds[i - 1], EPOLLIN));
		if (i == 4)
			break;
	}
	fds[5] = make_epoll();
	FAILS(control(fds[5], EPOLL_CTL_ADD, fds[4], EPOLLIN), ELOOP);
	for (int i = 1; i < 5; i++)
		FAILS(control(fds[0], EPOLL_CTL_ADD, fds[i], EPOLLIN), ELOOP);
	OK(control(fds[0], EPOLL_CTL_ADD, counter, EPOLLIN));
	EQUAL(ready(fds[4]), 0);
	EQUAL(write(counter, &one, 8), 8);
	for (int i = 4; i >= 0; i--)
		EQUAL(ready(fds[i]), 1);
	EQUAL(read(counter, &one, 8), 8);
	for (int i = 0; i < 5; i++)
		EQUAL(ready(fds[i]), 0);
}

TEST(epoll_edges_in_nested_files)
{
	int outer = make_epoll(), inner = make_epoll(), counter = eventfd(0, 0);
	uint64_t one = 1;

	OK(counter);
	OK(control(inner, EPOLL_CTL_ADD, counter, EPOLLIN | EPOLLET));
	OK(control(outer, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLET));
	for (int i = 0; i < 3; i++) {
		EQUAL(write(counter, &one, 8), 8);
		EQUAL(ready(outer), 1);
		EQUAL(ready(outer), 0);
		EQUAL(ready(inner), 1);
		EQUAL(ready(inner), 0);
	}
}

TEST(epoll_pwait2_times)
{
	struct timespec brief = { 0, 1000 }, bad = { 0, 1000000000 }, none = { 0, 0 };
	struct epoll_event event;
	int epoll = make_epoll();

	EQUAL(syscall(SYS_epoll_pwait2, epoll, &event, 1, &brief, NULL, 8), 0);
	EQUAL(syscall(SYS_epoll_pwait2, epoll, &event, 1, &none, NULL, 8), 0);
	FAILS(syscall(SYS_epoll_pwait2, epoll, &event, 1, &bad, NULL, 8), EINVAL);
	FAILS(syscall(SYS_epoll_pwait2, epoll, &event, 1, (void *)8, NULL, 8), EFAULT);
	FAILS(syscall(SYS_epoll_pwait2, epoll, &event, 1, &none, &event, 4), EINVAL);
}

/* ---- Wake-ups neither lost nor doubled: producers of tokens, threads that take them ---- */

#define SOURCES 16
#define TAKERS 4
#define PRODUCERS 4
#define TOKENS 20000		/* of each producer */

static int sources[SOURCES], storm_epoll;
static volatile long tokens_taken;
static uint32_t storm_events;

static void *produce(void *seed)
{
	unsigned int at = (unsigned int)(long)seed;
	uint64_t one = 1;

	for (int i = 0; i < TOKENS; i++) {
		at = at * 1103515245 + 12345;
		EQUAL(write(sources[at / 65536 % SOURCES], &one, 8), 8);
	}
	return NULL;
}

/* One token; with EPOLLET all of them, and with EPOLLONESHOT the source is armed again. */
static void take_from(int fd)
{
	uint64_t value;

	while (read(fd, &value, 8) == 8) {
		__atomic_add_fetch(&tokens_taken, value, __ATOMIC_SEQ_CST);
		if (!(storm_events & EPOLLET))
			break;
	}
	if (storm_events & EPOLLONESHOT)
		OK(control(storm_epoll, EPOLL_CTL_MOD, fd, storm_events));
}

static void *take(void *unused)
{
	struct epoll_event events[4];

	(void)unused;
	for (;;) {
		int count = epoll_wait(storm_epoll, events, COUNT(events), -1);

		OK(count);
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == done_counter)
				return NULL;
			take_from(events[i].data.fd);
		}
	}
}

static void storm(uint32_t events)
{
	pthread_t producers[PRODUCERS], takers[TAKERS];
	uint64_t one = 1;

	storm_events = events;
	tokens_taken = 0;
	storm_epoll = make_epoll();
	OK(done_counter = eventfd(0, 0));
	OK(control(storm_epoll, EPOLL_CTL_ADD, done_counter, EPOLLIN));
	for (int i = 0; i < SOURCES; i++) {
		OK(sources[i] = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE));
		OK(control(storm_epoll, EPOLL_CTL_ADD, sources[i], events));
	}
	for (long i = 0; i < TAKERS; i++)
		ZERO(pthread_create(&takers[i], NULL, take, NULL));
	for (long i = 0; i < PRODUCERS; i++)
		ZERO(pthread_create(&producers[i], NULL, produce, (void *)i));
	for (int i = 0; i < PRODUCERS; i++)
		ZERO(pthread_join(producers[i], NULL));
	/* A wake-up that was lost leaves tokens behind, and the test hangs. */
	while (tokens_taken < (long)PRODUCERS * TOKENS)
		sched_yield();
	EQUAL(write(done_counter, &one, 8), 8);
	for (int i = 0; i < TAKERS; i++)
		ZERO(pthread_join(takers[i], NULL));
	EQUAL(tokens_taken, (long)PRODUCERS * TOKENS);
	for (int i = 0; i < SOURCES; i++)
		OK(close(sources[i]));
	OK(close(done_counter));
	OK(close(storm_epoll));
}

TEST_TIMEOUT(epoll_storm_by_level, 120)
{
	storm(EPOLLIN);
}

TEST_TIMEOUT(epoll_storm_by_edge, 120)
{
	storm(EPOLLIN | EPOLLET);
}

TEST_TIMEOUT(epoll_storm_once, 120)
{
	storm(EPOLLIN | EPOLLONESHOT);
}

/*
 * What stays ready wakes all that wait, also those that look while another one takes it: a thread
 * that sleeps on is never joined.
 */
static void *take_once(void *unused)
{
	struct epoll_event event;

	(void)unused;
	EQUAL(epoll_wait(storm_epoll, &event, 1, -1), 1);
	return NULL;
}

TEST_TIMEOUT(what_stays_ready_wakes_all, 60)
{
	pthread_t takers[TAKERS];
	uint64_t one = 1;

	storm_epoll = make_epoll();
	OK(done_counter = eventfd(0, EFD_SEMAPHORE));
	OK(control(storm_epoll, EPOLL_CTL_ADD, done_counter, EPOLLIN));
	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < TAKERS; i++)
			ZERO(pthread_create(&takers[i], NULL, take_once, NULL));
		if (round % 2)
			sched_yield();
		EQUAL(write(done_counter, &one, 8), 8);
		for (int i = 0; i < TAKERS; i++)
			ZERO(pthread_join(takers[i], NULL));
		EQUAL(read(done_counter, &one, 8), 8);
	}
	OK(close(done_counter));
	OK(close(storm_epoll));
}

/* ---- What /proc says of such files ---- */

static bool says(int fd, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return strstr(test_read_file(path), text);
}

TEST(event_files_in_proc)
{
	struct itimerspec time = { { 3, 5 }, { 1000, 0 } };
	int epoll = make_epoll(), counter = eventfd(258, 0), timer, signals;
	char want[64];
	sigset_t set;

	OK(counter);
	CHECK(says(counter, "eventfd-count:              102\n"));
	OK(control(epoll, EPOLL_CTL_ADD, counter, EPOLLIN | EPOLLET));
	snprintf(want, sizeof(want), "tfd: %8d events: %8x data: %16x ", counter,
		 (unsigned int)(EPOLLIN | EPOLLET | EPOLLERR | EPOLLHUP), counter);
	CHECK(says(epoll, want));
	OK(timer = timerfd_create(CLOCK_MONOTONIC, 0));
	OK(timerfd_settime(timer, 0, &time, NULL));
	CHECK(says(timer, "clockid: 1\nticks: 0\nsettime flags: 00\nit_value: (999, "));
	CHECK(says(timer, "it_interval: (3, 5)\n"));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(signals = signalfd(-1, &set, 0));
	CHECK(says(signals, "sigmask:\t0000000000000200\n"));
}
