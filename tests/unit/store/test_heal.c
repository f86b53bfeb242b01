/* SPDX-License-Identifier: MIT */
/*
 * Repairs that die, disks that do not give all, copies that were left: what was whole before is
 * whole after the next repair.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "host/base/id_list.h"
#include "host/store/backend.h"
#include "tests/unit/store/play.h"

#define TABLES "store/tables/data.mdb"

static struct store *store;
static mapping_id deb, deb12;

static void record_make(const char *name, const char *value, mapping_id *mapping)
{
	must(mapping_create(store, 0, mapping, &play_error));
	must(mapping_set(store, *mapping, 1, play_sealed(store, "one"), &play_error));
	must(mapping_set(store, *mapping, 2, play_sealed(store, "two"), &play_error));
	must(record_put(store, RECORD_IMAGE, name, value, strlen(value), false, &play_error));
	must(record_secure(store, RECORD_IMAGE, name, *mapping, &play_error));
}

/* ---- What the disk gives ---- */

static ino_t unreadable;
static unsigned reads_to_commits;	/* 0: no commits are made */

static void make_commits(void);

ssize_t __real_pread(int fd, void *to, size_t size, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t at);

ssize_t __wrap_pread(int fd, void *to, size_t size, off_t at)
{
	ssize_t got = __real_pread(fd, to, size, at);
	struct stat status;

	if (reads_to_commits && !--reads_to_commits)
		make_commits();
	if (unreadable && !fstat(fd, &status) && status.st_ino == unreadable) {
		errno = EIO;
		return -1;
	}
	return got;
}

static int make_store(void **state)
{
	(void)state;
	must(store_open_disk(play_path("store"), STORE_CREATE, &store, &play_error));
	must(store_begin(store, &play_error));
	record_make("deb", "of deb", &deb);
	record_make("deb12", "of deb12", &deb12);
	play_commit(store);
	return 0;
}

static int remove_store(void **state)
{
	(void)state;
	play_remove_directory();
	return 0;
}

static const char *copy_of(const char *format, mapping_id mapping)
{
	char name[64];

	snprintf(name, sizeof(name), format, mapping);
	return play_path(name);
}

#define COPY "store/mappings/%016" PRIx64
#define NEW_COPY "store/new/m%016" PRIx64
#define ASIDE_COPY "store/lost/m%016" PRIx64

