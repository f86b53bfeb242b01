/* SPDX-License-Identifier: MIT */
/* Stores that somebody has damaged by hand: what the check finds, and what it makes of them. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/store/backend.h"
#include "tests/unit/store/play.h"

static struct store *store;
static mapping_id mapping;
static object_id one, two, private_one;

static int make_store(void **state)
{
	(void)state;
	must(store_open_disk(play_path("store"), STORE_CREATE, &store, &play_error));
	must(store_begin(store, &play_error));
	must(mapping_create(store, 0, &mapping, &play_error));
	one = play_sealed(store, "one");
	two = play_sealed(store, "two");
	private_one = play_object(store, "private", 7);
	must(mapping_set(store, mapping, 1, one, &play_error));
	must(mapping_set(store, mapping, 2, two, &play_error));
	must(mapping_set(store, mapping, 3, private_one, &play_error));
	must(object_attribute_set(store, one, "name", "value", 5, &play_error));
	play_commit(store);
	return 0;
}

static int remove_store(void **state)
{
	(void)state;
	play_remove_directory();
	return 0;
}

/* The findings, each with this text in it; then they are mended, and nothing is left. */
static void expect(unsigned count, const char *text)
{
	unsigned found;

	play_check(play_path("store"), false, &found);
	if (found != count || (count && !strstr(play_findings, text)))
		fail_msg("%u found, want %u with \"%s\":\n%s", found, count, text, play_findings);
	assert_int_equal(play_check(play_path("store"), true, &found), 0);
	assert_int_equal(found, count);
	assert_int_equal(play_check(play_path("store"), true, &found), 0);
	assert_int_equal(found, 0);
}

static const char *file_of(object_id id)
{
	char name[64];

	snprintf(name, sizeof(name), "store/objects/%02lx/%016lx", id & 0xff, id);
	return play_path(name);
}

static void test_sound(void **state)
{
	(void)state;
	expect(0, NULL);
}

static void test_missing_file(void **state)
{
	object_id id;

	(void)state;
	unlink(file_of(one));
	/* Who names it still does, as the same bytes may come again. */
	expect(1, "its file is missing");
	store = play_begin();
	must(mapping_get(store, mapping, 1, &id, &play_error));
	assert_int_equal(id, one);
	store_close(store);
}

static void expect_lost(object_id id, bool lost)
{
	struct object_info info;

	assert_int_equal(object_is_lost(store, id, &play_error), lost);
	must(object_info(store, id, &info, &play_error));
	assert_int_equal(info.flags, OBJECT_SEALED | (lost ? OBJECT_LOST : 0));
	assert_int_equal(info.size, 3);
}

/* Lost, then half healed, then healed: by what is sealed, and by what a mapping has already. */
static void test_heal(void **state)
{
	uint64_t objects, bytes;
	object_id copy, found;
	uint8_t hash[OBJECT_HASH_SIZE];
	struct object_row row;

	(void)state;
	unlink(file_of(one));
	assert_int_equal(truncate(file_of(two), 2), 0);
	expect(2, "its file is missing");
	store = play_begin();
	expect_lost(one, true);
	expect_lost(two, true);
	assert_int_equal(object_open(store, one, false, &play_error), -EIO);
	assert_int_equal(object_read(store, one, hash, 1, 0, &play_error), -EIO);
	assert_int_equal(object_copy(store, one, &copy, &play_error), -EIO);
	must(object_row_get(store, one, &row, &play_error));
	assert_int_equal(object_find_hash(store, row.hash, &found, &play_error), -ENOENT);
	assert_int_equal(play_sealed(store, "one"), one);
	assert_string_equal(play_text(store, one), "one");
	store_abort(store);
	expect_lost(one, true);
	assert_int_equal(access(file_of(one), F_OK), -1);
	must(store_begin(store, &play_error));
	must(mapping_set(store, mapping, 4, play_sealed(store, "one"), &play_error));
	must(mapping_set(store, mapping, 5, play_object(store, "two", 3), &play_error));
	play_commit(store);
	store = play_begin();
	expect_lost(one, false);
	assert_string_equal(play_text(store, one), "one");
	expect_lost(two, true);
	must(store_deduplicate(store, &objects, &bytes, &play_error));
	assert_int_equal(objects, 1);
	/* What the same transaction makes afterwards is still told apart from what it restored. */
	must(object_create(store, &found, &play_error));
	must(object_put(store, found, &play_error));
	play_commit(store);
	store = play_begin();
	assert_string_equal(play_text(store, two), "two");
	must(mapping_get(store, mapping, 5, &found, &play_error));
	assert_int_equal(found, two);
	store_close(store);
	expect(0, NULL);
}

