/* SPDX-License-Identifier: MIT */
/* The time of a whole command, start to exit. No locks. */
#include "bench.h"
#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#define WARM_RUNS 2
#define RUNS 20

extern char **environ;

static double command_time(char **arguments)
{
	posix_spawn_file_actions_t actions;
	uint64_t began_ns;
	int error, status;
	pid_t child;

	MUST(posix_spawn_file_actions_init(&actions) == 0);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	began_ns = clock_ns();
	error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
	if (error)
		bench_fail(error, "%s", arguments[0]);
	MUST(waitpid(child, &status, 0) == child);
	if (status)
		bench_fail(0, "%s ended with wait status %#x", arguments[0], status);
	posix_spawn_file_actions_destroy(&actions);
	return (double)(clock_ns() - began_ns);
}

double whole_time(char **arguments)
{
	double times[RUNS];

	for (unsigned i = 0; i < WARM_RUNS; i++)
		command_time(arguments);
	for (unsigned i = 0; i < RUNS; i++)
		times[i] = command_time(arguments);
	return median(times, RUNS);
}
