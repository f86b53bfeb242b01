/* SPDX-License-Identifier: MIT */
/*
 * The terminal of a lasting domain (-t): a pseudo-terminal whose inner side is the monitor's own
 * standard streams and controlling terminal, so that all is as with a user's terminal there, and
 * whose outer side is read into the domain's output. The inner side does not block either: so
 * nobody sleeps in it who could not be woken (streams_start()).
 */
#ifndef HOST_MONITOR_PTY_H
#define HOST_MONITOR_PTY_H

#include <pthread.h>

#include "host/base/error.h"
#include "host/monitor/output.h"

struct pty {
	int outer;			/* what is typed is written here; does not block */
	int stop_fd;			/* eventfd: nothing more is written to the inner side */
	struct output *output;
	pthread_t reader;
};

/*
 * For a process that leads a session without a terminal. All signals that the process waits for
 * must be blocked already. Returns 0 or -errno; on success pty_close() is due.
 */
int pty_open(struct pty *pty, struct output *output, struct error *err);

/* Once nothing more is written to the standard streams: what is left goes to the output. */
void pty_close(struct pty *pty);

#endif
