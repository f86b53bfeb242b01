/* SPDX-License-Identifier: MIT */
/* Threads and futexes. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static long futex(void *word, int operation, int value, const void *timeout, void *second,
		  int third)
{
	return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

static void *give_back(void *argument)
{
	return argument;
}

static void *get_id(void *argument)
{
	*(pid_t *)argument = syscall(SYS_gettid);
	return NULL;
}

TEST(create_and_join)
{
	pthread_t thread;
	void *result;

	ZERO(pthread_create(&thread, NULL, give_back, (void *)4711));
	ZERO(pthread_join(thread, &result));
	EQUAL((long)result, 4711);
}

TEST(thread_ids)
{
	pthread_t thread;
	pid_t id = 0;

	EQUAL(syscall(SYS_gettid), getpid());
	ZERO(pthread_create(&thread, NULL, get_id, &id));
	ZERO(pthread_join(thread, NULL));
	CHECK(id && id != getpid());
}

static void *wait_at_barrier(void *argument)
{
	pthread_barrier_wait(argument);
	return NULL;
}

TEST(two_thousand_threads_at_once)
{
	enum { THREADS = 2000 };
	static pthread_t threads[THREADS];
	static pthread_barrier_t barrier;
	pthread_attr_t attributes;

	ZERO(pthread_attr_init(&attributes));
	ZERO(pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + 16384));
	ZERO(pthread_barrier_init(&barrier, NULL, THREADS + 1));
	for (int i = 0; i < THREADS; i++) {
		int error = pthread_create(&threads[i], &attributes, wait_at_barrier, &barrier);

		if (error == EAGAIN && i > 100)
			test_skip("fewer threads are allowed here");
		ZERO(error);
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		ZERO(pthread_join(threads[i], NULL));
}

TEST(two_thousand_threads_in_turn)
{
	pthread_t thread;
	void *result;

	for (long i = 0; i < 2000; i++) {
		ZERO(pthread_create(&thread, NULL, give_back, (void *)i));
		ZERO(pthread_join(thread, &result));
		EQUAL((long)result, i);
	}
}

static volatile int detached_done;

static void *count_done(void *argument)
{
	__atomic_fetch_add(&detached_done, 1, __ATOMIC_SEQ_CST);
	return argument;
}

TEST(detached_threads)
{
	pthread_attr_t attributes;
	pthread_t thread;

	ZERO(pthread_attr_init(&attributes));
	ZERO(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
	for (int i = 0; i < 100; i++)
		ZERO(pthread_create(&thread, &attributes, count_done, NULL));
	while (detached_done < 100)
		sched_yield();
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long shared_count;

static void *add_under_mutex(void *argument)
{
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&mutex);
		shared_count++;
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

TEST(mutex_excludes)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		ZERO(pthread_create(&threads[i], NULL, add_under_mutex, NULL));
	for (int i = 0; i < 8; i++)
		ZERO(pthread_join(threads[i], NULL));
	EQUAL(shared_count, 160000);
}

static int turn;

static void *take_turns(void *argument)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != (int)(long)argument)
			pthread_cond_wait(&condition, &mutex);
		turn = (turn + 1) % 4;
		shared_count++;
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(condition_wakes)
{
	pthread_t threads[4];

	for (long i = 0; i < 4; i++)
		ZERO(pthread_create(&threads[i], NULL, take_turns, (void *)i));
	for (int i = 0; i < 4; i++)
		ZERO(pthread_join(threads[i], NULL));
	EQUAL(shared_count, 8000);
}

TEST(condition_times_out)
{
	struct timespec time;

	OK(clock_gettime(CLOCK_REALTIME, &time));
	pthread_mutex_lock(&mutex);
	EQUAL(pthread_cond_timedwait(&condition, &mutex, &time), ETIMEDOUT);
	time.tv_nsec += 2000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_nsec -= 1000000000;
		time.tv_sec++;
	}
	EQUAL(pthread_cond_timedwait(&condition, &mutex, &time), ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
}

TEST(mutex_and_condition_between_processes)
{
	struct {
		pthread_mutex_t mutex;
		pthread_cond_t condition;
		int turn, count;
	} *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t mutex_attributes;
	pthread_condattr_t condition_attributes;

	ZERO(pthread_mutexattr_init(&mutex_attributes));
	ZERO(pthread_mutexattr_setpshared(&mutex_attributes, PTHREAD_PROCESS_SHARED));
	ZERO(pthread_mutex_init(&shared->mutex, &mutex_attributes));
	ZERO(pthread_condattr_init(&condition_attributes));
	ZERO(pthread_condattr_setpshared(&condition_attributes, PTHREAD_PROCESS_SHARED));
	ZERO(pthread_cond_init(&shared->condition, &condition_attributes));
	for (int who = 0; who < 2; who++) {
		pid_t child = fork();

		OK(child);
		if (child)
			continue;
		for (int i = 0; i < 1000; i++) {
			pthread_mutex_lock(&shared->mutex);
			while (shared->turn != who)
				pthread_cond_wait(&shared->condition, &shared->mutex);
			shared->turn = !who;
			shared->count++;
			pthread_cond_signal(&shared->condition);
			pthread_mutex_unlock(&shared->mutex);
		}
		_exit(0);
	}
	EQUAL(test_wait(-1), 0);
	EQUAL(test_wait(-1), 0);
	EQUAL(shared->count, 2000);
}

TEST(semaphore_in_a_shared_file)
{
	sem_t *semaphore;
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	OK(ftruncate(fd, 4096));
	semaphore = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	OK(sem_init(semaphore, 1, 0));
	pid_t child = fork();
	if (!child) {
		sem_t *own;

		OK(fd = open("file", O_RDWR));
		own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		for (int i = 0; i < 100; i++)
			OK(sem_wait(own));
		_exit(0);
	}
	for (int i = 0; i < 100; i++)
		OK(sem_post(semaphore));
	EQUAL(test_wait(child), 0);
}

static __thread int local = 5;
static __thread char large_local[10000];

static void *check_local(void *argument)
{
	if (local != 5)
		return (void *)1;
	local = (int)(long)argument;
	large_local[9999] = local;
	for (int i = 0; i < 50; i++)
		sched_yield();
	return (void *)(long)(local != (int)(long)argument || large_local[9999] != (char)local);
}

TEST(thread_local_storage)
{
	pthread_t threads[20];
	void *result;

	for (long i = 0; i < 20; i++)
		ZERO(pthread_create(&threads[i], NULL, check_local, (void *)(i + 10)));
	for (int i = 0; i < 20; i++) {
		ZERO(pthread_join(threads[i], &result));
		CHECK(!result);
	}
	EQUAL(local, 5);
	IN_CHILD(EQUAL(local, 5));
}

static void *lock_and_leave(void *argument)
{
	pthread_mutex_lock(argument);
	return NULL;
}

TEST(robust_mutex_of_a_dead_thread)
{
	static pthread_mutex_t robust;
	pthread_mutexattr_t attributes;
	pthread_t thread;

	ZERO(pthread_mutexattr_init(&attributes));
	ZERO(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	ZERO(pthread_mutex_init(&robust, &attributes));
	ZERO(pthread_create(&thread, NULL, lock_and_leave, &robust));
	ZERO(pthread_join(thread, NULL));
	EQUAL(pthread_mutex_lock(&robust), EOWNERDEAD);
	ZERO(pthread_mutex_consistent(&robust));
	ZERO(pthread_mutex_unlock(&robust));
	ZERO(pthread_mutex_lock(&robust));
}

TEST(robust_mutex_of_a_killed_process)
{
	pthread_mutex_t *robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attributes;

	ZERO(pthread_mutexattr_init(&attributes));
	ZERO(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	ZERO(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
	ZERO(pthread_mutex_init(robust, &attributes));
	pid_t child = fork();
	if (!child) {
		pthread_mutex_lock(robust);
		kill(getpid(), SIGKILL);
	}
	EQUAL(test_wait(child), 1000 + SIGKILL);
	int result = pthread_mutex_lock(robust);
	CHECK(result == EOWNERDEAD);
}

TEST(futex_results)
{
	struct timespec brief = { 0, 1000000 }, bad = { 0, 1000000000 };
	int word = 5;

	FAILS(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
	FAILS(futex(&word, FUTEX_WAIT, 5, &brief, NULL, 0), ETIMEDOUT);
	FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 5, &brief, NULL, 0), ETIMEDOUT);
	FAILS(futex(&word, FUTEX_WAIT, 5, &bad, NULL, 0), EINVAL);
	EQUAL(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	FAILS(futex((char *)&word + 1, FUTEX_WAIT, 5, &brief, NULL, 0), EINVAL);
	FAILS(futex((void *)8, FUTEX_WAIT, 5, &brief, NULL, 0), EFAULT);
	FAILS(futex(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0), EINVAL);
	FAILS(futex(&word, 77, 0, NULL, NULL, 0), ENOSYS);
	OK(clock_gettime(CLOCK_MONOTONIC, &brief));
	FAILS(futex(&word, FUTEX_WAIT_BITSET, 5, &brief, NULL, -1), ETIMEDOUT);
	OK(clock_gettime(CLOCK_REALTIME, &brief));
	FAILS(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &brief, NULL, -1),
	      ETIMEDOUT);
}

static struct {
	int word, second, woken, waiting, bits;
} state;

static void *wait_on_word(void *argument)
{
	(void)argument;
	__atomic_fetch_add(&state.waiting, 1, __ATOMIC_SEQ_CST);
	long result = futex(&state.word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	__atomic_fetch_add(&state.woken, 1, __ATOMIC_SEQ_CST);
	return (void *)result;
}

/* Wakes until this many were woken in all. */
static void wake_up_to(void *word, int total)
{
	int woken = 0;

	while (woken < total) {
		woken += futex(word, FUTEX_WAKE_PRIVATE, total - woken, NULL, NULL, 0);
		sched_yield();
	}
	EQUAL(woken, total);
}

