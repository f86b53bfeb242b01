/* SPDX-License-Identifier: MIT */
/*
 * A machine that dies: a story of transactions is recorded, and the store is opened in each state
 * that its disk may be in after each of its calls (see recorder.h). Always it is the store of the
 * last commit that has returned, or of the one that was being made, and nothing else is left once
 * the next writer has been there.
 */
#include <stdio.h>

#include "host/store/backend.h"
#include "tests/unit/store/play.h"
#include "tests/unit/store/recorder.h"

#define DUMP_SIZE 8192
#define COMMITS_MAX 16

static char dumps[COMMITS_MAX][DUMP_SIZE];
static unsigned commits;
static struct store *store;
static mapping_id mapping;

/* ---- What a store holds, as text ---- */

static char *dump_end;

static int dump_object(const struct object_info *info, void *data)
{
	bool sealed = info->flags & OBJECT_SEALED, lost = info->flags & OBJECT_LOST;
	char attribute[16] = "";

	(void)data;
	object_attribute_get(store, info->id, "name", attribute, sizeof(attribute) - 1,
			     &play_error);
	/* The bytes of a private one are outside of transactions. */
	dump_end += sprintf(dump_end, "object %lu %lu references, %s %s %s\n", info->id,
			    info->references, lost ? "lost" : sealed ? "sealed" : "private",
			    sealed && !lost ? play_text(store, info->id) : "", attribute);
	return 0;
}

static int dump_record(const char *name, const void *value, size_t size, void *data)
{
	(void)data;
	dump_end += sprintf(dump_end, "record %s %.*s\n", name, (int)size, (const char *)value);
	return 0;
}

static int dump_entry(uint64_t local, object_id object, void *data)
{
	(void)data;
	dump_end += sprintf(dump_end, "entry %lu is %lu\n", local, object);
	return 0;
}

static void dump(char *text)
{
	struct error none;

	dump_end = text;
	*text = '\0';
	must(object_visit(store, dump_object, NULL, &play_error));
	must(record_visit(store, RECORD_IMAGE, dump_record, NULL, &play_error));
	for (mapping_id id = 1; id <= 3; id++)
		mapping_visit(store, id, dump_entry, NULL, &none);
}

/* ---- The story ---- */

static void commit(void)
{
	must(store_commit(store, &play_error));
	recorder_mark();
	dump(dumps[++commits]);
}

static void begin(void)
{
	must(store_begin(store, &play_error));
}

static void hold(uint64_t local, object_id id)
{
	must(mapping_set(store, mapping, local, id, &play_error));
}

static object_id entry(uint64_t local)
{
	object_id id;

	must(mapping_get(store, mapping, local, &id, &play_error));
	return id;
}

static void story_of_objects(void)
{
	object_id id;

	begin();
	must(mapping_create(store, 0, &mapping, &play_error));
	hold(1, play_sealed(store, "one"));
	hold(2, play_sealed(store, "two"));
	hold(3, play_sealed(store, "one"));
	must(record_put(store, RECORD_IMAGE, "image", "first", 5, true, &play_error));
	commit();
	begin();
	hold(4, play_object(store, "draft", 5));
	must(object_copy(store, entry(2), &id, &play_error));
	hold(5, id);
	must(object_attribute_set(store, entry(1), "name", "value", 5, &play_error));
	commit();
	/* The last reference of one goes, another comes in its place. */
	begin();
	hold(2, play_sealed(store, "three"));
	must(record_put(store, RECORD_IMAGE, "image", "second", 6, false, &play_error));
	commit();
	/* An older private object is sealed; another one is found to be there already. */
	begin();
	must(object_write(store, entry(4), "final", 5, 0, &play_error));
	must(object_seal(store, entry(4), &id, &play_error));
	must(object_copy(store, entry(1), &id, &play_error));
	must(object_seal(store, id, &id, &play_error));
	hold(5, id);
	commit();
}

static void story_of_many(void)
{
	char text[16];

	/* Enough for one sync of all. */
	begin();
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "many %d", i);
		hold(100 + i, play_sealed(store, text));
	}
	commit();
	begin();
	hold(6, play_sealed(store, "never"));
	hold(100, 0);
	store_abort(store);
	begin();
	must(mapping_delete(store, mapping, &play_error));
	commit();
	begin();
	must(mapping_create(store, 0, &mapping, &play_error));
	hold(1, play_sealed(store, "after"));
	must(record_delete(store, RECORD_IMAGE, "image", &play_error));
	commit();
	begin();
	hold(2, play_sealed(store, "last"));
	commit();
}

