/* SPDX-License-Identifier: MIT */
/*
 * Waiting. Whatever can be waited for has a wait queue; a thread that waits links a waiter (on its
 * own stack, which is in the heap) into one or more queues and parks on its own futex word.
 *
 * The protocol that loses no wake-up: read the park word (thread_park_begin), look at the condition
 * and at the thread's work flags, then park with the word as it was read. Every waker changes the
 * condition first and then the word. wait_event() below does all this; poll and epoll do it by
 * hand.
 */
#ifndef CORE_WAIT_H
#define CORE_WAIT_H

#include "core/list.h"
#include "core/lock.h"
#include "core/thread.h"

struct wait_queue {
	struct lock lock;	/* LOCK_WAIT_QUEUE; guards waiters */
	struct list waiters;
};

struct waiter {
	struct list node;
	struct thread *thread;
	/*
	 * Called under the queue's lock when the queue is woken with key (poll bits, 0: all).
	 * Returns true where it consumed the wake-up (counts for exclusive waiters). NULL: unpark
	 * the thread.
	 */
	bool (*notify)(struct waiter *waiter, u32 key);
	void *data;
	u32 mask;		/* keys it cares for; 0: all */
	bool exclusive;		/* only one exclusive waiter is woken at a time */
};

#define FOREVER (~0ull)		/* as a deadline */

void wait_queue_init(struct wait_queue *queue);
/* Links a waiter; the caller fills thread, notify, data, mask and exclusive first. */
void wait_queue_add(struct wait_queue *queue, struct waiter *waiter);
/*
 * Unlinks; after it returns notify is not running and will not be called. Harmless if not linked.
 */
void wait_queue_remove(struct wait_queue *queue, struct waiter *waiter);
/*
 * Wakes all non-exclusive waiters and one exclusive one that care for key. Holds only the queue's
 * lock.
 */
void wait_queue_wake(struct wait_queue *queue, u32 key);
void wait_queue_wake_all(struct wait_queue *queue, u32 key);
static inline bool wait_queue_idle(struct wait_queue *queue)
{
	return list_empty(&queue->waiters);
}

/*
 * Wake-ups of others that are made later: after wake_list_begin() the host calls that wake threads
 * are put off until wake_list_end(), so that they don't run into a lock the waker still holds.
 * Short: no sleep but for locks in between. Pairs may nest; the outermost counts.
 */
#define WAKE_LIST_MAX 8

struct wake_list {
	u32 count;
	u32 *words[WAKE_LIST_MAX];
};

void wake_list_begin(struct wake_list *wakes);
void wake_list_end(struct wake_list *wakes);

/* The calling thread's park word, to be read before the condition is looked at. */
u32 thread_park_begin(void);
/*
 * Sleeps until the word differs from seen, the deadline (CLOCK_MONOTONIC, ns; FOREVER) has passed,
 * or spuriously. Returns 0 or -ETIMEDOUT. No short lock may be held.
 */
int thread_park(u32 seen, u64 deadline_ns);
/* Makes thread's park return, now or at its next park. Callable under any lock. */
void thread_unpark(struct thread *thread);
/* True where a signal or another reason to leave the kernel is pending (thread->work). */
bool thread_interrupted(void);

/*
 * Sleeps until condition is true: 0; a signal came: -ERESTARTSYS; the deadline passed: -ETIMEDOUT.
 * condition is evaluated often, without locks unless it takes them itself.
 */
#define wait_event(queue, condition, deadline_ns) ({ \
	struct waiter waiter_ = { .thread = thread_current() }; \
	int result_ = 0; \
	if (!(condition)) { \
		wait_queue_add((queue), &waiter_); \
		for (;;) { \
			u32 seen_ = thread_park_begin(); \
			if (condition) \
				break; \
			if (result_ == -ETIMEDOUT) \
				break; \
			if (thread_interrupted()) { \
				result_ = -ERESTARTSYS; \
				break; \
			} \
			result_ = thread_park(seen_, (deadline_ns)); \
		} \
		if (result_ == -ETIMEDOUT && (condition)) \
			result_ = 0; \
		wait_queue_remove((queue), &waiter_); \
	} \
	result_; \
})

/* As wait_event, without a deadline, and not to be interrupted: for what surely ends soon. */
#define wait_event_uninterruptible(queue, condition) ({ \
	struct waiter waiter_ = { .thread = thread_current() }; \
	if (!(condition)) { \
		wait_queue_add((queue), &waiter_); \
		for (;;) { \
			u32 seen_ = thread_park_begin(); \
			if (condition) \
				break; \
			thread_park(seen_, FOREVER); \
		} \
		wait_queue_remove((queue), &waiter_); \
	} \
})

#endif