TEST(futex_wakes_as_many_as_asked)
{
	pthread_t threads[6];

	for (int i = 0; i < 6; i++)
		ZERO(pthread_create(&threads[i], NULL, wait_on_word, NULL));
	wake_up_to(&state.word, 2);
	while (state.woken < 2)
		sched_yield();
	EQUAL(state.woken, 2);
	wake_up_to(&state.word, 4);
	for (int i = 0; i < 6; i++)
		ZERO(pthread_join(threads[i], NULL));
}

TEST(futex_requeue)
{
	pthread_t threads[4];
	int moved = 0;

	for (int i = 0; i < 4; i++)
		ZERO(pthread_create(&threads[i], NULL, wait_on_word, NULL));
	while (moved < 4) {
		long result = futex(&state.word, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)100L,
				    &state.second, 0);

		OK(result);
		moved += result;
		sched_yield();
	}
	EQUAL(futex(&state.word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 0);
	EQUAL(state.woken, 0);
	EQUAL(futex(&state.second, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 4);
	for (int i = 0; i < 4; i++)
		ZERO(pthread_join(threads[i], NULL));
	FAILS(futex(&state.word, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)1L, &state.second, 9),
	      EAGAIN);
}

static void *wait_for_bits(void *argument)
{
	futex(&state.word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, (int)(long)argument);
	__atomic_fetch_or(&state.bits, (int)(long)argument, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST(futex_bitset)
{
	pthread_t threads[2];

	ZERO(pthread_create(&threads[0], NULL, wait_for_bits, (void *)1));
	ZERO(pthread_create(&threads[1], NULL, wait_for_bits, (void *)2));
	while (futex(&state.word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 2) != 1)
		sched_yield();
	ZERO(pthread_join(threads[1], NULL));
	EQUAL(state.bits, 2);
	while (futex(&state.word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 1) != 1)
		sched_yield();
	ZERO(pthread_join(threads[0], NULL));
}

TEST(futex_wake_op)
{
	pthread_t thread;
	long result = 0;

	ZERO(pthread_create(&thread, NULL, wait_on_word, NULL));
	state.second = 3;
	while (!result) {
		/* second += 0, and wake on second too when it was 3 (nobody waits there). */
		result = futex(&state.word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &state.second,
			       FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 3));
		OK(result);
		sched_yield();
	}
	EQUAL(result, 1);
	ZERO(pthread_join(thread, NULL));
	EQUAL(futex(&state.word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &state.second,
		    FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 3)), 0);
	EQUAL(state.second, 9);
}

