/* SPDX-License-Identifier: MIT */
/*
 * The runner inside each test program: one child and one empty directory per test, TAP on stdout.
 *
 *	PROGRAM [--list] [--only NAME] [--after NAME] [--timeout SECONDS] [--leaks]
 *
 * --after runs the tests behind NAME: tests/run goes on with it where a test took the whole domain
 * down.
 * --leaks compares what the domain says it uses (the file USAGE, lines of "name number") before and
 * after each test. What is allocated once and kept is no leak: a test that left something runs
 * again, and fails when it leaves something each time.
 */
#include "tests/linux/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

enum { STATUS_FAILED = 1, STATUS_SKIPPED = 77 };

static struct test *first_test, *last_test;
char test_self[4096];
static char directory[4096];
static unsigned int default_timeout_s = 30;

#define USAGE "/proc/mezzo/usage"
enum { USAGE_LINES = 8, LEAK_RUNS = 4 };

struct usage {
	unsigned int count;
	char name[USAGE_LINES][32];
	unsigned long value[USAGE_LINES];
};

void test_register(struct test *test)
{
	if (last_test)
		last_test->next = test;
	else
		first_test = test;
	last_test = test;
}

__attribute__((format(printf, 1, 2)))
static void print(const char *format, ...)
{
	char line[8192];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (size >= (int)sizeof(line))
		size = sizeof(line) - 1;
	for (int done = 0; done < size;) {
		ssize_t wrote = write(STDOUT_FILENO, line + done, size - done);

		if (wrote <= 0)
			break;
		done += wrote;
	}
}

void test_fail(const char *file, int line, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	print("# %s:%d: %s\n", file, line, text);
	_exit(STATUS_FAILED);
}

void test_skip(const char *reason)
{
	print("# skipped: %s\n", reason);
	_exit(STATUS_SKIPPED);
}

