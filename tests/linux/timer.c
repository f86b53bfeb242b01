/* SPDX-License-Identifier: MIT */
/* Timers as signals and as files, on all clocks; absolute sleep. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET 2
#endif

static volatile sig_atomic_t fired, fired_overruns, fired_code, fired_value;
static volatile pid_t fired_in;

static void on_timer(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	fired_in = gettid();
	fired_overruns = info->si_overrun;
	fired_code = info->si_code;
	fired_value = info->si_value.sival_int;
	fired++;
}

static void handle(int number)
{
	struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };

	OK(sigaction(number, &action, NULL));
}

static int make_timer(clockid_t clock, struct sigevent *event)
{
	int id = -1;

	OK(syscall(SYS_timer_create, clock, event, &id));
	return id;
}

static int set_timer(int id, int flags, const struct itimerspec *time)
{
	return syscall(SYS_timer_settime, id, flags, time, NULL);
}

static const struct itimerspec brief = { .it_value = { 0, 2000000 } };

TEST(timer_on_each_clock)
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI,
		CLOCK_PROCESS_CPUTIME_ID,
	};

	handle(SIGALRM);
	for (size_t i = 0; i < COUNT(clocks); i++) {
		struct itimerspec at = { 0 };
		int id = make_timer(clocks[i], NULL);

		fired = 0;
		OK(set_timer(id, 0, &brief));
		while (!fired)
			;
		EQUAL(fired_code, SI_TIMER);
		EQUAL(fired_value, id);
		OK(clock_gettime(clocks[i], &at.it_value));
		at.it_value.tv_sec -= at.it_value.tv_sec > 0;
		at.it_value.tv_nsec += !at.it_value.tv_nsec;
		OK(set_timer(id, TIMER_ABSTIME, &at));
		while (fired < 2)
			;
		OK(syscall(SYS_timer_delete, id));
	}
}

TEST(timer_of_processor_time_stands_while_asleep)
{
	struct itimerspec time = { { 0, 3000000 }, { 0, 40000000 } }, left;
	int id = make_timer(CLOCK_PROCESS_CPUTIME_ID, NULL);

	handle(SIGALRM);
	OK(set_timer(id, 0, &time));
	test_pause_ms(100);
	EQUAL(fired, 0);
	OK(syscall(SYS_timer_gettime, id, &left));
	CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec > 20000000);
	EQUAL(left.it_interval.tv_nsec, 3000000);
	while (fired < 3)
		;
	time = (struct itimerspec){ 0 };
	OK(set_timer(id, 0, &time));
	OK(syscall(SYS_timer_gettime, id, &left));
	EQUAL(left.it_value.tv_nsec, 0);
	OK(syscall(SYS_timer_delete, id));
}

TEST(timer_that_tells_nobody)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct itimerspec left;
	int id = make_timer(CLOCK_MONOTONIC, &event);

	OK(set_timer(id, 0, &brief));
	do
		OK(syscall(SYS_timer_gettime, id, &left));
	while (left.it_value.tv_nsec);
	OK(syscall(SYS_timer_delete, id));
}

static volatile int go_on, other_tid;

static void *wait_for_timer(void *unused)
{
	(void)unused;
	other_tid = gettid();
	while (!go_on)
		sched_yield();
	return NULL;
}

TEST(timer_tells_a_thread)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL | SIGEV_THREAD_ID, .sigev_signo = SIGUSR1,
		.sigev_value.sival_int = 5,
	};
	pthread_t thread;
	int id;

	handle(SIGUSR1);
	ZERO(pthread_create(&thread, NULL, wait_for_timer, NULL));
	while (!other_tid)
		sched_yield();
	event._sigev_un._tid = other_tid;
	id = make_timer(CLOCK_MONOTONIC, &event);
	OK(set_timer(id, 0, &brief));
	while (!fired)
		sched_yield();
	EQUAL(fired_in, other_tid);
	EQUAL(fired_value, 5);
	go_on = 1;
	ZERO(pthread_join(thread, NULL));
	OK(syscall(SYS_timer_delete, id));
}

TEST(timer_counts_what_it_missed)
{
	struct itimerspec time = { { 0, 1000000 }, { 0, 1000000 } };
	int id = make_timer(CLOCK_MONOTONIC, NULL), told;
	sigset_t set;

	handle(SIGALRM);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(set_timer(id, 0, &time));
	test_pause_ms(50);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	while (!fired)
		sched_yield();
	time = (struct itimerspec){ 0 };
	OK(set_timer(id, 0, &time));
	told = fired_overruns;
	CHECK(told > 0 || fired > 1);
	OK(syscall(SYS_timer_delete, id));
}

TEST(timer_bad_arguments)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 };
	struct itimerspec bad = { { 0, 0 }, { 0, 1000000000 } };
	int id;

	FAILS(syscall(SYS_timer_create, 99, NULL, &id), EINVAL);
	FAILS(syscall(SYS_timer_create, -1, NULL, &id), EINVAL);
	FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	event.sigev_signo = 0;
	FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	event = (struct sigevent){ .sigev_notify = 77, .sigev_signo = SIGUSR1 };
	FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	event = (struct sigevent){
		.sigev_notify = SIGEV_SIGNAL | SIGEV_THREAD_ID, .sigev_signo = SIGUSR1,
		._sigev_un._tid = 1,
	};
	FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, (void *)8, &id), EFAULT);
	FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, (void *)8), EFAULT);
	id = make_timer(CLOCK_MONOTONIC, NULL);
	FAILS(set_timer(id, 0, &bad), EINVAL);
	bad.it_value = (struct timespec){ -1, 0 };
	FAILS(set_timer(id, 0, &bad), EINVAL);
	FAILS(set_timer(id, 0, NULL), EINVAL);
	FAILS(set_timer(id, 0, (void *)8), EFAULT);
	FAILS(set_timer(id + 1, 0, &brief), EINVAL);
	FAILS(syscall(SYS_timer_gettime, id + 1, &bad), EINVAL);
	FAILS(syscall(SYS_timer_gettime, id, (void *)8), EFAULT);
	FAILS(syscall(SYS_timer_getoverrun, id + 1), EINVAL);
	FAILS(syscall(SYS_timer_delete, id + 1), EINVAL);
	OK(syscall(SYS_timer_delete, id));
	FAILS(syscall(SYS_timer_delete, id), EINVAL);
}

TEST(interval_timers_of_all_kinds)
{
	static const struct { int which, signal; } kinds[] = {
		{ ITIMER_REAL, SIGALRM }, { ITIMER_VIRTUAL, SIGVTALRM }, { ITIMER_PROF, SIGPROF },
	};
	struct itimerval time = { { 0, 5000 }, { 0, 5000 } }, none = { 0 }, left;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		fired = 0;
		handle(kinds[i].signal);
		OK(setitimer(kinds[i].which, &time, NULL));
		while (fired < 2)
			;
		OK(setitimer(kinds[i].which, &none, &left));
		EQUAL(left.it_interval.tv_usec, 5000);
		OK(getitimer(kinds[i].which, &left));
		EQUAL(left.it_value.tv_sec + left.it_value.tv_usec, 0);
	}
	FAILS(setitimer(3, &time, NULL), EINVAL);
	FAILS(getitimer(3, &left), EINVAL);
	time.it_value.tv_usec = 1000000;
	FAILS(setitimer(ITIMER_REAL, &time, NULL), EINVAL);
	EQUAL(alarm(100), 0);
	EQUAL(alarm(0), 100);
	EQUAL(alarm(0), 0);
}

/* ---- timerfd ---- */

