/* SPDX-License-Identifier: MIT */
/* Futexes in memory that the monitor shares with its domain; see futex.h. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "boundary/abi.h"
#include "host/base/kernel.h"
#include "host/monitor/futex.h"

#define WATCHES_MAX 8

void futex_wake_all(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int futex_wait_any(const struct futex_watch *watches, unsigned int count)
{
	struct futex_waitv waiters[WATCHES_MAX];

	for (unsigned int i = 0; i < count; i++) {
		waiters[i] = (struct futex_waitv){
			.val = watches[i].value,
			.uaddr = (uint64_t)(uintptr_t)watches[i].word,
			.flags = FUTEX_32,
		};
	}
	if (syscall(SYS_futex_waitv, waiters, count, 0, NULL, 0) < 0 && errno != EAGAIN &&
	    errno != EINTR)
		return -errno;
	return 0;
}

void channel_post(struct channel *channel, uint32_t events)
{
	__atomic_fetch_or(&channel->events, events, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&channel->event_count, 1, __ATOMIC_SEQ_CST);
	futex_wake_all(&channel->event_count);
}
