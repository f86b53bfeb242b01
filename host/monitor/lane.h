/* SPDX-License-Identifier: MIT */
/*
 * Inside of stream.h: a lane carries one stream between its ring and an outer descriptor. Rules of
 * the ring: boundary/ring.h.
 *
 * The counters that the monitor itself writes are kept here and only copied to the ring: what a
 * domain stores over them is never read back.
 */
#ifndef HOST_MONITOR_LANE_H
#define HOST_MONITOR_LANE_H

#include <pthread.h>
#include <stdbool.h>

#include "boundary/abi.h"
#include "host/monitor/futex.h"
#include "host/monitor/output.h"
#include "host/monitor/stream.h"

#define LANE_LOG	STREAM_COUNT
#define LANES_MAX	(STREAM_COUNT + 1)

struct lane {
	struct streams *all;
	struct ring *ring;
	char *data;
	int fd;
	struct output *output;		/* entries of it are written, not fd; NULL: there is none */
	uint32_t own_counter;		/* head of stdin, tail of the others */
	bool told;			/* the producer, of space, since more than half was taken */
	uint32_t chunk;			/* most to write at once */
	uint32_t errors;		/* ours in the ring: writes that failed */
	bool is_tty, is_socket;
	bool is_own;			/* fd was opened anew, and is closed at the end */
	uint32_t settle_round;		/* the last one that was seen */
	uint32_t settle_head;		/* ... and the ring's head then, which is to be reached */
	uint32_t settled;		/* the last one in which it was, for others to read */
	bool has_worker;		/* the watcher's, until that has ended */
	pthread_t worker;
};

struct streams {
	struct channel *channel;
	int trouble_fd, done_fd;
	bool can_leave;			/* nothing is waited for but by lane_wait() */
	/* eventfd: who waits for input is to look again; -1: its reader blocks in read */
	int stop_fd;
	int gone_fd;			/* eventfd, with can_leave: nobody takes output any more */
	uint32_t finishing;		/* futex: no more output comes, no input is wanted */
	/*
	 * futex: the terminal is not ours to read now; then wanted says that the domain asks for
	 * input
	 */
	uint32_t paused, wanted;
	uint32_t input_ended;		/* a terminal that holds no input is at its end */
	uint32_t gone;			/* the outer side is not there any more */
	uint32_t done;			/* all has moved since finishing */
	/* output could not be written, and not for want of a reader */
	uint32_t lost;
	uint32_t settle_round;		/* futex: how often streams_settle() was called */
	int settled_fd;			/* eventfd: a lane has settled; -1: none is asked to */
	pthread_t watcher;
	unsigned int lane_count;	/* with the log's or without */
	struct lane lanes[LANES_MAX];
};

static inline uint32_t lane_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void lane_store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* Sleep until the descriptor is ready for events (POLL*), or, false, until_fd is readable. */
bool lane_wait(const struct lane *lane, short events, int until_fd);

/* The domain asks for input, which is paused. */
void lane_want(const struct lane *lane);

/* The ring's counters can't be true. */
void lane_trouble(const struct lane *lane);

/* What streams_settle() waits for is out. */
void lane_settled(struct lane *lane);

/* ---- stream_output.c ---- */

/* Bytes that wait, or -1 for a ring whose counters lie. */
int64_t output_waiting(const struct lane *lane);
/* Write at most limit of the waiting bytes. */
void output_move(struct lane *lane, uint32_t waiting, uint32_t limit);
/* Write all that waits now. False where the ring is broken. */
bool output_drain(struct lane *lane);
/* To be called between any two moves: tells who waits in streams_settle(). */
void output_settle(struct lane *lane);
/* A worker's whole life; its argument is the lane. */
void *output_run(void *lane);

/* ---- stream_input.c ---- */

void *input_run(void *lane);

#endif
