/* SPDX-License-Identifier: MIT */
/*
 * For tests/system/kept_names.sh, and only there, in a domain: link N: makes N files that one
 * process removes while another links them; links N: how many links there are. ghosts: files
 * without names, with attributes, whose slots others take. attributes FILE: how many bytes of
 * names of attributes it has. fail N: N files more than there is disk for.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define GHOSTS 30

static volatile int *turn;

static void meet(int me, int at)
{
	turn[me] = at;
	while (turn[!me] < at)
		;
}

static void spin(int count)
{
	for (volatile int i = 0; i < count; i++)
		;
}

static void links_make(int count)
{
	int made = 0, me;
	char a[64], b[64];

	turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mkdir("/w/l1", 0755);
	mkdir("/w/l2", 0755);
	me = !fork();
	for (int i = 1; i <= count; i++) {
		snprintf(a, sizeof(a), "/w/l1/f%d", i);
		snprintf(b, sizeof(b), "/w/l2/f%d", i);
		if (!me)
			close(open(a, O_WRONLY | O_CREAT, 0644));
		meet(me, 2 * i);
		spin((me ? i : 7 * i) % 400);
		if (me)
			unlink(a);
		else
			made += !link(a, b);
		meet(me, 2 * i + 1);
	}
	if (me)
		_exit(0);
	wait(NULL);
	printf("%d\n", made);
}

static void links_count(int count)
{
	int there = 0;
	char name[64];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "/w/l2/f%d", i);
		there += !access(name, F_OK);
	}
	printf("%d\n", there);
}

static void ghosts_make(void)
{
	int fds[GHOSTS];
	char name[64];

	for (int i = 0; i < GHOSTS; i++) {
		fds[i] = open("/w", O_TMPFILE | O_RDWR, 0644);
		if (fds[i] < 0 || fsetxattr(fds[i], "user.ghost", "boo", 3, 0))
			perror("ghost");
	}
	for (int i = 0; i < GHOSTS; i++)
		close(fds[i]);
	sync();
	for (int i = 0; i < 2 * GHOSTS; i++) {
		snprintf(name, sizeof(name), "/w/image%d", i);
		if (chmod(name, 0600))
			perror(name);
	}
	sync();
}

static void fail(int count)
{
	int failed = 0;
	char name[64];

	for (int i = 0; i < count; i++) {
		int fd;

		snprintf(name, sizeof(name), "/w/q%d", i);
		fd = open(name, O_WRONLY | O_CREAT, 0644);
		failed += fd < 0;
		close(fd);
	}
	printf("%s\n", failed ? "failed" : "did not fail");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int count = argc > 2 ? atoi(argv[2]) : 0;

	if (!strcmp(verb, "link"))
		links_make(count);
	else if (!strcmp(verb, "links"))
		links_count(count);
	else if (!strcmp(verb, "ghosts"))
		ghosts_make();
	else if (!strcmp(verb, "attributes"))
		printf("%zd\n", listxattr(argv[2], NULL, 0));
	else if (!strcmp(verb, "fail"))
		fail(count);
	return 0;
}
