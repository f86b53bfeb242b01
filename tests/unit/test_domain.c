/* SPDX-License-Identifier: MIT */
/*
 * Whole domains, with a fake system layer: exit statuses, streams, signals, and that nothing
 * outlives its monitor. Needs mezzo itself.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "boundary/abi.h"
#include "tests/unit/unit.h"

#define MEZZO BUILD "/mezzo"
#define LAYER BUILD "/tests/fake/layer"
#define NOBODY 65534

static bool as_nobody;

struct run {
	pid_t pid;
	int in, out;
	char output[4096];
};

/* Start mezzo with the layer's "command"; its output comes through a pipe. */
static struct run start(const char *command, const char *argument)
{
	int in[2], out[2];
	struct run run = { 0 };

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	run.pid = fork();
	if (!run.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		if (as_nobody && (setgid(NOBODY) || setuid(NOBODY)))
			_exit(99);
		execl(MEZZO, "mezzo", "do", "--layer", LAYER, "--", command, argument, NULL);
		_exit(98);
	}
	close(in[0]);
	close(out[1]);
	run.in = in[1];
	run.out = out[0];
	return run;
}

/* Read what is there, at most until text appears. */
static void read_until(struct run *run, const char *text)
{
	size_t used = strlen(run->output);
	ssize_t done = 1;

	while (done > 0 && !(text && strstr(run->output, text)) && used < sizeof(run->output) - 1) {
		done = read(run->out, run->output + used, sizeof(run->output) - 1 - used);
		if (done > 0)
			used += (size_t)done;
		run->output[used] = '\0';
	}
}

static int finish(struct run *run)
{
	int status;

	close(run->in);
	read_until(run, NULL);
	close(run->out);
	waitpid(run->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void assert_run(const char *command, const char *argument, int status, const char *output)
{
	struct run run = start(command, argument);
	int got = finish(&run);

	if (got != status || !strstr(run.output, output))
		fail_msg("%s %s: status %d, output: %s", command, argument, got, run.output);
}

static void test_statuses(void **state)
{
	(void)state;
	assert_run("exit", "0", 0, "");
	assert_run("exit", "3", 3, "");
	assert_run("exit", "255", 255, "");
	assert_run("killed", "9", 137, "");
	assert_run("killed", "15", 143, "");
	assert_run("crash", NULL, EXIT_LAYER_CRASHED, "crashed");
	assert_run("die", NULL, EXIT_LAYER_CRASHED, "ended unexpectedly");
}

static void test_bad_domains(void **state)
{
	(void)state;
	assert_run("bad", "op", EXIT_MEZZO_FAILED, "unknown operation");
	assert_run("bad", "short", EXIT_MEZZO_FAILED, "size");
	assert_run("bad", "size", EXIT_MEZZO_FAILED, "size");
	assert_run("bad", "dots", EXIT_MEZZO_FAILED, "improper path");
	assert_run("bad", "console-exit", EXIT_MEZZO_FAILED, "console that runs no program");
	assert_run("bad", "console-first", EXIT_MEZZO_FAILED, "console that runs no program");
	assert_run("bad", "console-number", EXIT_MEZZO_FAILED, "console that runs no program");
	assert_run("bad", "console-terminal", EXIT_MEZZO_FAILED, "console that runs no program");
	assert_run("bad", "console-stopped", EXIT_MEZZO_FAILED, "console that runs no program");
	assert_run("bad", "stopped", EXIT_MEZZO_FAILED, "stop without a terminal");
	assert_run("bad", "console-started", EXIT_MEZZO_FAILED, "console that runs no program");
	assert_run("bad", "ring", EXIT_MEZZO_FAILED, "ring");
	assert_run("bad", "call", EXIT_LAYER_CRASHED, "not allowed");
	assert_run("bad", "argument", EXIT_LAYER_CRASHED, "not allowed");
	assert_run("bad", "gate", EXIT_LAYER_CRASHED, "ended unexpectedly");
}

static void test_streams(void **state)
{
	struct run run;

	(void)state;
	assert_run("echo", "hello", 0, "hello");
	assert_run("echo", "", 0, "error\n");
	assert_run("echo", "", 0, "log\n");
	run = start("cat", NULL);
	assert_int_equal(write(run.in, "to the domain", 13), 13);
	read_until(&run, "domain");
	assert_int_equal(write(run.in, " and back", 9), 9);
	assert_int_equal(finish(&run), 0);
	assert_string_equal(run.output, "to the domain and back");
}

static void test_signals(void **state)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH
	};

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct run run = start("signal", NULL);

		read_until(&run, "ready");
		kill(run.pid, signals[i]);
		assert_int_equal(finish(&run), signals[i]);
	}
}

