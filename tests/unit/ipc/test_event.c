/* SPDX-License-Identifier: MIT */
/* eventfd, timerfd, poll's sleep, and epoll: triggering, nesting, closing. */
#include "files.h"

#include "core/timer.h"
#include "ipc/epoll.h"
#include "ipc/eventfd.h"
#include "ipc/timerfd.h"
#include "vfs/poll.h"

static struct epoll_event found[600];

static struct file *counter_create(u32 flags)
{
	struct file *file = eventfd_create(0, flags);

	assert_false(IS_ERROR(file));
	return file;
}

static struct file *watcher_create(void)
{
	struct file *file = epoll_create();

	assert_false(IS_ERROR(file));
	return file;
}

static int control(struct file *epoll, int operation, struct file *file, int fd, u32 events)
{
	struct epoll_event event = { .events = events, .data = fd };

	return epoll_control(epoll, operation, file, fd, &event);
}

static int collect(struct file *epoll)
{
	return epoll_collect(epoll, (uptr)found, 600, 0);
}

static void raise(struct file *counter)
{
	u64 one = 1;

	assert_int_equal(file_write_bytes(counter, &one, 8), 8);
}

static u64 take(struct file *counter)
{
	u64 value;

	assert_int_equal(file_read_bytes(counter, &value, 8), 8);
	return value;
}

static void eventfd_counts(void **state)
{
	struct file *counter = counter_create(EFD_NONBLOCK), *semaphore;
	u64 value = ~0ull;

	(void)state;
	assert_int_equal(file_read_bytes(counter, &value, 8), -EAGAIN);
	assert_int_equal(file_read_bytes(counter, &value, 7), -EINVAL);
	assert_int_equal(file_write_bytes(counter, &(u64){ ~0ull }, 8), -EINVAL);
	raise(counter);
	raise(counter);
	assert_int_equal(take(counter), 2);
	assert_int_equal(file_write_bytes(counter, &(u64){ ~0ull - 1 }, 8), 8);
	assert_int_equal(file_poll(counter, NULL), POLLIN);
	assert_int_equal(file_write_bytes(counter, &(u64){ 1 }, 8), -EAGAIN);
	file_put(counter);
	semaphore = counter_create(EFD_SEMAPHORE | EFD_NONBLOCK);
	raise(semaphore);
	raise(semaphore);
	assert_int_equal(take(semaphore), 1);
	assert_int_equal(take(semaphore), 1);
	assert_int_equal(file_read_bytes(semaphore, &value, 8), -EAGAIN);
	file_put(semaphore);
	assert_int_equal(PTR_ERROR(eventfd_create(0, 2)), -EINVAL);
}

static void level_edge_and_oneshot(void **state)
{
	struct file *epoll = watcher_create(), *counter = counter_create(0);

	(void)state;
	assert_int_equal(control(epoll, EPOLL_CTL_ADD, counter, 7, EPOLLIN), 0);
	assert_int_equal(control(epoll, EPOLL_CTL_ADD, counter, 7, EPOLLIN), -EEXIST);
	assert_int_equal(collect(epoll), 0);
	raise(counter);
	assert_int_equal(collect(epoll), 1);
	assert_int_equal(found[0].data, 7);
	assert_int_equal(found[0].events, EPOLLIN);
	assert_int_equal(collect(epoll), 1);
	assert_int_equal(control(epoll, EPOLL_CTL_MOD, counter, 7, EPOLLIN | EPOLLET), 0);
	assert_int_equal(collect(epoll), 1);
	assert_int_equal(collect(epoll), 0);
	raise(counter);
	assert_int_equal(collect(epoll), 1);
	assert_int_equal(control(epoll, EPOLL_CTL_MOD, counter, 7, EPOLLIN | EPOLLONESHOT), 0);
	assert_int_equal(collect(epoll), 1);
	raise(counter);
	assert_int_equal(collect(epoll), 0);
	assert_int_equal(control(epoll, EPOLL_CTL_MOD, counter, 7, EPOLLIN), 0);
	assert_int_equal(collect(epoll), 1);
	assert_int_equal(control(epoll, EPOLL_CTL_DEL, counter, 7, 0), 0);
	assert_int_equal(control(epoll, EPOLL_CTL_DEL, counter, 7, 0), -ENOENT);
	assert_int_equal(collect(epoll), 0);
	file_put(counter);
	file_put(epoll);
}

