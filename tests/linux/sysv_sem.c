/* SPDX-License-Identifier: MIT */
/* System V semaphores: semget, semop, semtimedop, semctl, SEM_UNDO, /proc/sysvipc/sem. */
#include "tests/linux/test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>

#define NO_SUCH_ID 0x7ffffff
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

union semun { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };

static key_t fresh_key(void)
{
	return 0x4e000000 + (getpid() << 4);
}

static int make(int count)
{
	int id = semget(IPC_PRIVATE, count, 0600);

	OK(id);
	return id;
}

static int value(int id, int index)
{
	return semctl(id, index, GETVAL);
}

static void set(int id, int index, int to)
{
	OK(semctl(id, index, SETVAL, (union semun){ .val = to }));
}

static int change(int id, int index, int by, int flags)
{
	struct sembuf operation = { (unsigned short)index, (short)by, (short)flags };

	return semop(id, &operation, 1);
}

static void remove_id(int id)
{
	OK(semctl(id, 0, IPC_RMID));
}

static struct semid_ds state(int id)
{
	struct semid_ds ds;

	OK(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
	return ds;
}

/* Returns when so many wait for a semaphore to rise (zero: to be zero). */
static void await_waiters(int id, int index, int count, bool zero)
{
	while (semctl(id, index, zero ? GETZCNT : GETNCNT) != count)
		sched_yield();
}

/* A child that does it, and exits 0 if that succeeds, else with errno. */
static pid_t child_does(int id, struct sembuf *operations, size_t count)
{
	pid_t child = fork();

	OK(child);
	if (!child)
		_exit(semop(id, operations, count) ? errno : 0);
	return child;
}

static pid_t child_changes(int id, int index, int by, int flags)
{
	return child_does(id, &(struct sembuf){ (unsigned short)index, (short)by, (short)flags },
			  1);
}

TEST(semget_finds_by_key)
{
	key_t key = fresh_key();
	int id;

	FAILS(semget(key, 1, 0600), ENOENT);
	FAILS(semget(key, 0, IPC_CREAT | 0600), EINVAL);
	FAILS(semget(key, -1, IPC_CREAT | 0600), EINVAL);
	FAILS(semget(key, 32001, IPC_CREAT | 0600), EINVAL);
	OK(id = semget(key, 3, IPC_CREAT | IPC_EXCL | 0640));
	EQUAL(semget(key, 3, 0), id);
	EQUAL(semget(key, 0, 0), id);
	FAILS(semget(key, 4, 0), EINVAL);
	FAILS(semget(key, 3, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	EQUAL(state(id).sem_nsems, 3);
	EQUAL(state(id).sem_perm.mode, 0640);
	EQUAL(state(id).sem_otime, 0);
	CHECK(state(id).sem_ctime != 0);
	for (int i = 0; i < 3; i++)
		EQUAL(value(id, i), 0);
	remove_id(id);
	FAILS(semget(key, 3, 0), ENOENT);
}

TEST(values_are_set_and_got)
{
	unsigned short values[3] = { 1, 2, 32767 }, got[3] = { 0 };
	int id = make(3);

	set(id, 1, 7);
	EQUAL(value(id, 1), 7);
	EQUAL(semctl(id, 1, GETPID), getpid());
	EQUAL(semctl(id, 0, GETPID), 0);
	FAILS(semctl(id, 3, SETVAL, (union semun){ .val = 1 }), EINVAL);
	FAILS(semctl(id, -1, SETVAL, (union semun){ .val = 1 }), EINVAL);
	FAILS(semctl(id, 0, SETVAL, (union semun){ .val = -1 }), ERANGE);
	FAILS(semctl(id, 0, SETVAL, (union semun){ .val = 32768 }), ERANGE);
	FAILS(semctl(NO_SUCH_ID, 0, SETVAL, (union semun){ .val = 32768 }), ERANGE);
	FAILS(semctl(id, 3, GETVAL), EINVAL);
	FAILS(semctl(id, -1, GETPID), EINVAL);
	OK(semctl(id, 0, SETALL, (union semun){ .array = values }));
	OK(semctl(id, 99, GETALL, (union semun){ .array = got }));
	CHECK(!memcmp(got, values, sizeof(got)));
	values[2] = 40000;
	FAILS(semctl(id, 0, SETALL, (union semun){ .array = values }), ERANGE);
	FAILS(semctl(id, 0, SETALL, (union semun){ .array = (void *)8 }), EFAULT);
	FAILS(semctl(id, 0, GETALL, (union semun){ .array = (void *)8 }), EFAULT);
	remove_id(id);
}

TEST(all_operations_or_none)
{
	int id = make(3);
	struct sembuf good[] = { { 0, 2, 0 }, { 1, 0, 0 }, { 0, -1, 0 }, { 2, 5, 0 } };
	struct sembuf bad[] = { { 0, 5, 0 }, { 2, -1, 0 }, { 1, -1, IPC_NOWAIT } };

	OK(semop(id, good, 4));
	EQUAL(value(id, 0), 1);
	EQUAL(value(id, 1), 0);
	EQUAL(value(id, 2), 5);
	EQUAL(semctl(id, 1, GETPID), getpid());
	CHECK(state(id).sem_otime != 0);
	FAILS(semop(id, bad, 3), EAGAIN);
	EQUAL(value(id, 0), 1);
	EQUAL(value(id, 2), 5);
	remove_id(id);
}

TEST(semop_errors)
{
	struct sembuf operations[501] = { { 0, 1, 0 } };
	struct timespec bad[] = { { -1, 0 }, { 0, -1 }, { 0, 1000000000 } };
	int id = make(2);

	FAILS(semop(-1, operations, 1), EINVAL);
	FAILS(semop(NO_SUCH_ID, operations, 1), EINVAL);
	FAILS(semop(id, operations, 0), EINVAL);
	FAILS(semop(id, operations, 501), E2BIG);
	FAILS(semop(-1, operations, 501), E2BIG);
	FAILS(semop(id, (void *)8, 1), EFAULT);
	FAILS(semop(-1, (void *)8, 1), EFAULT);
	FAILS(change(id, 2, 1, 0), EFBIG);
	FAILS(semtimedop(id, operations, 1, (void *)8), EFAULT);
	for (size_t i = 0; i < COUNT(bad); i++)
		FAILS(semtimedop(id, operations, 1, &bad[i]), EINVAL);
	set(id, 0, 32767);
	FAILS(change(id, 0, 1, 0), ERANGE);
	FAILS(change(id, 0, 0, IPC_NOWAIT), EAGAIN);
	FAILS(change(id, 1, -1, IPC_NOWAIT), EAGAIN);
	EQUAL(value(id, 0), 32767);
	remove_id(id);
	errno = 0;
	EQUAL(change(id, 0, 1, 0), -1);
	CHECK(errno == EINVAL || errno == EIDRM);
}

TEST(many_operations_at_once)
{
	struct sembuf operations[500];
	int id = make(250);

	for (int i = 0; i < 500; i++)
		operations[i] = (struct sembuf){ (unsigned short)(i / 2), i % 2 ? -1 : 2, 0 };
	OK(semop(id, operations, 500));
	for (int i = 0; i < 250; i++)
		EQUAL(value(id, i), 1);
	remove_id(id);
}

TEST(waits_for_a_rise)
{
	int id = make(1);
	pid_t child = child_changes(id, 0, -2, 0);

	await_waiters(id, 0, 1, false);
	EQUAL(semctl(id, 0, GETZCNT), 0);
	OK(change(id, 0, 1, 0));
	EQUAL(semctl(id, 0, GETNCNT), 1);
	OK(change(id, 0, 1, 0));
	/* What was asked for is taken at once, before the child has run. */
	EQUAL(value(id, 0), 0);
	EQUAL(semctl(id, 0, GETNCNT), 0);
	EQUAL(semctl(id, 0, GETPID), child);
	EQUAL(test_wait(child), 0);
	remove_id(id);
}

TEST(waits_for_zero)
{
	int id = make(1);
	pid_t child;

	set(id, 0, 2);
	child = child_changes(id, 0, 0, 0);
	await_waiters(id, 0, 1, true);
	EQUAL(semctl(id, 0, GETNCNT), 0);
	OK(change(id, 0, -1, 0));
	EQUAL(semctl(id, 0, GETZCNT), 1);
	OK(change(id, 0, -1, 0));
	EQUAL(test_wait(child), 0);
	remove_id(id);
}

TEST(setval_and_setall_wake)
{
	unsigned short zeroes[2] = { 0, 0 };
	int id = make(2);
	pid_t child = child_changes(id, 1, -3, 0);

	await_waiters(id, 1, 1, false);
	set(id, 1, 5);
	EQUAL(value(id, 1), 2);
	EQUAL(test_wait(child), 0);
	child = child_changes(id, 1, 0, 0);
	await_waiters(id, 1, 1, true);
	OK(semctl(id, 0, SETALL, (union semun){ .array = zeroes }));
	EQUAL(test_wait(child), 0);
	remove_id(id);
}

TEST(several_semaphores_at_once)
{
	int id = make(2);
	struct sembuf both[] = { { 0, -1, 0 }, { 1, -1, 0 } };
	pid_t child = child_does(id, both, 2);

	await_waiters(id, 0, 1, false);
	OK(change(id, 0, 1, 0));
	/* It waits with the other one now, and has taken nothing. */
	await_waiters(id, 1, 1, false);
	EQUAL(semctl(id, 0, GETNCNT), 0);
	EQUAL(value(id, 0), 1);
	OK(change(id, 1, 1, 0));
	EQUAL(test_wait(child), 0);
	EQUAL(value(id, 0), 0);
	EQUAL(value(id, 1), 0);
	remove_id(id);
}

TEST(first_come_first_served)
{
	int id = make(1);
	pid_t first, second;

	first = child_changes(id, 0, -1, 0);
	await_waiters(id, 0, 1, false);
	second = child_changes(id, 0, -1, 0);
	await_waiters(id, 0, 2, false);
	OK(change(id, 0, 1, 0));
	EQUAL(test_wait(first), 0);
	EQUAL(semctl(id, 0, GETNCNT), 1);
	OK(change(id, 0, 1, 0));
	EQUAL(test_wait(second), 0);
	remove_id(id);
}

TEST(a_small_wish_passes_a_large_one)
{
	int id = make(1);
	pid_t large = child_changes(id, 0, -5, 0), small;

	await_waiters(id, 0, 1, false);
	small = child_changes(id, 0, -1, 0);
	await_waiters(id, 0, 2, false);
	OK(change(id, 0, 1, 0));
	EQUAL(test_wait(small), 0);
	OK(change(id, 0, 5, 0));
	EQUAL(test_wait(large), 0);
	remove_id(id);
}

TEST(one_who_is_served_serves_another)
{
	int id = make(2);
	struct sembuf pass[] = { { 0, -1, 0 }, { 1, 1, 0 } };
	pid_t last = child_changes(id, 1, -1, 0), first;

	await_waiters(id, 1, 1, false);
	first = child_does(id, pass, 2);
	await_waiters(id, 0, 1, false);
	OK(change(id, 0, 1, 0));
	EQUAL(test_wait(first), 0);
	EQUAL(test_wait(last), 0);
	remove_id(id);
}

TEST(a_waiter_that_comes_out_of_range)
{
	int id = make(2);
	struct sembuf operations[] = { { 0, -1, 0 }, { 1, 1, 0 } };
	pid_t child;

	set(id, 1, 32767);
	child = child_does(id, operations, 2);
	await_waiters(id, 0, 1, false);
	OK(change(id, 0, 1, 0));
	EQUAL(test_wait(child), ERANGE);
	EQUAL(value(id, 0), 1);
	remove_id(id);
}

TEST(removal_wakes_with_eidrm)
{
	int id = make(1);
	pid_t down = child_changes(id, 0, -1, 0), zero;

	await_waiters(id, 0, 1, false);
	zero = child_does(id, (struct sembuf[]){ { 0, 0, 0 }, { 0, -1, 0 } }, 2);
	await_waiters(id, 0, 2, false);
	remove_id(id);
	EQUAL(test_wait(down), EIDRM);
	EQUAL(test_wait(zero), EIDRM);
}

static void ignore_signal(int number)
{
	(void)number;
}

TEST(a_signal_interrupts)
{
	struct sigaction action = { .sa_handler = ignore_signal, .sa_flags = SA_RESTART };
	int id = make(1);
	pid_t child;

	OK(sigaction(SIGUSR1, &action, NULL));
	child = child_changes(id, 0, -1, 0);
	await_waiters(id, 0, 1, false);
	OK(kill(child, SIGUSR1));
	EQUAL(test_wait(child), EINTR);
	EQUAL(semctl(id, 0, GETNCNT), 0);
	child = child_changes(id, 0, -1, 0);
	await_waiters(id, 0, 1, false);
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
	EQUAL(semctl(id, 0, GETNCNT), 0);
	remove_id(id);
}

TEST(semtimedop_ends)
{
	struct sembuf down = { 0, -1, 0 };
	struct timespec brief = { 0, 20000000 }, none = { 0, 0 }, long_time = { 1000, 0 };
	struct timespec begin, end;
	int id = make(1);
	pid_t child;

	OK(clock_gettime(CLOCK_MONOTONIC, &begin));
	FAILS(semtimedop(id, &down, 1, &brief), EAGAIN);
	OK(clock_gettime(CLOCK_MONOTONIC, &end));
	CHECK((end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec >= 20000000);
	FAILS(semtimedop(id, &down, 1, &none), EAGAIN);
	child = fork();
	if (!child)
		_exit(semtimedop(id, &down, 1, &long_time) ? errno : 0);
	await_waiters(id, 0, 1, false);
	OK(change(id, 0, 1, 0));
	EQUAL(test_wait(child), 0);
	remove_id(id);
}

/* ---- SEM_UNDO ---- */

TEST(exit_undoes)
{
	int id = make(2);
	pid_t child;

	set(id, 0, 5);
	set(id, 1, 5);
	child = fork();
	if (!child) {
		OK(change(id, 0, -3, SEM_UNDO));
		OK(change(id, 0, 1, SEM_UNDO));
		OK(change(id, 0, -1, 0));
		OK(change(id, 1, 4, SEM_UNDO));
		OK(change(id, 1, -8, 0));
		_exit(0);
	}
	EQUAL(test_wait(child), 0);
	EQUAL(value(id, 0), 4);
	/* Not below zero. */
	EQUAL(value(id, 1), 0);
	EQUAL(semctl(id, 0, GETPID), child);
	remove_id(id);
}

TEST(undoing_wakes)
{
	int id = make(1), go[2];
	pid_t holder, waiter;
	char byte;

	set(id, 0, 1);
	OK(pipe(go));
	holder = fork();
	if (!holder) {
		OK(change(id, 0, -1, SEM_UNDO));
		read(go[0], &byte, 1);
		raise(SIGKILL);
	}
	while (value(id, 0))
		sched_yield();
	waiter = child_changes(id, 0, -1, 0);
	await_waiters(id, 0, 1, false);
	EQUAL(write(go[1], "x", 1), 1);
	EQUAL(test_wait(holder), 1000 + SIGKILL);
	EQUAL(test_wait(waiter), 0);
	remove_id(id);
}

TEST(undo_of_a_waiter)
{
	int id = make(1);
	pid_t child = child_changes(id, 0, -1, SEM_UNDO);

	await_waiters(id, 0, 1, false);
	OK(change(id, 0, 1, 0));
	EQUAL(test_wait(child), 0);
	EQUAL(value(id, 0), 1);
	remove_id(id);
}

TEST(setval_forgets_what_was_to_be_undone)
{
	int id = make(2);

	IN_CHILD({
		OK(change(id, 0, 3, SEM_UNDO));
		OK(change(id, 1, 3, SEM_UNDO));
		set(id, 0, 9);
	});
	EQUAL(value(id, 0), 9);
	EQUAL(value(id, 1), 0);
	remove_id(id);
}

TEST(a_child_inherits_no_undo)
{
	int id = make(1);

	IN_CHILD({
		OK(change(id, 0, 3, SEM_UNDO));
		IN_CHILD();
		EQUAL(value(id, 0), 3);
	});
	EQUAL(value(id, 0), 0);
	remove_id(id);
}

TEST(exec_keeps_what_is_to_be_undone)
{
	int id = make(1), go[2], status;
	pid_t child;

	OK(pipe(go));
	child = fork();
	if (!child) {
		OK(change(id, 0, 3, SEM_UNDO));
		dup2(go[0], 0);
		close(go[1]);
		execl("/bin/cat", "cat", NULL);
		_exit(9);
	}
	while (value(id, 0) != 3)
		sched_yield();
	test_await_sleep(child);
	EQUAL(value(id, 0), 3);
	close(go[0]);
	close(go[1]);
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(value(id, 0), 0);
	remove_id(id);
}

static void *rise(void *data)
{
	OK(change(*(int *)data, 0, 2, SEM_UNDO));
	return NULL;
}

TEST(threads_share_their_undo)
{
	int id = make(1);

	IN_CHILD({
		pthread_t thread;
		int own = id;

		ZERO(pthread_create(&thread, NULL, rise, &own));
		ZERO(pthread_join(thread, NULL));
		EQUAL(value(id, 0), 2);
	});
	EQUAL(value(id, 0), 0);
	remove_id(id);
}

static int rise_and_end(void *data)
{
	return change(*(int *)data, 0, 2, SEM_UNDO);
}

TEST(clone_sysvsem_shares_the_undo)
{
	static char stack[65536] __attribute__((aligned(16)));
	int id = make(1);

	IN_CHILD({
		int own = id;
		pid_t child = clone(rise_and_end, stack + sizeof(stack), CLONE_SYSVSEM | SIGCHLD,
				    &own);

		OK(child);
		EQUAL(test_wait(child), 0);
		/* We live, and it is ours too. */
		EQUAL(value(id, 0), 2);
	});
	EQUAL(value(id, 0), 0);
	remove_id(id);
}

TEST(undo_out_of_range)
{
	int id = make(1);

	OK(change(id, 0, 32767, SEM_UNDO));
	set(id, 0, 0);
	OK(change(id, 0, 32767, SEM_UNDO));
	OK(change(id, 0, -32767, 0));
	OK(change(id, 0, 1, SEM_UNDO));
	FAILS(change(id, 0, 1, SEM_UNDO), ERANGE);
	EQUAL(value(id, 0), 1);
	remove_id(id);
}

TEST(a_removed_set_is_not_undone)
{
	int id = make(1), another;

	IN_CHILD({
		OK(change(id, 0, 3, SEM_UNDO));
		remove_id(id);
	});
	another = make(1);
	EQUAL(value(another, 0), 0);
	remove_id(another);
}

/* ---- The rest of semctl ---- */

TEST(bad_arguments)
{
	struct semid_ds ds = { 0 };
	int id = make(1);
	static const struct { int id, command, error; } rows[] = {
		{ -1, IPC_STAT, EINVAL }, { -1, IPC_RMID, EINVAL }, { -1, GETVAL, EINVAL },
		{ NO_SUCH_ID, IPC_STAT, EINVAL }, { NO_SUCH_ID, IPC_RMID, EINVAL },
		{ NO_SUCH_ID, IPC_SET, EINVAL }, { NO_SUCH_ID, GETVAL, EINVAL },
		{ NO_SUCH_ID, GETALL, EINVAL }, { NO_SUCH_ID, SEM_STAT, EINVAL },
		{ 0, 99, EINVAL }, { 0, -1, EINVAL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		errno = 0;
		EQUAL(semctl(rows[i].id, 0, rows[i].command, (union semun){ .buf = &ds }), -1);
		EQUAL(errno, rows[i].error);
	}
	FAILS(semctl(id, 0, IPC_STAT, (union semun){ .buf = (void *)8 }), EFAULT);
	FAILS(semctl(id, 0, IPC_SET, (union semun){ .buf = (void *)8 }), EFAULT);
	FAILS(semctl(0, 0, IPC_INFO, (union semun){ .buf = (void *)8 }), EFAULT);
	remove_id(id);
}

TEST(permissions_of_others)
{
	int id;

	if (geteuid())
		test_skip("wants root");
	OK(id = semget(fresh_key(), 1, IPC_CREAT | 0604));
	IN_CHILD({
		struct semid_ds ds;

		OK(setgid(7777));
		OK(setuid(7777));
		EQUAL(value(id, 0), 0);
		OK(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
		OK(change(id, 0, 0, 0));
		FAILS(change(id, 0, 1, 0), EACCES);
		FAILS(change(id, 0, -1, IPC_NOWAIT), EACCES);
		FAILS(semctl(id, 0, SETVAL, (union semun){ .val = 1 }), EACCES);
		FAILS(semctl(id, 0, IPC_RMID), EPERM);
		FAILS(semctl(id, 0, IPC_SET, (union semun){ .buf = &ds }), EPERM);
	});
	remove_id(id);
}

TEST(lists_and_limits)
{
	int id = make(5), highest, found = -1;
	struct seminfo usage, limits;
	struct semid_ds ds;
	char number[32];

	OK(highest = semctl(0, 0, SEM_INFO, (union semun){ .info = &usage }));
	CHECK(usage.semusz >= 1);
	CHECK(usage.semaem >= 5);
	EQUAL(semctl(0, 0, IPC_INFO, (union semun){ .info = &limits }), highest);
	EQUAL(limits.semmsl, 32000);
	EQUAL(limits.semopm, 500);
	EQUAL(limits.semvmx, 32767);
	EQUAL(limits.semusz, 20);
	for (int i = 0; i <= highest; i++)
		if (semctl(i, 0, SEM_STAT, (union semun){ .buf = &ds }) == id) {
			found = i;
			EQUAL(ds.sem_nsems, 5);
			EQUAL(semctl(i, 0, SEM_STAT_ANY, (union semun){ .buf = &ds }), id);
		}
	EQUAL(found, id % 32768);
	snprintf(number, sizeof(number), " %d ", id);
	CHECK(strstr(test_read_file("/proc/sysvipc/sem"), number));
	SAME(test_read_file("/proc/sys/kernel/sem"), "32000\t1024000000\t500\t32000\n");
	remove_id(id);
}

/* ---- Many at once ---- */

#define WORKERS 4
#define ROUNDS 500

TEST(a_mutex_of_processes)
{
	int id = make(1), counter[2], count = 0;
	pid_t children[WORKERS];

	OK(pipe(counter));
	EQUAL(write(counter[1], &count, sizeof(count)), (long)sizeof(count));
	set(id, 0, 1);
	for (int i = 0; i < WORKERS; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		for (int j = 0; j < ROUNDS; j++) {
			OK(change(id, 0, -1, SEM_UNDO));
			EQUAL(read(counter[0], &count, sizeof(count)), (long)sizeof(count));
			count++;
			EQUAL(write(counter[1], &count, sizeof(count)), (long)sizeof(count));
			OK(change(id, 0, 1, SEM_UNDO));
		}
		_exit(0);
	}
	for (int i = 0; i < WORKERS; i++)
		EQUAL(test_wait(children[i]), 0);
	EQUAL(read(counter[0], &count, sizeof(count)), (long)sizeof(count));
	EQUAL(count, WORKERS * ROUNDS);
	EQUAL(value(id, 0), 1);
	remove_id(id);
}
