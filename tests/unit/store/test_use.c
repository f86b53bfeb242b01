/* SPDX-License-Identifier: MIT */
/*
 * Mappings in use: what is deleted while somebody runs over it stays until he is gone, whether he
 * is this store, another process, or a lasting domain; and nobody begins to use what is gone.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "host/store/backend.h"
#include "tests/unit/store/play.h"

static struct store *store;
static bool on_disk;
static mapping_id mapping;
static object_id object;

static struct store *open_again(unsigned flags)
{
	struct store *other;

	must(store_open_disk(play_path("use"), flags, &other, &play_error));
	return other;
}

static void begin(void)
{
	must(store_begin(store, &play_error));
}

static void commit(void)
{
	must(store_commit(store, &play_error));
}

static int fill(void)
{
	begin();
	must(mapping_create(store, 0, &mapping, &play_error));
	object = play_sealed(store, "content");
	must(mapping_set(store, mapping, 1, object, &play_error));
	commit();
	return 0;
}

static int open_memory(void **state)
{
	(void)state;
	on_disk = false;
	must(store_open_memory(&store, &play_error));
	return fill();
}

static int open_disk(void **state)
{
	(void)state;
	on_disk = true;
	store = NULL;
	must(store_open_disk(play_path("use"), STORE_CREATE, &store, &play_error));
	return fill();
}

static int close_store(void **state)
{
	(void)state;
	store_close(store);
	if (on_disk)
		play_remove_directory();
	return 0;
}

static bool is_there(void)
{
	object_id found;

	return !mapping_get(store, mapping, 1, &found, &play_error) && found == object &&
	       !strcmp(play_text(store, object), "content");
}

static void delete(void)
{
	begin();
	must(mapping_delete(store, mapping, &play_error));
	commit();
}

/* An empty transaction. */
static void turn(void)
{
	begin();
	commit();
}

static void is_healthy(void)
{
	unsigned found;

	if (!on_disk)
		return;
	if (play_check(play_path("use"), false, &found) || found)
		fail_msg("%s", play_findings);
}

static void expect_gone(void)
{
	struct object_info info;

	assert_false(is_there());
	assert_int_equal(object_info(store, object, &info, &play_error), -ENOENT);
	assert_int_equal(mapping_pin(store, mapping, &play_error), -ENOENT);
	is_healthy();
}

static void test_own_pin(void **state)
{
	(void)state;
	must(mapping_pin(store, mapping, &play_error));
	must(mapping_pin(store, mapping, &play_error));
	delete();
	assert_true(is_there());
	turn();
	assert_true(is_there());
	is_healthy();
	/* Deleting it once more changes nothing. */
	delete();
	assert_true(is_there());
	mapping_unpin(store, mapping);
	assert_true(is_there());
	turn();
	expect_gone();
}

static void test_no_pin(void **state)
{
	(void)state;
	assert_int_equal(mapping_pin(store, 99, &play_error), -ENOENT);
	mapping_unpin(store, 99);
	delete();
	expect_gone();
}

static void test_abort(void **state)
{
	(void)state;
	begin();
	must(mapping_delete(store, mapping, &play_error));
	assert_int_equal(mapping_pin(store, mapping, &play_error), -ENOENT);
	store_abort(store);
	assert_true(is_there());
	must(mapping_pin(store, mapping, &play_error));
	begin();
	must(mapping_delete(store, mapping, &play_error));
	store_abort(store);
	mapping_unpin(store, mapping);
	turn();
	assert_true(is_there());
	is_healthy();
}

/* Doomed, unpinned and deleted again in one transaction. */
static void test_deleted_twice(void **state)
{
	(void)state;
	must(mapping_pin(store, mapping, &play_error));
	begin();
	must(mapping_delete(store, mapping, &play_error));
	mapping_unpin(store, mapping);
	must(mapping_delete(store, mapping, &play_error));
	commit();
	expect_gone();
}

static void test_other_store(void **state)
{
	struct store *other = open_again(STORE_READ_ONLY);
	int kept;

	(void)state;
	must(mapping_pin(other, mapping, &play_error));
	delete();
	assert_true(is_there());
	/* Who comes later may use it as well. */
	must(mapping_pin(store, mapping, &play_error));
	mapping_unpin(store, mapping);
	turn();
	kept = store_keep_pins(other, &play_error);
	assert_true(kept >= 0);
	store_close(other);
	turn();
	assert_true(is_there());
	close(kept);
	turn();
	expect_gone();
}

static void write_record(const char *text)
{
	FILE *file;

	mkdir(play_path("use/domains"), 0700);
	mkdir(play_path("use/domains/last"), 0700);
	file = fopen(play_path("use/domains/last/record"), "w");
	fprintf(file, text, (unsigned long)mapping);
	fclose(file);
}

static void test_lasting_domain(void **state)
{
	char name[RECORD_NAME_MAX + 1] = "";

	(void)state;
	assert_int_equal(mapping_holder(store, mapping, name, &play_error), 0);
	write_record("name last\nmapping %lu\nother x\n");
	mkdir(play_path("use/domains/half-made"), 0700);
	assert_int_equal(mapping_holder(store, mapping, name, &play_error), 1);
	assert_string_equal(name, "last");
	assert_int_equal(mapping_holder(store, mapping + 1, name, &play_error), 0);
	delete();
	turn();
	assert_true(is_there());
	is_healthy();
	/* It starts again. */
	must(mapping_pin(store, mapping, &play_error));
	mapping_unpin(store, mapping);
	must(unlink(play_path("use/domains/last/record")));
	turn();
	expect_gone();
}

