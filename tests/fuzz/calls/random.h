/* SPDX-License-Identifier: MIT */
/* Random numbers that a seed repeats (xorshift64*). Each thread has a state of its own. */
#ifndef FUZZ_CALLS_RANDOM_H
#define FUZZ_CALLS_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state;
};

/* Different streams of one seed are independent. */
static inline struct random random_stream(uint64_t seed, uint64_t stream)
{
	return (struct random){ .state = (seed * 1000003 + stream * 7919) * 0x9e3779b97f4a7c15 |
					 1 };
}

static inline uint64_t random_number(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1d;
}

/* From 0 to count - 1. */
static inline uint64_t random_below(struct random *random, uint64_t count)
{
	return (random_number(random) >> 16) % count;
}

#endif
