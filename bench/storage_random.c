/* SPDX-License-Identifier: MIT */
/*
 * Figures of random pieces of a large file, by fio: each of the file's 4 KiB pages once, in an
 * order that is the same in each run. fio is built without System V shared memory. No locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "storage.h"

#define PATTERN 0x62656e63u /* what fio fills pages with, as its option has it: the bytes "benc" */

/* Fields of fio's terse output, version 3, from 1 on. */
#define FIELD_ERROR 5
#define FIELD_READ_KIB 6
#define FIELD_READ_IOPS 8
#define FIELD_WRITE_KIB 47
#define FIELD_WRITE_IOPS 49

static double field(const char *line, int number)
{
	for (int i = 1; i < number; i++) {
		line = strchr(line, ';');
		MUST(line);
		line++;
	}
	return strtod(line, NULL);
}

/* fio has written each page; or, after reading, none. */
static void pages_check(const char *path, bool written)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *pages;

	MUST(fd >= 0);
	pages = mmap(NULL, LARGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	MUST(pages != MAP_FAILED && close(fd) == 0);
	for (uint64_t page = 0; page < LARGE_SIZE / 4096; page++) {
		const uint32_t *words = (const uint32_t *)(pages + page * 4096);

		MUST(written ? words[0] == __builtin_bswap32(PATTERN) && words[1023] == words[0]
			     : words[0] == page && !words[1023]);
	}
	MUST(munmap((void *)pages, LARGE_SIZE) == 0);
}

/* Runs fio over the file; its report is the one line of a file of its own. */
static void fio_run(char *path, char *engine, char *work, char *line, int line_size)
{
	char *report = bench_path("report"), *file, *io_engine, *rw;
	int fd = open(report, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *lines;

	MUST(fd >= 0);
	MUST(asprintf(&file, "--filename=%s", path) > 0);
	MUST(asprintf(&io_engine, "--ioengine=%s", engine) > 0);
	MUST(asprintf(&rw, "--rw=%s", work) > 0);
	command_time_ns((char *[]){ "fio", "--thread", "--name=random", file, io_engine, rw,
				    "--size=1g", "--bs=4k", "--buffer_pattern=0x62656e63",
				    "--invalidate=0", "--fallocate=none", "--gtod_reduce=1",
				    "--output-format=terse", "--terse-version=3", NULL },
			-1, fd);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	lines = fdopen(fd, "r");
	MUST(lines && fgets(line, line_size, lines) && fclose(lines) == 0 && unlink(report) == 0);
	free(report);
	free(file);
	free(io_engine);
	free(rw);
}

/* Nanoseconds for each page. */
static double random_run(char *engine, bool writes)
{
	char *path = bench_path("large"), line[4096];
	double per_second;

	large_write(path);
	storage_settle();
	fio_run(path, engine, writes ? "randwrite" : "randread", line, sizeof(line));
	MUST(field(line, FIELD_ERROR) == 0);
	MUST(field(line, writes ? FIELD_WRITE_KIB : FIELD_READ_KIB) == LARGE_SIZE >> 10);
	per_second = field(line, writes ? FIELD_WRITE_IOPS : FIELD_READ_IOPS);
	MUST(per_second > 0);
	pages_check(path, writes);
	MUST(unlink(path) == 0);
	free(path);
	return 1e9 / per_second;
}

static double read_run(void)
{
	return random_run("psync", false);
}

static double write_run(void)
{
	return random_run("psync", true);
}

static double map_read_run(void)
{
	return random_run("mmap", false);
}

static double map_write_run(void)
{
	return random_run("mmap", true);
}

const struct figure random_figures[] = {
	{ "random_read", read_run },
	{ "random_write", write_run },
	{ "random_map_read", map_read_run },
	{ "random_map_write", map_write_run },
	{ 0 },
};
