/* SPDX-License-Identifier: MIT */
/*
 * The event thread. It sleeps on the channel's event_count, which the monitor raises with each
 * event and the layer itself to wake it, until the earliest timer.
 *
 * Lock: work_lock (LOCK_EVENT) guards the list of work.
 */
#include "core/event.h"

#include "core/channel.h"
#include "core/futex.h"
#include "core/lock.h"
#include "core/timer.h"

static struct lock work_lock = LOCK_INIT(LOCK_EVENT);
static struct list work_list = { &work_list, &work_list };

static struct robust_word own_death_word;
struct robust_word *death_word = &own_death_word;

void event_thread_wake(void)
{
	struct channel *c = channel();

	atomic_add(&c->event_count, 1);
	futex_wake(&c->event_count, 1);
}

void event_work_submit(struct work *work)
{
	lock_acquire(&work_lock);
	list_add_tail(&work->node, &work_list);
	lock_release(&work_lock);
	event_thread_wake();
}

static struct work *work_take(void)
{
	struct work *work = NULL;

	lock_acquire(&work_lock);
	if (!list_empty(&work_list)) {
		work = list_first(&work_list, struct work, node);
		list_remove(&work->node);
	}
	lock_release(&work_lock);
	return work;
}

static void handle_events(struct channel *c, const struct event_handlers *handlers)
{
	u32 events = READ_ONCE(c->events) ? atomic_exchange(&c->events, 0) : 0;
	u32 starts = events & EVENT_CONSOLES ? atomic_exchange(&c->starts, 0) : 0;

	if (events & EVENT_STREAMS)
		handlers->streams();
	if (starts)
		handlers->consoles(starts);
	/* Some may have come for a program before it was seen here that it is to be started. */
	if (starts || events & EVENT_SIGNALS)
		handlers->signals(atomic_exchange(&c->signalled, 0) | starts);
}

void event_thread(const struct event_handlers *handlers)
{
	struct channel *c = channel();
	struct work *work;

	for (;;) {
		u32 seen = __atomic_load_n(&c->event_count, __ATOMIC_SEQ_CST);
		u64 next_ns;

		handle_events(c, handlers);
		while ((work = work_take()))
			work->run(work);
		next_ns = timers_run(clock_monotonic_ns());
		lock_assert_none("event thread");
		if (futex_wait_two(&c->event_count, seen, &death_word->word, 0, next_ns) == 1)
			handlers->deaths();
	}
}
