/* SPDX-License-Identifier: MIT */
/* The time of a whole command, start to exit. No locks. */
#include "bench.h"
#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARM_RUNS 2
#define RUNS 20
#define ARGUMENTS_MAX 32u

extern char **environ;

/* What the command prints first: a time, as `bench-calls --now` does. */
static double printed_time(int fd)
{
	char text[64];
	ssize_t size = read(fd, text, sizeof(text) - 1);

	MUST(size > 0);
	text[size] = '\0';
	return strtod(text, NULL);
}

/* Nanoseconds to its exit, or with prints_time to the time that it prints. */
static double command_time(char **arguments, bool prints_time)
{
	posix_spawn_file_actions_t actions;
	double began_ns, ended_ns;
	int error, status, output[2];
	pid_t child;

	MUST(pipe2(output, O_CLOEXEC) == 0);
	MUST(posix_spawn_file_actions_init(&actions) == 0);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (prints_time)
		posix_spawn_file_actions_adddup2(&actions, output[1], 1);
	else
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	began_ns = (double)clock_ns();
	error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
	if (error)
		bench_fail(error, "%s", arguments[0]);
	MUST(waitpid(child, &status, 0) == child);
	ended_ns = prints_time ? printed_time(output[0]) : (double)clock_ns();
	if (status)
		bench_fail(0, "%s ended with wait status %#x", arguments[0], status);
	posix_spawn_file_actions_destroy(&actions);
	MUST(close(output[0]) == 0 && close(output[1]) == 0);
	MUST(ended_ns > began_ns);
	return ended_ns - began_ns;
}

/* The same command each time, but for the run's number in place of an argument NUMBER. */
static double numbered_time(char **arguments, unsigned number, bool prints_time)
{
	char text[16], *numbered[ARGUMENTS_MAX + 1];
	size_t count = 0;

	snprintf(text, sizeof(text), "run%u", number);
	for (; arguments[count]; count++) {
		MUST(count < ARGUMENTS_MAX);
		numbered[count] = strcmp(arguments[count], "NUMBER") ? arguments[count] : text;
	}
	numbered[count] = NULL;
	return command_time(numbered, prints_time);
}

static double times_median(char **arguments, bool prints_time)
{
	double times[RUNS];

	for (unsigned i = 0; i < WARM_RUNS; i++)
		numbered_time(arguments, RUNS + i, prints_time);
	for (unsigned i = 0; i < RUNS; i++)
		times[i] = numbered_time(arguments, i, prints_time);
	return median(times, RUNS);
}

double whole_time(char **arguments)
{
	return times_median(arguments, false);
}

double whole_first(char **arguments)
{
	return times_median(arguments, true);
}

double whole_once(char **arguments)
{
	return command_time(arguments, false);
}