/* A lost object that nobody names any more goes, and leaves nothing. */
static void test_lost_and_put(void **state)
{
	(void)state;
	unlink(file_of(one));
	expect(1, "its file is missing");
	store = play_begin();
	must(mapping_set(store, mapping, 1, 0, &play_error));
	assert_int_not_equal(play_sealed(store, "one"), one);
	store_abort(store);
	must(store_begin(store, &play_error));
	must(mapping_set(store, mapping, 1, 0, &play_error));
	play_commit(store);
	expect(0, NULL);
}

/* Where the power failed before a healing was committed, its file is no file of the object's. */
static void test_heal_cut_off(void **state)
{
	char command[600];
	FILE *file;

	(void)state;
	unlink(file_of(one));
	expect(1, "its file is missing");
	snprintf(command, sizeof(command), "store/new/%016lx", one);
	file = fopen(play_path(command), "w");
	fputs("on", file);
	fclose(file);
	store = play_begin();
	assert_int_equal(access(play_path(command), F_OK), -1);
	assert_int_equal(access(file_of(one), F_OK), -1);
	expect_lost(one, true);
	store_close(store);
}

static void test_changed_bytes(void **state)
{
	FILE *file = fopen(file_of(two), "r+");

	(void)state;
	fputc('T', file);
	fclose(file);
	expect(1, "its bytes are not those that were sealed");
	assert_int_equal(access(file_of(two), F_OK), -1);
	/* A private object's bytes are its owner's business. */
	file = fopen(file_of(private_one), "r+");
	fputc('P', file);
	fclose(file);
	expect(0, NULL);
}

static void test_cut_file(void **state)
{
	(void)state;
	assert_int_equal(truncate(file_of(one), 1), 0);
	expect(1, "its bytes are not those");
}

static void test_orphan(void **state)
{
	char command[600];

	(void)state;
	snprintf(command, sizeof(command), "cp %s ", file_of(one));
	strcat(command, file_of(0x777));
	play_run(command);
	expect(1, "belongs to no object");
	assert_int_equal(access(file_of(0x777), F_OK), -1);
}

static void test_foreign_file(void **state)
{
	unsigned found;

	(void)state;
	fclose(fopen(play_path("store/objects/00/notes"), "w"));
	assert_int_equal(play_check(play_path("store"), true, &found), 1);
	assert_int_equal(access(play_path("store/objects/00/notes"), F_OK), 0);
}

static void test_missing_folder(void **state)
{
	(void)state;
	assert_int_equal(rmdir(play_path("store/objects/99")), 0);
	assert_int_equal(rmdir(play_path("store/new")), 0);
	assert_int_equal(store_open_disk(play_path("store"), 0, &store, &play_error), -EUCLEAN);
	assert_int_equal(play_check(play_path("store"), true, NULL), 0);
	expect(0, NULL);
}

static void test_counts(void **state)
{
	struct object_info info;
	struct object_row row;
	object_id id;

	(void)state;
	store = play_begin();
	must(object_row_get(store, one, &row, &play_error));
	row.references = 7;
	must(object_row_put(store, one, &row, &play_error));
	id = play_sealed(store, "held by nobody");
	play_commit(store);
	expect(2, "7 references, but 1 in mappings");
	store = play_begin();
	must(object_info(store, one, &info, &play_error));
	assert_int_equal(info.references, 1);
	assert_int_equal(object_info(store, id, &info, &play_error), -ENOENT);
	store_close(store);
	assert_int_equal(access(file_of(id), F_OK), -1);
}

static void test_rows(void **state)
{
	object_id wrong = 4711;
	struct key key;

	(void)state;
	store = play_begin();
	key_set_id(&key, TABLE_OBJECTS, two);
	must(store->operations->row_put(store, &key, "short", 5, &play_error));
	key_set_pair(&key, TABLE_ENTRIES, mapping, 50);
	must(store->operations->row_put(store, &key, &wrong, sizeof(wrong), &play_error));
	key_set_pair(&key, TABLE_ENTRIES, 99, 1);
	must(store->operations->row_put(store, &key, &one, sizeof(one), &play_error));
	key_set_id(&key, TABLE_COUNTERS, COUNTER_OBJECTS);
	wrong = 1;
	must(store->operations->row_put(store, &key, &wrong, sizeof(wrong), &play_error));
	play_commit(store);
	/* The bad row, by its hash, and its count; two bad entries; the counter. */
	expect(5, "its row is damaged");
	store = play_begin();
	must(object_create(store, &wrong, &play_error));
	assert_true(wrong > private_one);
	store_close(store);
}

