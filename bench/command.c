/* SPDX-License-Identifier: MIT */
/* Commands that figures start; see command.h. No locks. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "bench.h"

extern char **environ;

pid_t command_start(char *const *arguments, int in_fd, int out_fd)
{
	posix_spawn_file_actions_t actions;
	pid_t child;
	int error;

	MUST(posix_spawn_file_actions_init(&actions) == 0);
	if (in_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, in_fd, 0);
	else
		posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (out_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	else
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
	if (error)
		bench_fail(error, "%s", arguments[0]);
	posix_spawn_file_actions_destroy(&actions);
	return child;
}

void command_wait(pid_t child, const char *name)
{
	int status;

	MUST(waitpid(child, &status, 0) == child);
	if (status)
		bench_fail(0, "%s ended with wait status %#x", name, status);
}

uint64_t command_time_ns(char *const *arguments, int in_fd, int out_fd)
{
	uint64_t began_ns = clock_ns();

	command_wait(command_start(arguments, in_fd, out_fd), arguments[0]);
	return clock_ns() - began_ns;
}

uint64_t command_batch(void *context, uint64_t count)
{
	char *const *arguments = context;
	uint64_t began_ns = clock_ns();

	for (uint64_t i = 0; i < count; i++)
		command_wait(command_start(arguments, -1, -1), arguments[0]);
	return clock_ns() - began_ns;
}
