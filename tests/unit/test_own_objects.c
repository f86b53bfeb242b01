/* SPDX-License-Identifier: MIT */
/* Objects of a lasting domain's own: as files of their own, and as one with others. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	int fd = own_objects_read(&own, one, true);

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
	int fd = own_objects_read(&own, one, true);

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
	int fd = own_objects_read(&own, one, true);
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

/* Whether somebody who asks for an object alone would have to wait. */
static bool has_writer(uint64_t id)
{
	int fd = own_objects_read(&own, id, true);
	bool waits = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;

	close(fd);
	return waits;
}

/* The mapping alone, as of a process that has closed all it had. */
static void test_who_may_write_is_waited_for(void **state)
{
	uint64_t id = object_with("bytes");
	bool shared;
	int fd = own_objects_get(&own, id, &shared), ends[2], status;
	char *mapped = mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), bytes[6] = "";
	pid_t pid;

	(void)state;
	assert_ptr_not_equal(mapped, MAP_FAILED);
	assert_int_equal(pipe(ends), 0);
	close(fd);
	pid = fork();
	if (!pid) {
		close(ends[1]);
		/* Until the other is about to wait; then it takes a while to die. */
		status = (int)read(ends[0], bytes, 1);
		usleep(100000);
		memcpy(mapped, "later", 5);
		_exit(status);
	}
	close(ends[0]);
	munmap(mapped, 5);
	assert_true(has_writer(id));
	/* One that runs is not waited for. */
	close(own_objects_read(&own, id, true));
	close(ends[1]);
	fd = own_objects_read(&own, id, false);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, bytes, 5, 0), 5);
	assert_string_equal(bytes, "later");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(has_writer(id));
	close(fd);
}

/* What can only be read is no reason to wait. */
static void test_readers_are_not_waited_for(void **state)
{
	uint64_t id = object_with("bytes"), other = object_with("bytes");
	int fd = own_objects_read(&own, id, false), shared_fd;
	bool shared;

	(void)state;
	assert_false(has_writer(id));
	assert_int_equal(own_objects_join(&own, other, fd), 0);
	shared_fd = own_objects_get(&own, id, &shared);
	assert_true(shared);
	assert_false(has_writer(id));
	close(shared_fd);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_joined_objects_are_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_gone_is_not_joined, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_half_a_join_is_swept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_who_may_write_is_waited_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_readers_are_not_waited_for, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
