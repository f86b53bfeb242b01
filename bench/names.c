/* SPDX-License-Identifier: MIT */
/* Figures of calls on names: looking them up, making and removing them. No locks. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* stat, access, open_close: of /usr/include/stdio.h, a name of three components. */
static const char stat_path[] = "/usr/include/stdio.h";

static uint64_t stat_batch(void *context, uint64_t count)
{
	const struct stat *expected = context;
	struct stat status;
	uint64_t began_ns = clock_ns();

	for (uint64_t i = 0; i < count; i++)
		MUST(stat(stat_path, &status) == 0 && status.st_size == expected->st_size &&
		     S_ISREG(status.st_mode));
	return clock_ns() - began_ns;
}

static double stat_run(void)
{
	struct stat expected;

	MUST(stat(stat_path, &expected) == 0 && expected.st_size > 0);
	return measure(stat_batch, &expected, UINT64_MAX / 2);
}

static uint64_t access_batch(void *context, uint64_t count)
{
	uint64_t began_ns = clock_ns();

	(void)context;
	for (uint64_t i = 0; i < count; i++)
		MUST(access(stat_path, R_OK) == 0);
	return clock_ns() - began_ns;
}

static double access_run(void)
{
	return measure(access_batch, NULL, UINT64_MAX / 2);
}

static uint64_t open_close_batch(void *context, uint64_t count)
{
	uint64_t began_ns = clock_ns();

	(void)context;
	for (uint64_t i = 0; i < count; i++) {
		int fd = open(stat_path, O_RDONLY | O_CLOEXEC);

		MUST(fd >= 0 && close(fd) == 0);
	}
	return clock_ns() - began_ns;
}

static double open_close_run(void)
{
	return measure(open_close_batch, NULL, UINT64_MAX / 2);
}

/*
 * create, unlink: small files in a directory of their own. create is open with O_CREAT and O_EXCL,
 * a write of 64 bytes, and close; unlink removes such a file. Each figure leaves the other half of
 * the work out of its time.
 */
#define SMALL_FILES_MAX 2000

struct small_files {
	char *directory;
	char (*names)[16];
};

static uint64_t small_files_create(const struct small_files *files, uint64_t count)
{
	static const char text[64] = "A small file.";
	uint64_t began_ns = clock_ns();

	for (uint64_t i = 0; i < count; i++) {
		int fd = open(files->names[i], O_WRONLY | O_CREAT | O_EXCL, 0600);

		MUST(fd >= 0);
		MUST(write(fd, text, sizeof(text)) == (ssize_t)sizeof(text));
		MUST(close(fd) == 0);
	}
	return clock_ns() - began_ns;
}

static uint64_t small_files_unlink(const struct small_files *files, uint64_t count)
{
	uint64_t began_ns = clock_ns();

	for (uint64_t i = 0; i < count; i++)
		MUST(unlink(files->names[i]) == 0);
	return clock_ns() - began_ns;
}

static uint64_t create_batch(void *context, uint64_t count)
{
	uint64_t taken_ns = small_files_create(context, count);
	struct stat status;

	MUST(stat(((struct small_files *)context)->names[count - 1], &status) == 0);
	MUST(status.st_size == 64);
	small_files_unlink(context, count);
	return taken_ns;
}

static uint64_t unlink_batch(void *context, uint64_t count)
{
	uint64_t taken_ns;

	small_files_create(context, count);
	taken_ns = small_files_unlink(context, count);
	MUST(access(((struct small_files *)context)->names[count - 1], F_OK) == -1);
	MUST(errno == ENOENT);
	return taken_ns;
}

static double small_files_run(batch_fn batch)
{
	struct small_files files = { .directory = bench_path("small") };
	double figure;

	files.names = calloc(SMALL_FILES_MAX, sizeof(*files.names));
	MUST(files.names);
	for (unsigned i = 0; i < SMALL_FILES_MAX; i++)
		snprintf(files.names[i], sizeof(files.names[i]), "small%u", i);
	MUST(mkdir(files.directory, 0700) == 0 && chdir(files.directory) == 0);
	figure = measure(batch, &files, SMALL_FILES_MAX);
	MUST(chdir("/") == 0 && rmdir(files.directory) == 0);
	free(files.names);
	free(files.directory);
	return figure;
}

static double create_run(void)
{
	return small_files_run(create_batch);
}

static double unlink_run(void)
{
	return small_files_run(unlink_batch);
}

const struct figure name_figures[] = {
	{ "stat", stat_run },	  { "access", access_run }, { "open_close", open_close_run },
	{ "create", create_run }, { "unlink", unlink_run }, { 0 },
};
