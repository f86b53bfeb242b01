/* SPDX-License-Identifier: MIT */
/* The log of a domain's streams; see output.h. Lock: output->lock, around each write and all of
 * the followers. */
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
#include "host/monitor/output.h"

#define PREFIX_MAX	64u
#define ENTRIES_MAX	32u		/* in one write: three parts each */

int output_open(struct output *output, int folder_fd, struct error *err)
{
	*output = (struct output){ .fd = -1 };
	output->fd = openat(folder_fd, "output",
			    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			    0600);
	if (output->fd < 0)
		return error_set(err, errno, "can't open the domain's output");
	pthread_mutex_init(&output->lock, NULL);
	return 0;
}

void output_close(struct output *output)
{
	fd_close(&output->fd);
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

/* All of it or nothing: what a full disk took of it is taken back. */
static int write_whole(struct output *output, const struct iovec *parts, int count, size_t size)
{
	ssize_t done;
	int error = 0;

	pthread_mutex_lock(&output->lock);
	do {
		done = writev(output->fd, parts, count);
	} while (done < 0 && errno == EINTR);
	if (done < 0) {
		error = errno;
	} else if ((size_t)done < size) {
		off_t end = lseek(output->fd, 0, SEEK_END);

		error = end >= done && !ftruncate(output->fd, end - done) ? ENOSPC : EIO;
	}
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
	char prefix[PREFIX_MAX];
	size_t prefix_size = (size_t)print_prefix(prefix, stream), used = 0, total = 0;
	int count = 0;

	for (unsigned int i = 0; i < ENTRIES_MAX && used < size; i++) {
		const char *text = data + used, *end = memchr(text, '\n', size - used);
		size_t text_size = end ? (size_t)(end - text) : size - used;

		parts[count++] = (struct iovec){ prefix, prefix_size };
		parts[count++] = (struct iovec){ marks[end != NULL], 2 };
		parts[count++] = (struct iovec){ (char *)text, text_size };
		parts[count++] = (struct iovec){ "\n", 1 };
		used += text_size + (end != NULL);
		total += prefix_size + text_size + 3;
	}
	return write_whole(output, parts, count, total) ? -1 : (ssize_t)used;
}
