/* SPDX-License-Identifier: MIT */
/*
 * Renames one file after the other, again and again, and notes how far it came: names are all that
 * changes.
 *
 *	renames COUNT STEP DIR [sync]	renames DIR/f.0 to f.1 ... f.COUNT; says each STEP on
 *						standard output; with sync: after an fsync of DIR
 *	renames --look DIR LEAST	there is one file f.N in DIR, and N is LEAST at least
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int look(const char *path, long least)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	long count = 0, at = -1;

	while (directory && (entry = readdir(directory))) {
		if (strncmp(entry->d_name, "f.", 2))
			continue;
		at = atol(entry->d_name + 2);
		count++;
	}
	if (count != 1 || at < least) {
		printf("%s: %ld files, f.%ld, at least %ld\n", path, count, at, least);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	char from[40], to[40];
	long count, step;
	int synced, directory;

	if (argc == 4 && !strcmp(argv[1], "--look"))
		return look(argv[2], atol(argv[3]));
	if (argc < 4 || chdir(argv[3]))
		return 2;
	count = atol(argv[1]);
	step = atol(argv[2]);
	synced = argc > 4 && !strcmp(argv[4], "sync");
	directory = open(".", O_RDONLY | O_DIRECTORY);
	close(open("f.0", O_CREAT | O_WRONLY, 0600));
	for (long i = 0; i < count; i++) {
		snprintf(from, sizeof(from), "f.%ld", i);
		snprintf(to, sizeof(to), "f.%ld", i + 1);
		if (rename(from, to)) {
			perror(from);
			return 1;
		}
		if ((i + 1) % step)
			continue;
		if (synced && fsync(directory))
			return 1;
		printf("%s %ld\n", argv[3], i + 1);
		fflush(stdout);
	}
	return 0;
}
