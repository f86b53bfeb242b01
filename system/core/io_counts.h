/* SPDX-License-Identifier: MIT */
/*
 * What a thread read and wrote by read(2), write(2) and their like: /proc/PID/io. Each thread
 * counts for itself, with no lock; who reads the counts of a running one sees some moment of it.
 */
#ifndef CORE_IO_COUNTS_H
#define CORE_IO_COUNTS_H

#include "core/types.h"

/* Both by direction: 0 read, 1 written. */
struct io_counts {
	u64 bytes[2];
	u64 calls[2];
};

/* One call with its result, bytes or -errno. counts: of the calling thread. */
static inline void io_counts_add_call(struct io_counts *counts, bool writing, ssize_t result)
{
	counts->calls[writing]++;
	if (result > 0)
		counts->bytes[writing] += (u64)result;
}

static inline void io_counts_add(struct io_counts *sum, const struct io_counts *more)
{
	for (u32 i = 0; i < 2; i++) {
		sum->bytes[i] += READ_ONCE(more->bytes[i]);
		sum->calls[i] += READ_ONCE(more->calls[i]);
	}
}

/* from is zero then: of a thread that does not count any more. */
static inline void io_counts_move(struct io_counts *from, struct io_counts *to)
{
	io_counts_add(to, from);
	*from = (struct io_counts){ 0 };
}

#endif
