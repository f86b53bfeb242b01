/* SPDX-License-Identifier: MIT */
/*
 * Volumes as a hostile domain would use them: improper requests end it, and proper ones reach
 * nothing but what lies in the volume, even while the host moves it about.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "host/monitor/request.h"
#include "tests/unit/tree.h"
#include "tests/unit/unit.h"

static char area[REPLY_AREA_SIZE];
static struct volumes volumes;
static struct error err;

static int add(struct volumes *to, const char *path, bool read_only)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = volumes_add(to, fd, path, read_only, false, &err);

	close(fd);
	return error;
}

/* Node 0 is the root of "root", 1 of the same, read-only. */
static int set_up(void **state)
{
	return tree_make(state) || add(&volumes, ".", false) ||
	       add(&volumes, ".", true);
}

static int tear_down(void **state)
{
	volumes_release(&volumes);
	return tree_remove(state);
}

/* One request, its texts as they are given. *answer: what came, whose handles are the caller's. */
static int serve(struct volume_request head, const char *name, const char *value,
		 struct answer *answer, int32_t *result)
{
	static union {
		struct request request;
		char bytes[sizeof(struct request) + REQUEST_DATA_MAX + 1];
	} message;
	char *data = message.request.data;

	head.name_size = (uint32_t)strlen(name);
	head.value_size = (uint32_t)strlen(value);
	memcpy(data, &head, sizeof(head));
	memcpy(data + sizeof(head), name, head.name_size + 1);
	memcpy(data + sizeof(head) + head.name_size + 1, value, head.value_size + 1);
	message.request.op = REQ_VOLUME;
	message.request.data_size = (uint32_t)sizeof(head) + head.name_size + head.value_size + 2;
	*answer = (struct answer){ .area = area, .room = sizeof(area) };
	return volumes_serve(&volumes, &message.request, answer, result, &err);
}

/* A proper one: reply.error. */
static int ask(struct volume_request head, const char *name, const char *value)
{
	struct answer answer;
	int32_t result;

	assert_int_equal(serve(head, name, value, &answer, &result), 0);
	for (unsigned int i = 0; i < answer.handle_count; i++)
		close(answer.handles[i]);
	return result;
}

/* An improper one. */
static void refused(struct volume_request head, const char *name, const char *value)
{
	struct answer answer;
	int32_t result;

	assert_int_not_equal(serve(head, name, value, &answer, &result), 0);
	assert_int_equal(answer.handle_count, 0);
}

static uint32_t lookup(uint32_t directory, const char *name)
{
	struct volume_request head = { .what = VOLUME_LOOKUP, .node = directory };
	struct answer answer;
	int32_t result;

	assert_int_equal(serve(head, name, "", &answer, &result), 0);
	assert_int_equal(result, 0);
	assert_int_equal(answer.count, 2);
	return (uint32_t)answer.offset;
}

static int forget(uint32_t number)
{
	struct {
		struct request request;
		uint32_t number;
	} message = { { .op = REQ_VOLUME_FORGET, .count = 1, .data_size = 4 }, number };

	return volumes_serve_forget(&volumes, &message.request, &err);
}

#define R(...) ((struct volume_request){ __VA_ARGS__ })

static void test_improper_names(void **state)
{
	static const char *const names[] = {
		"", ".", "..", "a/b", "/", "/etc", "../outside", "a/",
	};
	char large[300];

	(void)state;
	memset(large, 'x', sizeof(large));
	large[256] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		refused(R(.what = VOLUME_LOOKUP), names[i], "");
		refused(R(.what = VOLUME_MAKE, .mode = S_IFREG), names[i], "");
		refused(R(.what = VOLUME_REMOVE), names[i], "");
		refused(R(.what = VOLUME_LINK), names[i], "");
		refused(R(.what = VOLUME_RENAME), names[i], "x");
		refused(R(.what = VOLUME_RENAME), "plain", names[i]);
	}
	refused(R(.what = VOLUME_LOOKUP), large, "");
	refused(R(.what = VOLUME_LOOK), "a", "");
	refused(R(.what = VOLUME_LOOKUP), "a", "b");
}

