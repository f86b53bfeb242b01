/* SPDX-License-Identifier: MIT */
/*
 * LMDB's file read without LMDB: it passes after each of many transactions, every row is read, and
 * a bit that turns anywhere is found, changes nothing, or only what a row says.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/store/backend.h"
#include "host/store/pages.h"
#include "tests/unit/store/play.h"

static char finding[PAGES_FINDING_SIZE];
static uint64_t rows, sum;

static int count_row(const void *key, size_t key_size, const void *value, size_t size, void *data)
{
	const uint8_t *bytes = key, *more = value;

	(void)data;
	rows++;
	for (size_t i = 0; i < key_size; i++)
		sum = sum * 31 + bytes[i];
	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + more[i];
	return 0;
}

static int tables_open_file(int flags)
{
	int fd = open(play_path("store/tables/data.mdb"), flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int look(void)
{
	int result, fd = tables_open_file(O_RDONLY);

	rows = sum = 0;
	finding[0] = '\0';
	result = pages_check(fd, count_row, NULL, finding, &play_error);
	close(fd);
	return result;
}

static void put(struct store *store, unsigned number, size_t size)
{
	static char value[RECORD_VALUE_MAX];
	char name[32];

	snprintf(name, sizeof(name), "record-%05u", number * 7919 % 10007);
	memset(value, (int)number, size);
	must(record_put(store, RECORD_VOLUME, name, value, size, false, &play_error));
}

/* Many rows, long values, and many that go again: branches, overflow pages, lists of free pages. */
static int make_store(void **state)
{
	struct store *store;

	(void)state;
	must(store_open_disk(play_path("store"), STORE_CREATE, &store, &play_error));
	for (unsigned turn = 0; turn < 30; turn++) {
		must(store_begin(store, &play_error));
		for (unsigned i = 0; i < 40; i++)
			put(store, turn * 40 + i, i % 13 ? i * 3 : 9000 + turn);
		for (unsigned i = 0; turn > 2 && i < 30; i++) {
			char name[32];

			snprintf(name, sizeof(name), "record-%05u",
				 ((turn - 2) * 40 + i) * 7919 % 10007);
			must(record_delete(store, RECORD_VOLUME, name, &play_error));
		}
		must(store_commit(store, &play_error));
		if (look())
			fail_msg("after transaction %u: %s", turn, finding);
	}
	store_close(store);
	return 0;
}

static int remove_store(void **state)
{
	(void)state;
	play_remove_directory();
	return 0;
}

static void test_rows(void **state)
{
	(void)state;
	assert_int_equal(look(), 0);
	assert_int_equal(rows, 30 * 40 - 27 * 30);
}

/* A long value that becomes shorter in its transaction keeps its pages, of which more are free. */
static void test_put_twice(void **state)
{
	struct store *store;

	(void)state;
	must(store_open_disk(play_path("store"), 0, &store, &play_error));
	for (unsigned turn = 0; turn < 8; turn++) {
		must(store_begin(store, &play_error));
		for (unsigned i = 0; i < 20; i++) {
			put(store, 5000 + i, 30000 + turn * 1000);
			put(store, 5000 + i, 9000 + 100 * turn);
			if (i % 3 == turn % 3)
				put(store, 5000 + i, 3000);
		}
		must(store_commit(store, &play_error));
		if (look())
			fail_msg("after transaction %u: %s", turn, finding);
	}
	store_close(store);
}

/* Reads what LMDB reads; -EUCLEAN is as good, a signal is not. */
static void read_all(void)
{
	struct store *store;
	char value[16];

	if (store_open_disk(play_path("store"), 0, &store, &play_error))
		return;
	for (unsigned i = 0; i < 1200; i += 37) {
		char name[32];

		snprintf(name, sizeof(name), "record-%05u", i * 7919 % 10007);
		record_get(store, RECORD_VOLUME, name, value, sizeof(value), &play_error);
	}
	if (!store_begin(store, &play_error))
		store_abort(store);
	store_close(store);
}

static void turn_bit(int fd, off_t byte, unsigned bit)
{
	uint8_t value;

	assert_int_equal(pread(fd, &value, 1, byte), 1);
	value ^= (uint8_t)(1u << bit);
	assert_int_equal(pwrite(fd, &value, 1, byte), 1);
}

static void test_bits(void **state)
{
	int fd = tables_open_file(O_RDWR);
	unsigned found = 0, tried = 0;
	uint64_t good, good_rows;
	struct stat status;

	(void)state;
	assert_int_equal(look(), 0);
	good = sum;
	good_rows = rows;
	assert_int_equal(fstat(fd, &status), 0);
	for (off_t byte = 0; byte < status.st_size; byte += byte % 4096 < 64 ? 3 : 331) {
		unsigned bit = (unsigned)byte % 8;
		int result;

		turn_bit(fd, byte, bit);
		result = look();
		assert_true(result >= 0);
		if (!result)
			assert_int_equal(rows, good_rows);
		found += result || sum != good;
		tried++;
		read_all();
		turn_bit(fd, byte, bit);
	}
	close(fd);
	assert_int_equal(look(), 0);
	assert_int_equal(sum, good);
	/* The others are in free pages, and where pages have room. */
	assert_true(found > tried / 4);
}

static void test_cut(void **state)
{
	int fd = tables_open_file(O_RDWR);
	struct stat status;

	(void)state;
	assert_int_equal(fstat(fd, &status), 0);
	for (off_t size = status.st_size - 4096; size >= 0; size -= 3 * 4096 + 512) {
		assert_int_equal(ftruncate(fd, size), 0);
		if (size < status.st_size / 2)
			assert_int_equal(look(), 1);
		read_all();
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, make_store, remove_store),
		cmocka_unit_test_setup_teardown(test_put_twice, make_store, remove_store),
		cmocka_unit_test_setup_teardown(test_bits, make_store, remove_store),
		cmocka_unit_test_setup_teardown(test_cut, make_store, remove_store),
	};

	play_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
