/* SPDX-License-Identifier: MIT */
/*
 * What a process is while its vfork child runs: its threads are there and keep their signals, it
 * can be killed, and the child lives on without it.
 */
#include "tests/linux/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <time.h>

static char *no_strings[] = { NULL };

/* The child tells that it runs, and waits for the word to go on. */
static int ready[2], go[2];

static void pipes_make(void)
{
	OK(pipe(ready));
	OK(pipe(go));
}

/* By a vfork child: what it tells is its pid. */
static void child_wait(void)
{
	pid_t pid = getpid();
	char byte;

	if (write(ready[1], &pid, sizeof(pid)) != sizeof(pid) || read(go[0], &byte, 1) != 1)
		_exit(99);
}

static pid_t child_await(void)
{
	pid_t pid;

	EQUAL(read(ready[0], &pid, sizeof(pid)), sizeof(pid));
	return pid;
}

static void child_let_go(void)
{
	EQUAL(write(go[1], "x", 1), 1);
}

/* ---- The thread that waits ---- */

static volatile int signals;
static volatile pid_t signal_tid, signal_pid;

static void on_signal(int number)
{
	(void)number;
	signals++;
	signal_tid = syscall(SYS_gettid);
	signal_pid = getpid();
}

static bool task_is_listed(pid_t pid, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
	return !access(path, F_OK);
}

static unsigned int tasks_count(pid_t pid)
{
	unsigned int count = 0;
	struct dirent *entry;
	char path[64];
	DIR *stream;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	stream = opendir(path);
	CHECK(stream);
	while ((entry = readdir(stream)))
		count += entry->d_name[0] != '.';
	closedir(stream);
	return count;
}

static volatile pid_t waiting_tid;

static void *vfork_and_wait(void *argument)
{
	pid_t child;

	waiting_tid = syscall(SYS_gettid);
	child = vfork();
	if (!child) {
		child_wait();
		_exit(3);
	}
	*(pid_t *)argument = child;
	return NULL;
}

TEST(waiting_thread_is_found_by_its_id)
{
	pid_t child, seen, tid;
	pthread_t thread;
	clockid_t clock;
	struct timespec time;
	cpu_set_t set;

	pipes_make();
	signal(SIGUSR1, on_signal);
	ZERO(pthread_create(&thread, NULL, vfork_and_wait, &child));
	seen = child_await();
	tid = waiting_tid;
	OK(kill(tid, 0));
	OK(syscall(SYS_tkill, tid, 0));
	OK(syscall(SYS_tgkill, getpid(), tid, 0));
	FAILS(syscall(SYS_tgkill, seen, tid, 0), ESRCH);
	OK(syscall(SYS_tgkill, seen, seen, 0));
	OK(sched_getaffinity(tid, sizeof(set), &set));
	OK(sched_setaffinity(tid, sizeof(set), &set));
	EQUAL(sched_getscheduler(tid), SCHED_OTHER);
	ZERO(pthread_getcpuclockid(thread, &clock));
	OK(clock_gettime(clock, &time));
	CHECK(task_is_listed(getpid(), tid));
	CHECK(!task_is_listed(seen, tid));
	EQUAL(tasks_count(getpid()), 2);
	EQUAL(tasks_count(seen), 1);
	child_let_go();
	ZERO(pthread_join(thread, NULL));
	EQUAL(child, seen);
	EQUAL(test_wait(child), 3);
}

TEST(waiting_thread_takes_its_signals_afterwards)
{
	pthread_t thread;
	pid_t child;

	pipes_make();
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	ZERO(pthread_create(&thread, NULL, vfork_and_wait, &child));
	child_await();
	OK(syscall(SYS_tgkill, getpid(), waiting_tid, SIGUSR1));
	OK(syscall(SYS_tkill, waiting_tid, SIGUSR1));
	ZERO(pthread_kill(thread, SIGUSR2));
	EQUAL(signals, 0);
	child_let_go();
	ZERO(pthread_join(thread, NULL));
	EQUAL(signals, 2);
	EQUAL(signal_tid, waiting_tid);
	EQUAL(signal_pid, getpid());
	EQUAL(test_wait(child), 3);
}

