/* SPDX-License-Identifier: MIT */
/* Quotas of lasting domains: asking, measuring, and domains that take without asking. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	assert_int_equal(quota_take(&objects.quota, &objects, 6 * MIB, NULL), 0);
	object_with(6 * MIB);
	assert_int_equal(quota_take(&objects.quota, &objects, 6 * MIB, NULL), -EDQUOT);
	assert_int_equal(quota_take(&objects.quota, &objects, 3 * MIB, NULL), 0);
	assert_int_equal(quota_take(&objects.quota, &objects, UINT64_MAX, NULL), -EDQUOT);
	assert_false(is_found());
}

static void test_what_goes_makes_room(void **state)
{
	uint64_t id;

	(void)state;
	assert_int_equal(quota_take(&objects.quota, &objects, 8 * MIB, NULL), 0);
	id = object_with(8 * MIB);
	assert_int_equal(quota_take(&objects.quota, &objects, 8 * MIB, NULL), -EDQUOT);
	assert_int_equal(own_objects_delete(&objects.own, id), 0);
	assert_int_equal(quota_take(&objects.quota, &objects, 8 * MIB, NULL), 0);
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
	assert_int_equal(quota_take(&objects.quota, &objects, UINT64_MAX, NULL), 0);
	object_with(40 * MIB);
	assert_false(is_found());
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_asks_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_goes_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overlay_grows_within_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_who_takes_without_asking_is_found, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_without_a_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_left, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
