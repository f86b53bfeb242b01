/* SPDX-License-Identifier: MIT */
/* Quotas of lasting domains: asking, measuring, and domains that take without asking. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boundary/overlay.h"
#include "host/monitor/objects.h"
#include "tests/unit/unit.h"

#define MIB (1024 * 1024ull)

static char folder[] = "/tmp/mezzo-quota-XXXXXX";
static struct objects objects;

static int set_up(void **state)
{
	struct error err;
	int fd;

	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	objects = (struct objects){ .index = -1 };
	objects.overlay = openat(fd, "overlay", O_RDWR | O_CREAT, 0600);
	objects.quota = (struct quota){ .limit = 10 * MIB, .given = UINT64_MAX };
	return own_objects_open(&objects.own, fd, &err) ? -1 : close(fd);
}

static int tear_down(void **state)
{
	char command[80];

	(void)state;
	own_objects_release(&objects.own);
	close(objects.overlay);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* A new object with so many bytes, as a domain makes it that was granted one. */
static uint64_t object_with(uint64_t bytes)
{
	uint64_t id;
	int fd = own_objects_create(&objects.own, &id);

	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, (off_t)bytes), 0);
	close(fd);
	return id;
}

static bool is_found(void)
{
	bool measured;

	objects.quota.looks = 0;
	return quota_is_broken(&objects.quota, &objects, &measured);
}

static void test_who_asks_is_refused(void **state)
{
	(void)state;
	assert_int_equal(quota_take(&objects.quota, &objects, 6 * MIB), 0);
	object_with(6 * MIB);
	assert_int_equal(quota_take(&objects.quota, &objects, 6 * MIB), -EDQUOT);
	assert_int_equal(quota_take(&objects.quota, &objects, 3 * MIB), 0);
	assert_int_equal(quota_take(&objects.quota, &objects, UINT64_MAX), -EDQUOT);
	assert_false(is_found());
}

static void test_what_goes_makes_room(void **state)
{
	uint64_t id;

	(void)state;
	assert_int_equal(quota_take(&objects.quota, &objects, 8 * MIB), 0);
	id = object_with(8 * MIB);
	assert_int_equal(quota_take(&objects.quota, &objects, 8 * MIB), -EDQUOT);
	objects_delete(&objects, id);
	assert_int_equal(quota_take(&objects.quota, &objects, 8 * MIB), 0);
}

static void test_overlay_grows_within_it(void **state)
{
	(void)state;
	assert_int_equal(objects_grow_overlay(&objects, 4 * MIB), 0);
	assert_int_equal(objects_grow_overlay(&objects, 12 * MIB), -EDQUOT);
	assert_int_equal(objects_grow_overlay(&objects, 9 * MIB), 0);
	assert_int_equal(objects.overlay_size, 9 * MIB);
}

static void test_who_takes_without_asking_is_found(void **state)
{
	(void)state;
	object_with(20 * MIB);
	/* Within what file systems put aside. */
	assert_false(is_found());
	object_with(10 * MIB);
	assert_true(is_found());
}

static void test_without_a_limit(void **state)
{
	uint64_t total, left;

	(void)state;
	objects.quota.limit = 0;
	assert_int_equal(quota_take(&objects.quota, &objects, UINT64_MAX), -ENOSPC);
	assert_int_equal(quota_take(&objects.quota, &objects, 40 * MIB), 0);
	object_with(40 * MIB);
	assert_int_equal(quota_tell(&objects.quota, &objects, &total, &left), 0);
	assert_true(total > left && left > 0);
}

static void test_what_is_left(void **state)
{
	uint64_t total, left;

	(void)state;
	object_with(4 * MIB);
	assert_int_equal(quota_tell(&objects.quota, &objects, &total, &left), 0);
	assert_int_equal(total, 10 * MIB);
	assert_true(left <= 6 * MIB && left >= 5 * MIB);
	object_with(10 * MIB);
	assert_int_equal(quota_tell(&objects.quota, &objects, &total, &left), 0);
	assert_int_equal(left, 0);
}

/* Who is refused again and again costs one measuring, until something may have changed. */
static void test_what_was_measured_is_remembered(void **state)
{
	uint64_t id;

	(void)state;
	id = object_with(8 * MIB);
	assert_int_equal(quota_take(&objects.quota, &objects, 4 * MIB), -EDQUOT);
	/* Behind its back. */
	assert_int_equal(own_objects_delete(&objects.own, id), 0);
	assert_int_equal(quota_take(&objects.quota, &objects, 4 * MIB), -EDQUOT);
	quota_may_have_room(&objects.quota);
	assert_int_equal(quota_take(&objects.quota, &objects, 4 * MIB), 0);
}

