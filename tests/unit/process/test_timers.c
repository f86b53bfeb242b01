/* SPDX-License-Identifier: MIT */
/* Timers that send signals, with a thread of the test in the event thread's place. */
#include "play.h"

#include <asm/siginfo.h>
#include <linux/time.h>

#include "core/timer.h"

/* The C library's headers and the layer's disagree about a few types, so these stand here. */
typedef unsigned long pthread_t;
int pthread_create(pthread_t *id, const void *attributes, void *(*start)(void *), void *argument);
int pthread_join(pthread_t id, void **result);
int usleep(unsigned int us);

struct times { struct __kernel_old_timeval interval, value; };

static u32 hits, done;

static void count(int number)
{
	(void)number;
	atomic_add(&hits, 1);
}

static void *run_timers(void *argument)
{
	fake_thread_enter(argument);
	while (!READ_ONCE(done)) {
		timers_run(clock_monotonic_ns());
		usleep(100);
	}
	return NULL;
}

static void wait_for_hits(u32 number)
{
	while (hits < number)
		assert_int_equal(play_call(sys_pause()), -EINTR);
}

static void real_time(void **state)
{
	struct times value = { { 0, 0 }, { 0, 5000 } }, old;

	(void)state;
	hits = 0;
	play_action(SIGALRM, count, 0);
	assert_int_equal(sys_setitimer(ITIMER_REAL, (uptr)&value, 0), 0);
	wait_for_hits(1);
	value.interval.tv_usec = 2000;
	assert_int_equal(sys_setitimer(ITIMER_REAL, (uptr)&value, (uptr)&old), 0);
	assert_int_equal(old.value.tv_usec, 0);
	wait_for_hits(6);
	value.value.tv_usec = 0;
	assert_int_equal(sys_setitimer(ITIMER_REAL, (uptr)&value, (uptr)&old), 0);
	assert_int_equal(old.interval.tv_usec, 2000);
	assert_int_equal(sys_alarm(100), 0);
	assert_int_equal(sys_alarm(0), 100);
	value.value.tv_usec = 1000000;
	assert_int_equal(sys_setitimer(ITIMER_REAL, (uptr)&value, 0), -EINVAL);
	assert_int_equal(sys_setitimer(9, (uptr)&old, 0), -EINVAL);
}

static void processor_time(void **state)
{
	struct times value = { { 0, 0 }, { 0, 20000 } }, old;

	(void)state;
	hits = 0;
	play_action(SIGPROF, count, 0);
	assert_int_equal(sys_setitimer(ITIMER_PROF, (uptr)&value, 0), 0);
	assert_int_equal(sys_getitimer(ITIMER_PROF, (uptr)&old), 0);
	assert_in_range(old.value.tv_usec, 1, 20000);
	while (!hits)
		play_look();
	assert_int_equal(sys_getitimer(ITIMER_PROF, (uptr)&old), 0);
	assert_int_equal(old.value.tv_usec, 0);
}

static void posix_timers(void **state)
{
	struct sigevent event = { .sigev_signo = 41, .sigev_notify = SIGEV_SIGNAL };
	struct __kernel_itimerspec value = { { 0, 1000000 }, { 0, 1000000 } };
	u64 set = SIGNAL_BIT(41);
	signal_info info;
	int id;

	(void)state;
	event.sigev_value.sival_int = 77;
	sys_rt_sigprocmask(SIG_BLOCK, (uptr)&set, 0, 8);
	assert_int_equal(sys_timer_create(CLOCK_MONOTONIC, (uptr)&event, (uptr)&id), 0);
	assert_int_equal(sys_timer_settime(id, 0, (uptr)&value, 0), 0);
	usleep(20000);
	assert_int_equal(sys_rt_sigtimedwait((uptr)&set, (uptr)&info, 0, 8), 41);
	assert_int_equal(info.si_code, SI_TIMER);
	assert_int_equal(info.si_int, 77);
	/* One signal only, whatever has gone by; it tells how much that was. */
	assert_true(info.si_overrun >= 10);
	assert_true(sys_timer_getoverrun(id) >= 10);
	assert_int_equal(sys_rt_sigtimedwait((uptr)&set, (uptr)&info, 0, 8), 41);
	assert_int_equal(sys_timer_delete(id), 0);
	assert_int_equal(sys_timer_delete(id), -EINVAL);
	assert_int_equal(sys_timer_create(99, 0, (uptr)&id), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_time),
		cmocka_unit_test(processor_time),
		cmocka_unit_test(posix_timers),
	};
	pthread_t id;
	void *unused = NULL;
	int failed;

	play_start(&unused);
	pthread_create(&id, NULL, run_timers, fake_thread_create());
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	done = 1;
	pthread_join(id, NULL);
	return failed;
}
