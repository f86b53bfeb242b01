/* SPDX-License-Identifier: MIT */
/* A temporary tree of files for tests of the lower tree. */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_path[] = "/tmp/mezzo-unit-XXXXXX";

static inline void tree_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

/* Make the tree and go into it. outside is next to root and must never be reached. */
static inline int tree_make(void **state)
{
	(void)state;
	if (!mkdtemp(tree_path) || chdir(tree_path))
		return -1;
	tree_file("outside", "secret");
	if (mkdir("root", 0755) || chdir("root") || mkdir("a", 0755) || mkdir("a/b", 0755) ||
	    mkdir("proc", 0755))
		return -1;
	tree_file("a/b/file", "content");
	tree_file("plain", "");
	return symlink("/etc/passwd", "absolute") || symlink("../outside", "up") ||
	       symlink("a", "directory") || mkfifo("fifo", 0644);
}

static inline int tree_remove(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", tree_path);
	return chdir("/") || system(command);
}

#endif