TEST(timerfd_on_each_clock)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };

	for (size_t i = 0; i < COUNT(clocks); i++) {
		int fd = timerfd_create(clocks[i], TFD_CLOEXEC);
		struct itimerspec at = { 0 }, old;
		uint64_t count = 0;

		OK(fd);
		OK(clock_gettime(clocks[i], &at.it_value));
		at.it_value.tv_nsec = (at.it_value.tv_nsec + 1000000) % 1000000000;
		OK(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL));
		EQUAL(read(fd, &count, sizeof(count)), 8);
		EQUAL(count, 1);
		/* What is long past is due at once, with all of its periods. */
		at.it_value.tv_sec -= 1;
		at.it_interval.tv_nsec = 100000000;
		OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, &old));
		EQUAL(old.it_interval.tv_nsec, 0);
		EQUAL(read(fd, &count, sizeof(count)), 8);
		CHECK(count >= 9);
		OK(timerfd_gettime(fd, &old));
		EQUAL(old.it_interval.tv_nsec, 100000000);
		CHECK(old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 100000000);
		OK(close(fd));
	}
}

TEST(timerfd_reads)
{
	struct itimerspec time = { { 0, 1000000 }, { 0, 1000000 } };
	struct pollfd pollfd = { .events = POLLIN | POLLOUT };
	uint64_t count[2];
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	OK(fd);
	pollfd.fd = fd;
	EQUAL(poll(&pollfd, 1, 0), 0);
	FAILS(read(fd, count, 8), EAGAIN);
	FAILS(read(fd, count, 7), EINVAL);
	FAILS(write(fd, count, 8), EINVAL);
	OK(timerfd_settime(fd, 0, &time, NULL));
	EQUAL(poll(&pollfd, 1, -1), 1);
	EQUAL(pollfd.revents, POLLIN);
	EQUAL(read(fd, count, sizeof(count)), 8);
	OK(poll(&pollfd, 1, -1));
	FAILS(read(fd, (void *)8, 8), EFAULT);
	OK(timerfd_settime(fd, 0, &(struct itimerspec){ 0 }, NULL));
	FAILS(read(fd, count, 8), EAGAIN);
}

