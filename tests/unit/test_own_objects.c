/* SPDX-License-Identifier: MIT */
/* Objects of a lasting domain's own: as files of their own, and as one with others. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/domain/own_objects.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/mezzo-objects-XXXXXX";
static int folder_fd;
static struct own_objects own;

static int set_up(void **state)
{
	struct error err;

	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	return own_objects_open(&own, folder_fd, &err);
}

static int tear_down(void **state)
{
	char command[80];

	(void)state;
	own_objects_release(&own);
	close(folder_fd);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static uint64_t object_with(const char *text)
{
	uint64_t id;
	int fd = own_objects_create(&own, &id);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return id;
}

/* The inode of an object, whose bytes are text, and that can be written or not. */
static uint64_t object_is(uint64_t id, const char *text, bool is_shared)
{
	char bytes[16] = "";
	struct stat status;
	bool shared;
	int fd = own_objects_get(&own, id, &shared);

	assert_true(fd >= 0);
	assert_int_equal(shared, is_shared);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, is_shared ? O_RDONLY : O_RDWR);
	assert_int_equal(read(fd, bytes, sizeof(bytes) - 1), strlen(text));
	assert_string_equal(bytes, text);
	assert_int_equal(fstat(fd, &status), 0);
	close(fd);
	return status.st_ino;
}

static void test_joined_objects_are_one(void **state)
{
	uint64_t one = object_with("bytes"), other = object_with("bytes");
	int fd = own_objects_get(&own, one, NULL);

	(void)state;
	assert_true(object_is(one, "bytes", false) != object_is(other, "bytes", false));
	assert_int_equal(own_objects_join(&own, other, fd), 0);
	close(fd);
	assert_int_equal(object_is(one, "bytes", true), object_is(other, "bytes", true));
	assert_int_equal(faccessat(own.fd, "joining", F_OK, 0), -1);
	/* The last name is its owner's alone. */
	assert_int_equal(own_objects_delete(&own, one), 0);
	object_is(other, "bytes", false);
}

static void test_what_is_gone_is_not_joined(void **state)
{
	uint64_t one = object_with("bytes"), other = object_with("bytes");
	int fd = own_objects_get(&own, one, NULL);

	(void)state;
	assert_int_equal(own_objects_delete(&own, one), 0);
	assert_int_equal(own_objects_join(&own, other, fd), -ENOENT);
	close(fd);
	object_is(other, "bytes", false);
}

/* As where the process died between the two steps. */
static void test_half_a_join_is_swept(void **state)
{
	uint64_t one = object_with("bytes"), other = object_with("bytes");
	int fd = own_objects_get(&own, one, NULL);
	char name[17];

	(void)state;
	snprintf(name, sizeof(name), "%016llx", (unsigned long long)one);
	assert_int_equal(linkat(own.fd, name, own.fd, "joining", 0), 0);
	object_is(one, "bytes", true);
	assert_int_equal(own_objects_join(&own, other, fd), -EEXIST);
	assert_int_equal(own_objects_sweep(&own), 0);
	object_is(one, "bytes", false);
	assert_int_equal(own_objects_join(&own, other, fd), 0);
	assert_int_equal(own_objects_sweep(&own), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_joined_objects_are_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_gone_is_not_joined, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_half_a_join_is_swept, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