/* As a repair loses an object; then the same bytes come again. */
static void story_of_healing(void)
{
	struct object_row row;
	object_id id;

	begin();
	hold(3, play_sealed(store, "lost"));
	commit();
	begin();
	id = entry(3);
	must(object_row_get(store, id, &row, &play_error));
	row.flags |= OBJECT_LOST;
	must(object_row_put(store, id, &row, &play_error));
	must(store->operations->file_remove(store, id, &play_error));
	commit();
	begin();
	hold(4, play_sealed(store, "lost"));
	assert_int_equal(entry(4), id);
	commit();
}

/* ---- The states ---- */

static void expect(const char *path, unsigned done, const char *what)
{
	char found[DUMP_SIZE];

	must(store_open_disk(path, 0, &store, &play_error));
	dump(found);
	if (strcmp(found, dumps[done]) && (done == commits || strcmp(found, dumps[done + 1])))
		fail_msg("%s: after commit %u there is\n%s", what, done, found);
	/* What the next writer does, and that it leaves nothing. */
	begin();
	must(record_put(store, RECORD_VOLUME, "next", "x", 1, false, &play_error));
	must(store_commit(store, &play_error));
	dump(dumps[0]);
	assert_string_equal(found, dumps[0]);
	dumps[0][0] = '\0';
	store_close(store);
}

static void look(size_t cut, enum survival survival, size_t one, const char *path)
{
	static const char *const words[] = { "all", "none", "all but", "only" };
	unsigned found;
	char what[64];

	snprintf(what, sizeof(what), "call %zu, %s survive %zu", cut, words[survival], one);
	play_check(path, false, &found);
	if (found)
		fail_msg("%s: before recovery: %s", what, play_findings);
	expect(path, recorder_marks_before(cut), what);
	play_check(path, false, &found);
	if (found)
		fail_msg("%s: after recovery: %s", what, play_findings);
}

static size_t look_at_cut(size_t cut, const char *path)
{
	size_t pending, looked = 0;

	for (enum survival survival = ALL_SURVIVE; survival <= NONE_SURVIVE; survival++) {
		if (recorder_replay(cut, survival, 0, path)) {
			look(cut, survival, 0, path);
			looked++;
		}
	}
	pending = recorder_pending();
	for (size_t one = 0; one < pending; one++) {
		for (enum survival survival = ALL_BUT_ONE; survival <= ONLY_ONE; survival++) {
			if (recorder_replay(cut, survival, one, path)) {
				look(cut, survival, one, path);
				looked++;
			}
		}
	}
	return looked;
}

static void test_all_cuts(void **state)
{
	char path[256];
	size_t looked = 0, count;

	(void)state;
	play_in_memory();
	strcpy(path, play_path("story"));
	must(store_open_disk(path, STORE_CREATE, &store, &play_error));
	recorder_start(path);
	story_of_objects();
	story_of_many();
	story_of_healing();
	recorder_stop();
	store_close(store);
	count = recorder_count();
	strcpy(path, play_path("dead"));
	must(store_open_disk(path, STORE_CREATE, &store, &play_error));
	store_close(store);
	for (size_t cut = 0; cut <= count; cut++)
		looked += look_at_cut(cut, path);
	print_message("# %zu calls, %u commits, %zu states\n", count, commits, looked);
	assert_true(looked > count);
	play_remove_directory();
}

/* What a process that was killed while it made a store may have left: each is made whole later. */
static void test_unfinished(void **state)
{
	static const char *const steps[] = {
		"mkdir S", "touch S/lock", "mkdir S/tables",
		"mkdir -p S/new S/objects/00 S/objects/17",
		"head -c 5000 /dev/zero > S/tables/data.mdb", "head -c 9 /dev/zero > S/format.new",
	};
	char path[256], command[512];

	(void)state;
	play_in_memory();
	for (size_t count = 1; count <= sizeof(steps) / sizeof(steps[0]); count++) {
		strcpy(path, play_directory());
		for (size_t i = 0; i < count; i++) {
			snprintf(command, sizeof(command), "cd %s && %s", path, steps[i]);
			play_run(command);
		}
		strcat(path, "/S");
		assert_int_equal(store_open_disk(path, 0, &store, &play_error), -ENOENT);
		must(store_open_disk(path, STORE_CREATE, &store, &play_error));
		begin();
		must(mapping_create(store, 0, &mapping, &play_error));
		hold(1, play_sealed(store, "one"));
		must(store_commit(store, &play_error));
		store_close(store);
		assert_int_equal(play_check(path, false, NULL), 0);
		play_remove_directory();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_cuts),
		cmocka_unit_test(test_unfinished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