TEST(futex_between_processes)
{
	int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();

	if (!child) {
		while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
			futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
		_exit(0);
	}
	test_await_sleep(child);
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
	OK(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	EQUAL(test_wait(child), 0);
}

static void on_signal(int number)
{
	(void)number;
}

TEST(futex_wait_is_interrupted)
{
	struct sigaction action = { .sa_handler = on_signal };
	pid_t self = getpid(), child;
	int word = 0;

	OK(sigaction(SIGUSR1, &action, NULL));
	child = fork();
	if (!child) {
		test_await_sleep(self);
		kill(self, SIGUSR1);
		_exit(0);
	}
	FAILS(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR);
	EQUAL(test_wait(child), 0);
}

TEST(priority_inheritance_mutex)
{
	static pthread_mutex_t inherit;
	pthread_mutexattr_t attributes;
	int error;

	ZERO(pthread_mutexattr_init(&attributes));
	ZERO(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT));
	error = pthread_mutex_init(&inherit, &attributes);
	if (error == ENOTSUP)
		test_skip("not supported");
	ZERO(error);
	ZERO(pthread_mutex_lock(&inherit));
	EQUAL(pthread_mutex_trylock(&inherit), EBUSY);
	ZERO(pthread_mutex_unlock(&inherit));
}

