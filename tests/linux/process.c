/* SPDX-License-Identifier: MIT */
/* fork, vfork, posix_spawn, exit, wait in all forms, process groups and sessions, 500 processes. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>

extern char **environ;

TEST(fork_returns_twice)
{
	int value = 1, fds[2];
	pid_t parent = getpid(), child, seen;

	OK(pipe(fds));
	child = fork();
	OK(child);
	if (!child) {
		value = 2;
		EQUAL(getppid(), parent);
		seen = getpid();
		EQUAL(write(fds[1], &seen, sizeof(seen)), sizeof(seen));
		_exit(value);
	}
	EQUAL(read(fds[0], &seen, sizeof(seen)), sizeof(seen));
	EQUAL(seen, child);
	CHECK(child != parent);
	EQUAL(test_wait(child), 2);
	EQUAL(value, 1);
}

TEST(exit_status_is_eight_bits)
{
	static const int statuses[] = { 0, 1, 127, 128, 255, 256, -1, 1000 };

	for (size_t i = 0; i < COUNT(statuses); i++) {
		pid_t child = fork();

		OK(child);
		if (!child)
			_exit(statuses[i]);
		EQUAL(test_wait(child), statuses[i] & 255);
	}
}

TEST(fork_copies_memory)
{
	enum { SIZE = 8 << 20 };
	unsigned char *memory = malloc(SIZE);

	for (int i = 0; i < SIZE; i += 512)
		memory[i] = i >> 9;
	IN_CHILD({
		for (int i = 0; i < SIZE; i += 512) {
			EQUAL(memory[i], (unsigned char)(i >> 9));
			memory[i] = 0xff;
		}
	});
	for (int i = 0; i < SIZE; i += 512)
		EQUAL(memory[i], (unsigned char)(i >> 9));
}

TEST(fork_chain)
{
	/* Each generation forks the next and hands its count up. */
	int depth = 0;
	pid_t child;

	while (depth < 30) {
		child = fork();
		OK(child);
		if (child)
			break;
		depth++;
	}
	if (depth == 30)
		_exit(30);
	int status = test_wait(child);
	if (depth)
		_exit(status);
	EQUAL(status, 30);
}

TEST(vfork_child_runs_first)
{
	static volatile int shared;
	pid_t child = vfork();

	if (!child) {
		shared = 7;
		_exit(3);
	}
	OK(child);
	EQUAL(shared, 7);
	EQUAL(test_wait(child), 3);
}

TEST(vfork_with_exec)
{
	pid_t child = vfork();

	if (!child) {
		execl("/bin/sh", "sh", "-c", "exit 5", NULL);
		_exit(9);
	}
	OK(child);
	EQUAL(test_wait(child), 5);
	child = vfork();
	if (!child) {
		execl("/missing", "missing", NULL);
		_exit(errno == ENOENT ? 11 : 12);
	}
	EQUAL(test_wait(child), 11);
}

TEST(vfork_child_has_its_own_descriptors_and_signals)
{
	struct sigaction action;
	int fd;
	pid_t child;

	OK(fd = open("/dev/null", O_RDONLY));
	signal(SIGUSR1, SIG_IGN);
	child = vfork();
	if (!child) {
		close(fd);
		signal(SIGUSR1, SIG_DFL);
		if (chdir("/"))
			_exit(1);
		_exit(getpid() == getppid());
	}
	EQUAL(test_wait(child), 0);
	OK(fcntl(fd, F_GETFD));
	OK(sigaction(SIGUSR1, NULL, &action));
	CHECK(action.sa_handler == SIG_IGN);
	char path[4096];
	CHECK(getcwd(path, sizeof(path)) && strcmp(path, "/"));
}