static void test_hashes(void **state)
{
	struct object_row row;
	struct key key;

	(void)state;
	store = play_begin();
	must(object_row_get(store, one, &row, &play_error));
	key_set_hash(&key, row.hash);
	must(store->operations->row_remove(store, &key, &play_error));
	must(object_row_get(store, two, &row, &play_error));
	key_set_hash(&key, row.hash);
	must(store->operations->row_put(store, &key, &one, sizeof(one), &play_error));
	play_commit(store);
	assert_int_equal(play_check(play_path("store"), true, NULL), 0);
	expect(0, NULL);
	store = play_begin();
	assert_int_equal(play_sealed(store, "one"), one);
	assert_int_equal(play_sealed(store, "two"), two);
	store_close(store);
}

static void write_format(const char *line)
{
	FILE *file = fopen(play_path("store/format"), "w");

	fputs(line, file);
	fclose(file);
}

static void test_format(void **state)
{
	(void)state;
	write_format("mezzo-object-store 2\n");
	assert_int_equal(store_open_disk(play_path("store"), STORE_CREATE, &store, &play_error),
			 -EPROTO);
	assert_non_null(strstr(play_error.text, "format 2"));
	write_format("something\n");
	assert_int_equal(store_open_disk(play_path("store"), 0, &store, &play_error), -EUCLEAN);
	/* Without the file it is no place for a new store, as there are rows. */
	unlink(play_path("store/format"));
	assert_int_equal(store_open_disk(play_path("store"), 0, &store, &play_error), -EUCLEAN);
	assert_int_equal(store_open_disk(play_path("store"), STORE_CREATE, &store, &play_error),
			 -EUCLEAN);
	assert_non_null(strstr(play_error.text, "format is missing"));
}

static void test_foreign_folder(void **state)
{
	(void)state;
	mkdir(play_path("home"), 0700);
	fclose(fopen(play_path("home/letter"), "w"));
	assert_int_equal(store_open_disk(play_path("home"), STORE_CREATE, &store, &play_error),
			 -ENOTEMPTY);
	assert_int_equal(access(play_path("home/tables"), F_OK), -1);
	assert_int_equal(store_open_disk(play_path("none"), 0, &store, &play_error), -ENOENT);
	assert_int_equal(access(play_path("none"), F_OK), -1);
}

static void test_cut_tables(void **state)
{
	(void)state;
	assert_int_equal(truncate(play_path("store/tables/data.mdb"), 8192), 0);
	assert_int_equal(store_open_disk(play_path("store"), 0, &store, &play_error), -EUCLEAN);
	assert_int_equal(truncate(play_path("store/tables/data.mdb"), 100), 0);
	assert_true(store_open_disk(play_path("store"), 0, &store, &play_error) < 0);
	unlink(play_path("store/tables/data.mdb"));
	assert_int_equal(store_open_disk(play_path("store"), 0, &store, &play_error), -EUCLEAN);
}

static void test_reading_only(void **state)
{
	struct object_info info;

	(void)state;
	must(store_open_disk(play_path("store"), STORE_READ_ONLY, &store, &play_error));
	assert_int_equal(store_begin(store, &play_error), -EROFS);
	assert_int_equal(object_write(store, private_one, "x", 1, 0, &play_error), -EROFS);
	assert_int_equal(object_open(store, private_one, true, &play_error), -EROFS);
	must(object_info(store, one, &info, &play_error));
	assert_string_equal(play_text(store, one), "one");
	store_close(store);
}

#define DAMAGE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DAMAGE(test_sound),	     DAMAGE(test_missing_file), DAMAGE(test_changed_bytes),
		DAMAGE(test_cut_file),	     DAMAGE(test_orphan),	DAMAGE(test_foreign_file),
		DAMAGE(test_missing_folder), DAMAGE(test_counts),	DAMAGE(test_rows),
		DAMAGE(test_hashes),	     DAMAGE(test_format),	DAMAGE(test_foreign_folder),
		DAMAGE(test_cut_tables),     DAMAGE(test_reading_only), DAMAGE(test_heal),
		DAMAGE(test_lost_and_put),   DAMAGE(test_heal_cut_off),
	};

	play_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
