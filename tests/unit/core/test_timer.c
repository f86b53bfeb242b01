/* SPDX-License-Identifier: MIT */
/* Timers: order, change, end, and what a timer may do to itself. */
#include "fake.h"

#include "core/timer.h"
#include "core/wait.h"

enum { COUNT = 500 };

static struct timer timers[COUNT];
static u64 last_expired;
static u32 expired;

static void note(struct timer *timer)
{
	assert_true(timer->expires_ns >= last_expired);
	last_expired = timer->expires_ns;
	expired++;
}

static void again(struct timer *timer)
{
	if (++expired < 5)
		assert_int_equal(timer_set(timer, timer->expires_ns + 10), 0);
}

static void cancel_self(struct timer *timer)
{
	expired++;
	timer_cancel(timer);
	timer->expires_ns = 0;
}

static void setup(void (*expire)(struct timer *timer))
{
	expired = 0;
	last_expired = 0;
	for (int i = 0; i < COUNT; i++)
		timer_init(&timers[i], expire);
}

static void they_run_in_order(void **state)
{
	(void)state;
	setup(note);
	for (u64 i = 0; i < COUNT; i++)
		assert_int_equal(timer_set(&timers[i], 1000 + i * 7919 % COUNT), 0);
	assert_int_equal(timers_run(999), 1000);
	assert_int_equal(expired, 0);
	assert_int_equal(timers_run(1000 + COUNT / 2 - 1), 1000 + COUNT / 2);
	assert_int_equal(expired, COUNT / 2);
	assert_int_equal(timers_run(2000), FOREVER);
	assert_int_equal(expired, COUNT);
}

static void they_can_be_moved_and_cancelled(void **state)
{
	(void)state;
	setup(note);
	for (u64 i = 0; i < COUNT; i++)
		assert_int_equal(timer_set(&timers[i], 5000 + i), 0);
	for (u64 i = 0; i < COUNT; i += 2)
		assert_int_equal(timer_set(&timers[i], 1000 + i), 0);
	for (u64 i = 1; i < COUNT; i += 2)
		timer_cancel(&timers[i]);
	timer_cancel(&timers[1]);
	assert_int_equal(timers_run(4000), FOREVER);
	assert_int_equal(expired, COUNT / 2);
}

static void one_may_arm_itself_again(void **state)
{
	(void)state;
	setup(again);
	assert_int_equal(timer_set(&timers[0], 100), 0);
	assert_int_equal(timers_run(115), 120);
	assert_int_equal(expired, 2);
	assert_int_equal(timers_run(1000), FOREVER);
	assert_int_equal(expired, 5);
}

static void one_may_cancel_itself(void **state)
{
	(void)state;
	setup(cancel_self);
	assert_int_equal(timer_set(&timers[0], 100), 0);
	assert_int_equal(timers_run(100), FOREVER);
	assert_int_equal(expired, 1);
}

static void an_earlier_one_wakes_the_event_thread(void **state)
{
	u32 before = channel()->event_count;

	(void)state;
	setup(note);
	assert_int_equal(timer_set(&timers[0], 1000), 0);
	assert_int_equal(channel()->event_count, before + 1);
	assert_int_equal(timer_set(&timers[1], 2000), 0);
	assert_int_equal(channel()->event_count, before + 1);
	assert_int_equal(timer_set(&timers[2], 500), 0);
	assert_int_equal(channel()->event_count, before + 2);
	assert_int_equal(timers_run(3000), FOREVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_run_in_order),
		cmocka_unit_test(they_can_be_moved_and_cancelled),
		cmocka_unit_test(one_may_arm_itself_again),
		cmocka_unit_test(one_may_cancel_itself),
		cmocka_unit_test(an_earlier_one_wakes_the_event_thread),
	};

	return cmocka_run_group_tests(tests, fake_start, NULL);
}
