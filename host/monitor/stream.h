/* SPDX-License-Identifier: MIT */
/*
 * The streams of a console: bytes move between its rings in the channel and outer descriptors. A
 * thread for a stream exists only once the stream is used.
 */
#ifndef HOST_MONITOR_STREAM_H
#define HOST_MONITOR_STREAM_H

#include <stdbool.h>

#include "boundary/abi.h"
#include "host/base/error.h"

struct output;
struct streams;

/*
 * Begin to carry the streams of the first console, and the log; fds[i] is the outer descriptor of
 * stream i, or -1. Where a descriptor is output's own, entries of it are written; output may be
 * NULL. is_lasting: the descriptors are nobody else's, and those of a pipe or a terminal do not
 * block. All signals that the process waits for must be blocked already. trouble_fd, an eventfd,
 * is written when a ring shows counters that can't be true. Returns NULL with err set on failure;
 * streams_finish() is due on success.
 */
struct streams *streams_start(struct channel *channel, const int fds[STREAM_COUNT], int log_fd,
			      struct output *output, bool is_lasting, int trouble_fd,
			      struct error *err);

/*
 * For streams that are lasting: whether nobody types at the terminal any more. Then the domain
 * finds the end of input whenever it asks for more than was typed.
 */
void streams_set_input_end(struct streams *streams, bool is_at_end);

/*
 * For streams that are not lasting: ask for the word that all that the domain has written so far is
 * out. Nobody waits here, as it may never be: the outer streams may not take it. The descriptor,
 * which stays the streams', polls readable when streams_are_settled() is to be asked again.
 */
int streams_settle(struct streams *streams);
bool streams_are_settled(const struct streams *streams);

/*
 * Once the domain is dead: write out all that it left in its rings and end the threads. The reader
 * of a stdin that is not our own may stay blocked in its read for the rest of the process. Returns
 * false where output was lost because an outer stream could not take it (a full disk; not: a reader
 * that went away).
 */
bool streams_finish(struct streams *streams);

/* ---- Consoles that come and go while the domain lives ---- */

/*
 * As streams_start(), without the log. The descriptors stay the caller's, until streams_free().
 * done_fd, an eventfd, is written once all has moved after streams_end().
 */
struct streams *streams_start_console(struct channel *channel, uint32_t console,
				      const int fds[STREAM_COUNT], int trouble_fd, int done_fd,
				      struct error *err);

/*
 * A terminal as standard input is its foreground's, and who that is the caller must know: it is
 * read from after streams_resume() alone, until streams_pause(). While it is paused and the domain
 * asks for input streams_want_input() is true, once, and done_fd is written.
 */
void streams_pause(struct streams *streams);
void streams_resume(struct streams *streams);
bool streams_want_input(struct streams *streams);

/* Its program has ended: no more input is taken, and what is left in its rings is written out. */
void streams_end(struct streams *streams);

/*
 * The outer side has gone: the end of input, and EPIPE for output. Nothing moves any more; that
 * all is done is told as after streams_end().
 */
void streams_hang_up(struct streams *streams);

/* Whether all is done since streams_end() or streams_hang_up(). */
bool streams_are_done(const struct streams *streams);

/*
 * After that, or once the domain is dead: waits for threads that are not done, and frees. False as
 * for streams_finish().
 */
bool streams_free(struct streams *streams);

#endif