/* A process whose only thread has a vfork child, seen by its parent. */
static pid_t process_that_waits(void (*child_run)(void))
{
	pid_t process;

	pipes_make();
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	process = fork();
	OK(process);
	if (!process) {
		pid_t child = vfork();

		if (!child) {
			child_wait();
			child_run();
			_exit(7);
		}
		_exit(test_wait(child) + 50);
	}
	return process;
}

static void child_ends(void)
{
}

TEST(waiting_process_is_there)
{
	pid_t process = process_that_waits(child_ends), child = child_await();
	char path[64];

	EQUAL(test_process_state(process), 'D');
	CHECK(task_is_listed(process, process));
	EQUAL(tasks_count(process), 1);
	OK(kill(process, 0));
	OK(kill(child, 0));
	FAILS(syscall(SYS_tgkill, process, child, 0), ESRCH);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", process, process);
	CHECK(strstr(test_read_file(path), "State:\tD"));
	child_let_go();
	EQUAL(test_wait(process), 57);
}

TEST(waiting_process_keeps_what_does_not_kill)
{
	int harmless[] = { SIGCHLD, SIGWINCH, SIGCONT, SIGURG };
	pid_t process = process_that_waits(child_ends);

	child_await();
	for (size_t i = 0; i < COUNT(harmless); i++)
		OK(kill(process, harmless[i]));
	EQUAL(waitpid(process, NULL, WNOHANG), 0);
	child_let_go();
	EQUAL(test_wait(process), 57);
}

TEST(waiting_process_stops_afterwards)
{
	pid_t process = process_that_waits(child_ends);
	int status;

	child_await();
	OK(kill(process, SIGSTOP));
	child_let_go();
	EQUAL(waitpid(process, &status, WUNTRACED), process);
	CHECK(WIFSTOPPED(status));
	OK(kill(process, SIGCONT));
	EQUAL(test_wait(process), 57);
}

/* ---- The process that is killed ---- */

static void child_execs(void)
{
	execl("/bin/sh", "sh", "-c", "exit 5", NULL);
}

static void child_fails_to_exec(void)
{
	execve("/missing", no_strings, no_strings);
}

static void *give_back(void *argument)
{
	return argument;
}