static void test_improper_numbers(void **state)
{
	(void)state;
	refused(R(.what = 0), "", "");
	refused(R(.what = 100), "", "");
	refused(R(.what = VOLUME_LOOK, .node = 2), "", "");
	refused(R(.what = VOLUME_LOOK, .node = ~0u), "", "");
	refused(R(.what = VOLUME_LINK, .other = 99), "x", "");
	refused(R(.what = VOLUME_OPEN, .flags = O_TRUNC), "", "");
	refused(R(.what = VOLUME_OPEN, .flags = O_CREAT), "", "");
	refused(R(.what = VOLUME_REMOVE, .flags = AT_SYMLINK_FOLLOW), "x", "");
	refused(R(.what = VOLUME_CHANGE, .flags = 1u << 31), "", "");
	assert_int_not_equal(forget(0), 0);
	assert_int_not_equal(forget(1), 0);
	assert_int_not_equal(forget(2), 0);
	assert_int_not_equal(forget(~0u), 0);
}

static void test_texts_of_wrong_size(void **state)
{
	static union {
		struct request request;
		char bytes[sizeof(struct request) + REQUEST_DATA_MAX + 1];
	} message;
	struct volume_request *head = (void *)message.request.data;
	struct answer answer = { .area = area, .room = sizeof(area) };
	int32_t result;

	(void)state;
	head->what = VOLUME_LOOKUP;
	memcpy(head->text, "a\0\0", 3);
	for (uint32_t size = 0; size < 200; size++) {
		message.request.data_size = size;
		for (uint32_t name = 0; name < 4; name++) {
			head->name_size = name == 3 ? ~0u - 60 : name;
			if (name == 1 && size == sizeof(*head) + 3)
				continue;
			assert_int_not_equal(volumes_serve(&volumes, &message.request, &answer,
							   &result, &err), 0);
		}
	}
}

static void test_nodes_come_and_go(void **state)
{
	uint32_t number = lookup(0, "plain");

	(void)state;
	assert_true(number >= 2);
	assert_int_equal(ask(R(.what = VOLUME_LOOK, .node = number), "", ""), 0);
	assert_int_equal(forget(number), 0);
	refused(R(.what = VOLUME_LOOK, .node = number), "", "");
	assert_int_not_equal(forget(number), 0);
	assert_int_equal(lookup(0, "plain"), number);
	assert_int_equal(forget(number), 0);
}

static void test_links_lead_nowhere(void **state)
{
	static const char *const links[] = { "absolute", "up", "directory" };

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		uint32_t number = lookup(0, links[i]);

		assert_int_equal(ask(R(.what = VOLUME_LOOKUP, .node = number), "file", ""),
				 -ENOTDIR);
		assert_int_equal(ask(R(.what = VOLUME_OPEN, .node = number), "", ""), -EACCES);
		assert_int_not_equal(ask(R(.what = VOLUME_LIST, .node = number, .mode = 4096), "",
					 ""), 0);
		assert_int_equal(ask(R(.what = VOLUME_CHANGE, .node = number,
				       .flags = VOLUME_CHANGE_SIZE), "", ""), -EINVAL);
		assert_int_equal(ask(R(.what = VOLUME_CHANGE, .node = number,
				       .flags = VOLUME_CHANGE_MODE), "", ""), -EOPNOTSUPP);
		assert_int_equal(ask(R(.what = VOLUME_MAKE, .node = 0, .mode = S_IFREG | 0600,
				       .flags = O_RDWR), links[i], ""), -EEXIST);
		forget(number);
	}
}

static void test_special_files_are_not_opened(void **state)
{
	uint32_t number = lookup(0, "fifo");

	(void)state;
	assert_int_equal(ask(R(.what = VOLUME_OPEN, .node = number, .flags = O_RDWR), "", ""),
			 -EACCES);
	assert_int_equal(ask(R(.what = VOLUME_MAKE, .mode = S_IFCHR | 0666), "null", ""), -EPERM);
	assert_int_equal(ask(R(.what = VOLUME_MAKE, .mode = S_IFBLK | 0666), "disk", ""), -EPERM);
	forget(number);
}

