/* SPDX-License-Identifier: MIT */
/*
 * Times as indexes and records keep them, nanoseconds since the epoch, for the host's calls; and
 * the clock that deadlines are of.
 */
#ifndef HOST_BASE_TIME_H
#define HOST_BASE_TIME_H

#include <stdint.h>
#include <time.h>

/* The kernel wants nanoseconds from 0 on, also before the epoch. */
static inline struct timespec time_of_ns(int64_t ns)
{
	const int64_t second_ns = 1000000000;
	struct timespec time = { .tv_sec = ns / second_ns, .tv_nsec = ns % second_ns };

	if (time.tv_nsec < 0) {
		time.tv_sec--;
		time.tv_nsec += second_ns;
	}
	return time;
}

#define TIME_NS_PER_MS 1000000ll

/* Of the monotonic clock. */
static inline int64_t time_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 * TIME_NS_PER_MS + now.tv_nsec;
}

/* For poll(): rounded up, so that the deadline has passed after it; -1, none, for one below 0. */
static inline int time_left_ms(int64_t deadline_ns)
{
	int64_t left_ns = deadline_ns - time_now_ns();

	if (deadline_ns < 0)
		return -1;
	if (left_ns <= 0)
		return 0;
	return left_ns / TIME_NS_PER_MS < INT32_MAX ? (int)(left_ns / TIME_NS_PER_MS) + 1
						    : INT32_MAX;
}

#endif