/* All that needs the memory to be its own: maps, forks, threads, another vfork. */
static void child_lives(void)
{
	char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;
	pid_t child;

	memset(memory, 5, 1 << 20);
	ZERO(pthread_create(&thread, NULL, give_back, NULL));
	ZERO(pthread_join(thread, NULL));
	IN_CHILD(CHECK(memory[77777] == 5));
	child = vfork();
	if (!child) {
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	EQUAL(test_wait(child), 0);
	OK(munmap(memory, 1 << 20));
	EQUAL(getppid(), *(volatile pid_t *)&signal_pid);
	execl("/bin/sh", "sh", "-c", "exit $(expr 3 + 3)", NULL);
}

/*
 * The process ends at once, and its child lives on with the new parent until it ends as it should.
 */
static void killed_by(int number, void (*child_run)(void), int status)
{
	pid_t process, child;

	signal_pid = getpid();
	process = process_that_waits(child_run);
	child = child_await();
	OK(kill(process, number));
	EQUAL(test_wait(process), 1000 + number);
	EQUAL(waitpid(child, NULL, WNOHANG), 0);
	CHECK(strchr("SR", test_process_state(child)));
	child_let_go();
	EQUAL(test_wait(child), status);
	FAILS(wait(NULL), ECHILD);
}

TEST(killed_process_dies_at_once)
{
	killed_by(SIGKILL, child_ends, 7);
}

TEST(killed_process_whose_child_execs)
{
	killed_by(SIGKILL, child_execs, 5);
}

TEST(killed_process_whose_child_fails_to_exec)
{
	killed_by(SIGKILL, child_fails_to_exec, 7);
}

TEST(killed_process_whose_child_goes_on)
{
	killed_by(SIGKILL, child_lives, 6);
}

TEST(terminated_process_dies_at_once)
{
	killed_by(SIGTERM, child_ends, 7);
	killed_by(SIGUSR1, child_lives, 6);
	killed_by(40, child_execs, 5);
}

/* Signals that make a core dump are taken on the way back only. */
TEST(aborted_process_dies_afterwards)
{
	pid_t process = process_that_waits(child_ends), child = child_await();

	OK(kill(process, SIGQUIT));
	EQUAL(waitpid(process, NULL, WNOHANG), 0);
	child_let_go();
	EQUAL(test_wait(process), 1000 + SIGQUIT);
	EQUAL(test_wait(child), 7);
}

TEST(blocked_signal_does_not_kill_the_waiting_process)
{
	sigset_t set;
	pid_t process;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	process = process_that_waits(child_ends);
	child_await();
	OK(kill(process, SIGTERM));
	EQUAL(waitpid(process, NULL, WNOHANG), 0);
	child_let_go();
	EQUAL(test_wait(process), 57);
}

TEST(signal_behind_another_does_not_kill_the_waiting_process)
{
	pid_t process;

	signal(SIGUSR1, on_signal);
	process = process_that_waits(child_ends);
	child_await();
	OK(kill(process, SIGUSR1));
	OK(kill(process, SIGTERM));
	EQUAL(waitpid(process, NULL, WNOHANG), 0);
	child_let_go();
	EQUAL(test_wait(process), 1000 + SIGTERM);
	wait(NULL);
}

TEST(killed_behind_another_signal)
{
	pid_t process;

	signal(SIGUSR1, on_signal);
	process = process_that_waits(child_ends);
	child_await();
	OK(kill(process, SIGUSR1));
	OK(kill(process, SIGSTOP));
	OK(kill(process, SIGKILL));
	EQUAL(test_wait(process), 1000 + SIGKILL);
	child_let_go();
	EQUAL(test_wait(-1), 7);
}

TEST(killed_by_its_thread_id)
{
	pid_t process = process_that_waits(child_execs), child = child_await();

	OK(syscall(SYS_tgkill, process, process, SIGKILL));
	EQUAL(test_wait(process), 1000 + SIGKILL);
	child_let_go();
	EQUAL(test_wait(child), 5);
}

TEST(killed_by_its_child)
{
	pid_t process;

	pipes_make();
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	process = fork();
	if (!process) {
		if (!vfork()) {
			kill(getppid(), SIGKILL);
			child_wait();
			_exit(getppid() == process);
		}
		_exit(8);
	}
	EQUAL(test_wait(process), 1000 + SIGKILL);
	pid_t child = child_await();
	child_let_go();
	EQUAL(test_wait(child), 0);
}

TEST(killed_process_whose_child_is_stopped)
{
	pid_t process = process_that_waits(child_ends), child = child_await();
	int status;

	OK(kill(child, SIGSTOP));
	while (test_process_state(child) != 'T')
		test_pause_ms(1);
	OK(kill(process, SIGKILL));
	EQUAL(test_wait(process), 1000 + SIGKILL);
	child_let_go();
	EQUAL(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status));
	OK(kill(child, SIGCONT));
	EQUAL(test_wait(child), 7);
}

TEST(child_is_killed_after_its_process)
{
	pid_t process = process_that_waits(child_ends), child = child_await();

	OK(kill(process, SIGKILL));
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(process), 1000 + SIGKILL);
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

/* The child of the child plays on when all above it are gone. */
TEST(killed_processes_one_above_the_other)
{
	pid_t top, middle = 0, bottom;

	pipes_make();
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	top = fork();
	OK(top);
	if (!top) {
		if (!vfork()) {
			if (!vfork()) {
				middle = getppid();
				write(ready[1], &middle, sizeof(middle));
				child_wait();
				execl("/bin/sh", "sh", "-c", "exit 5", NULL);
				_exit(9);
			}
			_exit(8);
		}
		_exit(6);
	}
	middle = child_await();
	bottom = child_await();
	EQUAL(test_process_state(top), 'D');
	EQUAL(test_process_state(middle), 'D');
	OK(kill(top, SIGKILL));
	EQUAL(test_wait(top), 1000 + SIGKILL);
	OK(kill(middle, SIGKILL));
	EQUAL(test_wait(middle), 1000 + SIGKILL);
	child_let_go();
	EQUAL(test_wait(bottom), 5);
}

static int bottom_run(void *argument)
{
	pid_t middle = getppid();

	(void)argument;
	write(ready[1], &middle, sizeof(middle));
	child_wait();
	_exit(7);
}