static void test_read_only_is_read_only(void **state)
{
	uint32_t file = lookup(1, "plain"), writable = lookup(0, "plain");

	(void)state;
	assert_int_equal(ask(R(.what = VOLUME_OPEN, .node = file), "", ""), 0);
	assert_int_equal(ask(R(.what = VOLUME_OPEN, .node = file, .flags = O_RDWR), "", ""),
			 -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_OPEN, .node = file, .flags = 3), "", ""), -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_MAKE, .node = 1, .mode = S_IFREG | 0600), "x", ""),
			 -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_MAKE_NAMELESS, .node = 1, .flags = O_RDWR), "", ""),
			 -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_REMOVE, .node = 1), "plain", ""), -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_RENAME, .node = 1, .other = 1), "plain", "x"),
			 -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_RENAME, .node = 0, .other = 1), "plain", "x"),
			 -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_RENAME, .node = 1, .other = 0), "plain", "x"),
			 -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_LINK, .node = 1, .other = writable), "x", ""),
			 -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_LINK, .node = 0, .other = file), "x", ""), -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_CHANGE, .node = file, .flags = VOLUME_CHANGE_MODE),
			     "", ""), -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_XATTR_SET, .node = file), "user.a", "b"), -EROFS);
	assert_int_equal(ask(R(.what = VOLUME_XATTR_REMOVE, .node = file), "user.a", ""), -EROFS);
	forget(file);
	forget(writable);
}

static void test_attributes_of_the_host_are_not_set(void **state)
{
	static const char *const names[] = { "security.capability", "trusted.a",
					     "system.posix_acl_access" };
	uint32_t file = lookup(0, "plain");

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(ask(R(.what = VOLUME_XATTR_SET, .node = file), names[i], "x"),
				 -EOPNOTSUPP);
		assert_int_equal(ask(R(.what = VOLUME_XATTR_REMOVE, .node = file), names[i], ""),
				 -EOPNOTSUPP);
	}
	forget(file);
}

/* A directory that leaves the volume, and what is in it, are the domain's no more. */
static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode;
}

/* As the domain is told it. */
static uint32_t mode_told(uint32_t number)
{
	struct answer answer;
	int32_t result;

	assert_int_equal(serve(R(.what = VOLUME_LOOK, .node = number), "", "", &answer, &result),
			 0);
	assert_int_equal(result, 0);
	return ((const struct node *)area)->mode;
}

static int change_mode(uint32_t number, uint32_t mode)
{
	return ask(R(.what = VOLUME_CHANGE, .flags = VOLUME_CHANGE_MODE, .node = number,
		     .mode = mode), "", "");
}

static void test_no_rights_of_the_user_are_given_away(void **state)
{
	const char *name = "user.mezzo.rights";
	uint32_t plain = lookup(0, "plain"), made;
	bool kept;

	(void)state;
	assert_int_equal(change_mode(plain, 06755), 0);
	assert_int_equal(mode_of("plain"), S_IFREG | 0755);
	kept = getxattr("plain", name, NULL, 0) == 2;
	if (!kept)
		assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(mode_told(plain), S_IFREG | (kept ? 06755 : 0755));
	/* Nobody but who changes modes changes that. */
	assert_int_equal(ask(R(.what = VOLUME_XATTR_SET, .node = plain), name, "u"), -EOPNOTSUPP);
	assert_int_equal(ask(R(.what = VOLUME_XATTR_REMOVE, .node = plain), name, ""),
			 -EOPNOTSUPP);
	assert_int_equal(ask(R(.what = VOLUME_XATTR_GET, .node = plain), name, ""), -ENODATA);
	assert_int_equal(change_mode(plain, 04400), 0);
	assert_int_equal(mode_of("plain"), S_IFREG | 0400);
	assert_int_equal(mode_told(plain), S_IFREG | (kept ? 04400 : 0400));
	assert_int_equal(ask(R(.what = VOLUME_CHANGE, .flags = VOLUME_CHANGE_UID, .node = plain,
			       .uid = geteuid()), "", ""), 0);
	assert_int_equal(mode_told(plain), S_IFREG | 0400);
	assert_int_equal(mode_of("plain"), S_IFREG | 0400);
	for (uint32_t type = S_IFIFO; type; type = type == S_IFIFO ? S_IFREG : 0) {
		assert_int_equal(ask(R(.what = VOLUME_MAKE, .mode = type | 06711), "new", ""), 0);
		assert_int_equal(mode_of("new"), type | 0711);
		made = lookup(0, "new");
		assert_int_equal(mode_told(made), type | (kept && type == S_IFREG ? 06711 : 0711));
		forget(made);
		assert_int_equal(unlink("new"), 0);
	}
	assert_int_equal(change_mode(plain, 0644), 0);
	assert_true(getxattr("plain", name, NULL, 0) < 0);
	forget(plain);
}

