/* SPDX-License-Identifier: MIT */
/*
 * A disk that is full: whoever meets it hears -ENOSPC, nothing that was committed is lost, and all
 * goes on once there is space. The disk is a small tmpfs in a mount namespace of the test's own;
 * without that the tests are skipped.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "tests/unit/store/play.h"

static struct store *store;

static int mount_disk(void **state)
{
	bool *mounted = calloc(1, sizeof(*mounted));

	*state = mounted;
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 0;
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	*mounted = !mount("tmpfs", play_directory(), "tmpfs", 0, "size=16m");
	return 0;
}

static int unmount_disk(void **state)
{
	if (*(bool *)*state)
		umount2(play_directory(), MNT_DETACH);
	free(*state);
	play_remove_directory();
	return 0;
}

static uint64_t free_bytes(void)
{
	struct statvfs status;

	assert_int_equal(statvfs(play_directory(), &status), 0);
	return (uint64_t)status.f_bfree * status.f_frsize;
}

/* Takes all space but so many bytes. */
static void fill(uint64_t rest)
{
	int fd = open(play_path("filler"), O_RDWR | O_CREAT, 0600);
	uint64_t space = free_bytes();

	if (space > rest)
		assert_int_equal(posix_fallocate(fd, 0, (off_t)(space - rest)), 0);
	close(fd);
}

static void make_space(void)
{
	unlink(play_path("filler"));
}

static uint64_t committed(void)
{
	uint64_t number = 0;

	must(record_get(store, RECORD_IMAGE, "number", &number, sizeof(number), &play_error));
	return number;
}

/* A transaction with two objects and rows enough for several pages. 0 or what failed. */
static int write_number(uint64_t number)
{
	static char bytes[6000];
	char name[250];
	object_id id;
	int error;

	must(store_begin(store, &play_error));
	must(record_put(store, RECORD_IMAGE, "number", &number, sizeof(number), false,
			&play_error));
	error = object_create(store, &id, &play_error);
	memcpy(bytes, &number, sizeof(number));
	if (!error)
		error = (int)object_write(store, id, bytes, sizeof(bytes), 0, &play_error);
	if (error >= 0)
		error = object_seal(store, id, &id, &play_error);
	if (!error)
		error = mapping_set(store, 1, number, id, &play_error);
	for (int i = 0; i < 60 && !error; i++) {
		snprintf(name, sizeof(name), "%0200lu", number * 1000 + (uint64_t)i);
		error = record_put(store, RECORD_VOLUME, name, name, 200, false, &play_error);
	}
	if (!error)
		return store_commit(store, &play_error);
	store_abort(store);
	return error;
}

/* Objects go, records stay: else the next transactions would find free pages in the tables. */
static void forget_objects(uint64_t number)
{
	must(store_begin(store, &play_error));
	for (uint64_t local = number < 2 ? 0 : number - 2; local <= number; local++)
		must(mapping_set(store, 1, local, 0, &play_error));
	must(store_commit(store, &play_error));
}

static void expect_sound(void)
{
	unsigned found;

	play_check(play_path("store"), false, &found);
	if (found)
		fail_msg("%s", play_findings);
}

static void test_full(void **state)
{
	uint64_t number = 0;
	mapping_id mapping;
	unsigned failed = 0;

	if (!*(bool *)*state)
		skip();
	must(store_open_disk(play_path("store"), STORE_CREATE, &store, &play_error));
	must(store_begin(store, &play_error));
	must(mapping_create(store, 0, &mapping, &play_error));
	must(store_commit(store, &play_error));
	must(write_number(number));
	/* So the disk becomes full at each of the places where something is written. */
	for (uint64_t rest = 0; rest < 150000; rest += 4096) {
		int error;

		fill(rest);
		error = write_number(number + 1);
		if (error && error != -ENOSPC)
			fail_msg("%lu bytes left: %d, %s", rest, error, play_error.text);
		failed += error != 0;
		number += error == 0;
		assert_int_equal(committed(), number);
		make_space();
		expect_sound();
		must(write_number(++number));
		forget_objects(number);
	}
	print_message("# %u transactions failed\n", failed);
	assert_true(failed > 5);
	store_close(store);
	expect_sound();
}

/* One mapping with many objects, in tables that have no free pages. */
static mapping_id make_many(void)
{
	mapping_id mapping;
	char text[16];

	must(store_begin(store, &play_error));
	must(mapping_create(store, 0, &mapping, &play_error));
	for (uint64_t i = 1; i <= 1500; i++) {
		snprintf(text, sizeof(text), "%lu", i);
		must(mapping_set(store, mapping, i, play_sealed(store, text), &play_error));
	}
	must(store_commit(store, &play_error));
	return mapping;
}

static int delete_mapping(mapping_id mapping, bool use_reserve)
{
	must(store_begin(store, &play_error));
	if (use_reserve)
		must(store_use_reserve(store, &play_error));
	must(mapping_delete(store, mapping, &play_error));
	return store_commit(store, &play_error);
}

/* Where nothing can be written any more, something can still be deleted. */
static void test_deletion(void **state)
{
	struct store_totals totals;
	struct stat status;
	mapping_id mapping;

	if (!*(bool *)*state)
		skip();
	must(store_open_disk(play_path("store"), STORE_CREATE, &store, &play_error));
	assert_int_equal(store_use_reserve(store, &play_error), -EINVAL);
	mapping = make_many();
	fill(0);
	assert_int_equal(delete_mapping(mapping, false), -ENOSPC);
	must(mapping_pin(store, mapping, &play_error));
	mapping_unpin(store, mapping);
	must(delete_mapping(mapping, true));
	must(store_totals(store, &totals, &play_error));
	assert_int_equal(totals.objects, 0);
	expect_sound();
	/* What the objects had is room for the next reserve. */
	must(stat(play_path("store/reserve"), &status));
	assert_true(status.st_blocks >= 2048);

	/* A doomed mapping goes at the begin of whatever transaction, out of the reserve too. */
	make_space();
	mapping = make_many();
	must(mapping_pin(store, mapping, &play_error));
	must(delete_mapping(mapping, true));
	mapping_unpin(store, mapping);
	fill(0);
	must(store_begin(store, &play_error));
	must(store_commit(store, &play_error));
	must(store_totals(store, &totals, &play_error));
	assert_int_equal(totals.objects, 0);
	store_close(store);
	make_space();
	expect_sound();
}

/* Where there is no space for a store, none is begun that could not be finished later. */
static void test_creation(void **state)
{
	int error = -ENOSPC;
	unsigned failed = 0;

	if (!*(bool *)*state)
		skip();
	for (uint64_t rest = 0; error; rest += 4096) {
		fill(rest);
		error = store_open_disk(play_path("store"), STORE_CREATE, &store, &play_error);
		if (error)
			assert_int_equal(error, -ENOSPC);
		failed += error != 0;
		make_space();
	}
	assert_true(failed > 0);
	store_close(store);
	expect_sound();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_full, mount_disk, unmount_disk),
		cmocka_unit_test_setup_teardown(test_deletion, mount_disk, unmount_disk),
		cmocka_unit_test_setup_teardown(test_creation, mount_disk, unmount_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
