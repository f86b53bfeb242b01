/* SPDX-License-Identifier: MIT */
/*
 * The domain's streams: bytes move between the rings in the channel and the monitor's own standard
 * descriptors. A thread for a stream exists only once the stream is used.
 */
#ifndef HOST_MONITOR_STREAM_H
#define HOST_MONITOR_STREAM_H

#include <stdbool.h>

#include "boundary/abi.h"
#include "host/base/error.h"

struct streams;
struct output;

/*
 * Begin to carry the channel's streams; fds[i] is the outer descriptor of stream i, or -1. Where that is
 * log's own, entries of the log are written; log may be NULL. All signals
 * that the process waits for must be blocked already. trouble_fd, an eventfd, is written when a ring
 * shows counters that can't be true. Returns NULL with err set on failure.
 */
struct streams *streams_start(struct channel *channel, const int fds[STREAM_COUNT],
			      struct output *log, int trouble_fd, struct error *err);

/*
 * Wait until all that the domain has written so far is out, as far as the outer streams take it. For
 * the thread that serves requests; the domain waits for its answer meanwhile.
 */
void streams_settle(struct streams *streams);

/*
 * Once the domain is dead: write out all that it left in its rings and end the threads. The reader of
 * stdin may stay blocked in its read for the rest of the process. Returns false where output was lost
 * because an outer stream could not take it (a full disk; not: a reader that went away).
 */
bool streams_finish(struct streams *streams);

#endif