static void *outlive_leader(void *argument)
{
	pid_t leader = getpid();

	while (test_process_state(leader) != 'Z')
		sched_yield();
	_exit((int)(long)argument);
}

TEST(leader_ends_before_other_threads)
{
	pid_t child = fork();

	if (!child) {
		pthread_t thread;

		ZERO(pthread_create(&thread, NULL, outlive_leader, (void *)17));
		syscall(SYS_exit, 3);
	}
	EQUAL(test_wait(child), 17);
}

static void *run_briefly(void *argument)
{
	for (int i = 0; i < 100; i++)
		sched_yield();
	syscall(SYS_exit, 5);
	return argument;
}

TEST(status_when_all_threads_exit_singly)
{
	/* The last thread's since Linux 5.18, the leader's before. */
	int status;
	pid_t child = fork();

	if (!child) {
		pthread_t thread;

		ZERO(pthread_create(&thread, NULL, run_briefly, NULL));
		syscall(SYS_exit, 9);
	}
	EQUAL(waitpid(child, &status, 0), child);
	CHECK(WEXITSTATUS(status) == 5 || WEXITSTATUS(status) == 9);
}

static void *spin_or_sleep(void *argument)
{
	if (argument)
		for (;;)
			pause();
	for (;;)
		asm volatile("" ::: "memory");
	return NULL;
}

TEST(exit_group_ends_all_threads)
{
	pid_t child = fork();

	if (!child) {
		pthread_t thread;

		for (long i = 0; i < 10; i++)
			ZERO(pthread_create(&thread, NULL, spin_or_sleep, (void *)(i % 2)));
		_exit(44);
	}
	EQUAL(test_wait(child), 44);
}

