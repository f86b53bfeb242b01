/* SPDX-License-Identifier: MIT */
/* Times as indexes and records keep them, nanoseconds since the epoch, for the host's calls. */
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

#endif
