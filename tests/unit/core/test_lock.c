/* SPDX-License-Identifier: MIT */
/* Locks between threads, their order, parking and wait queues. */
#include "fake.h"

/* The C library's header would bring its own time structures. */
typedef unsigned long pthread_t;
int pthread_create(pthread_t *id, const void *attributes, void *(*start)(void *), void *argument);
int pthread_join(pthread_t id, void **result);

#include "core/lock.h"
#include "core/timer.h"
#include "core/wait.h"

enum { THREADS = 4, ROUNDS = 30000 };

static struct lock lock = LOCK_INIT(LOCK_INODE);
static u64 counter;

static void *count_up(void *argument)
{
	fake_thread_enter(argument);
	for (int i = 0; i < ROUNDS; i++) {
		lock_acquire(&lock);
		counter++;
		lock_release(&lock);
	}
	return NULL;
}

static void one_holder_at_a_time(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count_up, fake_thread_create());
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter, (u64)THREADS * ROUNDS);
	assert_int_equal(lock.state, 0);
}

static void a_try_does_not_wait(void **state)
{
	(void)state;
	assert_true(lock_try(&lock));
	assert_false(lock_try(&lock));
	lock_assert_held(&lock);
	lock_release(&lock);
	lock_assert_none("here");
}

static void the_order_is_checked(void **state)
{
	static struct lock outer = LOCK_INIT(LOCK_MM), inner = LOCK_INIT(LOCK_SLAB);
	static struct lock pair[2] = { LOCK_INIT(LOCK_SLAB), LOCK_INIT(LOCK_SLAB) }, none;

	(void)state;
	lock_acquire(&outer);
	lock_acquire(&inner);
	lock_release(&outer);
	expect_panic(lock_acquire(&outer), "LOCK_MM");
	expect_panic(lock_assert_none("test"), "LOCK_SLAB");
	lock_release(&inner);
	expect_panic(lock_release(&inner), "not held");
	lock_acquire(&pair[0]);
	lock_acquire(&pair[1]);
	lock_release(&pair[0]);
	expect_panic(lock_acquire(&pair[0]), "lock order");
	lock_release(&pair[1]);
	expect_panic(lock_acquire(&none), "never initialised");
}

static struct wait_queue queue;
static u32 tickets, taken;

static bool take_ticket(void)
{
	for (;;) {
		u32 left = READ_ONCE(tickets);

		if (!left)
			return false;
		if (atomic_cas(&tickets, left, left - 1))
			return true;
	}
}

static void *wait_for_ticket(void *argument)
{
	int result;

	fake_thread_enter(argument);
	result = wait_event(&queue, take_ticket(), FOREVER);
	if (!result)
		atomic_add(&taken, 1);
	return (void *)(long)result;
}

static void every_wake_up_arrives(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int round = 0; round < 300; round++) {
		wait_queue_init(&queue);
		tickets = taken = 0;
		for (int i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, wait_for_ticket, fake_thread_create());
		for (int i = 0; i < THREADS; i++) {
			atomic_add(&tickets, 1);
			wait_queue_wake(&queue, 0);
		}
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(taken, THREADS);
		assert_true(wait_queue_idle(&queue));
	}
}

static void a_deadline_ends_a_wait(void **state)
{
	u64 start = clock_monotonic_ns();

	(void)state;
	wait_queue_init(&queue);
	assert_int_equal(wait_event(&queue, false, start + 20000000), -ETIMEDOUT);
	assert_true(clock_monotonic_ns() >= start + 20000000);
	assert_int_equal(wait_event(&queue, true, start), 0);
}

static void work_ends_a_wait(void **state)
{
	struct thread *self = thread_current();

	(void)state;
	atomic_or(&self->work, WORK_SIGNAL);
	assert_int_equal(wait_event(&queue, false, FOREVER), -ERESTARTSYS);
	atomic_and(&self->work, ~WORK_SIGNAL);
}

static u32 notified;

static bool count_notify(struct waiter *waiter, u32 key)
{
	notified += key ? key : 100;
	return waiter->data != NULL;
}

static void exclusive_waiters_are_woken_one_by_one(void **state)
{
	struct waiter waiters[3] = {
		{ .notify = count_notify, .exclusive = true, .data = &notified },
		{ .notify = count_notify, .exclusive = true, .data = &notified },
		{ .notify = count_notify, .mask = 4 },
	};

	(void)state;
	wait_queue_init(&queue);
	for (int i = 0; i < 3; i++)
		wait_queue_add(&queue, &waiters[i]);
	wait_queue_wake(&queue, 1);
	assert_int_equal(notified, 1);
	wait_queue_wake(&queue, 4);
	assert_int_equal(notified, 1 + 4 + 4);
	wait_queue_wake_all(&queue, 0);
	assert_int_equal(notified, 9 + 300);
	for (int i = 0; i < 3; i++) {
		wait_queue_remove(&queue, &waiters[i]);
		wait_queue_remove(&queue, &waiters[i]);
	}
	assert_true(wait_queue_idle(&queue));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_holder_at_a_time),
		cmocka_unit_test(a_try_does_not_wait),
		cmocka_unit_test(the_order_is_checked),
		cmocka_unit_test(every_wake_up_arrives),
		cmocka_unit_test(a_deadline_ends_a_wait),
		cmocka_unit_test(work_ends_a_wait),
		cmocka_unit_test(exclusive_waiters_are_woken_one_by_one),
	};

	return cmocka_run_group_tests(tests, fake_start, NULL);
}