TEST(kill_ends_all_threads)
{
	pid_t child = fork();

	if (!child) {
		pthread_t thread;

		for (long i = 0; i < 10; i++)
			ZERO(pthread_create(&thread, NULL, spin_or_sleep, (void *)(i % 2)));
		for (;;)
			pause();
	}
	test_await_sleep(child);
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

static pthread_t signalled_thread;
static volatile int signals_seen;

static void note_thread(int number)
{
	(void)number;
	signalled_thread = pthread_self();
	signals_seen++;
}

TEST(signal_to_a_thread)
{
	pthread_t thread;

	signal(SIGUSR1, note_thread);
	ZERO(pthread_create(&thread, NULL, spin_or_sleep, (void *)1));
	for (int i = 1; i <= 100; i++) {
		ZERO(pthread_kill(thread, SIGUSR1));
		while (signals_seen < i)
			sched_yield();
		CHECK(pthread_equal(signalled_thread, thread));
	}
}

TEST(signal_to_a_computing_thread)
{
	pthread_t thread;

	signal(SIGUSR1, note_thread);
	ZERO(pthread_create(&thread, NULL, spin_or_sleep, NULL));
	for (int i = 1; i <= 100; i++) {
		ZERO(pthread_kill(thread, SIGUSR1));
		while (signals_seen < i)
			sched_yield();
		CHECK(pthread_equal(signalled_thread, thread));
	}
}

TEST(process_signal_goes_to_a_thread_that_takes_it)
{
	pthread_t thread;
	sigset_t set;

	signal(SIGUSR1, note_thread);
	ZERO(pthread_create(&thread, NULL, spin_or_sleep, (void *)1));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ZERO(pthread_sigmask(SIG_BLOCK, &set, NULL));
	for (int i = 1; i <= 20; i++) {
		OK(kill(getpid(), SIGUSR1));
		while (signals_seen < i)
			sched_yield();
		CHECK(pthread_equal(signalled_thread, thread));
	}
}

static void *wait_in_read(void *argument)
{
	char byte;

	read(*(int *)argument, &byte, 1);
	return NULL;
}

TEST(cancel_in_a_call)
{
	pthread_t thread;
	void *result;
	int fds[2];

	OK(pipe(fds));
	for (int i = 0; i < 50; i++) {
		ZERO(pthread_create(&thread, NULL, wait_in_read, &fds[0]));
		if (i % 2)
			sched_yield();
		ZERO(pthread_cancel(thread));
		ZERO(pthread_join(thread, &result));
		CHECK(result == PTHREAD_CANCELED);
	}
}

TEST(fork_from_a_thread_takes_that_thread_only)
{
	pthread_t thread;

	ZERO(pthread_create(&thread, NULL, spin_or_sleep, (void *)1));
	IN_CHILD({
		EQUAL(syscall(SYS_gettid), getpid());
		pthread_t other;
		void *result;

		ZERO(pthread_create(&other, NULL, give_back, (void *)3));
		ZERO(pthread_join(other, &result));
		EQUAL((long)result, 3);
	});
}

static void *fork_and_wait(void *argument)
{
	for (int i = 0; i < 30; i++) {
		pid_t child = fork();

		if (!child)
			_exit(i);
		if (test_wait(child) != i)
			return (void *)1;
	}
	return argument;
}

TEST(forks_from_many_threads)
{
	pthread_t threads[4];
	void *result;

	for (int i = 0; i < 4; i++)
		ZERO(pthread_create(&threads[i], NULL, fork_and_wait, NULL));
	for (int i = 0; i < 4; i++) {
		ZERO(pthread_join(threads[i], &result));
		CHECK(!result);
	}
}

TEST(clone3_makes_processes)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };
	pid_t child = syscall(SYS_clone3, &arguments, sizeof(arguments));

	OK(child);
	if (!child)
		_exit(23);
	EQUAL(test_wait(child), 23);
	FAILS(syscall(SYS_clone3, &arguments, 8), EINVAL);
	FAILS(syscall(SYS_clone3, &arguments, 1 << 20), E2BIG);
	FAILS(syscall(SYS_clone3, 8, sizeof(arguments)), EFAULT);
	arguments.exit_signal = 1000;
	FAILS(syscall(SYS_clone3, &arguments, sizeof(arguments)), EINVAL);
	arguments.exit_signal = SIGCHLD;
	arguments.stack = 4096;
	FAILS(syscall(SYS_clone3, &arguments, sizeof(arguments)), EINVAL);
}

static int cleared = -1;

static int write_and_leave(void *argument)
{
	*(int *)argument = 7;
	syscall(SYS_exit, 0);
	return 0;
}

TEST(clone_clears_and_wakes_at_exit)
{
	static char stack[65536] __attribute__((aligned(16)));
	int value = 0, parent_id = 0;
	int id = clone(write_and_leave, stack + sizeof(stack),
		       CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			       CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
		       &value, &parent_id, NULL, &cleared);

	OK(id);
	EQUAL(parent_id, id);
	for (int seen; (seen = __atomic_load_n(&cleared, __ATOMIC_SEQ_CST));)
		futex(&cleared, FUTEX_WAIT, seen, NULL, NULL, 0);
	EQUAL(value, 7);
}

