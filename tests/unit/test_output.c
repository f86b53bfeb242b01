/* SPDX-License-Identifier: MIT */
/* The output of domains as a ring of files: bounded, read across its turns, whole after a crash. */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/domain/log.h"
#include "host/monitor/output.h"
#include "tests/unit/unit.h"

static char path[] = "/tmp/mezzo-output-XXXXXX";
static int folder;
static struct error err;

static int set_up(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	if (!mkdtemp(path))
		return -1;
	folder = open(path, O_RDONLY | O_DIRECTORY);
	return folder < 0;
}

static int tear_down(void **state)
{
	char command[80];

	(void)state;
	close(folder);
	snprintf(command, sizeof(command), "rm -rf %s", path);
	return system(command);
}

static void put_numbers(struct output *output, int from, int to)
{
	char line[32];

	for (int i = from; i < to; i++) {
		int size = snprintf(line, sizeof(line), "line %d\n", i);

		assert_int_equal(output_write(output, "stdout", line, (size_t)size), size);
	}
}

/* The next entry's number; -1: there is none. */
static int next_number(struct log_reader *log)
{
	struct log_entry entry;
	int result = log_next(log, &entry);

	assert_true(result >= 0);
	if (!result)
		return -1;
	assert_non_null(entry.time);
	return atoi(entry.text + strlen("line "));
}

/* Reads to the end: each number after the one before. How many. */
static int expect_rising(struct log_reader *log, int last)
{
	int number, count = 0;

	while ((number = next_number(log)) >= 0) {
		count++;
		if (count > 1)
			assert_int_equal(number, last + 1);
		last = number;
	}
	return count;
}

static off_t size_of(const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, 0) ? 0 : status.st_size;
}

static void test_it_is_bounded(void **state)
{
	struct output output;
	struct log_reader log;
	int count;

	(void)state;
	assert_int_equal(output_open(&output, folder, 8192, &err), 0);
	put_numbers(&output, 0, 10000);
	assert_true(size_of("output") + size_of("output.old") <= 8192);
	assert_true(size_of("output") + size_of("output.old") > 4096);
	assert_int_equal(log_open(&log, folder, &err), 0);
	count = expect_rising(&log, 0);
	assert_true(count >= 4096 / 64);
	log_close(&log);
	output_close(&output);
	/* What was there counts at the next start. */
	assert_int_equal(output_open(&output, folder, 8192, &err), 0);
	put_numbers(&output, 10000, 10100);
	assert_true(size_of("output") + size_of("output.old") <= 8192);
	output_close(&output);
}

static char shared[300];
static bool flipping;

/* What a domain does to its ring while it is written out. */
static void *flip(void *argument)
{
	static const char forged[] = "\n1999-01-01T00:00:00.000000000Z stderr F forged";

	while (__atomic_load_n(&flipping, __ATOMIC_SEQ_CST)) {
		memcpy(shared + 100, forged, sizeof(forged) - 1);
		for (volatile int i = 0; i < 300; i++)
			;
		memset(shared + 100, 'x', sizeof(forged) - 1);
		for (volatile int i = 0; i < 300; i++)
			;
	}
	return argument;
}

static void test_lines_that_change_forge_nothing(void **state)
{
	struct log_entry entry;
	struct output output;
	struct log_reader log;
	pthread_t flipper;
	int result, count = 0;

	(void)state;
	flipping = true;
	memset(shared, 'x', sizeof(shared));
	assert_int_equal(output_open(&output, folder, 64 << 20, &err), 0);
	assert_int_equal(pthread_create(&flipper, NULL, flip, NULL), 0);
	for (int i = 0; i < 50000; i++)
		assert_true(output_write(&output, "stdout", shared, sizeof(shared)) > 0);
	__atomic_store_n(&flipping, false, __ATOMIC_SEQ_CST);
	pthread_join(flipper, NULL);
	assert_int_equal(log_open(&log, folder, &err), 0);
	while ((result = log_next(&log, &entry)) > 0) {
		assert_non_null(entry.time);
		assert_false(entry.is_error);
		count++;
	}
	assert_int_equal(result, 0);
	assert_true(count >= 50000);
	log_close(&log);
	output_close(&output);
}

static void test_long_lines_are_whole(void **state)
{
	static char line[100000], got[sizeof(line)];
	size_t used = 0, size = 0;
	struct log_entry entry;
	struct output output;
	struct log_reader log;

	(void)state;
	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = (char)('a' + i % 26);
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(output_open(&output, folder, 4 << 20, &err), 0);
	while (used < sizeof(line)) {
		ssize_t done = output_write(&output, "stdout", line + used, sizeof(line) - used);

		assert_true(done > 0);
		used += (size_t)done;
	}
	assert_int_equal(log_open(&log, folder, &err), 0);
	while (log_next(&log, &entry) > 0) {
		assert_true(size + entry.size < sizeof(got));
		memcpy(got + size, entry.text, entry.size);
		size += entry.size;
		if (!entry.is_partial)
			got[size++] = '\n';
	}
	assert_int_equal(size, sizeof(line));
	assert_memory_equal(got, line, sizeof(line));
	log_close(&log);
	output_close(&output);
}

