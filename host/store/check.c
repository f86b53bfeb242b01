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

/* Calls pass for each row of a table. */
static int each_row(struct check *check, enum table table,
		    int (*pass)(struct check *check, const struct walk *row))
{
	struct walk walk;
	struct key key;
	int more;

	key_set_table(&key, table);
	walk_init(&walk, &key);
	while ((more = walk_next(&check->disk.store, &walk, check->err)) > 0) {
		more = pass(check, &walk);
		if (more)
			break;
	}
	return more;
}

static int remove_row(struct check *check, const struct key *key)
{
	return tables_row_remove(&check->disk.store, key, check->err);
}

/* 1 with the row, 0 where there is none or none of that size, or -errno. */
static int row_of(struct check *check, enum table table, uint64_t id, void *row, size_t size)
{
	struct slice value;
	struct key key;
	int error;

	key_set_id(&key, table, id);
	error = tables_row_get(&check->disk.store, &key, &value, check->err);
	if (error)
		return error == -ENOENT ? 0 : error;
	return !slice_copy(&value, row, size);
}

/* The first of a rising list that is not below id. */
static size_t list_find(const struct id_list *list, object_id id)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_gone(const struct check *check, object_id id)
{
	size_t at = list_find(&check->gone, id);

	return at < check->gone.count && check->gone.ids[at] == id;
}

/* As row_of(): without repair the rows of objects that are gone are there, but do not count. */
static int object_of(struct check *check, object_id id, struct object_row *object)
{
	return is_gone(check, id) ? 0 : row_of(check, TABLE_OBJECTS, id, object, sizeof(*object));
}

/* ---- Passes, in the order in which they are made ---- */

static int list_note(struct check *check, struct id_list *list, object_id id)
{
	return id_list_add(list, id) ? error_set(check->err, ENOMEM, "can't check the store") : 0;
}

/* An object that nothing known of it can bring back; what names it goes in later passes. */
static int object_gone(struct check *check, const struct walk *row)
{
	object_id id = key_id(&row->at, 0);
	int error = list_note(check, &check->gone, id);

	if (error || !check->repair)
		return error;
	error = remove_row(check, &row->at);
	return error ? error : file_remove(&check->disk.store, id, check->err);
}

/* A sealed object whose bytes are no good: who names it, and its hash, are kept. */
static int object_lose(struct check *check, object_id id, struct object_row *object)
{
	int error;

	if (!check->repair)
		return 0;
	object->flags |= OBJECT_LOST;
	error = object_row_put(&check->disk.store, id, object, check->err);
	return error ? error : file_remove(&check->disk.store, id, check->err);
}

static int pass_object(struct check *check, const struct walk *row)
{
	object_id id = key_id(&row->at, 0);
	struct object_row object = { 0 };
	bool good = false;
	int error = 0;

	if (slice_copy(&row->value, &object, sizeof(object)) || row->at.size != 1 + sizeof(id))
		check_finding(check, true, "object %" PRIu64 ": its row is damaged", id);
	else if (object.flags & OBJECT_LOST)
		return list_note(check, &check->lost, id);
	else
		error = check_object_file(check, id, &object, &good);
	if (error || good)
		return error;
	error = list_note(check, &check->lost, id);
	if (error)
		return error;
	return object.flags & OBJECT_SEALED ? object_lose(check, id, &object) :
					      object_gone(check, row);
}

static int pass_entry(struct check *check, const struct walk *row)
{
	mapping_id id = key_id(&row->at, 0);
	struct mapping_row mapping;
	struct object_row object;
	object_id object_id = 0;
	int there = row_of(check, TABLE_MAPPINGS, id, &mapping, sizeof(mapping));
	bool mend;

	if (there > 0 && !slice_copy(&row->value, &object_id, sizeof(object_id)))
		there = object_of(check, object_id, &object);
	if (there < 0)
		return there;
	if (there && object_id)
		return list_note(check, &check->held, object_id);
	mend = check_finding(check, true, "mapping %" PRIu64 ", local object %" PRIu64 ": %s", id,
			     key_id(&row->at, 1),
			     object_id ? "its object is lost" : "there is no such mapping");
	return mend ? remove_row(check, &row->at) : 0;
}

static int by_id(const void *a, const void *b)
{
	object_id one = *(const object_id *)a, other = *(const object_id *)b;

	return one < other ? -1 : one > other;
}

static int pass_hash(struct check *check, const struct walk *row)
{
	struct object_row object;
	object_id id = 0;
	int there = 0;

	if (!slice_copy(&row->value, &id, sizeof(id)))
		there = object_of(check, id, &object);
	if (there < 0)
		return there;
	if (there && (object.flags & OBJECT_SEALED) && row->at.size == 1 + sizeof(object.hash) &&
	    !memcmp(row->at.bytes + 1, object.hash, sizeof(object.hash)))
		return 0;
	if (check_finding(check, true, "a hash leads to object %" PRIu64 ", which has another", id))
		return remove_row(check, &row->at);
	return 0;
}

/* Each sealed object is found by its hash. */
static int pass_sealed(struct check *check, const struct walk *row)
{
	struct store *store = &check->disk.store;
	object_id id = key_id(&row->at, 0);
	struct object_row object;
	struct slice value;
	struct key key;
	int error, there = object_of(check, id, &object);

	if (there <= 0 || !(object.flags & OBJECT_SEALED))
		return there < 0 ? there : 0;
	key_set_hash(&key, object.hash);
	error = tables_row_get(store, &key, &value, check->err);
	if (error != -ENOENT)
		return error;
	if (check_finding(check, true, "object %" PRIu64 " is not found by its hash", id))
		return tables_row_put(store, &key, &id, sizeof(id), check->err);
	return 0;
}

