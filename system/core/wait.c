/* SPDX-License-Identifier: MIT */
/*
 * Parking, and queues of waiters; the protocol is told in core/wait.h.
 *
 * Locks: wait_queue.lock (LOCK_WAIT_QUEUE) guards its waiters. A woken thread wants that lock at
 * once, so the host calls that wake are made when the outermost queue's lock is free again:
 * thread->wakes collects them meanwhile. A word woken late is harmless, as every wait may end
 * without a reason.
 */
#include "core/wait.h"

#include "core/futex.h"
#include "core/thread.h"

static void wake_list_flush(struct wake_list *wakes)
{
	for (u32 i = 0; i < wakes->count; i++)
		futex_wake(wakes->words[i], 1);
	wakes->count = 0;
}

void wake_list_begin(struct wake_list *wakes)
{
	struct thread *self = thread_current();

	wakes->count = 0;
	if (!self->wakes)
		self->wakes = wakes;
}

void wake_list_end(struct wake_list *wakes)
{
	struct thread *self = thread_current();

	if (self->wakes != wakes)
		return;
	self->wakes = NULL;
	wake_list_flush(wakes);
}

/* ---- parking ---- */

u32 thread_park_begin(void)
{
	return __atomic_load_n(&thread_current()->park_word, __ATOMIC_SEQ_CST);
}

int thread_park(u32 seen, u64 deadline_ns)
{
	struct thread *self = thread_current();
	long result = 0;

	if (self->wakes)
		wake_list_flush(self->wakes);
	if (READ_ONCE(self->work) & WORK_SERVE)
		thread_serve();
	atomic_exchange(&self->parked, 1);
	if (__atomic_load_n(&self->park_word, __ATOMIC_SEQ_CST) == seen)
		result = futex_wait_until(&self->park_word, seen, deadline_ns);
	WRITE_ONCE(self->parked, 0);
	if (READ_ONCE(self->work) & WORK_SERVE)
		thread_serve();
	return result == -ETIMEDOUT ? -ETIMEDOUT : 0;
}

/*
 * The word first, then the flag: a thread that is on its way to sleep sees the one or shows the
 * other.
 */
void thread_unpark(struct thread *thread)
{
	struct wake_list *wakes = thread_current()->wakes;

	atomic_add(&thread->park_word, 1);
	if (!READ_ONCE(thread->parked) || !atomic_exchange(&thread->parked, 0))
		return;
	if (wakes && wakes->count < WAKE_LIST_MAX)
		wakes->words[wakes->count++] = &thread->park_word;
	else
		futex_wake(&thread->park_word, 1);
}

bool thread_interrupted(void)
{
	return READ_ONCE(thread_current()->work) & (WORK_SIGNAL | WORK_EXIT);
}

/* ---- queues ---- */

void wait_queue_init(struct wait_queue *queue)
{
	lock_init(&queue->lock, LOCK_WAIT_QUEUE);
	list_init(&queue->waiters);
}

/*
 * Exclusive waiters stand behind the others, so that one pass wakes all others and the first of
 * them.
 */
void wait_queue_add(struct wait_queue *queue, struct waiter *waiter)
{
	lock_acquire(&queue->lock);
	if (waiter->exclusive)
		list_add_tail(&waiter->node, &queue->waiters);
	else
		list_add(&waiter->node, &queue->waiters);
	lock_release(&queue->lock);
}

void wait_queue_remove(struct wait_queue *queue, struct waiter *waiter)
{
	if (!waiter->node.next)
		return;
	lock_acquire(&queue->lock);
	list_remove(&waiter->node);
	lock_release(&queue->lock);
}

static bool waiter_wake(struct waiter *waiter, u32 key)
{
	if (waiter->notify)
		return waiter->notify(waiter, key);
	thread_unpark(waiter->thread);
	return true;
}

static void queue_wake_locked(struct wait_queue *queue, u32 key, bool all)
{
	struct waiter *waiter, *next;

	list_for_each_safe(waiter, next, &queue->waiters, node) {
		if (key && waiter->mask && !(waiter->mask & key))
			continue;
		if (waiter_wake(waiter, key) && waiter->exclusive && !all)
			break;
	}
}

static void queue_wake(struct wait_queue *queue, u32 key, bool all)
{
	struct wake_list wakes;

	/* The condition was changed before; a waiter links itself before it looks at it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (wait_queue_idle(queue))
		return;
	wake_list_begin(&wakes);
	lock_acquire(&queue->lock);
	queue_wake_locked(queue, key, all);
	lock_release(&queue->lock);
	wake_list_end(&wakes);
}

void wait_queue_wake(struct wait_queue *queue, u32 key)
{
	queue_wake(queue, key, false);
}

void wait_queue_wake_all(struct wait_queue *queue, u32 key)
{
	queue_wake(queue, key, true);
}