static void test_who_follows_misses_nothing(void **state)
{
	struct output output;
	struct log_reader log;

	(void)state;
	assert_int_equal(output_open(&output, folder, 8192, &err), 0);
	assert_int_equal(log_open(&log, folder, &err), 0);
	/* Often within a file, and sometimes just over its end; at most one turn is missed. */
	for (int i = 0; i < 2000; i += 50) {
		put_numbers(&output, i, i + 50);
		assert_int_equal(expect_rising(&log, i - 1), 50);
	}
	assert_int_equal(next_number(&log), -1);
	log_close(&log);
	output_close(&output);
}

static void test_who_is_slow_reads_what_he_has(void **state)
{
	struct output output;
	struct log_reader log;
	int number, last = -1;

	(void)state;
	assert_int_equal(output_open(&output, folder, 8192, &err), 0);
	put_numbers(&output, 0, 150);
	assert_int_equal(log_open(&log, folder, &err), 0);
	assert_int_equal(next_number(&log), 0);
	put_numbers(&output, 150, 5000);
	/* Nothing comes twice, nor in another order; the last ones come. */
	for (number = 0; number >= 0; number = next_number(&log)) {
		assert_true(number > last);
		last = number;
	}
	assert_int_equal(last, 4999);
	log_close(&log);
	output_close(&output);
}

static void test_it_is_read_twice(void **state)
{
	struct output output;
	struct log_reader log;
	int count;

	(void)state;
	assert_int_equal(output_open(&output, folder, 8192, &err), 0);
	put_numbers(&output, 0, 150);
	assert_int_equal(log_open(&log, folder, &err), 0);
	log.stays = true;
	count = expect_rising(&log, 0);
	put_numbers(&output, 150, 1000);
	assert_int_equal(log_rewind(&log), 0);
	/* The files are the same; there may be more in them. */
	assert_true(expect_rising(&log, 0) >= count);
	log.stays = false;
	for (int last = -1, number; (number = next_number(&log)) >= 0; last = number)
		assert_true(number > last);
	assert_int_equal(log_skip(&log), 0);
	put_numbers(&output, 1000, 1001);
	assert_int_equal(next_number(&log), 1000);
	log_close(&log);
	output_close(&output);
}

/* After each step of a turn: what is there is read once, and the next turn goes well. */
static void test_a_turn_that_was_broken_off(void **state)
{
	(void)state;
	for (int steps = 1; steps <= 3; steps++) {
		struct output output;
		struct log_reader log;
		int fd;

		assert_int_equal(output_open(&output, folder, 8192, &err), 0);
		put_numbers(&output, 0, 150);
		output_close(&output);
		unlinkat(folder, "output.old", 0);
		if (steps > 1)
			assert_int_equal(linkat(folder, "output", folder, "output.old", 0), 0);
		fd = steps < 3 ? -1 : openat(folder, "output.new", O_WRONLY | O_CREAT, 0600);
		if (fd >= 0)
			assert_int_equal(write(fd, "x", 1) | close(fd), 1);
		assert_int_equal(log_open(&log, folder, &err), 0);
		assert_true(expect_rising(&log, 0) > 0);
		log_close(&log);
		assert_int_equal(output_open(&output, folder, 8192, &err), 0);
		put_numbers(&output, 0, 300);
		assert_int_equal(log_open(&log, folder, &err), 0);
		assert_true(expect_rising(&log, 0) > 4096 / 64);
		log_close(&log);
		output_close(&output);
		assert_int_equal(unlinkat(folder, "output", 0), 0);
	}
}

/* A power failure may cut an entry off: it does not run into the next file's first one. */
static void test_an_entry_that_was_cut_off(void **state)
{
	struct log_reader log;
	struct log_entry entry;
	int old = openat(folder, "output.old", O_WRONLY | O_CREAT, 0600);
	struct output output;

	(void)state;
	assert_int_equal(write(old, "2026-01", 7), 7);
	close(old);
	assert_int_equal(output_open(&output, folder, 8192, &err), 0);
	put_numbers(&output, 7, 8);
	assert_int_equal(log_open(&log, folder, &err), 0);
	assert_int_equal(log_next(&log, &entry), 1);
	assert_null(entry.time);
	assert_int_equal(entry.size, 7);
	assert_int_equal(next_number(&log), 7);
	assert_int_equal(next_number(&log), -1);
	log_close(&log);
	output_close(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_it_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines_that_change_forge_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_long_lines_are_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_who_follows_misses_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_who_is_slow_reads_what_he_has, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_it_is_read_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_turn_that_was_broken_off, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_an_entry_that_was_cut_off, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
