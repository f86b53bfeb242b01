/* SPDX-License-Identifier: MIT */
/*
 * The host's futex on words in the heap or the channel. Never FUTEX_PRIVATE: the words are shared
 * by processes. Every wait may end without a reason: callers loop.
 */
#ifndef CORE_FUTEX_H
#define CORE_FUTEX_H

#include <linux/futex.h>
#include <linux/time_types.h>

#include "core/host.h"
#include "core/types.h"

#define NS_PER_SECOND 1000000000ull

static inline void futex_wait(u32 *word, u32 expected)
{
	host_call4(__NR_futex, word, FUTEX_WAIT, expected, 0);
}

/* deadline_ns: CLOCK_MONOTONIC; all ones is for ever. Returns 0 or -EAGAIN, -EINTR, -ETIMEDOUT. */
static inline long futex_wait_until(u32 *word, u32 expected, u64 deadline_ns)
{
	struct __kernel_timespec until = {
		.tv_sec = (long long)(deadline_ns / NS_PER_SECOND),
		.tv_nsec = (long long)(deadline_ns % NS_PER_SECOND),
	};

	return host_call6(__NR_futex, word, FUTEX_WAIT_BITSET, expected,
			  deadline_ns == ~0ull ? NULL : &until, 0, FUTEX_BITSET_MATCH_ANY);
}

/*
 * Sleeps on two words at once, as futex_wait_until(). The index of the one that was woken, or
 * -errno.
 */
static inline long futex_wait_two(u32 *first, u32 first_value, u32 *second, u32 second_value,
				  u64 deadline_ns)
{
	struct futex_waitv words[2] = {
		{ .uaddr = (u64)first, .val = first_value, .flags = FUTEX_32 },
		{ .uaddr = (u64)second, .val = second_value, .flags = FUTEX_32 },
	};
	struct __kernel_timespec until = {
		.tv_sec = (long long)(deadline_ns / NS_PER_SECOND),
		.tv_nsec = (long long)(deadline_ns % NS_PER_SECOND),
	};

	return host_call5(__NR_futex_waitv, words, 2, 0, deadline_ns == ~0ull ? NULL : &until,
			  1 /* CLOCK_MONOTONIC */);
}

static inline void futex_wake(u32 *word, u32 count)
{
	host_call3(__NR_futex, word, FUTEX_WAKE, count);
}

#endif
