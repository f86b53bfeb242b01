/* SPDX-License-Identifier: MIT */
/*
 * The output of a lasting domain: the file `output` in its folder. When that has half of what all
 * may have, it becomes `output.old`, in place of the former one, and another is begun.
 * At each moment there is an `output`; who reads finds what was printed last in both, each entry
 * once (host/domain/log.h). They have the log format of the Kubernetes CRI, one line for each line
 * of a stream:
 *
 *	2026-01-02T03:04:05.123456789Z stdout F text
 *
 * with P in place of F where the text was not the end of its line, which goes on in the stream's
 * next entry. So the bytes of each stream can be had back as they were.
 */
#ifndef HOST_MONITOR_OUTPUT_H
#define HOST_MONITOR_OUTPUT_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/base/error.h"

struct output {
	int fd;				/* appends; the same number for each file */
	int folder_fd;
	uint64_t most;			/* bytes of one file */
	pthread_mutex_t lock;		/* entries are written whole; guards all that follows */
	uint64_t size;			/* bytes of this file */
	int *followers;			/* eventfds, raised after each write */
	size_t follower_count;
};

#define OUTPUT_SIZE_USUAL	(16ull << 20)
#define OUTPUT_SIZE_LEAST	(1ull << 20)

/*
 * Open it in a domain's folder, made where there is none. size: bytes that all of it may have, 0:
 * the usual. output_close() is due on success.
 */
int output_open(struct output *output, int folder_fd, uint64_t size, struct error *err);
void output_close(struct output *output);

/*
 * Raise an eventfd, which must not block, with each write from now on, and once at once. It stays
 * the caller's, who takes it out before it is closed. Returns 0 or -ENOMEM.
 */
int output_follow(struct output *output, int fd);
void output_unfollow(struct output *output, int fd);

/*
 * Write bytes of a stream ("stdout", "stderr"). Returns how many were written, which may be fewer,
 * or -1 with errno. data may be memory that a domain shares: it is read once. Any thread may call
 * it.
 */
ssize_t output_write(struct output *output, const char *stream, const char *data, size_t size);

#endif
