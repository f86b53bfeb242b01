/* SPDX-License-Identifier: MIT */
/*
 * store_check(): every row and every file is looked at and compared with the others. Under the
 * writer's lock, so that nothing changes meanwhile; with repair in a transaction, which begins with
 * the ordinary recovery.
 *
 * What a dead writer left (files in new/, rows of doomed files) is no finding: the next transaction
 * ends it. Nor is a doomed mapping: a later one ends that when its last user is gone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/store/check.h"

bool check_finding(struct check *check, bool mendable, const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	check->say(line, check->data);
	check->found++;
	if (!mendable || !check->repair)
		check->left++;
	return mendable && check->repair;
}

int check_no_memory(struct check *check)
{
	return error_set(check->err, ENOMEM, "can't check the store");
}

/* Doubles at each power of two. */
void *check_add(void *array, size_t *count, size_t size)
{
	if (!(*count & (*count - 1))) {
		array = realloc(array, (*count ? *count * 2 : 1) * size);
		if (!array)
			return NULL;
	}
	memset((char *)array + *count * size, 0, size);
	++*count;
	return array;
}

int check_each_row(struct check *check, const struct key *prefix,
		   int (*pass)(struct check *check, const struct walk *row))
{
	struct walk walk;
	int more;

	walk_init(&walk, prefix);
	while ((more = walk_next(&check->disk.store, &walk, check->err)) > 0) {
		more = pass(check, &walk);
		if (more)
			break;
	}
	return more;
}

/* Calls pass for each row of a table. */
static int each_row(struct check *check, enum table table,
		    int (*pass)(struct check *check, const struct walk *row))
{
	struct key key;

	key_set_table(&key, table);
	return check_each_row(check, &key, pass);
}

int check_row_remove(struct check *check, const struct key *key)
{
	return tables_row_remove(&check->disk.store, key, check->err);
}

int check_row_of(struct check *check, const struct key *key, void *row, size_t size)
{
	struct slice value;
	int error = tables_row_get(&check->disk.store, key, &value, check->err);

	if (error)
		return error == -ENOENT ? 0 : error;
	return !slice_copy(&value, row, size);
}

static int row_of_id(struct check *check, enum table table, uint64_t id, void *row, size_t size)
{
	struct key key;

	key_set_id(&key, table, id);
	return check_row_of(check, &key, row, size);
}

int check_note(struct check *check, struct id_list *list, object_id id)
{
	return id_list_add(list, id) ? check_no_memory(check) : 0;
}

/* ---- Passes, in the order in which they are made ---- */

static int pass_mapping(struct check *check, const struct walk *row)
{
	struct mapping_row mapping;

	if (!slice_copy(&row->value, &mapping, sizeof(mapping)) && row->at.size == 1 + 8)
		return 0;
	if (check_finding(check, true, "mapping %" PRIu64 ": its row is damaged",
			  key_id(&row->at, 0)))
		return check_row_remove(check, &row->at);
	return 0;
}

/* Those with a copy are mended already, or will be. */
static int mapping_is_there(struct check *check, mapping_id id)
{
	struct mapping_row mapping;

	return copies_find(check, id) ? 1 : row_of_id(check, TABLE_MAPPINGS, id, &mapping,
						      sizeof(mapping));
}

static int pass_doomed_mapping(struct check *check, const struct walk *row)
{
	mapping_id id = key_id(&row->at, 0);
	int there = mapping_is_there(check, id);

	if (there)
		return there < 0 ? there : 0;
	if (check_finding(check, true, "mapping %" PRIu64 " is to be deleted, but is not there",
			  id))
		return check_row_remove(check, &row->at);
	return 0;
}

/* Of mappings that have no copy; see copies_check_entries() for the others. */
static int pass_entry(struct check *check, const struct walk *row)
{
	mapping_id id = key_id(&row->at, 0);
	struct object_row object;
	object_id object_id = 0;
	int there;
	bool mend;

	if (copies_find(check, id))
		return 0;
	there = mapping_is_there(check, id);
	if (there > 0 && !slice_copy(&row->value, &object_id, sizeof(object_id)))
		there = check_object_of(check, object_id, &object);
	if (there < 0)
		return there;
	if (there && object_id)
		return check_note(check, &check->held, object_id);
	mend = check_finding(check, true, "mapping %" PRIu64 ", local object %" PRIu64 ": %s", id,
			     key_id(&row->at, 1),
			     object_id ? "its object is lost" : "there is no such mapping");
	return mend ? check_row_remove(check, &row->at) : 0;
}

static int pass_attribute(struct check *check, const struct walk *row)
{
	object_id id = key_id(&row->at, 0);
	struct object_row object;
	int there = check_object_of(check, id, &object);

	if (there)
		return there < 0 ? there : 0;
	if (check_finding(check, true, "object %" PRIu64 " has attributes, but is lost", id))
		return check_row_remove(check, &row->at);
	return 0;
}