static void test_a_size_is_changed_alone(void **state)
{
	uint32_t plain = lookup(0, "plain");
	struct stat status, after;

	(void)state;
	assert_int_equal(stat("plain", &status), 0);
	refused(R(.what = VOLUME_CHANGE, .flags = VOLUME_CHANGE_SIZE | VOLUME_CHANGE_UID,
		  .node = plain, .uid = 4711), "", "");
	assert_int_equal(ask(R(.what = VOLUME_CHANGE, .flags = VOLUME_CHANGE_SIZE, .node = plain,
			       .size = 1ull << 63), "", ""), -EINVAL);
	assert_int_equal(stat("plain", &after), 0);
	assert_int_equal(after.st_size, status.st_size);
	forget(plain);
}

/* In a user namespace with one id root can't give a file to another one. */
static void make_for_others(void)
{
	char map[40];
	int fd;

	snprintf(map, sizeof(map), "0 %u 1\n", geteuid());
	if (unshare(CLONE_NEWUSER))
		_exit(77);
	fd = open("/proc/self/uid_map", O_WRONLY);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		_exit(77);
	memset(&volumes, 0, sizeof(volumes));
	assert_int_equal(add(&volumes, ".", false), 0);
	for (uint32_t type = S_IFREG; type; type = type == S_IFREG ? S_IFDIR : 0) {
		assert_int_equal(ask(R(.what = VOLUME_MAKE, .mode = type | 04777, .uid = 4711),
				     "given", ""), -EINVAL);
		assert_int_not_equal(access("given", F_OK), 0);
	}
}

/* No descriptor is left for what was made. */
static void make_without_descriptors(void)
{
	struct rlimit limit;
	int next = dup(0);

	close(next);
	for (int left = 0; left < 2; left++) {
		limit = (struct rlimit){ (rlim_t)(next + left), (rlim_t)(next + 2) };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_true(ask(R(.what = VOLUME_MAKE, .mode = S_IFREG | 0777), "given", "") < 0);
		assert_int_not_equal(access("given", F_OK), 0);
	}
	limit.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(ask(R(.what = VOLUME_MAKE, .mode = S_IFDIR | 0777), "given", "") < 0);
	assert_int_not_equal(access("given", F_OK), 0);
}

