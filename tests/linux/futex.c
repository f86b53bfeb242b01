/* SPDX-License-Identifier: MIT */
/* futex_waitv, and futex_wait, futex_wake and futex_requeue where the kernel has them. */
#include "tests/linux/test.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define SYS_FUTEX_WAKE 454
#define SYS_FUTEX_WAIT 455
#define SYS_FUTEX_REQUEUE 456
#define U32 2u
#define PRIVATE 128u
#define ALL 0xffffffffu

static unsigned int *shared_words(void)
{
	unsigned int *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				   -1, 0);

	OK(words);
	return words;
}

static struct futex_waitv waiter(void *word, unsigned int value, unsigned int flags)
{
	return (struct futex_waitv){ .val = value, .uaddr = (uintptr_t)word, .flags = flags };
}

static long waitv(struct futex_waitv *waiters, unsigned int count, const struct timespec *until,
		  int clock)
{
	return syscall(SYS_futex_waitv, waiters, count, 0, until, clock);
}

TEST(waitv_arguments)
{
	struct timespec past = { 1, 0 }, bad = { 0, 1000000000 };
	struct futex_waitv waiters[129];
	unsigned int word = 5;

	for (int i = 0; i < 129; i++)
		waiters[i] = waiter(&word, 5, U32 | PRIVATE);
	FAILS(waitv(waiters, 1, &past, CLOCK_MONOTONIC), ETIMEDOUT);
	FAILS(waitv(waiters, 128, &past, CLOCK_REALTIME), ETIMEDOUT);
	FAILS(waitv(waiters, 129, &past, CLOCK_MONOTONIC), EINVAL);
	FAILS(waitv(waiters, 0, &past, CLOCK_MONOTONIC), EINVAL);
	FAILS(waitv(NULL, 1, &past, CLOCK_MONOTONIC), EINVAL);
	FAILS(waitv((void *)8, 1, &past, CLOCK_MONOTONIC), EFAULT);
	FAILS(waitv(waiters, 1, &past, CLOCK_BOOTTIME), EINVAL);
	FAILS(waitv(waiters, 1, &bad, CLOCK_MONOTONIC), EINVAL);
	FAILS(waitv(waiters, 1, (void *)8, CLOCK_MONOTONIC), EFAULT);
	FAILS(syscall(SYS_futex_waitv, waiters, 1, 1, &past, CLOCK_MONOTONIC), EINVAL);
	waiters[1].val = 6;
	FAILS(waitv(waiters, 2, NULL, 0), EAGAIN);
	waiters[1] = waiter(&word, 5, PRIVATE);
	FAILS(waitv(waiters, 2, &past, CLOCK_MONOTONIC), EINVAL);
	waiters[1] = waiter(&word, 5, U32 | 64);
	FAILS(waitv(waiters, 2, &past, CLOCK_MONOTONIC), EINVAL);
	waiters[1] = waiter(&word, 5, U32);
	waiters[1].__reserved = 1;
	FAILS(waitv(waiters, 2, &past, CLOCK_MONOTONIC), EINVAL);
	waiters[1] = waiter((char *)&word + 1, 5, U32);
	FAILS(waitv(waiters, 2, &past, CLOCK_MONOTONIC), EINVAL);
	waiters[1] = waiter((void *)8, 5, U32);
	FAILS(waitv(waiters, 2, &past, CLOCK_MONOTONIC), EFAULT);
}

TEST(waitv_says_which_was_woken)
{
	unsigned int *words = shared_words();
	pid_t child = fork();

	if (!child) {
		struct futex_waitv waiters[3];

		for (int i = 0; i < 3; i++)
			waiters[i] = waiter(&words[i * 8], 0, U32);
		_exit((int)waitv(waiters, 3, NULL, 0) == 2 ? 0 : 1);
	}
	while (!syscall(SYS_futex, &words[16], FUTEX_WAKE, 1, NULL, NULL, 0))
		sched_yield();
	EQUAL(test_wait(child), 0);
}

static void ignore_signal(int number)
{
	(void)number;
}

TEST(waitv_is_interrupted)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	unsigned int *words = shared_words();
	struct futex_waitv one = waiter(words, 0, U32);
	pid_t child;

	OK(sigaction(SIGUSR1, &action, NULL));
	child = fork();
	if (!child)
		_exit(waitv(&one, 1, NULL, 0) < 0 ? errno : 0);
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	EQUAL(test_wait(child), EINTR);
	action.sa_flags = SA_RESTART;
	OK(sigaction(SIGUSR1, &action, NULL));
	child = fork();
	if (!child)
		_exit(waitv(&one, 1, NULL, 0) < 0 ? errno : 0);
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	while (!syscall(SYS_futex, words, FUTEX_WAKE, 1, NULL, NULL, 0))
		sched_yield();
	EQUAL(test_wait(child), 0);
}

static void need_futex2(void)
{
	if (syscall(SYS_FUTEX_WAKE, NULL, 0, 0, 0) < 0 && errno == ENOSYS)
		test_skip("the kernel is too old");
}

