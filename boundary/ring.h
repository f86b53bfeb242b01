/* SPDX-License-Identifier: MIT */
/*
 * A byte ring between two processes in shared memory: one producer side, one consumer side.
 *
 * Counters run freely (modulo 2^32); head - tail is the number of bytes that wait. Each side writes
 * only its own counter and flag. The host reads the other side's counter once, checks that
 * head - tail <= size, and treats anything else as the end of the domain (see ring_used()).
 *
 * Sleeping: a side that finds nothing to do sets its *_waits flag, looks again, and sleeps on the
 * other side's counter with a shared futex. The other side, after moving its counter, wakes it only
 * when the flag is set, so that a busy stream makes no calls at all.
 *
 * In the channel the domain's side does not sleep on the monitor's counters: the monitor answers a
 * set flag of the domain with EVENT_STREAMS (abi.h). The domain wakes the monitor by the futexes
 * named above; for stdin, of which the monitor reads only as much as is wanted (but for a few KiB),
 * the domain says "please read so many bytes" by setting consumer_waits to that on an empty ring
 * and waking the futex there.
 *
 * What the monitor can't write (a full disk) it throws away, and raises errors: the next write to
 * the ring fails with error, once, and the one after it is tried again. Only EPIPE is for good:
 * consumer_closed.
 */
#ifndef BOUNDARY_RING_H
#define BOUNDARY_RING_H

#include <stdint.h>

#define RING_SIZE (1u << 20)

struct ring {
	/* Written by the producer. */
	_Alignas(64) uint32_t head;
	uint32_t producer_waits;	/* producer sleeps on tail */
	uint32_t producer_closed;	/* no more data will come: end of file */
	/* a terminal's ends of file (Ctrl-D), after which more may come */
	uint32_t ends;
	/* Written by the consumer. */
	_Alignas(64) uint32_t tail;
	uint32_t consumer_waits;	/* consumer sleeps on head; for stdin: bytes wanted */
	uint32_t consumer_closed;	/* nobody reads any more: EPIPE */
	/* of those, how many were read; the producer sleeps on it */
	uint32_t ends_taken;
	uint32_t errors;		/* how often data could not be written and was lost */
	uint32_t error;			/* the errno of the last time; written before errors */
	/* Constant after start. */
	/* of the RING_SIZE bytes, from the start of the channel */
	_Alignas(64) uint32_t data_offset;
	uint32_t reserved;
};

_Static_assert(sizeof(struct ring) == 192, "struct ring is part of the boundary");

/*
 * Bytes waiting between two counters that were each read once. Returns -1 where they cannot be
 * true, which means that the other side is broken or hostile.
 */
static inline int64_t ring_used(uint32_t head, uint32_t tail)
{
	uint32_t used = head - tail;

	return used <= RING_SIZE ? (int64_t)used : -1;
}

#endif
