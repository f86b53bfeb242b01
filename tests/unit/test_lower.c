/* SPDX-License-Identifier: MIT */
/* The lower tree: what a walk tells, and that nothing leads out of it. */
#include <errno.h>
#include <string.h>

#include "host/monitor/lower.h"
#include "tests/unit/tree.h"
#include "tests/unit/unit.h"

static struct lower lower;
static char area[REPLY_AREA_SIZE];

static int set_up(void **state)
{
	struct error err;

	return tree_make(state) || lower_open_directory(&lower, ".", false, &err);
}

static int tear_down(void **state)
{
	lower_release(&lower);
	return tree_remove(state);
}

static struct answer fresh(void)
{
	memset(area, 0xee, sizeof(area));
	return (struct answer){ .area = area, .room = sizeof(area) };
}

static const struct node *node(const struct answer *answer, uint32_t number)
{
	const char *at = area;

	assert_true(number < answer->count);
	while (number--)
		at += ((const struct node *)at)->record_size;
	return (const struct node *)at;
}

static void test_walk(void **state)
{
	struct answer answer = fresh();

	(void)state;
	assert_int_equal(lower_walk(&lower, "a/b/file", 0, true, &answer), 0);
	assert_int_equal(answer.count, 3);
	assert_string_equal(node(&answer, 0)->text, "a");
	assert_true(S_ISDIR(node(&answer, 1)->mode));
	assert_true(S_ISREG(node(&answer, 2)->mode));
	assert_int_equal(node(&answer, 2)->size, 7);
	assert_int_equal(node(&answer, 2)->has_handle, 1);
	assert_int_equal(answer.handle_count, 1);
	assert_int_equal(fcntl(answer.handles[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	close(answer.handles[0]);
}

static void test_walk_skips(void **state)
{
	struct answer answer = fresh();

	(void)state;
	assert_int_equal(lower_walk(&lower, "a/b/file", 2, false, &answer), 0);
	assert_int_equal(answer.count, 1);
	assert_string_equal(node(&answer, 0)->text, "file");
	answer = fresh();
	assert_int_equal(lower_walk(&lower, "a/b", 2, false, &answer), -EINVAL);
	answer = fresh();
	assert_int_equal(lower_walk(&lower, "none/b", 1, false, &answer), -ENOENT);
	answer = fresh();
	assert_int_equal(lower_walk(&lower, "plain/b", 1, false, &answer), -ENOTDIR);
}

static void test_walk_root(void **state)
{
	struct answer answer = fresh();

	(void)state;
	assert_int_equal(lower_walk(&lower, "", 0, false, &answer), 0);
	assert_int_equal(answer.count, 1);
	assert_true(S_ISDIR(node(&answer, 0)->mode));
}

static void test_walk_stops(void **state)
{
	struct answer answer = fresh();

	(void)state;
	assert_int_equal(lower_walk(&lower, "a/none/x", 0, false, &answer), 0);
	assert_int_equal(answer.count, 2);
	assert_int_equal(node(&answer, 1)->error, -ENOENT);
	answer = fresh();
	assert_int_equal(lower_walk(&lower, "plain/x", 0, true, &answer), 0);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.handle_count, 0);
}

static void test_symbolic_links_are_told_not_followed(void **state)
{
	static const char *const paths[] = { "absolute", "up", "directory/b", "directory/b/file" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct answer answer = fresh();
		const struct node *link;

		assert_int_equal(lower_walk(&lower, paths[i], 0, true, &answer), 0);
		assert_int_equal(answer.count, 1);
		assert_int_equal(answer.handle_count, 0);
		link = node(&answer, 0);
		assert_true(S_ISLNK(link->mode));
		assert_int_equal(link->target_size, strlen(link->text + link->name_size + 1));
	}
}

static void test_escapes_fail(void **state)
{
	struct answer answer = fresh();

	(void)state;
	assert_int_equal(lower_open_file(&lower, "up", &answer), -EACCES);
	assert_int_equal(lower_open_file(&lower, "absolute", &answer), -EACCES);
	assert_int_equal(lower_open_file(&lower, "directory/b/file", &answer), -ELOOP);
	assert_int_equal(lower_walk(&lower, "directory/b", 1, true, &answer), -ENOTDIR);
	assert_int_equal(lower_list(&lower, "directory", 0, &answer), -ENOTDIR);
	/* What lower_path_is_proper() keeps out would still not leave the tree. */
	assert_int_equal(lower_list(&lower, "..", 0, &answer), -EXDEV);
	assert_int_equal(lower_list(&lower, "a/../..", 0, &answer), -EXDEV);
	assert_int_equal(lower_list(&lower, "/etc", 0, &answer), -EXDEV);
	assert_true(lower_open_file(&lower, "../outside", &answer) < 0);
	/* Nor is told what lies behind a link. */
	assert_int_equal(symlink("/", "host"), 0);
	assert_int_equal(lower_open_file(&lower, "host/etc/passwd", &answer), -ELOOP);
	assert_int_equal(lower_open_file(&lower, "host/none", &answer), -ELOOP);
	assert_int_equal(lower_open_file(&lower, "host/etc", &answer), -ELOOP);
	assert_int_equal(unlink("host"), 0);
	assert_int_equal(answer.handle_count, 0);
}

static void test_proper_paths(void **state)
{
	static const char *const proper[] = { "", "a", "a/b", "...", "a/.b", "a/b..", "..a" };
	static const char *const improper[] = {
		"/", "/a", "a/", "a//b", ".", "..", "a/.", "a/..", "./a", "../a", "a/../b", "a/./b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(proper) / sizeof(proper[0]); i++)
		assert_true(lower_path_is_proper(proper[i]));
	for (size_t i = 0; i < sizeof(improper) / sizeof(improper[0]); i++)
		assert_false(lower_path_is_proper(improper[i]));
}

static void test_only_regular_files_open(void **state)
{
	struct answer answer = fresh();

	(void)state;
	assert_int_equal(lower_open_file(&lower, "a", &answer), -EISDIR);
	assert_int_equal(lower_open_file(&lower, "fifo", &answer), -EACCES);
	assert_int_equal(lower_open_file(&lower, "none", &answer), -ENOENT);
	assert_int_equal(lower_open_file(&lower, "plain/x", &answer), -ENOTDIR);
	assert_int_equal(lower_open_file(&lower, "plain", &answer), 0);
	assert_int_equal(answer.handle_count, 1);
	close(answer.handles[0]);
}

static void test_list(void **state)
{
	struct answer answer = fresh();
	int seen = 0;

	(void)state;
	assert_int_equal(lower_list(&lower, "", 0, &answer), 0);
	assert_int_equal(answer.count, 7);
	assert_int_equal(answer.offset, 0);
	for (uint32_t i = 0; i < answer.count; i++)
		seen += !strcmp(node(&answer, i)->text, "plain");
	assert_int_equal(seen, 1);
	assert_int_equal(lower_list(&lower, "plain", 0, &answer), -ENOTDIR);
}

static void test_list_goes_on(void **state)
{
	int total = 0, rounds = 0;
	uint64_t cookie = 0;
	char name[32];

	(void)state;
	mkdir("many", 0755);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		tree_file(name, "");
	}
	do {
		struct answer answer = fresh();

		answer.room = 16384;
		assert_int_equal(lower_list(&lower, "many", cookie, &answer), 0);
		total += (int)answer.count;
		cookie = answer.offset;
		rounds++;
	} while (cookie && rounds < 100);
	assert_int_equal(total, 300);
	assert_true(rounds > 1);
}

static void test_pseudo_file_systems_are_empty(void **state)
{
	struct answer answer = fresh();
	struct lower host;
	struct error err;

	(void)state;
	assert_int_equal(lower_open_directory(&host, "/", false, &err), 0);
	assert_int_equal(lower_list(&host, "proc", 0, &answer), 0);
	assert_int_equal(answer.count, 0);
	assert_int_equal(lower_walk(&host, "proc/self", 0, true, &answer), 0);
	assert_int_equal(node(&answer, 1)->error, -ENOENT);
	answer = fresh();
	assert_int_equal(lower_walk(&host, "proc/version", 1, true, &answer), 0);
	assert_int_equal(node(&answer, 0)->error, -ENOENT);
	assert_true(lower_open_file(&host, "proc/version", &answer) < 0);
	assert_int_equal(answer.handle_count, 0);
	lower_release(&host);
}

/* One answer for what is there and what is not: else host processes could be counted. */
static void test_inside_of_pseudo_file_systems_is_not_told(void **state)
{
	static const char *const paths[] = {
		"proc/1/status", "proc/999999999/status", "proc/self/fd/0/etc", "proc/1/fd",
		"proc/1", "proc/self/root/etc/passwd", "proc/version/x", "proc/none", "sys/kernel",
	};
	struct answer answer = fresh();
	struct lower host;
	struct error err;

	(void)state;
	assert_int_equal(lower_open_directory(&host, "/", false, &err), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		uint32_t names = 1;

		for (const char *at = paths[i]; *at; at++)
			names += *at == '/';
		assert_int_equal(lower_open_file(&host, paths[i], &answer), -ENOENT);
		assert_int_equal(lower_list(&host, paths[i], 0, &answer), -ENOENT);
		assert_int_equal(lower_xattr(&host, paths[i], "user.x", &answer), -ENOENT);
		answer = fresh();
		if (names > 2)
			assert_int_equal(lower_walk(&host, paths[i], names - 1, true, &answer),
					 -ENOENT);
		assert_int_equal(answer.count, 0);
	}
	assert_int_equal(lower_open_file(&host, "proc", &answer), -EISDIR);
	assert_int_equal(answer.handle_count, 0);
	lower_release(&host);
}

static void test_own_ids_become_root(void **state)
{
	struct answer answer = fresh();
	struct lower mapped = lower;

	(void)state;
	mapped.own_ids_are_root = true;
	mapped.uid = 4321;
	mapped.gid = 8765;
	if (chown("plain", 4321, 8765))
		skip();
	assert_int_equal(lower_walk(&mapped, "plain", 0, false, &answer), 0);
	assert_int_equal(node(&answer, 0)->uid, 0);
	assert_int_equal(node(&answer, 0)->gid, 0);
}

static void test_long_names(void **state)
{
	char path[300];
	struct answer answer = fresh();

	(void)state;
	memset(path, 'x', sizeof(path));
	path[256] = '\0';
	assert_int_equal(lower_walk(&lower, path, 0, false, &answer), -ENAMETOOLONG);
	path[255] = '\0';
	assert_int_equal(lower_walk(&lower, path, 0, false, &answer), 0);
	assert_int_equal(node(&answer, 0)->error, -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_skips),
		cmocka_unit_test(test_walk_root),
		cmocka_unit_test(test_walk_stops),
		cmocka_unit_test(test_symbolic_links_are_told_not_followed),
		cmocka_unit_test(test_escapes_fail),
		cmocka_unit_test(test_proper_paths),
		cmocka_unit_test(test_only_regular_files_open),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_goes_on),
		cmocka_unit_test(test_pseudo_file_systems_are_empty),
		cmocka_unit_test(test_inside_of_pseudo_file_systems_is_not_told),
		cmocka_unit_test(test_own_ids_become_root),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