static int pass_attribute(struct check *check, const struct walk *row)
{
	object_id id = key_id(&row->at, 0);
	struct object_row object;
	int there = object_of(check, id, &object);

	if (there)
		return there < 0 ? there : 0;
	if (check_finding(check, true, "object %" PRIu64 " has attributes, but is lost", id))
		return remove_row(check, &row->at);
	return 0;
}

static int pass_doomed_mapping(struct check *check, const struct walk *row)
{
	mapping_id id = key_id(&row->at, 0);
	struct mapping_row mapping;
	int there = row_of(check, TABLE_MAPPINGS, id, &mapping, sizeof(mapping));

	if (there)
		return there < 0 ? there : 0;
	if (check_finding(check, true, "mapping %" PRIu64 " is to be deleted, but is not there",
			  id))
		return remove_row(check, &row->at);
	return 0;
}

static int pass_mapping(struct check *check, const struct walk *row)
{
	struct mapping_row mapping;

	if (!slice_copy(&row->value, &mapping, sizeof(mapping)))
		return 0;
	if (check_finding(check, true, "mapping %" PRIu64 ": its row is damaged",
			  key_id(&row->at, 0)))
		return remove_row(check, &row->at);
	return 0;
}

/* How many mappings hold an object. */
static uint64_t holders(const struct check *check, object_id id)
{
	return list_find(&check->held, id + 1) - list_find(&check->held, id);
}

static int pass_count(struct check *check, const struct walk *row)
{
	struct store *store = &check->disk.store;
	object_id id = key_id(&row->at, 0);
	uint64_t count = holders(check, id);
	struct object_row object;
	int there = object_of(check, id, &object);

	if (there <= 0 || object.references == count)
		return there < 0 ? there : 0;
	if (!check_finding(check, true,
			   "object %" PRIu64 ": %" PRIu64 " references, but %" PRIu64 " in "
										      "mappings",
			   id, object.references, count))
		return 0;
	object.references = count ? count : 1;
	there = object_row_put(store, id, &object, check->err);
	return there || count ? there : object_put(store, id, check->err);
}

/* No id that is in use may be given out again. */
static int check_counter(struct check *check, enum counter counter, enum table table)
{
	struct store *store = &check->disk.store;
	uint64_t last = 0, greatest = 0;
	struct walk walk;
	struct key key;
	int more = row_of(check, TABLE_COUNTERS, counter, &last, sizeof(last));

	if (more < 0)
		return more;
	key_set_table(&key, table);
	walk_init(&walk, &key);
	while ((more = walk_next(store, &walk, check->err)) > 0)
		greatest = key_id(&walk.at, 0);
	if (more || greatest <= last)
		return more;
	if (!check_finding(check, true,
			   "ids up to %" PRIu64 " are in use, but %" PRIu64 " is thought to be the "
									    "last",
			   greatest, last))
		return 0;
	key_set_id(&key, TABLE_COUNTERS, counter);
	return tables_row_put(store, &key, &greatest, sizeof(greatest), check->err);
}

static int check_all(struct check *check)
{
	int error = each_row(check, TABLE_MAPPINGS, pass_mapping);

	if (!error)
		error = each_row(check, TABLE_DOOMED_MAPPINGS, pass_doomed_mapping);
	if (!error)
		error = each_row(check, TABLE_OBJECTS, pass_object);
	if (!error)
		error = each_row(check, TABLE_ENTRIES, pass_entry);
	if (!error && check->held.count)
		qsort(check->held.ids, check->held.count, sizeof(object_id), by_id);
	if (!error)
		error = each_row(check, TABLE_HASHES, pass_hash);
	if (!error)
		error = each_row(check, TABLE_OBJECTS, pass_sealed);
	if (!error)
		error = each_row(check, TABLE_ATTRIBUTES, pass_attribute);
	if (!error)
		error = each_row(check, TABLE_OBJECTS, pass_count);
	if (!error)
		error = check_counter(check, COUNTER_OBJECTS, TABLE_OBJECTS);
	if (!error)
		error = check_counter(check, COUNTER_MAPPINGS, TABLE_MAPPINGS);
	return error ? error : check_orphans(check);
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
	return store_commit(store, check->err);
}

static int check_only(struct check *check)
{
	struct store *store = &check->disk.store;
	int error = disk_lock(check->disk.lock_fd, LOCK_WRITER, false, true);

	if (error)
		return error_set(check->err, -error, "can't lock the store");
	error = store_view_begin(store, check->err);
	if (!error) {
		error = check_all(check);
		store_view_end(store);
	}
	disk_unlock(check->disk.lock_fd, LOCK_WRITER);
	return error;
}

int store_check(const char *path, bool repair, void (*say)(const char *line, void *data),
		void *data, uint64_t *found, uint64_t *left, struct id_list *lost,
		struct error *err)
{
	struct check check = { .repair = repair, .say = say, .data = data, .err = err };
	int error = check_folders(&check, path);

	if (!error)
		error = disk_open(&check.disk, path, repair ? 0 : STORE_READ_ONLY, err);
	if (error)
		return error;
	error = repair ? check_and_repair(&check) : check_only(&check);
	disk_release(&check.disk);
	free(check.held.ids);
	free(check.gone.ids);
	if (error) {
		free(check.lost.ids);
		return error;
	}
	*found = check.found;
	*left = check.left;
	*lost = check.lost;
	return 0;
}
