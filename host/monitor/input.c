/* SPDX-License-Identifier: MIT */
/* See input.h. No locks: the monitor's main thread alone. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/input.h"

#define OUTER_INPUT "/proc/self/fd/0"

/* The domain is to read and no more. */
static int open_to_read(void)
{
	int flags = fcntl(STDIN_FILENO, F_GETFL), fd;

	if (flags < 0 || flags & O_PATH)
		return -1;
	if ((flags & O_ACCMODE) == O_WRONLY)
		return -1;
	/* Opened again, so that what a domain does with its handle's offset is its own business. */
	fd = open(OUTER_INPUT, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && (flags & O_ACCMODE) == O_RDONLY)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return fd;
}

void input_init(struct input_keeper *keeper, uint32_t flags)
{
	*keeper = (struct input_keeper){ .fd = -1, .offset = -1 };
	if (flags & STREAM_IS_FILE)
		keeper->fd = open_to_read();
}

void input_release(struct input_keeper *keeper)
{
	fd_close(&keeper->fd);
}

/* Its name in the domain, without the first slash; empty where the domain sees another root. */
static void name_find(const struct lower *lower, char *name, size_t size)
{
	ssize_t length = lower->is_whole ? readlink(OUTER_INPUT, name, size - 1) : 0;

	/* One that fills all there is was cut. */
	if (length == (ssize_t)size - 1)
		length = 0;
	name[length > 0 ? length : 0] = '\0';
	if (name[0] == '/')
		memmove(name, name + 1, strlen(name));
}

int input_grant(struct input_keeper *keeper, const struct lower *lower, struct answer *answer)
{
	off_t offset = lseek(STDIN_FILENO, 0, SEEK_CUR);
	char name[256];
	int error;

	if (keeper->fd < 0 || offset < 0)
		return -EACCES;
	name_find(lower, name, sizeof(name));
	error = lower_tell_open(lower, keeper->fd, name, answer);
	if (error)
		return error;
	answer->offset = (uint64_t)offset;
	keeper->offset = offset;
	return 0;
}

void input_settle(struct input_keeper *keeper, uint64_t offset)
{
	/* Where the domain has not moved nobody else's moves are undone. */
	if (keeper->offset < 0 || offset > INT64_MAX || keeper->offset == (int64_t)offset)
		return;
	if (lseek(STDIN_FILENO, (off_t)offset, SEEK_SET) >= 0)
		keeper->offset = (int64_t)offset;
}
