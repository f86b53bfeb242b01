/* SPDX-License-Identifier: MIT */
/*
 * Figures of whole commands, started from inside the domain, so that the domain's own start is left
 * out (bench-whole measures that). Output goes to /dev/null; every command must exit with 0. No
 * locks.
 */
#include "bench.h"
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* gcc_file: gcc -O2 -c of the 5,000 lines of C that the driver wrote. Once: it takes a second or
 * more. */
static double gcc_file_run(void)
{
	char *source = bench_path("gcc_file.c"), *object = bench_path("gcc_file.o");
	char *arguments[] = { "gcc", "-O2", "-c", "-o", object, source, NULL };
	struct stat status;
	double taken_ns;

	unlink(object);
	taken_ns = (double)command_batch(arguments, 1);
	MUST(stat(object, &status) == 0 && status.st_size > 10000);
	unlink(object);
	free(source);
	free(object);
	return taken_ns;
}

/* python_pass: the start and end of an interpreter that loads some hundred files. */
static double python_pass_run(void)
{
	char *arguments[] = { "/usr/bin/python3", "-c", "pass", NULL };

	return measure(command_batch, arguments, UINT64_MAX / 2);
}

/* tar_include: tar of /usr/include into cat, into /dev/null (tar itself would notice /dev/null). */
static uint64_t tar_include_batch(void *context, uint64_t count)
{
	char *tar_arguments[] = { "tar", "-cf", "-", "-C", "/usr", "include", NULL };
	char *cat_arguments[] = { "cat", NULL };
	uint64_t began_ns = clock_ns();

	(void)context;
	for (uint64_t i = 0; i < count; i++) {
		pid_t tar, cat;
		int pipe_fds[2];

		MUST(pipe2(pipe_fds, O_CLOEXEC) == 0);
		tar = command_start(tar_arguments, -1, pipe_fds[1]);
		cat = command_start(cat_arguments, pipe_fds[0], -1);
		MUST(close(pipe_fds[0]) == 0 && close(pipe_fds[1]) == 0);
		command_wait(tar, "tar");
		command_wait(cat, "cat");
	}
	return clock_ns() - began_ns;
}

static double tar_include_run(void)
{
	return measure(tar_include_batch, NULL, 1);
}

const struct figure command_figures[] = {
	{ "gcc_file", gcc_file_run },
	{ "python_pass", python_pass_run },
	{ "tar_include", tar_include_run },
	{ 0 },
};