TEST(timerfd_bad_arguments)
{
	struct itimerspec time = { 0 };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0), fds[2];

	OK(fd);
	OK(pipe(fds));
	FAILS(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	FAILS(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
	FAILS(timerfd_settime(fd, 4, &time, NULL), EINVAL);
	FAILS(timerfd_settime(fds[0], 0, &time, NULL), EINVAL);
	FAILS(timerfd_settime(-1, 0, &time, NULL), EBADF);
	FAILS(timerfd_gettime(fds[0], &time), EINVAL);
	FAILS(timerfd_gettime(-1, &time), EBADF);
	FAILS(timerfd_settime(fd, 0, (void *)8, NULL), EFAULT);
	FAILS(timerfd_gettime(fd, (void *)8), EFAULT);
	time.it_value.tv_nsec = -1;
	FAILS(timerfd_settime(fd, 0, &time, NULL), EINVAL);
	FAILS(timerfd_settime(-1, 0, &time, NULL), EINVAL);
}

/* ---- absolute sleep ---- */

TEST(sleep_until_an_instant_goes_on_after_a_handler)
{
	struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct timespec until, now, past = { 1, 0 };
	pid_t self = getpid(), child;

	OK(sigaction(SIGUSR1, &action, NULL));
	ZERO(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
	ZERO(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL));
	OK(clock_gettime(CLOCK_MONOTONIC, &until));
	until.tv_sec++;
	OK(child = fork());
	if (!child) {
		test_await_sleep(self);
		OK(kill(self, SIGUSR1));
		_exit(0);
	}
	/* A handler ends it, whatever SA_RESTART says. */
	EQUAL(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &now), EINTR);
	EQUAL(fired, 1);
	EQUAL(test_wait(child), 0);
	ZERO(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
	OK(clock_gettime(CLOCK_MONOTONIC, &now));
	CHECK(now.tv_sec > until.tv_sec ||
	      (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
}

TEST(time_slice_of_a_thread)
{
	struct timespec slice = { 7, 7 };

	OK(sched_rr_get_interval(0, &slice));
	EQUAL(slice.tv_sec, 0);
	FAILS(sched_rr_get_interval(-1, &slice), EINVAL);
	FAILS(sched_rr_get_interval(0x3fffffff, &slice), ESRCH);
	FAILS(sched_rr_get_interval(0, (void *)8), EFAULT);
}