static void many_take_turns(void **state)
{
	struct file *epoll = watcher_create(), *counter = counter_create(0);
	u32 seen[500] = { 0 };

	(void)state;
	raise(counter);
	for (int i = 0; i < 500; i++)
		assert_int_equal(control(epoll, EPOLL_CTL_ADD, counter, i, EPOLLIN), 0);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(epoll_collect(epoll, (uptr)found, 10, 0), 10);
		for (int j = 0; j < 10; j++)
			seen[found[j].data]++;
	}
	for (int i = 0; i < 500; i++)
		assert_int_equal(seen[i], 1);
	file_put(counter);
	assert_int_equal(collect(epoll), 0);
	file_put(epoll);
}

static void nesting_has_no_circles(void **state)
{
	struct file *chain[6], *counter = counter_create(0);

	(void)state;
	for (int i = 0; i < 6; i++)
		chain[i] = watcher_create();
	assert_int_equal(control(chain[0], EPOLL_CTL_ADD, chain[0], 1, EPOLLIN), -EINVAL);
	assert_int_equal(control(chain[0], EPOLL_CTL_ADD, counter, 1, EPOLLIN), 0);
	for (int i = 1; i < 5; i++)
		assert_int_equal(control(chain[i], EPOLL_CTL_ADD, chain[i - 1], 1, EPOLLIN), 0);
	assert_int_equal(control(chain[0], EPOLL_CTL_ADD, chain[3], 1, EPOLLIN), -ELOOP);
	assert_int_equal(control(chain[5], EPOLL_CTL_ADD, chain[4], 1, EPOLLIN), -ELOOP);
	assert_int_equal(collect(chain[4]), 0);
	raise(counter);
	assert_int_equal(collect(chain[4]), 1);
	take(counter);
	assert_int_equal(collect(chain[4]), 0);
	for (int i = 0; i < 6; i++)
		file_put(chain[i]);
	file_put(counter);
}

static void *raise_soon(void *argument)
{
	files_thread_enter();
	sleep_ms(10);
	raise(argument);
	return NULL;
}

static void sleepers_are_woken(void **state)
{
	struct file *epoll = watcher_create(), *counter = counter_create(0);
	struct poll_target targets[] = {
		{ .file = counter, .wanted = POLLIN },
		{ .file = epoll, .wanted = POLLIN },
	};
	pthread_t thread;

	(void)state;
	control(epoll, EPOLL_CTL_ADD, counter, 3, EPOLLIN);
	pthread_create(&thread, NULL, raise_soon, counter);
	assert_int_equal(epoll_collect(epoll, (uptr)found, 10, FOREVER), 1);
	pthread_join(thread, NULL);
	take(counter);
	pthread_create(&thread, NULL, raise_soon, counter);
	assert_in_range(poll_targets(targets, 2, FOREVER), 1, 2);
	pthread_join(thread, NULL);
	take(counter);
	pthread_create(&thread, NULL, raise_soon, counter);
	assert_int_equal(take(counter), 1);
	pthread_join(thread, NULL);
	assert_int_equal(poll_targets(targets, 2, clock_monotonic_ns() + 5000000), 0);
	assert_int_equal(epoll_collect(epoll, (uptr)found, 10, clock_monotonic_ns() + 5000000), 0);
	file_put(counter);
	file_put(epoll);
}

static void timers_expire(void **state)
{
	struct file *timer = timerfd_create(1, O_NONBLOCK);
	struct timerfd_time old, every_ms = { 1000000, 1000000 };

	(void)state;
	assert_int_equal(PTR_ERROR(timerfd_create(99, 0)), -EINVAL);
	assert_int_equal(timerfd_set(timer, 0, &(struct timerfd_time){ 60000000000, 0 }, &old), 0);
	assert_int_equal(old.value_ns, 0);
	assert_int_equal(timerfd_set(timer, 0, &every_ms, &old), 0);
	assert_in_range(old.value_ns, 50000000000, 60000000000);
	sleep_ms(3);
	timers_run(clock_monotonic_ns());
	assert_int_equal(file_poll(timer, NULL), POLLIN | POLLRDNORM);
	assert_in_range(take(timer), 2, 1000);
	assert_int_equal(timerfd_set(timer, 0, &(struct timerfd_time){ 0, 0 }, &old), 0);
	assert_int_equal(old.interval_ns, 1000000);
	sleep_ms(2);
	timers_run(clock_monotonic_ns());
	assert_int_equal(file_poll(timer, NULL), 0);
	file_put(timer);
}

/* Run last. The table of timers stays. */
static void nothing_is_left(void **state)
{
	(void)state;
	assert_in_range(files_heap_objects(), 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eventfd_counts),
		cmocka_unit_test(level_edge_and_oneshot),
		cmocka_unit_test(many_take_turns),
		cmocka_unit_test(nesting_has_no_circles),
		cmocka_unit_test(sleepers_are_woken),
		cmocka_unit_test(timers_expire),
		cmocka_unit_test(nothing_is_left),
	};

	return cmocka_run_group_tests(tests, files_start, NULL);
}