/*
 * The one in between alone: the one above goes on, at the latest when nobody else plays in its
 * memory. It may do so at once, and so the one below has a stack of its own.
 */
TEST(killed_process_between_others)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t top, middle, bottom;

	pipes_make();
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	top = fork();
	OK(top);
	if (!top) {
		pid_t child = vfork();

		if (!child) {
			clone(bottom_run, stack + sizeof(stack),
			      CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
			_exit(8);
		}
		_exit(test_wait(child) == 1000 + SIGKILL ? 6 : 1);
	}
	middle = child_await();
	bottom = child_await();
	OK(kill(middle, SIGKILL));
	child_let_go();
	EQUAL(test_wait(top), 6);
	EQUAL(test_wait(bottom), 7);
}

/* ---- Its other threads ---- */

static void *exit_when_child_waits(void *argument)
{
	pid_t child = child_await();

	write(ready[1], &child, sizeof(child));
	if (argument)
		execl("/bin/sh", "sh", "-c", "exit 4", NULL);
	_exit(4);
}

static void ended_by_other_thread(void *exec, void (*child_run)(void), int status)
{
	pid_t process, child;

	pipes_make();
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	signal_pid = getpid();
	process = fork();
	OK(process);
	if (!process) {
		pthread_t thread;

		ZERO(pthread_create(&thread, NULL, exit_when_child_waits, exec));
		if (!vfork()) {
			child_wait();
			child_run();
			_exit(7);
		}
		for (;;)
			pause();
	}
	EQUAL(test_wait(process), 4);
	child = child_await();
	EQUAL(waitpid(child, NULL, WNOHANG), 0);
	child_let_go();
	EQUAL(test_wait(child), status);
}

TEST(other_thread_exits)
{
	ended_by_other_thread(NULL, child_ends, 7);
	ended_by_other_thread(NULL, child_execs, 5);
	ended_by_other_thread(NULL, child_lives, 6);
}

TEST(other_thread_execs)
{
	ended_by_other_thread("", child_ends, 7);
	ended_by_other_thread("", child_execs, 5);
	ended_by_other_thread("", child_lives, 6);
}

static void *vfork_without_end(void *argument)
{
	if (!vfork()) {
		child_wait();
		_exit(7);
	}
	for (;;)
		pause();
	return argument;
}

TEST(killed_while_each_thread_waits)
{
	pid_t process, children[3];

	pipes_make();
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	process = fork();
	OK(process);
	if (!process) {
		pthread_t thread;

		ZERO(pthread_create(&thread, NULL, vfork_without_end, NULL));
		ZERO(pthread_create(&thread, NULL, vfork_without_end, NULL));
		vfork_without_end(NULL);
	}
	for (int i = 0; i < 3; i++)
		children[i] = child_await();
	EQUAL(tasks_count(process), 3);
	OK(kill(process, SIGKILL));
	EQUAL(test_wait(process), 1000 + SIGKILL);
	for (int i = 0; i < 3; i++)
		child_let_go();
	for (int i = 0; i < 3; i++)
		EQUAL(test_wait(children[i]), 7);
}