static void file_move(const char *from_format, const char *to_format, mapping_id mapping)
{
	char from[256];

	snprintf(from, sizeof(from), "%s", copy_of(from_format, mapping));
	assert_int_equal(rename(from, copy_of(to_format, mapping)), 0);
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

static void expect_record(const char *name, const char *value, mapping_id mapping)
{
	char text[32] = "";
	object_id id = 0;

	must(store_open_disk(play_path("store"), STORE_READ_ONLY, &store, &play_error));
	must(record_get(store, RECORD_IMAGE, name, text, sizeof(text) - 1, &play_error));
	assert_string_equal(text, value);
	must(mapping_get(store, mapping, 1, &id, &play_error));
	assert_string_equal(play_text(store, id), "one");
	must(mapping_get(store, mapping, 2, &id, &play_error));
	assert_string_equal(play_text(store, id), "two");
	store_close(store);
}

static void expect_all(void)
{
	expect_record("deb", "of deb", deb);
	expect_record("deb12", "of deb12", deb12);
}

static void expect_sound(void)
{
	unsigned found;

	play_check(play_path("store"), false, &found);
	if (found)
		fail_msg("%s", play_findings);
}

static void repair(void)
{
	if (play_check(play_path("store"), true, NULL))
		fail_msg("findings are left:\n%s", play_findings);
}

/* ---- Commits meanwhile ---- */

static unsigned commits_to_make;

/* By another one, and the file grows. */
static void make_commits(void)
{
	static char value[RECORD_VALUE_MAX];
	struct store *other;
	char name[32];

	must(store_open_disk(play_path("store"), 0, &other, &play_error));
	for (unsigned i = 0; i < commits_to_make; i++) {
		must(store_begin(other, &play_error));
		for (unsigned j = 0; j < 8; j++) {
			snprintf(name, sizeof(name), "volume-%u-%u", i, j);
			must(record_put(other, RECORD_VOLUME, name, value, sizeof(value), false,
					&play_error));
		}
		must(store_commit(other, &play_error));
	}
	store_close(other);
}

/* Between each two reads of who opens the store. */
static void test_open_beside_commits(void **state)
{
	(void)state;
	for (commits_to_make = 1; commits_to_make < 6; commits_to_make++) {
		for (unsigned read = 1; read < 4; read++) {
			remove_store(NULL);
			make_store(NULL);
			reads_to_commits = read;
			must(store_open_disk(play_path("store"), STORE_READ_ONLY, &store,
					     &play_error));
			reads_to_commits = 0;
			store_close(store);
			expect_all();
		}
	}
}

/* ---- Disks that do not give their bytes ---- */

static void make_unreadable(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	unreadable = status.st_ino;
}

static const char *object_path(const char *text)
{
	char name[64];
	object_id id;

	store = play_begin();
	id = play_sealed(store, text);
	store_close(store);
	snprintf(name, sizeof(name), "store/objects/%02lx/%016lx", id & 0xff, id);
	return play_path(name);
}

static bool object_lost(uint64_t local)
{
	object_id id = 0;
	int lost;

	must(store_open_disk(play_path("store"), STORE_READ_ONLY, &store, &play_error));
	must(mapping_get(store, deb, local, &id, &play_error));
	lost = object_is_lost(store, id, &play_error);
	store_close(store);
	return lost;
}

/* The others are looked at, and bring their images back; its own come with the bytes. */
static void test_unreadable_object(void **state)
{
	char path[256];

	(void)state;
	for (int rebuild = 0; rebuild < 2; rebuild++) {
		snprintf(path, sizeof(path), "%s", object_path("two"));
		make_unreadable(path);
		if (rebuild)
			unlink(play_path(TABLES));
		else
			assert_true(play_check(play_path("store"), false, NULL) > 0);
		play_check(play_path("store"), true, NULL);
		assert_non_null(strstr(play_findings, "can't be read"));
		assert_true(is_there(path));
		assert_true(object_lost(2));
		assert_false(object_lost(1));
		unreadable = 0;
		/* With new tables it is put aside first. */
		repair();
		repair();
		expect_sound();
		expect_all();
	}
}

static void test_unreadable_aside(void **state)
{
	char command[600];

	(void)state;
	snprintf(command, sizeof(command), "cd %s/store && mkdir lost && f=%s && "
		 "mv $f lost/$(sha256sum < $f | cut -d' ' -f1)", play_directory(),
		 object_path("two"));
	play_run(command);
	snprintf(command, sizeof(command), "store/lost/"
		 "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3");
	make_unreadable(play_path(command));
	repair();
	assert_true(is_there(play_path(command)));
	assert_true(object_lost(2));
	unreadable = 0;
	repair();
	expect_sound();
	expect_all();
}

static void test_unreadable_copy(void **state)
{
	(void)state;
	make_unreadable(copy_of(COPY, deb));
	assert_int_equal(play_check(play_path("store"), true, NULL), 1);
	assert_non_null(strstr(play_findings, "can't be read"));
	assert_true(is_there(copy_of(COPY, deb)));
	unreadable = 0;
	expect_sound();
	expect_all();
}

/* What a newer program keeps is its own. */
static void test_newer_copy(void **state)
{
	const uint32_t version = 2;
	int fd = open(copy_of(COPY, deb), O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(pwrite(fd, &version, sizeof(version), 8), sizeof(version));
	close(fd);
	assert_int_equal(play_check(play_path("store"), true, NULL), 1);
	assert_non_null(strstr(play_findings, "newer program"));
	assert_true(is_there(copy_of(COPY, deb)));
	expect_all();
}

/* ---- Repairs that die ---- */

static void die_when_made_anew(const char *line, void *data)
{
	(void)data;
	if (strstr(line, "are made anew"))
		_exit(0);
}

/* The tables are gone, and so is the one who made them anew. */
static void half_repair(void)
{
	uint64_t found, left;
	struct id_list lost;
	pid_t child = fork();
	int status;

	if (!child) {
		store_check(play_path("store"), true, die_when_made_anew, NULL, &found, &left,
			    &lost, &play_error);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_repair_dies(void **state)
{
	unsigned found;

	(void)state;
	unlink(play_path(TABLES));
	half_repair();
	must(store_open_disk(play_path("store"), 0, &store, &play_error));
	assert_int_equal(store_begin(store, &play_error), -EUCLEAN);
	assert_non_null(strstr(play_error.text, "--repair"));
	store_close(store);
	assert_true(play_check(play_path("store"), false, &found) > 0);
	repair();
	expect_sound();
	expect_all();
	store = play_begin();
	play_commit(store);
}

/* Whose move was late when the tables broke. */
static void test_copies_in_new(void **state)
{
	(void)state;
	file_move(COPY, NEW_COPY, deb);
	file_move(COPY, NEW_COPY, deb12);
	assert_int_equal(rmdir(play_path("store/mappings")), 0);
	unlink(play_path(TABLES));
	repair();
	expect_sound();
	expect_all();
}

/* Deletes deb, or replaces it, but the end of its copy is not durable. */
static void leave_copy(bool replace)
{
	static const char replacement[] = "of another deb";

	file_move(COPY, "store/%016" PRIx64, deb);
	store = play_begin();
	must(record_delete(store, RECORD_IMAGE, "deb", &play_error));
	must(mapping_delete(store, deb, &play_error));
	if (replace)
		must(record_put(store, RECORD_IMAGE, "deb", replacement, sizeof(replacement) - 1,
				true, &play_error));
	play_commit(store);
	file_move("store/%016" PRIx64, COPY, deb);
}

/* No damage, nothing that comes back, and gone with the next transaction. */
static void test_copy_left(void **state)
{
	char text[32] = "";

	(void)state;
	for (int replace = 0; replace < 2; replace++) {
		leave_copy(replace);
		expect_sound();
		store = play_begin();
		play_commit(store);
		assert_false(is_there(copy_of(COPY, deb)));
		expect_sound();
		assert_true(is_there(copy_of(COPY, deb12)));
		store = play_begin();
		if (!replace)
			record_make("deb", "of deb", &deb);
		play_commit(store);
	}
	store = play_begin();
	must(record_get(store, RECORD_IMAGE, "deb", text, sizeof(text) - 1, &play_error));
	assert_string_equal(text, "of another deb");
	store_close(store);
	expect_record("deb12", "of deb12", deb12);
}

/* A repair does not delete it, and what it brings back nothing of. */
static void test_copy_left_repair(void **state)
{
	unsigned found;

	(void)state;
	leave_copy(true);
	play_check(play_path("store"), true, &found);
	assert_int_equal(found, 0);
	assert_non_null(strstr(play_findings, "image deb: deleted"));
	assert_false(is_there(copy_of(COPY, deb)));
	assert_true(is_there(copy_of(ASIDE_COPY, deb)));
	expect_sound();
	expect_record("deb12", "of deb12", deb12);
}

/* The tables of each repair are kept. */
static void test_damaged_again(void **state)
{
	static const char *const names[] = { "damaged", "damaged-2", "damaged-3" };
	char path[64];
	struct stat status;

	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		assert_int_equal(truncate(play_path(TABLES), 100 + turn), 0);
		repair();
		snprintf(path, sizeof(path), "store/tables/%s.mdb", names[turn]);
		assert_non_null(strstr(play_findings, path + sizeof("store/") - 1));
	}
	for (unsigned turn = 0; turn < 3; turn++) {
		snprintf(path, sizeof(path), "store/tables/%s.mdb", names[turn]);
		assert_int_equal(stat(play_path(path), &status), 0);
		assert_int_equal(status.st_size, 100 + turn);
	}
	expect_sound();
	expect_all();
}

/* Damaged copies are not deleted, nor is one put aside in place of another. */
static void test_damaged_copy(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		assert_int_equal(truncate(copy_of(COPY, deb), 20 + turn), 0);
		repair();
		assert_false(is_there(copy_of(COPY, deb)));
		store = play_begin();
		must(record_secure(store, RECORD_IMAGE, "deb", deb, &play_error));
		play_commit(store);
	}
	assert_true(is_there(copy_of(ASIDE_COPY, deb)));
	assert_true(is_there(copy_of(ASIDE_COPY "-2", deb)));
	expect_sound();
	expect_all();
}

#define HEAL(test) cmocka_unit_test_setup_teardown(test, make_store, remove_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEAL(test_open_beside_commits),
		HEAL(test_unreadable_object),
		HEAL(test_unreadable_aside),
		HEAL(test_unreadable_copy),
		HEAL(test_newer_copy),
		HEAL(test_repair_dies),
		HEAL(test_copies_in_new),
		HEAL(test_copy_left),
		HEAL(test_copy_left_repair),
		HEAL(test_damaged_again),
		HEAL(test_damaged_copy),
	};

	play_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