TEST(posix_spawn_runs)
{
	char *arguments[] = { "sh", "-c", "echo spawned; exit 4", NULL };
	posix_spawn_file_actions_t actions;
	char text[16] = "";
	int fds[2];
	pid_t child;

	OK(pipe(fds));
	ZERO(posix_spawn_file_actions_init(&actions));
	ZERO(posix_spawn_file_actions_adddup2(&actions, fds[1], 1));
	ZERO(posix_spawn_file_actions_addclose(&actions, fds[0]));
	ZERO(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0));
	ZERO(posix_spawn(&child, "/bin/sh", &actions, NULL, arguments, environ));
	EQUAL(test_wait(child), 4);
	EQUAL(read(fds[0], text, sizeof(text)), 8);
	SAME(text, "spawned\n");
	OK(setenv("PATH", "/usr/bin:/bin", 1));
	EQUAL(posix_spawn(&child, "/missing", NULL, NULL, arguments, environ), ENOENT);
	EQUAL(posix_spawnp(&child, "no-such-program", NULL, NULL, arguments, environ), ENOENT);
	ZERO(posix_spawnp(&child, "true", NULL, NULL, (char *[]){ "true", NULL }, environ));
	EQUAL(test_wait(child), 0);
}

TEST(posix_spawn_attributes)
{
	char *arguments[] = { "sh", "-c", "kill -TERM $$; exit 3", NULL };
	posix_spawnattr_t attributes;
	sigset_t set;
	pid_t child;

	ZERO(posix_spawnattr_init(&attributes));
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	ZERO(posix_spawnattr_setsigmask(&attributes, &set));
	ZERO(posix_spawnattr_setpgroup(&attributes, 0));
	ZERO(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP));
	ZERO(posix_spawn(&child, "/bin/sh", NULL, &attributes, arguments, environ));
	EQUAL(test_wait(child), 3);
	sigemptyset(&set);
	signal(SIGTERM, SIG_IGN);
	ZERO(posix_spawnattr_setsigmask(&attributes, &set));
	sigaddset(&set, SIGTERM);
	ZERO(posix_spawnattr_setsigdefault(&attributes, &set));
	ZERO(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
	ZERO(posix_spawn(&child, "/bin/sh", NULL, &attributes, arguments, environ));
	EQUAL(test_wait(child), 1000 + SIGTERM);
}

TEST(wait_for_any_and_none)
{
	int status;
	pid_t a, b, got;

	FAILS(waitpid(-1, &status, 0), ECHILD);
	FAILS(waitpid(-1, &status, WNOHANG), ECHILD);
	FAILS(waitpid(getppid(), &status, 0), ECHILD);
	FAILS(waitpid(-1, &status, 0x100000), EINVAL);
	a = fork();
	if (!a)
		_exit(1);
	b = fork();
	if (!b)
		_exit(2);
	for (int i = 0; i < 2; i++) {
		got = wait(&status);
		CHECK(got == a || got == b);
		EQUAL(WEXITSTATUS(status), got == a ? 1 : 2);
	}
	FAILS(wait(&status), ECHILD);
}

TEST(wait_without_hanging)
{
	int fds[2], status = 77;
	pid_t child;

	OK(pipe(fds));
	child = fork();
	if (!child) {
		char byte;

		EQUAL(read(fds[0], &byte, 1), 1);
		_exit(6);
	}
	EQUAL(waitpid(child, &status, WNOHANG), 0);
	EQUAL(status, 77);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(WEXITSTATUS(status), 6);
}

TEST(wait_reports_signals)
{
	const int signals[] = { SIGTERM, SIGKILL, SIGHUP, SIGUSR1, SIGRTMIN, SIGALRM };

	for (size_t i = 0; i < COUNT(signals); i++) {
		int status;
		pid_t child = fork();

		OK(child);
		if (!child) {
			kill(getpid(), signals[i]);
			_exit(0);
		}
		EQUAL(waitpid(child, &status, 0), child);
		CHECK(WIFSIGNALED(status));
		EQUAL(WTERMSIG(status), signals[i]);
	}
}