static void test_reader_goes_away(void **state)
{
	struct run run = start("write", "100000000");
	int status;

	(void)state;
	close(run.out);
	waitpid(run.pid, &status, 0);
	close(run.in);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

/* The domain's first process holds the write end of nothing of ours: its death shows in /proc. */
static pid_t only_child(pid_t parent)
{
	char path[64], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	return (pid_t)atoi(text);
}

static void test_nothing_outlives_a_killed_monitor(void **state)
{
	struct run run = start("sleep", NULL);
	pid_t first;
	int status;

	(void)state;
	read_until(&run, "ready");
	first = only_child(run.pid);
	assert_true(first > 0);
	assert_int_equal(kill(first, 0), 0);
	kill(run.pid, SIGKILL);
	waitpid(run.pid, &status, 0);
	for (int i = 0; i < 200 && !kill(first, 0); i++)
		usleep(10000);
	assert_int_equal(kill(first, 0), -1);
	close(run.in);
	close(run.out);
}

static void test_lower_tree(void **state)
{
	(void)state;
	assert_run("walk", "usr/bin/env", 0, "env 0 32768 handle");
	assert_run("walk", "proc/self", 0, "self -2");
	assert_run("walk", "no/such", 0, "no -2");
}

/*
 * Start mezzo at a terminal whose outer end is run.out and run.in, and whose other end is *inner.
 */
static struct run start_at_terminal(const char *command, int *inner)
{
	struct winsize size = { .ws_row = 33, .ws_col = 80 };
	struct run run = { 0 };

	run.out = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(run.out >= 0);
	assert_int_equal(grantpt(run.out) | unlockpt(run.out), 0);
	run.in = dup(run.out);
	*inner = open(ptsname(run.out), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(ioctl(run.out, TIOCSWINSZ, &size), 0);
	run.pid = fork();
	if (!run.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		ioctl(*inner, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			dup2(*inner, i);
		execl(MEZZO, "mezzo", "do", "--layer", LAYER, "--", command, NULL);
		_exit(98);
	}
	return run;
}

static bool echoes(int terminal)
{
	struct termios modes;

	assert_int_equal(tcgetattr(terminal, &modes), 0);
	return modes.c_lflag & ECHO;
}

static void test_terminal(void **state)
{
	struct winsize size = { .ws_row = 44, .ws_col = 80 };
	int inner, status;
	struct run run = start_at_terminal("terminal", &inner);

	(void)state;
	read_until(&run, "33 rows, ready");
	assert_false(echoes(inner));
	/* A new size comes with SIGWINCH; the fake layer then says that its program has stopped. */
	assert_int_equal(ioctl(run.out, TIOCSWINSZ, &size), 0);
	read_until(&run, "44 rows");
	waitpid(run.pid, &status, WUNTRACED);
	assert_true(WIFSTOPPED(status));
	kill(run.pid, SIGCONT);
	waitpid(run.pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(echoes(inner));
	close(inner);
	close(run.in);
	close(run.out);
}

static int become_nobody(void **state)
{
	(void)state;
	as_nobody = getuid() == 0;
	return 0;
}

#define test_as_nobody(name) { #name " as an ordinary user", name, become_nobody, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_bad_domains),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_reader_goes_away),
		cmocka_unit_test(test_nothing_outlives_a_killed_monitor),
		cmocka_unit_test(test_lower_tree),
		cmocka_unit_test(test_terminal),
		test_as_nobody(test_statuses),
		test_as_nobody(test_bad_domains),
		test_as_nobody(test_streams),
		test_as_nobody(test_signals),
		test_as_nobody(test_nothing_outlives_a_killed_monitor),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
