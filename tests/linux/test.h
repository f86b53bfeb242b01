/* SPDX-License-Identifier: MIT */
/*
 * What every test program of tests/linux/ shares.
 *
 * A test is a function that returns when all its checks held. Each runs in a child of its own, in
 * an empty directory of its own, which is removed afterwards. Verdicts are printed as TAP. Nothing
 * in a test may depend on how fast the machine is: a wait is always for an event, and the only
 * clock is the parent's deadline, which fails a test that hangs.
 *
 *	TEST(pipe_reads_what_was_written)
 *	{
 *		int fds[2];
 *
 *		OK(pipe(fds));
 *		EQUAL(write(fds[1], "x", 1), 1);
 *		FAILS(write(fds[0], "x", 1), EBADF);
 *	}
 */
#ifndef TESTS_LINUX_TEST_H
#define TESTS_LINUX_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
	unsigned int timeout_s;		/* 0: the default */
};

/* Adds a test to the program's list, in the order of calls. Called before main() by TEST(). */
void test_register(struct test *test);

/*
 * Ends the running test as failed; format as printf. Works in children and threads of the test too.
 */
__attribute__((noreturn, format(printf, 3, 4)))
void test_fail(const char *file, int line, const char *format, ...);

/* Ends the running test as skipped. Only from the test's own process. */
__attribute__((noreturn))
void test_skip(const char *reason);

/* Waits for the child; its exit status, or 1000 + signal when one killed it. */
int test_wait(pid_t child);

/* Makes a file of the current directory with this text. */
void test_write_file(const char *path, const char *text);

/* The whole of a file as a string in static memory (at most 64 KiB - 1). */
const char *test_read_file(const char *path);

/* The state letter of a process in /proc/PID/stat; 0 when there is no such process. */
int test_process_state(pid_t pid);

/*
 * Returns once the process sleeps in a call (state S). For signals and wake-ups sent to a sleeper.
 */
void test_await_sleep(pid_t pid);

/* Blocks a signal. */
void test_block(int number);
/* How many of a blocked signal wait; they are taken, and *info is of the last one. */
int test_signals_take(int number, siginfo_t *info);

/* Sleeps this long; only to give others a chance to run, never to prove something by time. */
void test_pause_ms(unsigned int ms);

/*
 * The running program's own path, for tests that execute it again; test_reentry() runs instead of
 * the tests when its first argument is "--child". Programs that need it define it.
 */
extern char test_self[4096];
int test_reentry(int argc, char **argv, char **envp) __attribute__((weak));

#define TEST_TIMEOUT(test_name, seconds) \
	static void test_##test_name(void); \
	__attribute__((constructor)) static void register_##test_name(void) \
	{ \
		static struct test test = { #test_name, test_##test_name, NULL, seconds }; \
		test_register(&test); \
	} \
	static void test_##test_name(void)

#define TEST(test_name) TEST_TIMEOUT(test_name, 0)

/* Condition holds. */
#define CHECK(condition) do { \
	if (!(condition)) \
		test_fail(__FILE__, __LINE__, "%s (errno %d %s)", #condition, errno, \
			  strerror(errno)); \
} while (0)

/* Call succeeds: its result is not -1. */
#define OK(call) do { \
	if ((long)(call) == -1) \
		test_fail(__FILE__, __LINE__, "%s: %s", #call, strerror(errno)); \
} while (0)

/* Call fails with this errno. */
#define FAILS(call, number) do { \
	errno = 0; \
	long result_ = (long)(call); \
	if (result_ != -1) \
		test_fail(__FILE__, __LINE__, "%s: %ld, not " #number, #call, result_); \
	if (errno != (number)) \
		test_fail(__FILE__, __LINE__, "%s: %s, not " #number, #call, strerror(errno)); \
} while (0)

/* Two integers are equal. */
#define EQUAL(actual, expected) do { \
	long actual_ = (long)(actual), expected_ = (long)(expected); \
	if (actual_ != expected_) \
		test_fail(__FILE__, __LINE__, "%s: %ld (0x%lx), not %ld (0x%lx) (errno %s)", \
			  #actual, actual_, actual_, expected_, expected_, strerror(errno)); \
} while (0)

/* Two strings are equal. */
#define SAME(actual, expected) do { \
	const char *actual_ = (actual), *expected_ = (expected); \
	if (strcmp(actual_, expected_)) \
		test_fail(__FILE__, __LINE__, "%s: \"%s\", not \"%s\"", #actual, actual_, \
			  expected_); \
} while (0)

/* A pthread call returns 0. */
#define ZERO(call) do { \
	int zero_ = (call); \
	if (zero_) \
		test_fail(__FILE__, __LINE__, "%s: %s", #call, strerror(zero_)); \
} while (0)

/* Runs body in a child that exits 0 after it; waits and demands that 0. */
#define IN_CHILD(...) do { \
	pid_t in_child_ = fork(); \
	OK(in_child_); \
	if (!in_child_) { \
		__VA_ARGS__; \
		_exit(0); \
	} \
	EQUAL(test_wait(in_child_), 0); \
} while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