static void test_what_is_deleted_is_taken_off_the_sum(void **state)
{
	uint64_t ids[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		ids[i] = object_with(MIB);
	assert_int_equal(quota_take(&objects.quota, &objects, 4 * MIB), -EDQUOT);
	for (int i = 0; i < 3; i++)
		objects_delete(&objects, ids[i]);
	assert_int_equal(objects.quota.given, 5 * MIB);
	assert_int_equal(quota_take(&objects.quota, &objects, 4 * MIB), 0);
}

static bool exists(uint64_t id)
{
	int fd = own_objects_get(&objects.own, id, NULL);

	close(fd);
	return fd >= 0;
}

/* Deleted, and held open: by a descriptor, then by a mapping alone. */
static void test_what_is_deleted_and_can_be_written_counts(void **state)
{
	uint64_t id;
	int fd = own_objects_create(&objects.own, &id);
	char *map;

	(void)state;
	assert_int_equal(posix_fallocate(fd, 0, 20 * MIB), 0);
	objects_delete(&objects, id);
	objects_delete(&objects, id);
	assert_int_equal(objects.going_count, 1);
	assert_false(is_found());
	assert_int_equal(ftruncate(fd, 40 * MIB), 0);
	map = mmap(NULL, 40 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	objects_sweep(&objects);
	assert_int_equal(objects.going_count, 1);
	memset(map, 'x', 40 * MIB);
	assert_true(is_found());
	munmap(map, 40 * MIB);
	objects_sweep(&objects);
	assert_int_equal(objects.going_count, 0);
	assert_false(exists(id));
	assert_false(is_found());
}

static int allocate(uint64_t id, uint64_t offset, uint64_t size, uint32_t mode)
{
	struct object_space space = { .id = id, .offset = offset, .size = size, .mode = mode };

	return objects_allocate(&objects, &space);
}

static void test_space_is_given_within_it(void **state)
{
	uint64_t id = object_with(6 * MIB);

	(void)state;
	assert_int_equal(allocate(id, 0, 11 * MIB, 0), -EDQUOT);
	assert_int_equal(allocate(id, 6 * MIB, 8 * MIB, FALLOC_FL_KEEP_SIZE), -EDQUOT);
	assert_int_equal(allocate(id, 6 * MIB, 2 * MIB, FALLOC_FL_KEEP_SIZE), 0);
	assert_int_equal(own_objects_usage(&objects.own), 8 * MIB);
	assert_int_equal(allocate(OVERLAY_OWN_OBJECT + 77, 0, MIB, 0), -ENOENT);
}

/* What has its disk is not counted twice. */
static void test_space_that_is_there(void **state)
{
	static char bytes[6 * MIB];
	uint64_t id;
	int fd = own_objects_create(&objects.own, &id);

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	close(fd);
	assert_int_equal(allocate(id, 0, 9 * MIB, 0), 0);
}

static void test_the_reserve_of_the_disk(void **state)
{
	uint64_t total, left, id = object_with(MIB);

	(void)state;
	objects.quota = (struct quota){ .reserve = 1ull << 60 };
	assert_int_equal(quota_take(&objects.quota, &objects, 1), -ENOSPC);
	assert_int_equal(allocate(id, MIB, MIB, 0), -ENOSPC);
	assert_int_equal(objects_grow_overlay(&objects, 1 << 20), -ENOSPC);
	assert_int_equal(quota_tell(&objects.quota, &objects, &total, &left), 0);
	assert_int_equal(left, 0);
}

static void test_the_reserve_that_is_set(void **state)
{
	struct error err;
	struct quota quota;

	(void)state;
	assert_int_equal(quota_init(&quota, 0, objects.overlay, &err), 0);
	assert_true(quota.reserve > 0 && quota.reserve <= 1 << 30);
	setenv("MEZZO_DISK_RESERVE", "0", 1);
	assert_int_equal(quota_init(&quota, 0, objects.overlay, &err), 0);
	assert_int_equal(quota.reserve, 0);
	setenv("MEZZO_DISK_RESERVE", "5M", 1);
	assert_int_equal(quota_init(&quota, 0, objects.overlay, &err), 0);
	assert_int_equal(quota.reserve, 5 * MIB);
	setenv("MEZZO_DISK_RESERVE", "much", 1);
	assert_true(quota_init(&quota, 0, objects.overlay, &err) < 0);
	unsetenv("MEZZO_DISK_RESERVE");
}

static void test_more_is_given_than_is_asked_for(void **state)
{
	uint64_t more;
	int error;

	(void)state;
	assert_int_equal(quota_lend(&objects.quota, &objects, 4096, &more), 0);
	assert_true(more >= MIB / 2 && more < 10 * MIB);
	/* To the last of it, where all that is given is used. */
	do {
		objects.quota.is_measured = true;
		error = quota_lend(&objects.quota, &objects, 4096, &more);
		assert_true(objects.quota.given <= 10 * MIB);
	} while (!error);
	assert_int_equal(error, -EDQUOT);
}

/* What was lent counts until it was told of, also where all is measured; then what is used does. */
static void test_what_is_lent_counts(void **state)
{
	uint64_t more;

	(void)state;
	assert_int_equal(quota_lend(&objects.quota, &objects, 6 * MIB, &more), 0);
	assert_int_equal(quota_take(&objects.quota, &objects, 4 * MIB), -EDQUOT);
	object_with(6 * MIB);
	quota_settle(&objects.quota, 6 * MIB);
	assert_int_equal(quota_take(&objects.quota, &objects, 4 * MIB - more / 2), -EDQUOT);
	quota_settle(&objects.quota, more);
	assert_int_equal(quota_take(&objects.quota, &objects, 4 * MIB - 64 * 1024), 0);
	/* More than was lent is nothing. */
	quota_settle(&objects.quota, UINT64_MAX);
	assert_int_equal(quota_take(&objects.quota, &objects, 5 * MIB), -EDQUOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_asks_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_goes_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_lent_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overlay_grows_within_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_who_takes_without_asking_is_found, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_without_a_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_was_measured_is_remembered,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_deleted_is_taken_off_the_sum,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_deleted_and_can_be_written_counts,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_space_is_given_within_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_space_that_is_there,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_reserve_of_the_disk,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_reserve_that_is_set,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_more_is_given_than_is_asked_for,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