static void test_records(void **state)
{
	static const char *const others[] = { "", "\n\n", "mapping %lu0\n", "xmapping %lu\n",
					      "mapping  x%lu\n", "mapping\n%lu\n",
					      "mapping %lu x\n" };
	static const char *const own[] = { "mapping %lu", "a\nmapping %lu\n", "mapping %lu\n" };
	char name[RECORD_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		write_record(others[i]);
		assert_int_equal(mapping_holder(store, mapping, name, &play_error), 0);
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		write_record(own[i]);
		assert_int_equal(mapping_holder(store, mapping, name, &play_error), 1);
	}
	/* Where it can't be told nothing is deleted, but other work goes on. */
	write_record("x");
	must(truncate(play_path("use/domains/last/record"), 100000));
	begin();
	assert_int_equal(mapping_delete(store, mapping, &play_error), -EFBIG);
	assert_non_null(strstr(play_error.text, "domain last"));
	store_abort(store);
	must(mapping_pin(store, mapping, &play_error));
	delete();
	mapping_unpin(store, mapping);
	turn();
	assert_true(is_there());
}

/* A creator that comes while the deletion is not committed waits, and then finds nothing. */
static void test_race(void **state)
{
	int status, ready[2];
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	begin();
	must(mapping_delete(store, mapping, &play_error));
	child = fork();
	if (!child) {
		struct store *other = NULL;

		if (store_open_disk(play_path("use"), STORE_READ_ONLY, &other, &play_error) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		_exit(mapping_pin(other, mapping, &play_error) == -ENOENT ? 0 : 2);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	commit();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	expect_gone();
	close(ready[0]);
	close(ready[1]);
}

/* One process deletes and makes again, others pin: who has pinned it reads it, every time. */
static void pin_for_ever(void)
{
	struct store *other = NULL;
	unsigned pinned = 0;

	if (store_open_disk(play_path("use"), STORE_READ_ONLY, &other, &play_error))
		_exit(1);
	for (;;) {
		mapping_id id = 0;
		object_id found;
		char text[8];
		int error;

		if (record_get(other, RECORD_IMAGE, "now", &id, sizeof(id), &play_error) < 0)
			_exit(pinned ? 0 : 2);
		error = mapping_pin(other, id, &play_error);
		if (error == -ENOENT)
			continue;
		if (error || mapping_get(other, id, 1, &found, &play_error) ||
		    object_read(other, found, text, 7, 0, &play_error) != 7)
			_exit(3);
		mapping_unpin(other, id);
		pinned++;
	}
}

static void replace(unsigned round)
{
	mapping_id former = mapping;
	char text[16];

	begin();
	must(mapping_create(store, 0, &mapping, &play_error));
	snprintf(text, sizeof(text), "c%06u", round);
	object = play_sealed(store, text);
	must(mapping_set(store, mapping, 1, object, &play_error));
	must(record_put(store, RECORD_IMAGE, "now", &mapping, sizeof(mapping), false,
			&play_error));
	must(mapping_delete(store, former, &play_error));
	commit();
}

static int count_object(const struct object_info *info, void *data)
{
	(void)info;
	++*(unsigned *)data;
	return 0;
}

static void test_many_races(void **state)
{
	unsigned count = 0;
	pid_t children[3];
	int status;

	(void)state;
	replace(0);
	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (!children[i])
			pin_for_ever();
	}
	for (unsigned round = 1; round < 300; round++)
		replace(round);
	begin();
	must(record_delete(store, RECORD_IMAGE, "now", &play_error));
	commit();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	turn();
	must(object_visit(store, count_object, &count, &play_error));
	assert_int_equal(count, 1);
	is_healthy();
}

/* Whoever is killed uses nothing any more. */
static void test_killed(void **state)
{
	int ready[2];
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (!child) {
		struct store *other = NULL;

		if (store_open_disk(play_path("use"), STORE_READ_ONLY, &other, &play_error) ||
		    mapping_pin(other, mapping, &play_error) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	delete();
	turn();
	assert_true(is_there());
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	turn();
	expect_gone();
	close(ready[0]);
	close(ready[1]);
}

static void test_damage(void **state)
{
	unsigned found;
	struct key key;

	(void)state;
	begin();
	key_set_id(&key, TABLE_DOOMED_MAPPINGS, 77);
	must(store->operations->row_put(store, &key, NULL, 0, &play_error));
	commit();
	assert_int_equal(play_check(play_path("use"), false, &found), 1);
	assert_non_null(strstr(play_findings, "mapping 77 is to be deleted"));
	assert_int_equal(play_check(play_path("use"), true, &found), 0);
	is_healthy();
}

/* clang-format off */
#define BOTH(test) \
	{ #test " (memory)", test, open_memory, close_store, NULL }, \
	{ #test " (disk)", test, open_disk, close_store, NULL }
#define DISK(test) { #test, test, open_disk, close_store, NULL }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_own_pin),	   BOTH(test_no_pin),  BOTH(test_abort),
		BOTH(test_deleted_twice),  DISK(test_other_store),
		DISK(test_lasting_domain), DISK(test_records), DISK(test_race),
		DISK(test_many_races),	   DISK(test_killed),  DISK(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
