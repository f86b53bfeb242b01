/* SPDX-License-Identifier: MIT */
/* Futexes in memory that the monitor shares with its domain. */
#ifndef HOST_MONITOR_FUTEX_H
#define HOST_MONITOR_FUTEX_H

#include <stdint.h>

struct channel;

/* Wake everybody who sleeps on word. */
void futex_wake_all(uint32_t *word);

struct futex_watch {
	uint32_t *word;
	uint32_t value;
};

/*
 * Sleep until one of the words is woken or has another value than the one given; may also return for
 * no reason. At most 8. Returns 0 or -errno, which is -ENOSYS before Linux 5.16.
 */
int futex_wait_any(const struct futex_watch *watches, unsigned int count);

/* Tell the domain's event thread that something moved: EVENT_* bits. */
void channel_post(struct channel *channel, uint32_t events);

#endif