/* No id that is in use may be given out again. */
static int check_counter(struct check *check, enum counter counter, enum table table)
{
	struct store *store = &check->disk.store;
	uint64_t last = 0, greatest = 0;
	struct walk walk;
	struct key key;
	int more = row_of_id(check, TABLE_COUNTERS, counter, &last, sizeof(last));

	if (more >= 0 && counter == COUNTER_MAPPINGS)
		more = domains_last_mapping(store, &greatest, check->err);
	if (more < 0)
		return more;
	key_set_table(&key, table);
	walk_init(&walk, &key);
	while ((more = walk_next(store, &walk, check->err)) > 0)
		greatest = key_id(&walk.at, 0) > greatest ? key_id(&walk.at, 0) : greatest;
	if (more || greatest <= last)
		return more;
	if (!check_finding(check, true, "ids up to %" PRIu64 " are in use, but %" PRIu64
			   " is thought to be the last", greatest, last))
		return 0;
	key_set_id(&key, TABLE_COUNTERS, counter);
	return tables_row_put(store, &key, &greatest, sizeof(greatest), check->err);
}

/* What there is. */
static int check_parts(struct check *check)
{
	int error = each_row(check, TABLE_MAPPINGS, pass_mapping);

	if (!error)
		error = copies_load(check);
	if (!error)
		error = copies_check_mappings(check);
	if (!error)
		error = each_row(check, TABLE_DOOMED_MAPPINGS, pass_doomed_mapping);
	if (!error)
		error = each_row(check, TABLE_OBJECTS, pass_object);
	if (!error)
		error = check_files(check);
	return error ? error : known_sort(check);
}

/* What leads to it. */
static int check_all(struct check *check)
{
	int error = check_parts(check);

	if (!error)
		error = check_counter(check, COUNTER_OBJECTS, TABLE_OBJECTS);
	if (!error)
		error = check_counter(check, COUNTER_MAPPINGS, TABLE_MAPPINGS);
	if (!error)
		error = each_row(check, TABLE_HASHES, pass_hash);
	if (!error)
		error = each_row(check, TABLE_OBJECTS, pass_sealed);
	if (!error)
		error = copies_check_entries(check);
	if (!error)
		error = copies_check_records(check);
	if (!error)
		error = each_row(check, TABLE_ENTRIES, pass_entry);
	check_list_sort(&check->held);
	if (!error)
		error = each_row(check, TABLE_ATTRIBUTES, pass_attribute);
	if (!error)
		error = each_row(check, TABLE_OBJECTS, pass_count);
	if (!error)
		error = check_all_known(check);
	/* Objects have rows now that had none. */
	if (!error && check->repair)
		error = check_counter(check, COUNTER_OBJECTS, TABLE_OBJECTS);
	check_list_sort(&check->lost);
	return error;
}

static int check_and_repair(struct check *check)
{
	struct store *store = &check->disk.store;
	int error = store_begin_plain(store, check->err);

	if (error)
		return error;
	error = store_use_reserve(store, check->err);
	if (!error)
		error = check_all(check);
	if (error) {
		store_abort(store);
		return error;
	}
	error = store_commit(store, check->err);
	if (!error)
		error = aside_finish(check);
	return error ? error : check_tables_done(check);
}

static int check_only(struct check *check)
{
	struct store *store = &check->disk.store;
	int error = store_view_begin(store, check->err);

	if (!error) {
		error = check_all(check);
		store_view_end(store);
	}
	return error;
}

static void check_release(struct check *check)
{
	free(check->held.ids);
	free(check->gone.ids);
	free(check->known);
	free(check->known_by_hash);
	free(check->aside);
	free(check->taken);
	free(check->copies_aside.ids);
	copies_release(check);
}

static int check_store(struct check *check, const char *path)
{
	int lock_fd, error = check_root(check, path);

	if (error)
		return error;
	lock_fd = check_tables(check, path);
	if (lock_fd < 0)
		return lock_fd;
	error = disk_open(&check->disk, path, check->repair ? 0 : STORE_READ_ONLY, lock_fd,
			  check->err);
	if (error)
		return error;
	error = check->repair ? check_and_repair(check) : check_only(check);
	disk_release(&check->disk);
	return error;
}

int store_check(const char *path, bool repair, void (*say)(const char *line, void *data),
		void *data, uint64_t *found, uint64_t *left, struct id_list *lost,
		struct error *err)
{
	struct check check = { .repair = repair, .say = say, .data = data, .err = err };
	int error = check_store(&check, path);

	check_release(&check);
	if (error) {
		free(check.lost.ids);
		return error;
	}
	*found = check.found;
	*left = check.left;
	*lost = check.lost;
	return 0;
}
