/* SPDX-License-Identifier: MIT */
/*
 * The layer's own thread: it hears from the monitor (streams that moved, signals), runs timers, and
 * does work that others hand to it because it runs in the layer's init process.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/list.h"
#include "core/thread.h"
#include "core/types.h"

/* What is done with events: called by the event thread without locks. */
struct event_handlers {
	void (*streams)(void);		/* EVENT_STREAMS: some ring moved */
	/* EVENT_CONSOLES: bit n is console n, which holds a program to start */
	void (*consoles)(u32 set);
	/* EVENT_SIGNALS: bit n is console n, for whose program some came */
	void (*signals)(u32 set);
	void (*deaths)(void);		/* death_word was woken */
};

/* A futex that is always 0, woken by the host when a host thread of the domain dies unasked. */
extern struct robust_word *death_word;

/* Runs for the whole life of the domain, on the layer's first thread. */
__noreturn void event_thread(const struct event_handlers *handlers);
/* Makes the event thread look at its timers and its work. Callable under any lock. */
void event_thread_wake(void);

struct work {
	struct list node;
	/* called once, in the event thread, without locks; may free work */
	void (*run)(struct work *work);
};

/*
 * Queues work, in order; the caller keeps it alive until it ran. Callable where LOCK_TIMER may be
 * taken.
 */
void event_work_submit(struct work *work);

#endif
