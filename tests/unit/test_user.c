/* SPDX-License-Identifier: MIT */
/* Users by number and name, out of files that are right, odd or hostile. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/launch/user.h"
#include "tests/unit/unit.h"

static char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
		       "short:x:5\n"
		       ":x:11:11::/nobody:\n"
		       "no-number:x:y:0::/:/bin/sh\n"
		       "huge:x:4294967295:1::/:/bin/sh\n"
		       "larger:x:99999999999999999999:1::/:/bin/sh\n"
		       "www-data:x:33:34:web:/var/www:/bin/false\n"
		       "33:x:77:78:named as a number:/seventy:/bin/sh\n"
		       "www-data:x:1:1:again:/again:/bin/false\n"
		       "relative:x:44:44::home:/bin/sh\n"
		       "last:x:55:56::/last";
static char group[] = "root:x:0:root\n"
		      "wheel:x:10:www-data,root\n"
		      "bad:x:minus:root\n"
		      "video:x:27:\n"
		      "audio:x:28:other,www-data\n"
		      "tail:x:29:xroot,www-data2,\n";

static struct user_files files = { passwd, group, sizeof(passwd) - 1, sizeof(group) - 1 };

static struct user found(const char *text)
{
	struct user user;
	struct error err;

	if (user_find(text, &files, &user, &err))
		fail_msg("%s", err.text);
	return user;
}

static void expect(const char *text, uid_t uid, gid_t gid, size_t groups, const char *home)
{
	struct user user = found(text);

	assert_int_equal(user.uid, uid);
	assert_int_equal(user.gid, gid);
	assert_int_equal(user.group_count, groups);
	assert_string_equal(user.home, home);
}

static void test_found(void **state)
{
	struct user user = found("www-data");

	(void)state;
	expect("www-data", 33, 34, 2, "/var/www");
	assert_int_equal(user.groups[0], 10);
	assert_int_equal(user.groups[1], 28);
	expect("", 0, 0, 2, "/root");
	expect("0", 0, 0, 2, "/root");
	expect(":video", 0, 27, 0, "/root");
	expect("www-data:", 33, 34, 2, "/var/www");
	expect("www-data:video", 33, 27, 0, "/var/www");
	expect("www-data:5", 33, 5, 0, "/var/www");
	expect("last", 55, 56, 0, "/last");
	/* A number is always an id. */
	expect("33", 33, 34, 2, "/var/www");
	expect("1000", 1000, 0, 0, "/");
	expect("1000:50", 1000, 50, 0, "/");
	expect("relative", 44, 44, 0, "");
	expect("4294967294", 4294967294u, 0, 0, "/");
}

static void test_refused(void **state)
{
	static const char *const wrong[] = { "me",	  "-1",	  "1:me",	 "1x",
					     "4294967295", "0:4294967295", "short", "no-number",
					     "huge",	  "larger", "www-data:bad",
					     "99999999999999999999999" };
	struct user user = { .uid = 9 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(user_find(wrong[i], &files, &user, &err), -EINVAL);
		assert_non_null(strstr(err.text, wrong[i]));
	}
	assert_int_equal(user.uid, 9);
}

static void test_no_files(void **state)
{
	struct user_files none = { 0 };
	struct user user;
	struct error err;

	(void)state;
	assert_int_equal(user_find("", &none, &user, &err), 0);
	assert_int_equal(user.uid, 0);
	assert_string_equal(user.home, "");
	assert_int_equal(user_find("5:6", &none, &user, &err), 0);
	assert_int_equal(user.gid, 6);
	assert_int_equal(user_find("root", &none, &user, &err), -EINVAL);
}

/* Groups beyond what the boundary carries are left out. */
static void test_many_groups(void **state)
{
	struct user_files many = { passwd, NULL, sizeof(passwd) - 1, 0 };
	struct user user;
	struct error err;
	FILE *stream = open_memstream(&many.group, &many.group_size);

	(void)state;
	for (int i = 0; i < 1000; i++)
		fprintf(stream, "g%d:x:%d:root\n", i, i + 100);
	fclose(stream);
	assert_int_equal(user_find("root", &many, &user, &err), 0);
	assert_int_equal(user.group_count, CONFIG_GROUPS_MAX);
	assert_int_equal(user.groups[CONFIG_GROUPS_MAX - 1], 100 + CONFIG_GROUPS_MAX - 1);
	free(many.group);
}

/* Any bytes: nothing is read beyond them (the copy has no byte behind its end). */
static void test_any_bytes(void **state)
{
	static const char letters[] = ":\n,0x\0r";
	struct user_files random;
	struct user user;
	struct error err;

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		random.passwd_size = (size_t)rand() % 40;
		random.group_size = (size_t)rand() % 40;
		random.passwd = malloc(random.passwd_size);
		random.group = malloc(random.group_size);
		for (size_t i = 0; i < random.passwd_size; i++)
			random.passwd[i] = letters[(size_t)rand() % sizeof(letters)];
		for (size_t i = 0; i < random.group_size; i++)
			random.group[i] = letters[(size_t)rand() % sizeof(letters)];
		if (!user_find("0", &random, &user, &err))
			assert_true(user.group_count <= CONFIG_GROUPS_MAX);
		user_find("r:x", &random, &user, &err);
		user_files_release(&random);
	}
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_directory(void **state)
{
	char root[] = "/tmp/mezzo-user-XXXXXX", path[100];
	struct user_files read;
	struct error err;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(user_files_read(&read, root, &err), 0);
	assert_int_equal(read.passwd_size, 0);
	user_files_release(&read);
	snprintf(path, sizeof(path), "%s/etc", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/real", root);
	write_text(path, "a:x:1:2::/:\n");
	/* A link leads within the root, not to the host's file. */
	snprintf(path, sizeof(path), "%s/etc/passwd", root);
	assert_int_equal(symlink("/../real", path), 0);
	snprintf(path, sizeof(path), "%s/etc/group", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(user_files_read(&read, root, &err), 0);
	assert_int_equal(read.passwd_size, 12);
	assert_int_equal(read.group_size, 0);
	user_files_release(&read);
	unlink(path);
	write_text(path, "");
	assert_int_equal(truncate(path, USER_FILE_MAX + 1l), 0);
	assert_int_equal(user_files_read(&read, root, &err), -EFBIG);
	assert_int_equal(user_files_read(&read, "/no/such", &err), -ENOENT);
	snprintf(path, sizeof(path), "rm -r %s", root);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),	     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_files),     cmocka_unit_test(test_many_groups),
		cmocka_unit_test(test_any_bytes),    cmocka_unit_test(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