int test_wait(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

void test_block(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

int test_signals_take(int number, siginfo_t *info)
{
	const struct timespec now = { 0 };
	sigset_t set;
	int count = 0;

	sigemptyset(&set);
	sigaddset(&set, number);
	while (sigtimedwait(&set, info, &now) == number)
		count++;
	EQUAL(errno, EAGAIN);
	return count;
}

void test_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	OK(fd);
	EQUAL(write(fd, text, strlen(text)), strlen(text));
	OK(close(fd));
}

const char *test_read_file(const char *path)
{
	static char text[65536];
	size_t size = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY);

	OK(fd);
	while ((got = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += got;
	EQUAL(got, 0);
	OK(close(fd));
	text[size] = 0;
	return text;
}

int test_process_state(pid_t pid)
{
	char path[64], text[512];
	const char *end;
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return 0;
	text[size] = 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

void test_await_sleep(pid_t pid)
{
	for (;;) {
		int state = test_process_state(pid);

		if (state == 'S')
			return;
		if (!state || state == 'Z')
			test_fail(__FILE__, __LINE__, "process %d does not sleep: it is gone",
				  (int)pid);
		test_pause_ms(1);
	}
}

void test_pause_ms(unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

/* Removes what is in the directory behind fd, and closes fd. */
static void empty_directory(int fd)
{
	DIR *stream = fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		close(fd);
		return;
	}
	while ((entry = readdir(stream))) {
		int child;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!unlinkat(fd, entry->d_name, 0))
			continue;
		fchmodat(fd, entry->d_name, 0700, 0);
		child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (child >= 0)
			empty_directory(child);
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(stream);
}

static void remove_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	if (fd >= 0)
		empty_directory(fd);
	rmdir(path);
}

static bool make_directory(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(directory, sizeof(directory), "%s/mezzo-test-XXXXXX", parent ? parent : "/tmp");
	return mkdtemp(directory) && !chdir(directory);
}

static double now_s(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

/* Waits until the child ends, or kills it and its group at the deadline. False at the deadline. */
static bool wait_with_deadline(pid_t child, unsigned int timeout_s, int *status)
{
	double deadline = now_s() + timeout_s;
	unsigned int pause_us = 100;

	for (;;) {
		pid_t got = waitpid(child, status, WNOHANG);

		if (got == child)
			return true;
		if (got < 0 && errno != EINTR) {
			print("# waitpid: %s\n", strerror(errno));
			*status = STATUS_FAILED << 8;
			return true;
		}
		if (now_s() > deadline)
			break;
		nanosleep(&(struct timespec){ 0, pause_us * 1000L }, NULL);
		if (pause_us < 5000)
			pause_us *= 2;
	}
	kill(-child, SIGKILL);
	kill(child, SIGKILL);
	waitpid(child, status, 0);
	return false;
}

enum verdict { PASSED, FAILED, SKIPPED };

static enum verdict run_once(struct test *test)
{
	unsigned int timeout_s = test->timeout_s ? test->timeout_s : default_timeout_s;
	pid_t child;
	int status;

	if (!make_directory()) {
		print("# no directory %s: %s\n", directory, strerror(errno));
		return FAILED;
	}
	child = fork();
	if (!child) {
		setpgid(0, 0);
		umask(022);
		test->run();
		_exit(0);
	}
	if (child < 0) {
		print("# fork: %s\n", strerror(errno));
		status = STATUS_FAILED << 8;
	} else if (!wait_with_deadline(child, timeout_s, &status)) {
		print("# %s: not done after %u s\n", test->name, timeout_s);
	} else {
		kill(-child, SIGKILL);
	}
	if (chdir("/"))
		print("# chdir: %s\n", strerror(errno));
	remove_directory(directory);
	if (WIFSIGNALED(status)) {
		print("# %s: killed by signal %d\n", test->name, WTERMSIG(status));
		return FAILED;
	}
	if (WEXITSTATUS(status) == STATUS_SKIPPED)
		return SKIPPED;
	return WEXITSTATUS(status) ? FAILED : PASSED;
}

static void read_usage(struct usage *usage)
{
	FILE *file = fopen(USAGE, "r");

	usage->count = 0;
	if (!file)
		return;
	while (usage->count < USAGE_LINES && fscanf(file, "%31s %lu", usage->name[usage->count],
						    &usage->value[usage->count]) == 2)
		usage->count++;
	fclose(file);
}

/* Index of the first value that grew, or -1. */
static int usage_growth(const struct usage *before, const struct usage *after)
{
	for (unsigned int i = 0; i < before->count && i < after->count; i++) {
		if (after->value[i] > before->value[i])
			return i;
	}
	return -1;
}

/* As run_once, but a test that leaves something behind at each of several runs fails. */
static enum verdict run_and_compare(struct test *test)
{
	struct usage before, after;
	enum verdict verdict;
	int grown = -1;

	for (int run = 0; run < LEAK_RUNS; run++) {
		read_usage(&before);
		verdict = run_once(test);
		read_usage(&after);
		grown = usage_growth(&before, &after);
		if (verdict != PASSED || grown < 0)
			return verdict;
	}
	print("# %s: left behind: %s %lu -> %lu\n", test->name, before.name[grown],
	      before.value[grown], after.value[grown]);
	return FAILED;
}

/* True unless the test failed. */
static bool run_test(struct test *test, unsigned int number, bool leaks)
{
	enum verdict verdict = leaks ? run_and_compare(test) : run_once(test);

	print("%sok %u - %s%s\n", verdict == FAILED ? "not " : "", number, test->name,
	      verdict == SKIPPED ? " # SKIP" : "");
	return verdict != FAILED;
}

int main(int argc, char **argv, char **envp)
{
	const char *only = NULL, *after = NULL;
	bool list = false, leaks = false, all_passed = true;
	unsigned int number = 0;

	if (readlink("/proc/self/exe", test_self, sizeof(test_self) - 1) < 0)
		snprintf(test_self, sizeof(test_self), "%s", argv[0]);
	if (argc > 1 && !strcmp(argv[1], "--child") && test_reentry)
		return test_reentry(argc - 2, argv + 2, envp);
	/* Tests count descriptors: the first free one is 3. */
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list")) {
			list = true;
		} else if (!strcmp(argv[i], "--only") && argv[i + 1]) {
			only = argv[++i];
		} else if (!strcmp(argv[i], "--after") && argv[i + 1]) {
			after = argv[++i];
		} else if (!strcmp(argv[i], "--timeout") && argv[i + 1]) {
			default_timeout_s = strtoul(argv[++i], NULL, 10);
		} else if (!strcmp(argv[i], "--leaks")) {
			leaks = true;
		} else {
			print("usage: %s [--list] [--only NAME] [--after NAME] [--timeout SECONDS]"
			      " [--leaks]\n", argv[0]);
			return 2;
		}
	}
	for (struct test *test = first_test; test; test = test->next) {
		bool reached = !after;

		if (after && !strcmp(after, test->name))
			after = NULL;
		if (!reached || (only && strcmp(only, test->name)))
			continue;
		if (list)
			print("%s\n", test->name);
		else if (!run_test(test, ++number, leaks))
			all_passed = false;
	}
	if (!list)
		print("1..%u\n", number);
	return !all_passed;
}
