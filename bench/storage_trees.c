/* SPDX-License-Identifier: MIT */
/*
 * Figures of many files. The driver has made "tree.tar" and "tree.sum" (how many regular files are
 * in it, and how many bytes they have), and over an image of 100,000 files the directory "many".
 * No locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "storage.h"

#define MANY_DIRECTORIES 1000
#define MANY_FILES 100 /* in each of them */

static unsigned long long files_seen, bytes_seen;

static int file_count(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)path;
	(void)type;
	(void)place;
	if (S_ISREG(status->st_mode)) {
		files_seen++;
		bytes_seen += (unsigned long long)status->st_size;
	}
	return 0;
}

/* Ends the program unless the tree has what the driver has counted. */
static void tree_check(const char *tree)
{
	unsigned long long files, bytes;
	char *path = bench_path("tree.sum");
	FILE *sum = fopen(path, "r");

	MUST(sum && fscanf(sum, "%llu %llu", &files, &bytes) == 2 && fclose(sum) == 0);
	files_seen = bytes_seen = 0;
	MUST(nftw(tree, file_count, 64, FTW_PHYS) == 0);
	MUST(files_seen == files && bytes_seen == bytes && files > 1000);
	free(path);
}

/* Unpacks the tar in a new directory, which is returned. The caller frees it. */
static char *tree_unpack(uint64_t *taken_ns)
{
	char *tar = bench_path("tree.tar"), *tree = bench_path("tree");
	char *arguments[] = { "tar", "-xf", tar, "-C", tree, NULL };

	MUST(mkdir(tree, 0755) == 0);
	storage_settle();
	*taken_ns = command_time_ns(arguments, -1, -1);
	tree_check(tree);
	free(tar);
	return tree;
}

static uint64_t tree_remove(char *tree)
{
	char *arguments[] = { "rm", "-rf", tree, NULL };
	uint64_t taken_ns = command_time_ns(arguments, -1, -1);

	MUST(access(tree, F_OK) == -1 && errno == ENOENT);
	free(tree);
	return taken_ns;
}

/* untar: tar unpacks a tree of source. */
static double untar_run(void)
{
	uint64_t taken_ns;

	tree_remove(tree_unpack(&taken_ns));
	return (double)taken_ns;
}

/* remove_tree: rm -rf of such a tree, which is on disk and in the cache. */
static double remove_run(void)
{
	uint64_t taken_ns;
	char *tree = tree_unpack(&taken_ns);

	storage_settle();
	return (double)tree_remove(tree);
}

static void many_make(const char *directory)
{
	char path[4096];
	int fd;

	MUST(mkdir(directory, 0755) == 0);
	for (int d = 0; d < MANY_DIRECTORIES; d++) {
		snprintf(path, sizeof(path), "%s/d%d", directory, d);
		MUST(mkdir(path, 0755) == 0);
		for (int f = 0; f < MANY_FILES; f++) {
			snprintf(path, sizeof(path), "%s/d%d/f%d", directory, d, f);
			fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
			MUST(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
		}
	}
}

/* find tells of each small file; there must be 100,000. */
static uint64_t many_find(char *directory)
{
	char *found = bench_path("found");
	char *words[] = { "find", directory, "-type", "f", "-size", "-2", "-printf", "x", NULL };
	int fd = open(found, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct stat status;
	uint64_t taken_ns;

	MUST(fd >= 0);
	taken_ns = command_time_ns(words, -1, fd);
	MUST(fstat(fd, &status) == 0 && status.st_size == MANY_DIRECTORIES * MANY_FILES);
	MUST(close(fd) == 0 && unlink(found) == 0);
	free(found);
	return taken_ns;
}

/* find_made: over 100,000 files that the program has made. */
static uint64_t find_batch(void *context, uint64_t count)
{
	uint64_t taken_ns = 0;

	for (uint64_t i = 0; i < count; i++)
		taken_ns += many_find(context);
	return taken_ns;
}

static double find_made_run(void)
{
	char *directory = bench_path("made");
	double taken_ns;

	many_make(directory);
	storage_settle();
	taken_ns = measure(find_batch, directory, 1);
	tree_remove(directory);
	return taken_ns;
}

/* find_image: over 100,000 files that were there, once: a domain has not looked at them before. */
static double find_image_run(void)
{
	char *directory = bench_path("many");
	double taken_ns = (double)many_find(directory);

	free(directory);
	return taken_ns;
}

const struct figure tree_figures[] = {
	{ "untar", untar_run },
	{ "remove_tree", remove_run },
	{ "find_made", find_made_run },
	{ "find_image", find_image_run },
	{ 0 },
};
