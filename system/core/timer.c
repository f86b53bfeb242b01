/* SPDX-License-Identifier: MIT */
/*
 * Timers in a binary heap, earliest on top; the event thread runs them.
 *
 * Lock: timer_lock (LOCK_TIMER) guards the table, all timers in it, and running. A function that
 * runs may free its own timer, so a timer is not looked at again after its function was called.
 */
#include "core/timer.h"

#include "core/event.h"
#include "core/heap.h"
#include "core/lock.h"
#include "core/string.h"
#include "core/wait.h"

static struct lock timer_lock = LOCK_INIT(LOCK_TIMER);
static struct timer **table;		/* table[0] is the earliest */
static u32 timer_count, table_capacity;
static struct timer *running;		/* its function is being called */
static struct thread *runner;		/* by this thread */
static struct wait_queue running_wait = {
	.lock = LOCK_INIT(LOCK_WAIT_QUEUE),
	.waiters = { &running_wait.waiters, &running_wait.waiters },
};

void timer_init(struct timer *timer, void (*expire)(struct timer *timer))
{
	*timer = (struct timer){ .expire = expire };
}

static void table_put(u32 index, struct timer *timer)
{
	table[index] = timer;
	timer->slot = index + 1;
}

static void sift_up(u32 index)
{
	struct timer *timer = table[index];

	while (index) {
		u32 parent = (index - 1) / 2;

		if (table[parent]->expires_ns <= timer->expires_ns)
			break;
		table_put(index, table[parent]);
		index = parent;
	}
	table_put(index, timer);
}

static void sift_down(u32 index)
{
	struct timer *timer = table[index];

	for (;;) {
		u32 child = 2 * index + 1;

		if (child >= timer_count)
			break;
		if (child + 1 < timer_count &&
		    table[child + 1]->expires_ns < table[child]->expires_ns)
			child++;
		if (timer->expires_ns <= table[child]->expires_ns)
			break;
		table_put(index, table[child]);
		index = child;
	}
	table_put(index, timer);
}

static void remove_locked(struct timer *timer)
{
	u32 index = timer->slot - 1;
	struct timer *last = table[--timer_count];

	timer->slot = 0;
	if (last == timer)
		return;
	table_put(index, last);
	sift_up(index);
	sift_down(last->slot - 1);
}

static int table_grow(void)
{
	u32 capacity = table_capacity ? table_capacity * 2 : 16;
	struct timer **bigger = heap_alloc(capacity * sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	memcpy(bigger, table, timer_count * sizeof(*bigger));
	heap_free(table);
	table = bigger;
	table_capacity = capacity;
	return 0;
}

int timer_set(struct timer *timer, u64 expires_ns)
{
	bool first = false;
	int error = 0;

	lock_acquire(&timer_lock);
	if (timer->slot)
		remove_locked(timer);
	if (timer_count == table_capacity)
		error = table_grow();
	if (!error) {
		timer->expires_ns = expires_ns;
		table_put(timer_count, timer);
		sift_up(timer_count++);
		first = table[0] == timer;
	}
	lock_release(&timer_lock);
	if (first)
		event_thread_wake();
	return error;
}

static bool is_running(struct timer *timer)
{
	return __atomic_load_n(&running, __ATOMIC_SEQ_CST) == timer;
}

void timer_cancel(struct timer *timer)
{
	lock_acquire(&timer_lock);
	if (timer->slot)
		remove_locked(timer);
	lock_release(&timer_lock);
	if (runner != thread_current())
		wait_event_uninterruptible(&running_wait, !is_running(timer));
}

/* Takes the earliest timer out if it is due, else NULL and its time in *next_ns. */
static struct timer *take_due(u64 now_ns, u64 *next_ns)
{
	struct timer *timer = NULL;

	lock_acquire(&timer_lock);
	*next_ns = timer_count ? table[0]->expires_ns : FOREVER;
	if (*next_ns <= now_ns && timer_count) {
		timer = table[0];
		remove_locked(timer);
	}
	__atomic_store_n(&running, timer, __ATOMIC_SEQ_CST);
	lock_release(&timer_lock);
	return timer;
}

u64 timers_run(u64 now_ns)
{
	struct timer *timer;
	u64 next_ns;

	runner = thread_current();
	while ((timer = take_due(now_ns, &next_ns))) {
		timer->expire(timer);
		__atomic_store_n(&running, NULL, __ATOMIC_SEQ_CST);
		wait_queue_wake(&running_wait, 0);
	}
	return next_ns;
}
