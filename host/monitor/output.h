/* SPDX-License-Identifier: MIT */
/*
 * The output of a lasting domain: the file `output` in its folder, in the log format of the
 * Kubernetes CRI, one line for each line of a stream:
 *
 *	2026-01-02T03:04:05.123456789Z stdout F text
 *
 * with P in place of F where the text was not the end of its line, which goes on in the stream's
 * next entry. So the bytes of each stream can be had back as they were.
 */
#ifndef HOST_MONITOR_OUTPUT_H
#define HOST_MONITOR_OUTPUT_H

#include <pthread.h>
#include <sys/types.h>

#include "host/base/error.h"

struct output {
	int fd;				/* appends */
	pthread_mutex_t lock;		/* entries are written whole; guards the followers */
	int *followers;			/* eventfds, raised after each write */
	size_t follower_count;
};

/* Open it in a domain's folder, made where there is none. output_close() is due on success. */
int output_open(struct output *output, int folder_fd, struct error *err);
void output_close(struct output *output);

/*
 * Raise an eventfd, which must not block, with each write from now on, and once at once. It stays
 * the caller's, who takes it out before it is closed. Returns 0 or -ENOMEM.
 */
int output_follow(struct output *output, int fd);
void output_unfollow(struct output *output, int fd);

/*
 * Write bytes of a stream ("stdout", "stderr"). Returns how many were written, which may be fewer,
 * or -1 with errno. Any thread may call it.
 */
ssize_t output_write(struct output *output, const char *stream, const char *data, size_t size);

#endif
