/* SPDX-License-Identifier: MIT */
/*
 * What lies in the memory of other processes: /proc/PID/environ and cmdline, and reading while much
 * goes on.
 */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>

extern char **environ;

static char buffer[200000];

/* Of a program of ours: does what it is told to its arguments, then tells so and waits. */
int test_reentry(int argc, char **argv, char **envp)
{
	const char *task = argc ? argv[0] : "";
	char *first = argv[-2];

	(void)envp;
	/* The arguments are "program", "--child", task, "last", one behind the other. */
	if (!strcmp(task, "shorter"))
		memset(first + 3, 0, (size_t)(argv[1] + 5 - first - 3));
	if (!strcmp(task, "title"))
		strcpy(first, "one title that is longer than all arguments");
	if (write(STDOUT_FILENO, "x", 1) != 1)
		return 1;
	while (!strcmp(task, "spins"))
		__asm__ volatile("pause");
	for (;;)
		pause();
}

static pid_t program_start(const char *task, char *const *environment)
{
	char *arguments[] = { "program", "--child", (char *)task, "last", NULL };
	int begun[2];
	pid_t child;
	char byte;

	OK(pipe(begun));
	OK(child = fork());
	if (!child) {
		OK(dup2(begun[1], STDOUT_FILENO));
		execve(test_self, arguments, environment);
		_exit(1);
	}
	OK(close(begun[1]));
	EQUAL(read(begun[0], &byte, 1), 1);
	OK(close(begun[0]));
	return child;
}

static void program_end(pid_t child)
{
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

/* The bytes of a file of a process, in buffer. */
static size_t file_read(pid_t pid, const char *name)
{
	char path[64];
	size_t size = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	OK(fd = open(path, O_RDONLY));
	while ((got = read(fd, buffer + size, sizeof(buffer) - size)) > 0)
		size += (size_t)got;
	EQUAL(got, 0);
	OK(close(fd));
	return size;
}

#define FILE_IS(pid, name, text) do { \
	size_t size_ = file_read((pid), (name)); \
	if (size_ != sizeof(text) - 1 || memcmp(buffer, (text), size_)) \
		test_fail(__FILE__, __LINE__, "%s: %zu bytes, \"%.*s\"", (name), size_, \
			  (int)size_, buffer); \
} while (0)

TEST(environ_and_cmdline_of_others)
{
	static const char *const tasks[] = { "sleeps", "spins" };
	char *environment[] = { "ONE=1", "no-equals-sign", "TWO=two words", NULL };

	for (size_t i = 0; i < COUNT(tasks); i++) {
		pid_t child = program_start(tasks[i], environment);

		FILE_IS(child, "environ", "ONE=1\0no-equals-sign\0TWO=two words\0");
		if (i)
			FILE_IS(child, "cmdline", "program\0--child\0spins\0last\0");
		else
			FILE_IS(child, "cmdline", "program\0--child\0sleeps\0last\0");
		OK(kill(child, SIGSTOP));
		EQUAL(waitpid(child, NULL, WUNTRACED), child);
		FILE_IS(child, "environ", "ONE=1\0no-equals-sign\0TWO=two words\0");
		program_end(child);
	}
}

TEST(cmdline_that_was_written_over)
{
	static const char shorter[sizeof("program\0--child\0shorter\0last")] = "pro";
	char *environment[] = { "ROOM=for a title that is longer than all the arguments", NULL };
	pid_t child = program_start("shorter", environment);

	EQUAL(file_read(child, "cmdline"), sizeof(shorter));
	CHECK(!memcmp(buffer, shorter, sizeof(shorter)));
	program_end(child);
	child = program_start("title", environment);
	FILE_IS(child, "cmdline", "one title that is longer than all arguments\0");
	program_end(child);
}

TEST(environ_without_strings_and_of_the_dead)
{
	char *environment[] = { NULL };
	pid_t child = program_start("sleeps", environment);
	char path[64];
	int fd, again;

	FILE_IS(child, "environ", "");
	snprintf(path, sizeof(path), "/proc/%d/environ", child);
	OK(fd = open(path, O_RDONLY));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", child);
	OK(again = open(path, O_RDONLY));
	OK(kill(child, SIGKILL));
	EQUAL(waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT), 0);
	EQUAL(read(fd, buffer, 10), 0);
	EQUAL(read(again, buffer, 10), 0);
	EQUAL(test_wait(child), 1000 + SIGKILL);
	OK(close(fd));
	OK(close(again));
}

TEST(large_environment)
{
	static char large[100001] = "LARGE=";
	char *environment[] = { large, "LAST=1", NULL };
	pid_t child;

	memset(large + 6, 'x', sizeof(large) - 7);
	child = program_start("sleeps", environment);
	EQUAL(file_read(child, "environ"), sizeof(large) + 7);
	CHECK(!memcmp(buffer, large, sizeof(large)) && !strcmp(buffer + sizeof(large), "LAST=1"));
	program_end(child);
}

/* ---- Reading while much goes on ---- */

static char shared_page[4096] = "what the parent has";

static long remote_read(pid_t pid, void *from, size_t size)
{
	struct iovec local = { buffer, size }, remote = { from, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

/* All its threads wait for a child that has their memory. */
TEST(parent_of_vfork)
{
	int begun[2];
	pid_t parent, child;

	OK(pipe(begun));
	OK(parent = fork());
	if (!parent) {
		child = vfork();
		if (!child) {
			pid_t self = getpid();

			if (write(begun[1], &self, sizeof(self)) == sizeof(self))
				for (;;)
					pause();
			_exit(1);
		}
		_exit(2);
	}
	EQUAL(read(begun[0], &child, sizeof(child)), sizeof(child));
	EQUAL(remote_read(parent, shared_page, 20), 20);
	SAME(buffer, "what the parent has");
	EQUAL(remote_read(child, shared_page, 20), 20);
	CHECK(file_read(parent, "cmdline") > 0);
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(parent), 2);
}

/* It is never in the way of reading that a process has children by vfork again and again. */
TEST(parent_of_many_vforks)
{
	pid_t parent;

	OK(parent = fork());
	if (!parent)
		for (;;) {
			pid_t child = vfork();

			if (!child)
				_exit(0);
			while (waitpid(child, NULL, 0) < 0)
				;
		}
	for (int i = 0; i < 2000; i++) {
		memset(buffer, 0, 20);
		EQUAL(remote_read(parent, shared_page, 20), 20);
		SAME(buffer, "what the parent has");
	}
	program_end(parent);
}

static void alarm_take(int number)
{
	(void)number;
}

/* Signals that the reader gets meanwhile do not cut it short. */
TEST(reader_with_signals)
{
	struct sigaction action = { .sa_handler = alarm_take };
	struct itimerval often = { { 0, 150 }, { 0, 150 } }, never = { { 0, 0 }, { 0, 0 } };
	static char much[150000];
	char path[64];
	pid_t child;
	int fd;

	OK(child = fork());
	if (!child)
		for (;;)
			__asm__ volatile("pause");
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	OK(fd = open(path, O_RDONLY));
	OK(sigaction(SIGALRM, &action, NULL));
	OK(setitimer(ITIMER_REAL, &often, NULL));
	for (int i = 0; i < 300; i++) {
		EQUAL(remote_read(child, much, sizeof(much)), sizeof(much));
		EQUAL(pread(fd, buffer, sizeof(much), (off_t)much), sizeof(much));
	}
	OK(setitimer(ITIMER_REAL, &never, NULL));
	program_end(child);
}
