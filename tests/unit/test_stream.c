/* SPDX-License-Identifier: MIT */
/* Rings and the monitor's side of streams, with the test as the domain. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/monitor/futex.h"
#include "host/monitor/stream.h"
#include "tests/unit/unit.h"

static struct channel *channel;
static int trouble_fd, in[2], out[2];
static struct streams *streams;

/* Of the first console, with their data. */
static struct ring *rings;
static char (*data)[RING_SIZE];

static int set_up(void **state)
{
	struct error err;
	int fds[STREAM_COUNT];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	channel = mmap(NULL, sizeof(*channel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	trouble_fd = eventfd(0, 0);
	if (channel == MAP_FAILED || trouble_fd < 0 || pipe(in) || pipe(out))
		return -1;
	rings = channel->consoles[CONSOLE_FIRST].streams;
	data = channel->stream_data[CONSOLE_FIRST];
	fds[STREAM_IN] = in[0];
	fds[STREAM_OUT] = out[1];
	fds[STREAM_ERR] = -1;
	streams = streams_start(channel, fds, open("/dev/full", O_WRONLY), NULL, false, trouble_fd,
				&err);
	return !streams;
}

static int tear_down(void **state)
{
	(void)state;
	if (streams)
		streams_finish(streams);
	/* The channel stays: a reader that waits for room still has it, see streams_finish(). */
	close(trouble_fd);
	for (int i = 0; i < 2; i++) {
		if (in[i] >= 0)
			close(in[i]);
		if (out[i] >= 0)
			close(out[i]);
	}
	return 0;
}

static void ring_put(struct ring *ring, char *bytes, const char *from, uint32_t size)
{
	uint32_t head = ring->head;

	for (uint32_t i = 0; i < size; i++)
		bytes[(head + i) & (RING_SIZE - 1)] = from[i];
	__atomic_store_n(&ring->head, head + size, __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->head);
}

static void wait_until(const uint32_t *word, uint32_t value)
{
	for (int i = 0; i < 5000 && __atomic_load_n(word, __ATOMIC_SEQ_CST) != value; i++)
		usleep(1000);
	assert_int_equal(*word, value);
}

static void test_counters(void **state)
{
	(void)state;
	assert_int_equal(ring_used(0, 0), 0);
	assert_int_equal(ring_used(RING_SIZE, 0), RING_SIZE);
	assert_int_equal(ring_used(5, 0xfffffffb), 10);
	assert_int_equal(ring_used(RING_SIZE + 1, 0), -1);
	assert_int_equal(ring_used(0, 1), -1);
	assert_int_equal(ring_used(0x80000000, 0), -1);
}

static void test_small_output(void **state)
{
	struct ring *ring = &rings[STREAM_OUT];
	char text[16] = "";

	(void)state;
	ring_put(ring, data[STREAM_OUT], "hello", 5);
	assert_int_equal(read(out[0], text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	wait_until(&ring->tail, 5);
}

static void test_big_output_does_not_stop_others(void **state)
{
	char *big = malloc(RING_SIZE), *got = malloc(RING_SIZE);
	size_t size = 0;

	(void)state;
	for (size_t i = 0; i < RING_SIZE; i++)
		big[i] = (char)(i * 7 + i / 4096);
	ring_put(&rings[STREAM_OUT], data[STREAM_OUT], big, RING_SIZE);
	/* The pipe is full and nobody reads yet: stderr, which is absent, is still taken. */
	ring_put(&rings[STREAM_ERR], data[STREAM_ERR], "x", 1);
	wait_until(&rings[STREAM_ERR].tail, 1);
	assert_int_equal(rings[STREAM_ERR].consumer_closed, 1);
	while (size < RING_SIZE) {
		ssize_t done = read(out[0], got + size, RING_SIZE - size);

		assert_true(done > 0);
		size += (size_t)done;
	}
	assert_memory_equal(big, got, RING_SIZE);
	wait_until(&rings[STREAM_OUT].tail, RING_SIZE);
	free(big);
	free(got);
}

static void test_finish_writes_all(void **state)
{
	char text[16] = "";

	(void)state;
	memcpy(data[STREAM_OUT], "last words", 10);
	rings[STREAM_OUT].head = 10;
	streams_finish(streams);
	streams = NULL;
	assert_int_equal(read(out[0], text, sizeof(text)), 10);
	assert_string_equal(text, "last words");
}

static void test_reader_gone(void **state)
{
	(void)state;
	close(out[0]);
	out[0] = -1;
	ring_put(&rings[STREAM_OUT], data[STREAM_OUT], "x", 1);
	wait_until(&rings[STREAM_OUT].consumer_closed, 1);
	assert_int_not_equal(channel->events & EVENT_STREAMS, 0);
}

static void test_full_disk(void **state)
{
	struct ring *ring = &channel->log;

	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		ring_put(ring, channel->log_data, "x", 1);
		wait_until(&ring->tail, i);
		assert_int_equal(ring->errors, i);
		assert_int_equal(ring->error, ENOSPC);
		assert_int_equal(ring->consumer_closed, 0);
	}
	assert_int_not_equal(channel->events & EVENT_STREAMS, 0);
	assert_false(streams_finish(streams));
	streams = NULL;
}

static void test_input_on_demand(void **state)
{
	struct ring *ring = &rings[STREAM_IN];

	(void)state;
	assert_int_equal(write(in[1], "abc", 3), 3);
	usleep(20000);
	assert_int_equal(ring->head, 0);
	__atomic_store_n(&ring->consumer_waits, 1, __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->consumer_waits);
	wait_until(&ring->head, 3);
	assert_memory_equal(data[STREAM_IN], "abc", 3);
	/* What came is not taken yet: no more is read. */
	assert_int_equal(write(in[1], "def", 3), 3);
	usleep(20000);
	assert_int_equal(ring->head, 3);
	__atomic_store_n(&ring->tail, 3, __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->tail);
	wait_until(&ring->head, 6);
	__atomic_store_n(&ring->tail, 6, __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->tail);
	close(in[1]);
	in[1] = -1;
	wait_until(&ring->producer_closed, 1);
}

static void test_input_is_left_to_others(void **state)
{
	struct ring *ring = &rings[STREAM_IN];
	char text[20000] = "";

	(void)state;
	assert_int_equal(write(in[1], text, sizeof(text)), sizeof(text));
	__atomic_store_n(&ring->consumer_waits, 10000, __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->consumer_waits);
	wait_until(&ring->head, 10000);
	/* Who wants less than a page gets one. */
	__atomic_store_n(&ring->consumer_waits, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&ring->tail, 10000, __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->tail);
	wait_until(&ring->head, 10000 + 4096);
	assert_int_equal(read(in[0], text, sizeof(text)), 20000 - 10000 - 4096);
}

/* A domain that wakes nobody, and one whose output nobody takes, are not waited for. */
static void test_settling(void **state)
{
	struct pollfd settled = { .events = POLLIN };
	char text[8] = "";

	(void)state;
	/* The watcher sleeps by now, most likely. */
	usleep(10000);
	memcpy(data[STREAM_OUT], "hello", 5);
	__atomic_store_n(&rings[STREAM_OUT].head, 5, __ATOMIC_SEQ_CST);
	settled.fd = streams_settle(streams);
	while (!streams_are_settled(streams))
		assert_int_equal(poll(&settled, 1, 5000), 1);
	assert_int_equal(read(out[0], text, sizeof(text)), 5);
	/* Nothing is there: that is told, too. */
	streams_settle(streams);
	while (!streams_are_settled(streams))
		assert_int_equal(poll(&settled, 1, 5000), 1);
	__atomic_store_n(&rings[STREAM_OUT].head, 5 + RING_SIZE, __ATOMIC_SEQ_CST);
	streams_settle(streams);
	while (poll(&settled, 1, 200) == 1)
		assert_false(streams_are_settled(streams));
	assert_false(streams_are_settled(streams));
	close(out[0]);
	out[0] = -1;
	while (!streams_are_settled(streams))
		assert_int_equal(poll(&settled, 1, 5000), 1);
}

static void test_impossible_counters(void **state)
{
	struct pollfd poll_fd = { .fd = trouble_fd, .events = POLLIN };

	(void)state;
	rings[STREAM_OUT].head = RING_SIZE + 1;
	futex_wake_all(&rings[STREAM_OUT].head);
	assert_int_equal(poll(&poll_fd, 1, 5000), 1);
}

static void test_own_counter_is_kept(void **state)
{
	struct ring *ring = &rings[STREAM_OUT];
	char text[16] = "";

	(void)state;
	ring_put(ring, data[STREAM_OUT], "12345", 5);
	assert_int_equal(read(out[0], text, sizeof(text)), 5);
	wait_until(&ring->tail, 5);
	/* A domain that writes over the monitor's counter only fools itself. */
	ring->tail = 0;
	ring_put(ring, data[STREAM_OUT], "678", 3);
	memset(text, 0, sizeof(text));
	assert_int_equal(read(out[0], text, sizeof(text)), 3);
	assert_string_equal(text, "678");
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters),
		test(test_small_output),
		test(test_big_output_does_not_stop_others),
		test(test_finish_writes_all),
		test(test_reader_gone),
		test(test_full_disk),
		test(test_input_on_demand),
		test(test_input_is_left_to_others),
		test(test_settling), test(test_impossible_counters),
		test(test_own_counter_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