TEST(set_tid_address_returns_the_thread)
{
	int word;

	EQUAL(syscall(SYS_set_tid_address, &word), syscall(SYS_gettid));
}

TEST(robust_list_calls)
{
	void *head;
	size_t size;

	OK(syscall(SYS_get_robust_list, 0, &head, &size));
	EQUAL(size, 24);
	FAILS(syscall(SYS_set_robust_list, head, 8), EINVAL);
}

TEST(arch_prctl_bases)
{
	unsigned long base = 0, gs = 0;

	OK(syscall(SYS_arch_prctl, 0x1003, &base));
	EQUAL(base, (unsigned long)pthread_self());
	OK(syscall(SYS_arch_prctl, 0x1001, 0x123456789000));
	OK(syscall(SYS_arch_prctl, 0x1004, &gs));
	EQUAL(gs, 0x123456789000);
	EQUAL(syscall(SYS_getppid), getppid());
	OK(syscall(SYS_arch_prctl, 0x1004, &gs));
	EQUAL(gs, 0x123456789000);
	FAILS(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
}

TEST(descriptors_are_shared_by_threads)
{
	pthread_t thread;
	char byte;
	int fds[2];

	OK(pipe(fds));
	ZERO(pthread_create(&thread, NULL, wait_in_read, &fds[0]));
	EQUAL(write(fds[1], "x", 1), 1);
	ZERO(pthread_join(thread, NULL));
	OK(fcntl(fds[0], F_SETFL, O_NONBLOCK));
	FAILS(read(fds[0], &byte, 1), EAGAIN);
}

static volatile bool stop;

static void *map_and_unmap(void *argument)
{
	while (!stop) {
		char *memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memory[0] = memory[40000] = 1;
		munmap(memory, 65536);
	}
	return argument;
}

TEST(address_space_calls_race)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		ZERO(pthread_create(&threads[i], NULL, map_and_unmap, NULL));
	for (int i = 0; i < 20; i++)
		IN_CHILD(free(malloc(1 << 20)));
	stop = true;
	for (int i = 0; i < 3; i++)
		ZERO(pthread_join(threads[i], NULL));
}

TEST(membarrier_kinds)
{
	long kinds = syscall(SYS_membarrier, 0, 0, 0);

	if (kinds < 0 && errno == ENOSYS)
		test_skip("no membarrier");
	OK(kinds);
	FAILS(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL);
}

static void *call_for_ever(void *argument)
{
	for (;;)
		getppid();
	return argument;
}

/* Not what vfork is for, but allowed; the child's threads must be gone with it. */
TEST(vfork_children_with_threads)
{
	pthread_t thread;

	for (volatile int i = 0; i < 100; i++) {
		pid_t child = vfork();

		if (!child) {
			pthread_create(&thread, NULL, call_for_ever, NULL);
			if (i & 1)
				execl("/bin/true", "true", NULL);
			_exit(i & 1 ? 9 : 0);
		}
		EQUAL(test_wait(child), 0);
	}
}

TEST(vfork_children_that_nobody_waits_for)
{
	signal(SIGCHLD, SIG_IGN);
	for (volatile int i = 0; i < 300; i++) {
		pid_t child = vfork();

		OK(child);
		if (!child)
			_exit(0);
	}
	FAILS(wait(NULL), ECHILD);
}

static void *end_after_some_work(void *argument)
{
	for (volatile int i = 0; i < 20000; i++)
		;
	return argument;
}

/* One thread ends, for the host, while the next one runs already. Enough of them meet. */
TEST(threads_that_follow_each_other_at_once)
{
	pthread_t threads[4];

	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < 4; i++)
			ZERO(pthread_create(&threads[i], NULL, end_after_some_work, NULL));
		for (int i = 0; i < 4; i++)
			ZERO(pthread_join(threads[i], NULL));
	}
}
