/* SPDX-License-Identifier: MIT */
/*
 * Waiting for several files at once: what poll(2), select(2) and epoll(7) share. A file's poll
 * operation reports its state and calls poll_wait() for each queue that is woken when that state
 * changes.
 */
#ifndef VFS_POLL_H
#define VFS_POLL_H

#include "vfs/file.h"

/* Embedded in whatever registers; link is called by poll_wait() with the file's own queue. */
struct poll_request {
	void (*link)(struct poll_request *request, struct wait_queue *queue);
	/* the link stays when the call is over: as long as the file, if need be */
	bool lasting;
};

/* Events that poll and epoll report whether asked for or not. */
#define POLL_ALWAYS	(POLLERR | POLLHUP)
/* The state of a file without a poll operation: a regular file never blocks. */
#define POLL_DEFAULT	(POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

/* The file's state now, registering with request unless that is NULL. */
static inline u32 file_poll(struct file *file, struct poll_request *request)
{
	return file->operations->poll ? file->operations->poll(file, request) : POLL_DEFAULT;
}

struct poll_target {
	struct file *file; /* reference held by the caller; NULL: skipped, found is left alone */
	u32 wanted;
	u32 found;		/* those of wanted that are so */
};

/*
 * Sleeps until one of the targets has something to report. How many have (those without a file
 * count where found is set); 0 when the deadline passed, -EINTR when a signal came, -ENOMEM.
 */
int poll_targets(struct poll_target *targets, u32 count, u64 deadline_ns);

/* Takes a file that is about to go out of all epoll files that watch it (ipc/epoll.c). */
void epoll_forget_file(struct file *file);

#endif