static int in_child(void (*work)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		work();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void test_what_fails_leaves_nothing(void **state)
{
	int status = in_child(make_for_others);

	(void)state;
	assert_int_equal(in_child(make_without_descriptors), 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		print_message("no user namespaces here\n");
	else
		assert_int_equal(status, 0);
}

static void test_what_leaves_is_not_reached(void **state)
{
	uint32_t outer = lookup(0, "a"), inner = lookup(outer, "b"), file = lookup(inner, "file");

	(void)state;
	assert_int_equal(rename("a", "../a"), 0);
	assert_int_equal(ask(R(.what = VOLUME_LOOKUP, .node = inner), "file", ""), -ESTALE);
	assert_int_equal(ask(R(.what = VOLUME_MAKE, .node = inner, .mode = S_IFREG | 0600), "x",
			     ""), -ESTALE);
	assert_int_equal(ask(R(.what = VOLUME_REMOVE, .node = inner), "file", ""), -ESTALE);
	assert_int_equal(ask(R(.what = VOLUME_OPEN, .node = file), "", ""), -ESTALE);
	assert_int_equal(ask(R(.what = VOLUME_LINK, .node = 0, .other = file), "x", ""), -ESTALE);
	assert_int_equal(ask(R(.what = VOLUME_RENAME, .node = inner, .other = 0), "file", "x"),
			 -ESTALE);
	assert_int_equal(ask(R(.what = VOLUME_CHANGE, .node = file, .flags = VOLUME_CHANGE_SIZE),
			     "", ""), -ESTALE);
	assert_int_equal(rename("../a", "a"), 0);
	assert_int_equal(ask(R(.what = VOLUME_LOOKUP, .node = inner), "none", ""), -ENOENT);
	/* What only begins with the volume's name lies beside it. */
	assert_int_equal(rename("a", "../root-a"), 0);
	assert_int_equal(ask(R(.what = VOLUME_LOOK, .node = inner), "", ""), -ESTALE);
	assert_int_equal(rename("../root-a", "a"), 0);
	forget(outer);
	forget(inner);
	forget(file);
}

static void test_volumes_do_not_mix(void **state)
{
	struct volumes two = { .count = 0 };
	struct volumes saved = volumes;

	(void)state;
	assert_int_equal(add(&two, "a", false), 0);
	assert_int_equal(add(&two, ".", false), 0);
	volumes = two;
	assert_int_equal(ask(R(.what = VOLUME_RENAME, .node = 1, .other = 0), "plain", "x"),
			 -EXDEV);
	assert_int_equal(ask(R(.what = VOLUME_LINK, .node = 0, .other = 1), "x", ""), -EXDEV);
	volumes_release(&volumes);
	volumes = saved;
}

/* Whatever is asked, the monitor lives, and the files outside are as they were. */
static void test_random_requests(void **state)
{
	static const char *const names[] = { "plain", "a", "b", "x", "..", "fifo", "up", "y" };
	uint64_t seed = 1;
	char text[16] = "";
	int fd;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct volume_request head = { .uid = geteuid(), .gid = getegid() };
		struct answer answer;
		int32_t result;
		uint32_t pick;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		pick = (uint32_t)(seed >> 33);
		head.what = pick % 18;
		head.node = (pick >> 5) % 12;
		head.other = (pick >> 9) % 12;
		head.flags = (pick >> 13) % 8;
		head.mode = (pick >> 16) % 2 ? S_IFREG | 0600 : S_IFDIR | 0700;
		head.size = pick >> 20;
		if (!serve(head, pick & 1u << 20 ? names[(pick >> 21) % 8] : "",
			   pick & 1u << 24 ? names[(pick >> 25) % 8] : "", &answer, &result)) {
			for (unsigned int j = 0; j < answer.handle_count; j++)
				close(answer.handles[j]);
		}
		if (i % 64 == 0) {
			for (uint32_t number = 6; volume_has_node(&volumes, number); number++)
				assert_int_equal(forget(number), 0);
		}
	}
	fd = open("../outside", O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 6);
	assert_string_equal(text, "secret");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_improper_names),
		cmocka_unit_test(test_improper_numbers),
		cmocka_unit_test(test_texts_of_wrong_size),
		cmocka_unit_test(test_nodes_come_and_go),
		cmocka_unit_test(test_links_lead_nowhere),
		cmocka_unit_test(test_special_files_are_not_opened),
		cmocka_unit_test(test_read_only_is_read_only),
		cmocka_unit_test(test_attributes_of_the_host_are_not_set),
		cmocka_unit_test(test_no_rights_of_the_user_are_given_away),
		cmocka_unit_test(test_a_size_is_changed_alone),
		cmocka_unit_test(test_what_fails_leaves_nothing),
		cmocka_unit_test(test_what_leaves_is_not_reached),
		cmocka_unit_test(test_volumes_do_not_mix),
		cmocka_unit_test(test_random_requests),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