TEST(wait_by_process_group)
{
	int status;
	pid_t a, b;

	a = fork();
	if (!a) {
		pause();
		_exit(0);
	}
	OK(setpgid(a, a));
	b = fork();
	if (!b)
		_exit(2);
	EQUAL(waitpid(0, &status, 0), b);
	FAILS(waitpid(0, &status, 0), ECHILD);
	EQUAL(waitpid(-a, &status, WNOHANG), 0);
	OK(kill(a, SIGKILL));
	EQUAL(waitpid(-a, &status, 0), a);
}

TEST(waitid_fields)
{
	siginfo_t info = { 0 };
	pid_t child = fork();

	if (!child)
		_exit(9);
	OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	EQUAL(info.si_signo, SIGCHLD);
	EQUAL(info.si_code, CLD_EXITED);
	EQUAL(info.si_status, 9);
	EQUAL(info.si_pid, child);
	EQUAL(info.si_uid, getuid());
	memset(&info, 0, sizeof(info));
	OK(waitid(P_PID, child, &info, WEXITED));
	EQUAL(info.si_status, 9);
	FAILS(waitid(P_PID, child, &info, WEXITED), ECHILD);
	FAILS(waitid(P_ALL, 0, &info, 0), EINVAL);
	FAILS(waitid(99, 0, &info, WEXITED), EINVAL);
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	info.si_pid = 55;
	OK(waitid(P_ALL, 0, &info, WEXITED | WNOHANG));
	EQUAL(info.si_pid, 0);
	OK(kill(child, SIGTERM));
	OK(waitid(P_ALL, 0, &info, WEXITED));
	EQUAL(info.si_code, CLD_KILLED);
	EQUAL(info.si_status, SIGTERM);
}

TEST(wait_for_stop_and_continue)
{
	siginfo_t info;
	int status;
	pid_t child = fork();

	if (!child) {
		for (;;)
			pause();
	}
	OK(kill(child, SIGSTOP));
	EQUAL(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status));
	EQUAL(WSTOPSIG(status), SIGSTOP);
	EQUAL(test_process_state(child), 'T');
	EQUAL(waitpid(child, &status, WUNTRACED | WNOHANG), 0);
	OK(kill(child, SIGCONT));
	EQUAL(waitpid(child, &status, WCONTINUED), child);
	CHECK(WIFCONTINUED(status));
	OK(kill(child, SIGTSTP));
	OK(waitid(P_PID, child, &info, WSTOPPED));
	EQUAL(info.si_code, CLD_STOPPED);
	EQUAL(info.si_status, SIGTSTP);
	OK(kill(child, SIGTERM));
	EQUAL(waitpid(child, &status, WNOHANG), 0);
	OK(kill(child, SIGCONT));
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(WTERMSIG(status), SIGTERM);
}

TEST(kill_ends_a_stopped_process)
{
	int status;
	pid_t child = fork();

	if (!child) {
		raise(SIGSTOP);
		_exit(0);
	}
	EQUAL(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status));
	OK(kill(child, SIGKILL));
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(WTERMSIG(status), SIGKILL);
}

TEST(stop_and_continue_while_working)
{
	/* A computing process is stopped and continued many times and loses nothing. */
	volatile long *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				    -1, 0);
	int status;
	pid_t child = fork();

	if (!child) {
		for (;;)
			++*count;
	}
	for (int i = 0; i < 20; i++) {
		long before = *count;

		while (*count == before)
			sched_yield();
		OK(kill(child, SIGSTOP));
		EQUAL(waitpid(child, &status, WUNTRACED), child);
		CHECK(WIFSTOPPED(status));
		before = *count;
		for (int j = 0; j < 10; j++)
			sched_yield();
		EQUAL(*count, before);
		OK(kill(child, SIGCONT));
	}
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

TEST(zombie_until_waited_for)
{
	siginfo_t info;
	pid_t child = fork();

	if (!child)
		_exit(0);
	OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	EQUAL(test_process_state(child), 'Z');
	OK(kill(child, 0));
	EQUAL(test_wait(child), 0);
	FAILS(kill(child, 0), ESRCH);
	EQUAL(test_process_state(child), 0);
}