TEST(futex_wait_and_wake)
{
	struct timespec past = { 1, 0 };
	unsigned int *words = shared_words();
	pid_t child;

	need_futex2();
	FAILS(syscall(SYS_FUTEX_WAIT, words, 1, ALL, U32, NULL, CLOCK_MONOTONIC), EAGAIN);
	FAILS(syscall(SYS_FUTEX_WAIT, words, 0, ALL, U32, &past, CLOCK_MONOTONIC), ETIMEDOUT);
	FAILS(syscall(SYS_FUTEX_WAIT, words, 0, ALL, U32 | PRIVATE, &past, CLOCK_REALTIME),
	      ETIMEDOUT);
	FAILS(syscall(SYS_FUTEX_WAIT, words, 0, ALL, U32, &past, CLOCK_BOOTTIME), EINVAL);
	FAILS(syscall(SYS_FUTEX_WAIT, words, 0, 0, U32, &past, CLOCK_MONOTONIC), EINVAL);
	FAILS(syscall(SYS_FUTEX_WAIT, words, 1ul << 32, ALL, U32, &past, CLOCK_MONOTONIC), EINVAL);
	FAILS(syscall(SYS_FUTEX_WAIT, words, 0, ALL, U32 | 64, &past, CLOCK_MONOTONIC), EINVAL);
	FAILS(syscall(SYS_FUTEX_WAIT, (char *)words + 1, 0, ALL, U32, &past, CLOCK_MONOTONIC),
	      EINVAL);
	FAILS(syscall(SYS_FUTEX_WAIT, 8, 0, ALL, U32, &past, CLOCK_MONOTONIC), EFAULT);
	FAILS(syscall(SYS_FUTEX_WAKE, words, 0, 1, U32), EINVAL);
	FAILS(syscall(SYS_FUTEX_WAKE, words, ALL, 1, 64), EINVAL);
	child = fork();
	if (!child)
		_exit(syscall(SYS_FUTEX_WAIT, words, 0, 2, U32, NULL, 0) ? errno : 0);
	test_await_sleep(child);
	EQUAL(syscall(SYS_FUTEX_WAKE, words, ALL, 0, U32), 0);
	EQUAL(syscall(SYS_FUTEX_WAKE, words, 1, 1, U32), 0);
	while (!syscall(SYS_FUTEX_WAKE, words, 2, 1, U32))
		sched_yield();
	EQUAL(test_wait(child), 0);
}

TEST(futex_requeue_moves_waiters)
{
	unsigned int *words = shared_words();
	struct futex_waitv pair[2] = { waiter(words, 1, U32), waiter(words + 8, 0, U32) };
	pid_t child;

	need_futex2();
	FAILS(syscall(SYS_FUTEX_REQUEUE, pair, 0, 0, 1), EAGAIN);
	FAILS(syscall(SYS_FUTEX_REQUEUE, pair, 1, 0, 1), EINVAL);
	FAILS(syscall(SYS_FUTEX_REQUEUE, NULL, 0, 0, 1), EINVAL);
	pair[0].val = 0;
	child = fork();
	if (!child)
		_exit(syscall(SYS_FUTEX_WAIT, words, 0, ALL, U32, NULL, 0) ? errno : 0);
	while (!syscall(SYS_FUTEX_REQUEUE, pair, 0, 0, 1))
		sched_yield();
	EQUAL(syscall(SYS_FUTEX_WAKE, words, ALL, 1, U32), 0);
	EQUAL(syscall(SYS_FUTEX_WAKE, words + 8, ALL, 1, U32), 1);
	EQUAL(test_wait(child), 0);
}

/* ---- What dies with a lock ---- */

static pthread_mutex_t *shared_mutex(int protocol)
{
	pthread_mutex_t *mutex = (pthread_mutex_t *)shared_words();
	pthread_mutexattr_t attributes;

	ZERO(pthread_mutexattr_init(&attributes));
	ZERO(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
	ZERO(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	ZERO(pthread_mutexattr_setprotocol(&attributes, protocol));
	ZERO(pthread_mutex_init(mutex, &attributes));
	return mutex;
}

static void owner_dies(int protocol)
{
	pthread_mutex_t *mutex = shared_mutex(protocol);

	IN_CHILD(ZERO(pthread_mutex_lock(mutex)));
	EQUAL(pthread_mutex_lock(mutex), EOWNERDEAD);
	ZERO(pthread_mutex_consistent(mutex));
	ZERO(pthread_mutex_unlock(mutex));
	ZERO(pthread_mutex_lock(mutex));
	ZERO(pthread_mutex_unlock(mutex));
}

TEST(a_robust_mutex_of_processes)
{
	owner_dies(PTHREAD_PRIO_NONE);
}

TEST(a_robust_mutex_with_priority_inheritance)
{
	owner_dies(PTHREAD_PRIO_INHERIT);
}

TEST(a_waiter_hears_of_the_death)
{
	pthread_mutex_t *mutex = shared_mutex(PTHREAD_PRIO_NONE);
	pid_t self = getpid(), child;
	int fds[2];
	char byte;

	OK(pipe(fds));
	child = fork();
	if (!child) {
		ZERO(pthread_mutex_lock(mutex));
		EQUAL(write(fds[1], "x", 1), 1);
		test_await_sleep(self);
		raise(SIGKILL);
	}
	EQUAL(read(fds[0], &byte, 1), 1);
	EQUAL(pthread_mutex_lock(mutex), EOWNERDEAD);
	EQUAL(test_wait(child), 1000 + SIGKILL);
}
