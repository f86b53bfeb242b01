/* SPDX-License-Identifier: MIT */
/* Figures of one file's bytes in storage that lasts; see storage.h. No locks. */
#include "storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define PAGE 4096u
#define APPENDS 500u

void storage_settle(void)
{
	sync();
}

static char *step_buffer(void)
{
	char *buffer = aligned_alloc(PAGE, LARGE_STEP);

	MUST(buffer);
	memset(buffer, 0, LARGE_STEP);
	return buffer;
}

uint64_t large_write(const char *path)
{
	char *buffer = step_buffer();
	uint64_t began_ns = clock_ns(), taken_ns;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	MUST(fd >= 0);
	for (uint64_t at = 0; at < LARGE_SIZE; at += LARGE_STEP) {
		for (uint64_t page = 0; page < LARGE_STEP / PAGE; page++)
			*(uint64_t *)(buffer + page * PAGE) = at / PAGE + page;
		MUST(write(fd, buffer, LARGE_STEP) == LARGE_STEP);
	}
	taken_ns = clock_ns() - began_ns;
	MUST(close(fd) == 0);
	free(buffer);
	return taken_ns;
}

uint64_t large_read(const char *path)
{
	char *buffer = step_buffer();
	uint64_t began_ns = clock_ns(), taken_ns;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	MUST(fd >= 0);
	for (uint64_t at = 0; at < LARGE_SIZE; at += LARGE_STEP) {
		MUST(read(fd, buffer, LARGE_STEP) == LARGE_STEP);
		for (uint64_t page = 0; page < LARGE_STEP / PAGE; page++)
			MUST(*(uint64_t *)(buffer + page * PAGE) == at / PAGE + page);
	}
	MUST(read(fd, buffer, LARGE_STEP) == 0);
	taken_ns = clock_ns() - began_ns;
	MUST(close(fd) == 0);
	free(buffer);
	return taken_ns;
}

static double write_measured(bool is_there)
{
	char *path = bench_path("large");
	double taken_ns;

	if (is_there)
		large_write(path);
	storage_settle();
	taken_ns = (double)large_write(path);
	large_read(path);
	MUST(unlink(path) == 0);
	free(path);
	return taken_ns;
}

/* large_write: a file of 1 GiB is made and written, 1 MiB at a time, into the page cache. */
static double write_run(void)
{
	return write_measured(false);
}

/* large_rewrite: the same over the pages of a file that is there, whole. */
static double rewrite_run(void)
{
	return write_measured(true);
}

/* large_read: the file is read, 1 MiB at a time, and the number of each page looked at. */
static uint64_t read_batch(void *context, uint64_t count)
{
	uint64_t taken_ns = 0;

	for (uint64_t i = 0; i < count; i++)
		taken_ns += large_read(context);
	return taken_ns;
}

static double read_run(void)
{
	char *path = bench_path("large");
	double taken_ns;

	large_write(path);
	storage_settle();
	taken_ns = measure(read_batch, path, 1);
	MUST(unlink(path) == 0);
	free(path);
	return taken_ns;
}

/* append_fsync: 4 KiB are written at the end of a file, and made durable, 500 times. */
static double append_run(void)
{
	char *path = bench_path("appended"), *buffer = step_buffer();
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	struct stat status;
	uint64_t began_ns, taken_ns;

	MUST(fd >= 0);
	storage_settle();
	began_ns = clock_ns();
	for (uint64_t i = 0; i < APPENDS; i++) {
		*(uint64_t *)buffer = i;
		MUST(write(fd, buffer, PAGE) == PAGE);
		MUST(fsync(fd) == 0);
	}
	taken_ns = clock_ns() - began_ns;
	MUST(fstat(fd, &status) == 0 && status.st_size == APPENDS * PAGE);
	for (uint64_t i = 0; i < APPENDS; i++) {
		MUST(pread(fd, buffer, PAGE, (off_t)(i * PAGE)) == PAGE);
		MUST(*(uint64_t *)buffer == i);
	}
	MUST(close(fd) == 0 && unlink(path) == 0);
	free(path);
	free(buffer);
	return (double)taken_ns / APPENDS;
}

const struct figure storage_figures[] = {
	{ "large_write", write_run },
	{ "large_rewrite", rewrite_run },
	{ "large_read", read_run },
	{ "append_fsync", append_run },
	{ 0 },
};