TEST(ignored_children_leave_no_zombie)
{
	int status;
	pid_t child;

	signal(SIGCHLD, SIG_IGN);
	child = fork();
	if (!child)
		_exit(1);
	FAILS(waitpid(child, &status, 0), ECHILD);
	FAILS(kill(child, 0), ESRCH);
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	OK(sigaction(SIGCHLD, &action, NULL));
	child = fork();
	if (!child)
		_exit(1);
	FAILS(waitpid(child, &status, 0), ECHILD);
}

TEST(orphans_get_a_new_parent)
{
	int fds[2];
	pid_t middle, seen;

	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	OK(pipe(fds));
	middle = fork();
	if (!middle) {
		pid_t self = getpid();

		if (!fork()) {
			while (getppid() == self)
				sched_yield();
			seen = getppid();
			EQUAL(write(fds[1], &seen, sizeof(seen)), sizeof(seen));
			_exit(21);
		}
		_exit(0);
	}
	EQUAL(test_wait(middle), 0);
	EQUAL(read(fds[0], &seen, sizeof(seen)), sizeof(seen));
	EQUAL(seen, getpid());
	EQUAL(test_wait(-1), 21);
}

TEST(parent_death_signal)
{
	int fds[2], signal_seen = 0;
	pid_t middle;
	char byte;

	OK(pipe(fds));
	middle = fork();
	if (!middle) {
		if (!fork()) {
			OK(prctl(PR_SET_PDEATHSIG, SIGKILL));
			OK(prctl(PR_GET_PDEATHSIG, &signal_seen));
			EQUAL(signal_seen, SIGKILL);
			EQUAL(write(fds[1], "r", 1), 1);
			for (;;)
				pause();
		}
		EQUAL(read(fds[0], &byte, 1), 1);
		_exit(0);
	}
	EQUAL(test_wait(middle), 0);
	OK(close(fds[1]));
	EQUAL(read(fds[0], &byte, 1), 0);
}

TEST(process_groups)
{
	pid_t child, self = getpid();
	int to[2], from[2];
	char byte;

	EQUAL(getpgrp(), self);
	EQUAL(getpgid(0), self);
	FAILS(getpgid(999999999), ESRCH);
	OK(pipe(to));
	OK(pipe(from));
	child = fork();
	if (!child) {
		EQUAL(getpgrp(), self);
		OK(setpgid(0, 0));
		EQUAL(getpgrp(), getpid());
		OK(setpgid(0, self));
		EQUAL(write(from[1], "x", 1), 1);
		EQUAL(read(to[0], &byte, 1), 1);
		EQUAL(getpgrp(), getpid());
		pause();
		_exit(0);
	}
	EQUAL(read(from[0], &byte, 1), 1);
	EQUAL(getpgid(child), self);
	OK(setpgid(child, child));
	EQUAL(getpgid(child), child);
	EQUAL(write(to[1], "x", 1), 1);
	FAILS(setpgid(child, 999999), EPERM);
	FAILS(setpgid(child, -1), EINVAL);
	FAILS(setpgid(999999999, 0), ESRCH);
	test_await_sleep(child);
	OK(kill(-child, SIGTERM));
	EQUAL(test_wait(child), 1000 + SIGTERM);
}

