/* SPDX-License-Identifier: MIT */
/*
 * The log of a domain's streams; see output.h. Lock: output->lock, around each write and all of the
 * followers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/log.h"
#include "host/monitor/output.h"

#define OUTPUT_NEW_NAME	"output.new"
#define PREFIX_MAX	64u
#define ENTRIES_MAX	32u		/* in one write: four parts each */
#define CHUNK_MAX	16384u		/* bytes of a stream in one write: what CRI logs have */

static int file_open(int folder_fd, const char *name, int flags)
{
	return openat(folder_fd, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		      O_NONBLOCK | flags, 0600);
}

int output_open(struct output *output, int folder_fd, uint64_t size, struct error *err)
{
	struct stat status;

	*output = (struct output){ .most = (size ? size : OUTPUT_SIZE_USUAL) / 2 };
	output->folder_fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
	output->fd = output->folder_fd < 0 ? -1 : file_open(folder_fd, OUTPUT_NAME, 0);
	if (output->fd < 0 || fstat(output->fd, &status)) {
		error_set(err, errno, "can't open the domain's output");
		fd_close(&output->fd);
		fd_close(&output->folder_fd);
		return -err->code;
	}
	output->size = (uint64_t)status.st_size;
	pthread_mutex_init(&output->lock, NULL);
	return 0;
}

void output_close(struct output *output)
{
	fd_close(&output->fd);
	fd_close(&output->folder_fd);
	pthread_mutex_destroy(&output->lock);
	free(output->followers);
}

/* A counter that is full has been raised already. */
static void follower_raise(int fd)
{
	uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

int output_follow(struct output *output, int fd)
{
	int *followers;

	pthread_mutex_lock(&output->lock);
	followers = realloc(output->followers, (output->follower_count + 1) * sizeof(*followers));
	if (followers) {
		output->followers = followers;
		followers[output->follower_count++] = fd;
		follower_raise(fd);
	}
	pthread_mutex_unlock(&output->lock);
	return followers ? 0 : -ENOMEM;
}

void output_unfollow(struct output *output, int fd)
{
	size_t i = 0;

	pthread_mutex_lock(&output->lock);
	while (output->followers[i] != fd)
		i++;
	output->followers[i] = output->followers[--output->follower_count];
	pthread_mutex_unlock(&output->lock);
}

/* "TIME STREAM ", to which only F or P is missing. */
static int print_prefix(char prefix[PREFIX_MAX], const char *stream)
{
	struct timespec now;
	struct tm tm;
	size_t size;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size = strftime(prefix, PREFIX_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	return (int)size + snprintf(prefix + size, PREFIX_MAX - size, ".%09ldZ %s ", now.tv_nsec,
				    stream);
}

/*
 * Begins another file. First the oldest one goes, which a full disk needs. However far this gets,
 * `output` is what was written last. Lock held. Returns 0 or -errno.
 */
static int turn_locked(struct output *output)
{
	int folder = output->folder_fd, fd, error = 0;

	if (unlinkat(folder, OUTPUT_OLD_NAME, 0) && errno != ENOENT)
		return -errno;
	if (linkat(folder, OUTPUT_NAME, folder, OUTPUT_OLD_NAME, 0))
		return -errno;
	fd = file_open(folder, OUTPUT_NEW_NAME, O_TRUNC);
	if (fd < 0)
		return -errno;
	if (renameat(folder, OUTPUT_NEW_NAME, folder, OUTPUT_NAME) ||
	    dup3(fd, output->fd, O_CLOEXEC) < 0)
		error = -errno;
	close(fd);
	if (!error)
		output->size = 0;
	return error;
}

/* All of it or nothing: what a full disk took of it is taken back. Returns 0 or errno. */
static int write_locked(struct output *output, const struct iovec *parts, int count, size_t size)
{
	ssize_t done;

	do {
		done = writev(output->fd, parts, count);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		return errno;
	if ((size_t)done == size) {
		output->size += size;
		return 0;
	}
	return ftruncate(output->fd, (off_t)output->size) ? EIO : ENOSPC;
}

static int write_whole(struct output *output, const struct iovec *parts, int count, size_t size)
{
	int error = 0;

	pthread_mutex_lock(&output->lock);
	if (output->size && output->size + size > output->most)
		error = -turn_locked(output);
	if (!error)
		error = write_locked(output, parts, count, size);
	for (size_t i = 0; i < output->follower_count; i++)
		follower_raise(output->followers[i]);
	pthread_mutex_unlock(&output->lock);
	errno = error;
	return error ? -1 : 0;
}

ssize_t output_write(struct output *output, const char *stream, const char *data, size_t size)
{
	static char marks[2][3] = { "P ", "F " };
	struct iovec parts[4 * ENTRIES_MAX];
	char prefix[PREFIX_MAX], chunk[CHUNK_MAX];
	size_t prefix_size = (size_t)print_prefix(prefix, stream), used = 0, total = 0;
	int count = 0;

	/* The domain may change what it has in a ring: a line that ends here must end so below. */
	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	memcpy(chunk, data, size);
	for (unsigned int i = 0; i < ENTRIES_MAX && used < size; i++) {
		char *text = chunk + used, *end = memchr(text, '\n', size - used);
		size_t text_size = end ? (size_t)(end - text) : size - used;

		parts[count++] = (struct iovec){ prefix, prefix_size };
		parts[count++] = (struct iovec){ marks[end != NULL], 2 };
		parts[count++] = (struct iovec){ text, text_size };
		parts[count++] = (struct iovec){ "\n", 1 };
		used += text_size + (end != NULL);
		total += prefix_size + text_size + 3;
	}
	return write_whole(output, parts, count, total) ? -1 : (ssize_t)used;
}
