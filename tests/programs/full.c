/* SPDX-License-Identifier: MIT */
/*
 * What programs are told on a full disk: makes changes of one kind after the other in DIR, in which
 * are image/0 to image/COUNT-1, and prints each kind with the error that ended it, or "done".
 *
 *	full DIR COUNT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TURNS 20000

static char block[65536];
static sigjmp_buf no_room;

static void name_of(char name[64], const char *kind, int turn)
{
	snprintf(name, 64, "%s%d", kind, turn);
}

/* Each returns 0, or -1 with errno. */

static int write_to(int fd, size_t size)
{
	ssize_t done = fd < 0 ? -1 : write(fd, block, size);
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return done == (ssize_t)size ? 0 : -1;
}

static int do_create(int turn)
{
	char name[64];

	name_of(name, "new", turn);
	return write_to(open(name, O_CREAT | O_EXCL | O_WRONLY, 0644), 2000);
}

static int do_nameless(int turn)
{
	(void)turn;
	return write_to(open(".", O_TMPFILE | O_WRONLY, 0644), sizeof(block));
}

static int do_mkdir(int turn)
{
	char name[64];

	name_of(name, "dir", turn);
	return mkdir(name, 0755);
}

static int do_symlink(int turn)
{
	char name[64];

	name_of(name, "soft", turn);
	return symlink("target", name);
}

static int do_fifo(int turn)
{
	char name[64];

	name_of(name, "fifo", turn);
	return mkfifo(name, 0644);
}

static int do_link(int turn)
{
	char name[64];

	name_of(name, "hard", turn);
	return link("own", name);
}

static int do_rename(int turn)
{
	char from[64], to[64];

	name_of(from, "own-", turn);
	name_of(to, "own-", turn + 1);
	return rename(turn ? from : "moved", to);
}

static int do_append(int turn)
{
	(void)turn;
	return write_to(open("own", O_WRONLY | O_APPEND), sizeof(block));
}

static int do_chmod(int turn)
{
	return chmod("own", turn % 2 ? 0600 : 0644);
}

static int do_xattr(int turn)
{
	char name[64];

	name_of(name, "user.x", turn);
	return setxattr("own", name, block, 1000, 0);
}

static int do_allocate(int turn)
{
	int fd = open("own", O_WRONLY), result = posix_fallocate(fd, turn * 1000000l, 1000000);

	close(fd);
	errno = result;
	return result ? -1 : 0;
}

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(no_room, 1);
}

/* A hole that finds no room is a SIGBUS, as on Linux. */
static int do_map(int turn)
{
	static char *map;
	int result;

	if (!turn) {
		map = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_SHARED,
			   open("mapped", O_RDWR), 0);
		if (map == MAP_FAILED)
			return -1;
		signal(SIGBUS, on_fault);
	}
	if (turn >= 64 << 4) {
		errno = 0;
		return -1;
	}
	if (sigsetjmp(no_room, 1)) {
		errno = ENOSPC;
		return -1;
	}
	memset(map + turn * sizeof(block), turn + 1, sizeof(block));
	result = msync(map + turn * sizeof(block), sizeof(block), MS_SYNC);
	return result;
}

static int image_open(int turn, int flags)
{
	char name[64];

	name_of(name, "image/", turn);
	return open(name, flags);
}

static int do_first_write(int turn)
{
	return write_to(image_open(turn, O_WRONLY), 1);
}

static int do_truncate(int turn)
{
	return write_to(image_open(turn, O_WRONLY | O_TRUNC), sizeof(block));
}

static int do_first_chmod(int turn)
{
	char name[64];

	name_of(name, "image/", turn);
	return chmod(name, 0600);
}

static int do_first_rename(int turn)
{
	char from[64], to[64];

	name_of(from, "image/", turn);
	name_of(to, "image/moved", turn);
	return rename(from, to);
}

static int do_sync(int turn)
{
	int fd = open("own", O_WRONLY), result = fsync(fd);

	close(fd);
	errno = turn ? 0 : errno;
	return turn ? -1 : result;
}

static int do_first_unlink(int turn)
{
	char name[64];

	name_of(name, "image/", turn);
	if (!unlink(name))
		return 0;
	/* It may have been renamed. */
	name_of(name, "image/moved", turn);
	return unlink(name);
}

static const struct {
	const char *name;
	int (*change)(int turn);
	int of_image;		/* once for each of its files */
} kinds[] = {
	{ "create", do_create, 0 }, { "nameless", do_nameless, 0 }, { "mkdir", do_mkdir, 0 },
	{ "symlink", do_symlink, 0 }, { "fifo", do_fifo, 0 }, { "link", do_link, 0 },
	{ "rename", do_rename, 0 }, { "append", do_append, 0 }, { "chmod", do_chmod, 0 },
	{ "xattr", do_xattr, 0 }, { "allocate", do_allocate, 0 }, { "map", do_map, 0 },
	{ "first write", do_first_write, 1 }, { "truncate", do_truncate, 1 },
	{ "first chmod", do_first_chmod, 1 }, { "first rename", do_first_rename, 1 },
	{ "sync", do_sync, 0 }, { "first unlink", do_first_unlink, 1 },
};

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0, fd;

	if (!count || chdir(argv[1]))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	memset(block, 'x', sizeof(block));
	/* What the changes are made to, before the disk is full. */
	if (write_to(open("own", O_CREAT | O_WRONLY, 0644), 100) ||
	    write_to(open("moved", O_CREAT | O_WRONLY, 0644), 100))
		return 3;
	fd = open("mapped", O_CREAT | O_RDWR, 0644);
	if (fd < 0 || ftruncate(fd, 64 << 20))
		return 3;
	close(fd);
	printf("ready\n");
	/* Now it is filled. */
	if (getchar() == EOF)
		return 4;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int turns = kinds[i].of_image ? count : TURNS, turn = 0;

		errno = 0;
		while (turn < turns && !kinds[i].change(turn))
			turn++;
		printf("%s: %s\n", kinds[i].name,
		       turn < turns && errno ? strerror(errno) : "done");
	}
	return 0;
}
