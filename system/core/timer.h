/* SPDX-License-Identifier: MIT */
/*
 * Timers that call a function at a time, for what is not a sleep of the calling thread: alarm,
 * setitimer, later timerfd and posix timers. They run in the layer's event thread (core/event.c),
 * which sleeps until the earliest. All times are CLOCK_MONOTONIC in ns.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "core/types.h"

struct timer {
	u64 expires_ns;			/* guarded by LOCK_TIMER */
	u32 slot;			/* place in the heap of timers + 1; 0: not armed */
	void (*expire)(struct timer *timer);	/* called without locks, by the event thread */
	bool running;
};

void timer_init(struct timer *timer, void (*expire)(struct timer *timer));
/* Arms or re-arms. -ENOMEM where the table of timers can't grow. */
int timer_set(struct timer *timer, u64 expires_ns) __must_check;
/* Disarms. Waits for a running expire() to end, so no lock that expire() takes may be held. */
void timer_cancel(struct timer *timer);

/* For the event thread: runs what is due, returns the next deadline (FOREVER if none). */
u64 timers_run(u64 now_ns);

/* ---- core/clock.c: by the host's vDSO where that makes no call, else by a host call ---- */

u64 clock_monotonic_ns(void);
u64 clock_realtime_ns(void);
/* As of the last tick, some milliseconds old: what Linux stamps files with. Never a host call. */
u64 clock_realtime_coarse_ns(void);
struct __kernel_timespec;
/* clock_gettime(2) for the calling thread. 0 or -EINVAL. */
int clock_read(int clock, struct __kernel_timespec *time);
/*
 * An instant of another clock as one of CLOCK_MONOTONIC, as far as is known now: steps that the
 * clock makes later are not followed. One that lies before all of CLOCK_MONOTONIC is 1.
 */
u64 clock_to_monotonic_ns(int clock, u64 instant_ns);
/* Called once at start. */
void clock_init(void);

#endif