TEST(sessions)
{
	pid_t self = getpid(), child;

	FAILS(setsid(), EPERM);
	child = fork();
	if (!child) {
		EQUAL(setsid(), getpid());
		EQUAL(getsid(0), getpid());
		EQUAL(getpgrp(), getpid());
		FAILS(setpgid(0, 0), EPERM);
		FAILS(setpgid(0, self), EPERM);
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	EQUAL(test_wait(child), 0);
	FAILS(getsid(999999999), ESRCH);
}

TEST(setpgid_after_exec_is_refused)
{
	int fds[2];
	char byte;
	pid_t child;

	OK(pipe2(fds, O_CLOEXEC));
	child = fork();
	if (!child) {
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(9);
	}
	OK(close(fds[1]));
	EQUAL(read(fds[0], &byte, 1), 0);
	FAILS(setpgid(child, child), EACCES);
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

TEST(kill_of_groups)
{
	enum { MEMBERS = 5 };
	int fds[2];
	char byte;
	pid_t leader = 0, child;

	OK(pipe(fds));
	for (int i = 0; i < MEMBERS; i++) {
		child = fork();
		if (!child) {
			setpgid(0, leader);
			EQUAL(write(fds[1], "x", 1), 1);
			for (;;)
				pause();
		}
		if (!leader)
			leader = child;
		OK(setpgid(child, leader));
	}
	for (int i = 0; i < MEMBERS; i++)
		EQUAL(read(fds[0], &byte, 1), 1);
	OK(kill(-leader, 0));
	OK(kill(-leader, SIGUSR2));
	for (int i = 0; i < MEMBERS; i++)
		EQUAL(test_wait(-leader), 1000 + SIGUSR2);
	FAILS(kill(-leader, SIGUSR2), ESRCH);
}

TEST(kill_refusals)
{
	FAILS(kill(getpid(), 65), EINVAL);
	FAILS(kill(getpid(), -1), EINVAL);
	FAILS(kill(999999999, SIGTERM), ESRCH);
	FAILS(kill(-999999999, SIGTERM), ESRCH);
	OK(kill(getpid(), 0));
	FAILS(syscall(SYS_tgkill, getpid(), -1, 0), EINVAL);
	FAILS(syscall(SYS_tgkill, getpid(), 999999999, 0), ESRCH);
}

TEST_TIMEOUT(five_hundred_processes, 60)
{
	enum { PROCESSES = 500 };
	int ready[2], go[2];
	char byte;

	OK(pipe(ready));
	OK(pipe(go));
	for (int i = 0; i < PROCESSES; i++) {
		pid_t child = fork();

		if (child < 0 && errno == EAGAIN)
			test_skip("fewer processes are allowed here");
		OK(child);
		if (!child) {
			OK(close(go[1]));
			EQUAL(write(ready[1], "x", 1), 1);
			EQUAL(read(go[0], &byte, 1), 0);
			_exit(i & 127);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		EQUAL(read(ready[0], &byte, 1), 1);
	OK(close(go[1]));
	int sum = 0, expected = 0;
	for (int i = 0; i < PROCESSES; i++) {
		sum += test_wait(-1);
		expected += i & 127;
	}
	EQUAL(sum, expected);
}

TEST(two_thousand_forks_in_turn)
{
	for (int i = 0; i < 2000; i++) {
		pid_t child = fork();

		OK(child);
		if (!child)
			_exit(i & 63);
		EQUAL(test_wait(child), i & 63);
	}
}

TEST(clone_flags)
{
	int fd, result;
	pid_t child;

	OK(fd = open("/dev/null", O_RDONLY));
	child = syscall(SYS_clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	if (!child) {
		close(fd);
		umask(077);
		_exit(0);
	}
	OK(child);
	EQUAL(test_wait(child), 0);
	FAILS(fcntl(fd, F_GETFD), EBADF);
	EQUAL(umask(022), 077);
	child = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &result,
			&result, 0);
	if (!child)
		_exit(result != getpid());
	EQUAL(result, child);
	EQUAL(test_wait(child), 0);
	FAILS(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0), EINVAL);
	FAILS(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
}

TEST(clone_without_exit_signal)
{
	int status;
	pid_t child = syscall(SYS_clone, 0, 0, 0, 0, 0);

	if (!child)
		_exit(3);
	OK(child);
	FAILS(waitpid(child, &status, 0), ECHILD);
	EQUAL(waitpid(child, &status, __WALL), child);
	EQUAL(WEXITSTATUS(status), 3);
}

TEST(rusage_of_children)
{
	struct rusage usage;
	int status;
	pid_t child = fork();

	if (!child) {
		for (volatile int i = 0; i < 20000000; i++)
			;
		_exit(0);
	}
	EQUAL(wait4(child, &status, 0, &usage), child);
	CHECK(usage.ru_utime.tv_sec > 0 || usage.ru_utime.tv_usec > 0);
	OK(getrusage(RUSAGE_CHILDREN, &usage));
	CHECK(usage.ru_utime.tv_sec > 0 || usage.ru_utime.tv_usec > 0);
	OK(getrusage(RUSAGE_SELF, &usage));
	FAILS(getrusage(77, &usage), EINVAL);
}

TEST(process_names)
{
	char name[16] = "";

	OK(prctl(PR_SET_NAME, "a-name-that-is-too-long"));
	OK(prctl(PR_GET_NAME, name));
	SAME(name, "a-name-that-is-");
	SAME(test_read_file("/proc/self/comm"), "a-name-that-is-\n");
}

TEST(nice_values)
{
	EQUAL(getpriority(PRIO_PROCESS, 0), 0);
	OK(setpriority(PRIO_PROCESS, 0, 5));
	EQUAL(getpriority(PRIO_PROCESS, 0), 5);
	IN_CHILD(EQUAL(getpriority(PRIO_PROCESS, 0), 5));
	FAILS(getpriority(99, 0), EINVAL);
	FAILS(getpriority(PRIO_PROCESS, 999999999), ESRCH);
}

TEST(scheduling_calls)
{
	struct sched_param parameter = { 0 };
	cpu_set_t set;

	OK(sched_yield());
	EQUAL(sched_getscheduler(0), SCHED_OTHER);
	OK(sched_getparam(0, &parameter));
	EQUAL(parameter.sched_priority, 0);
	OK(sched_getaffinity(0, sizeof(set), &set));
	CHECK(CPU_COUNT(&set) >= 1);
	CHECK(sched_getcpu() >= 0);
	EQUAL(sched_get_priority_max(SCHED_FIFO), 99);
	FAILS(sched_getaffinity(0, 0, &set), EINVAL);
	FAILS(sched_getaffinity(-1, sizeof(set), &set), ESRCH);
	FAILS(sched_setaffinity(-1, sizeof(set), &set), ESRCH);
}

static volatile sig_atomic_t usr1_signals;

static void on_usr1(int number)
{
	(void)number;
	usr1_signals++;
}

/* The signal that clone(2) was given says nothing about a child of the caller's parent. */
TEST(sibling_ends_with_its_makers_signal)
{
	pid_t child, first, second;
	int status;

	OK(signal(SIGUSR1, on_usr1) == SIG_ERR ? -1 : 0);
	child = fork();
	OK(child);
	if (!child) {
		long sibling = syscall(SYS_clone, CLONE_PARENT | SIGUSR1, 0, 0, 0, 0);

		_exit(sibling < 0);
	}
	first = waitpid(-1, &status, 0);
	OK(first);
	EQUAL(status, 0);
	second = waitpid(-1, &status, 0);
	OK(second);
	EQUAL(status, 0);
	CHECK(first == child || second == child);
	EQUAL(usr1_signals, 0);
}

TEST(round_robin_interval_is_told)
{
	struct timespec interval = { -1, -1 };

	OK(sched_rr_get_interval(0, &interval));
	EQUAL(interval.tv_sec, 0);
	CHECK(interval.tv_nsec >= 0 && interval.tv_nsec < 1000000000);
	FAILS(sched_rr_get_interval(-1, &interval), EINVAL);
	FAILS(sched_rr_get_interval(1 << 22, &interval), ESRCH);
	FAILS(syscall(SYS_sched_rr_get_interval, 0, 8), EFAULT);
}