/* Those who die with a lock are known by it, though their child still uses the memory. */
TEST(robust_mutex_of_a_killed_waiting_process)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t process, child;

	pipes_make();
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	ZERO(pthread_mutexattr_init(&attributes));
	ZERO(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
	ZERO(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	ZERO(pthread_mutex_init(mutex, &attributes));
	process = fork();
	OK(process);
	if (!process) {
		ZERO(pthread_mutex_lock(mutex));
		if (!vfork()) {
			child_wait();
			child_wait();
			_exit(7);
		}
		_exit(8);
	}
	child = child_await();
	OK(kill(process, SIGKILL));
	EQUAL(test_wait(process), 1000 + SIGKILL);
	child_let_go();
	child_await();
	EQUAL(pthread_mutex_lock(mutex), EOWNERDEAD);
	child_let_go();
	EQUAL(test_wait(child), 7);
}

/* Nothing may depend on which comes first, the end of the process or what its child does. */
TEST(kills_at_any_moment)
{
	for (volatile int i = 0; i < 200; i++) {
		pid_t process;

		OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
		process = fork();
		OK(process);
		if (!process) {
			for (;;) {
				pid_t child = vfork();

				if (!child && i & 1)
					execl("/bin/true", "true", NULL);
				if (!child)
					_exit(0);
				waitpid(child, NULL, 0);
			}
		}
		for (volatile int spin = 0; spin < i * 20000; spin++)
			;
		OK(kill(process, i & 2 ? SIGKILL : SIGTERM));
		EQUAL(test_wait(process), 1000 + (i & 2 ? SIGKILL : SIGTERM));
		while (wait(NULL) > 0)
			;
	}
}

/* ---- CPU time ---- */

static long cpu_ms(clockid_t clock)
{
	struct timespec time;

	OK(clock_gettime(clock, &time));
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void burn(long ms)
{
	long until = cpu_ms(CLOCK_THREAD_CPUTIME_ID) + ms;

	while (cpu_ms(CLOCK_THREAD_CPUTIME_ID) < until)
		;
}

static void *burn_and_exit(void *argument)
{
	burn((long)argument);
	_exit(0);
}

static long usage_ms(int who)
{
	struct rusage usage;

	OK(getrusage(who, &usage));
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* The parent's time is not the child's, by whichever thread the child ends. */
TEST(times_of_a_child_that_another_thread_ends)
{
	struct tms tms;
	pthread_t thread;
	pid_t child;

	burn(300);
	child = vfork();
	if (!child) {
		if (pthread_create(&thread, NULL, burn_and_exit, (void *)200))
			_exit(1);
		syscall(SYS_exit, 0);
	}
	EQUAL(test_wait(child), 0);
	CHECK(usage_ms(RUSAGE_CHILDREN) >= 190);
	CHECK(usage_ms(RUSAGE_CHILDREN) < 290);
	CHECK(times(&tms) != -1);
	CHECK(tms.tms_cutime + tms.tms_cstime >= 18 && tms.tms_cutime + tms.tms_cstime < 29);
}

TEST(times_of_a_child_that_ends_by_itself)
{
	volatile long seen = 0, seen_by_clock = 0, seen_by_id = 0;
	clockid_t clock;
	pid_t child;

	burn(300);
	child = vfork();
	if (!child) {
		burn(100);
		seen = usage_ms(RUSAGE_SELF);
		seen_by_clock = cpu_ms(CLOCK_PROCESS_CPUTIME_ID);
		clock_getcpuclockid(getpid(), &clock);
		seen_by_id = cpu_ms(clock);
		burn(100);
		_exit(0);
	}
	EQUAL(test_wait(child), 0);
	CHECK(seen >= 90 && seen < 190);
	CHECK(seen_by_clock >= 90 && seen_by_clock < 190);
	CHECK(seen_by_id >= 90 && seen_by_id < 190);
	CHECK(usage_ms(RUSAGE_CHILDREN) >= 190);
	CHECK(usage_ms(RUSAGE_CHILDREN) < 290);
}

/* It has only its own time where its parent has ended, and its program only what came since. */
TEST(times_of_a_child_whose_process_was_killed)
{
	long before;
	pid_t process, child;

	pipes_make();
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	process = fork();
	OK(process);
	if (!process) {
		burn(300);
		if (!vfork()) {
			child_wait();
			burn(200);
			_exit(7);
		}
		_exit(8);
	}
	child = child_await();
	OK(kill(process, SIGKILL));
	EQUAL(test_wait(process), 1000 + SIGKILL);
	before = usage_ms(RUSAGE_CHILDREN);
	CHECK(before >= 290 && before < 490);
	child_let_go();
	EQUAL(test_wait(child), 7);
	CHECK(usage_ms(RUSAGE_CHILDREN) - before >= 190);
	CHECK(usage_ms(RUSAGE_CHILDREN) - before < 290);
}

TEST(times_of_a_child_that_execs)
{
	pid_t child;

	burn(300);
	child = vfork();
	if (!child) {
		burn(100);
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	EQUAL(test_wait(child), 0);
	CHECK(usage_ms(RUSAGE_CHILDREN) >= 90);
	CHECK(usage_ms(RUSAGE_CHILDREN) < 290);
}
