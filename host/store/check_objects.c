/* SPDX-License-Identifier: MIT */
/*
 * Passes over objects: their rows, their files, their hashes, and how many mappings hold them.
 * Under the writer's lock.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/store/check.h"

/* An object that nothing known of it can bring back; what names it goes in later passes. */
static int object_gone(struct check *check, const struct walk *row, object_id id)
{
	int error = check_note(check, &check->gone, id);

	if (!error)
		error = check_note(check, &check->lost, id);
	return error || !check->repair ? error : check_row_remove(check, &row->at);
}

/* A sealed object whose bytes are no good: who names it, and its hash, are kept. */
static int object_lose(struct check *check, object_id id, struct object_row *object)
{
	int error = check_note(check, &check->lost, id);

	if (error || !check->repair || object->flags & OBJECT_LOST)
		return error;
	object->flags |= OBJECT_LOST;
	return object_row_put(&check->disk.store, id, object, check->err);
}

/* No file. With repair bytes that were put aside come back. */
static int object_without_file(struct check *check, const struct walk *row, object_id id,
			       struct object_row *object)
{
	bool was_lost = object->flags & OBJECT_LOST, sealed = object->flags & OBJECT_SEALED;
	int taken = 0;

	if (!was_lost)
		check_finding(check, true, "object %" PRIu64 ": its file is missing", id);
	if (!sealed)
		return object_gone(check, row, id);
	if (check->repair)
		taken = aside_take(check, id, object->hash);
	if (taken <= 0)
		return taken ? taken : object_lose(check, id, object);
	if (!was_lost)
		return 0;
	check_finding(check, true, "object %" PRIu64 ": its bytes had been put aside", id);
	object->flags &= ~(uint32_t)OBJECT_LOST;
	return object_row_put(&check->disk.store, id, object, check->err);
}

static int file_is_doomed(struct check *check, object_id id)
{
	uint8_t nothing;
	struct key key;

	key_set_id(&key, TABLE_DOOMED, id);
	return check_row_of(check, &key, &nothing, 0);
}

/* The bytes are not those of the row. They may be those of another, so they are put aside. */
static int object_with_other_bytes(struct check *check, object_id id, struct object_row *object,
				   const uint8_t hash[OBJECT_HASH_SIZE])
{
	char name[FILE_NAME_SIZE];
	int doomed = file_is_doomed(check, id);

	if (doomed)
		return doomed < 0 ? doomed : object_lose(check, id, object);
	check_finding(check, true, "object %" PRIu64 ": its bytes are not those that were sealed",
		      id);
	file_name(id, name);
	return aside_note(check, name, hash) ?: object_lose(check, id, object);
}

/* The bytes are right, by the table of hashes if not by the row. */
static int object_with_bytes(struct check *check, object_id id, struct object_row *object,
			     uint64_t size, const uint8_t hash[OBJECT_HASH_SIZE])
{
	int doomed = object->flags & OBJECT_LOST ? file_is_doomed(check, id) : 0;

	if (doomed)
		return doomed < 0 ? doomed : check_note(check, &check->lost, id);
	*object = (struct object_row){ .references = object->references, .size = size,
				       .flags = OBJECT_SEALED };
	memcpy(object->hash, hash, sizeof(object->hash));
	if (check_finding(check, true, "object %" PRIu64 ": its row is damaged", id)) {
		int error = object_row_put(&check->disk.store, id, object, check->err);

		if (error)
			return error;
	}
	return known_add(check, id, object);
}

static bool is_private(const struct object_row *object)
{
	static const struct object_row none;

	return !object->flags && !object->reserved && !object->size &&
	       !memcmp(object->hash, none.hash, sizeof(none.hash));
}

/* Whether the table of hashes leads from a content to this object: 1, 0 or -errno. */
static int hash_leads(struct check *check, const uint8_t hash[OBJECT_HASH_SIZE], object_id id)
{
	object_id found = 0;
	struct key key;
	int there;

	key_set_hash(&key, hash);
	there = check_row_of(check, &key, &found, sizeof(found));
	return there < 0 ? there : there && found == id;
}

/* The disk does not give its bytes, which another time it may. */
static int object_unreadable(struct check *check, const struct walk *row, object_id id,
			     bool damaged, struct object_row *object)
{
	if (damaged || !(object->flags & OBJECT_LOST))
		check_finding(check, true, "object %" PRIu64 ": its bytes can't be read%s", id,
			      damaged ? ", and its row is damaged" : "");
	if (damaged || !(object->flags & OBJECT_SEALED))
		return object_gone(check, row, id);
	return object_lose(check, id, object);
}

static int object_check(struct check *check, const struct walk *row, object_id id, bool damaged,
			struct object_row *object)
{
	uint8_t hash[OBJECT_HASH_SIZE];
	uint64_t size = 0;
	int result = check_bytes(check, id, &size, hash);
	bool same;

	if (result < 0)
		return result;
	if (result == BYTES_UNREADABLE)
		return object_unreadable(check, row, id, damaged, object);
	if (!result && !damaged)
		return object_without_file(check, row, id, object);
	same = result && !damaged && object_has_hash(object, hash) && object->size == size;
	if (same && object->flags == OBJECT_SEALED && !object->reserved)
		return 0;
	if (result && !same)
		result = hash_leads(check, hash, id);
	if (result < 0)
		return result;
	if (result)
		return object_with_bytes(check, id, object, size, hash);
	if (!damaged && object->flags & OBJECT_SEALED)
		return object_with_other_bytes(check, id, object, hash);
	check_finding(check, true, "object %" PRIu64 ": its row is damaged", id);
	return object_gone(check, row, id);
}

int pass_object(struct check *check, const struct walk *row)
{
	object_id id = key_id(&row->at, 0);
	struct object_row object = { 0 };
	bool damaged = slice_copy(&row->value, &object, sizeof(object));
	uint64_t size, disk_size;
	int error;

	if (row->at.size != 1 + sizeof(id) || !id) {
		if (check_finding(check, true, "a row of an object has no number"))
			return check_row_remove(check, &row->at);
		return 0;
	}
	if (damaged || !is_private(&object))
		return object_check(check, row, id, damaged, &object);
	error = file_size(&check->disk.store, id, &size, &disk_size, check->err);
	return error == -ENOENT ? object_without_file(check, row, id, &object) : error;
}

int pass_hash(struct check *check, const struct walk *row)
{
	struct object_row object;
	object_id id = 0;
	int there = 0;

	if (!slice_copy(&row->value, &id, sizeof(id)))
		there = check_object_of(check, id, &object);
	if (there < 0)
		return there;
	if (there && row->at.size == 1 + sizeof(object.hash) &&
	    object_has_hash(&object, row->at.bytes + 1))
		return 0;
	if (check_finding(check, true, "a hash leads to object %" PRIu64 ", which has another", id))
		return check_row_remove(check, &row->at);
	return 0;
}

int pass_sealed(struct check *check, const struct walk *row)
{
	object_id id = key_id(&row->at, 0);
	struct object_row object;
	struct slice value;
	struct key key;
	int error, there = check_object_of(check, id, &object);

	if (there <= 0 || !(object.flags & OBJECT_SEALED))
		return there < 0 ? there : 0;
	key_set_hash(&key, object.hash);
	error = tables_row_get(&check->disk.store, &key, &value, check->err);
	if (error != -ENOENT)
		return error;
	if (check_finding(check, true, "object %" PRIu64 " is not found by its hash", id))
		return tables_row_put(&check->disk.store, &key, &id, sizeof(id), check->err);
	return 0;
}

/* ---- Who holds them ---- */

/* How many mappings hold an object. */
static uint64_t holders(const struct check *check, object_id id)
{
	return check_list_find(&check->held, id + 1) - check_list_find(&check->held, id);
}

static int row_drop(struct check *check, const struct walk *row)
{
	return check_row_remove(check, &row->at);
}

/* Row and hash of an object that nobody holds; its bytes are put aside. */
static int object_drop(struct check *check, object_id id, const struct object_row *object)
{
	uint8_t hash[OBJECT_HASH_SIZE];
	char name[FILE_NAME_SIZE];
	uint64_t size;
	struct key key;
	int error = 0, there = check_bytes(check, id, &size, hash);

	file_name(id, name);
	if (there == BYTES_THERE && !(object->flags & OBJECT_LOST))
		there = aside_note(check, name, hash);
	if (there < 0)
		return there;
	there = hash_leads(check, object->hash, id);
	key_set_hash(&key, object->hash);
	if (there > 0)
		error = check_row_remove(check, &key);
	key_set_id(&key, TABLE_ATTRIBUTES, id);
	if (there >= 0 && !error)
		error = check_each_row(check, &key, row_drop);
	key_set_id(&key, TABLE_OBJECTS, id);
	return there < 0 ? there : error ? error : check_row_remove(check, &key);
}

int pass_count(struct check *check, const struct walk *row)
{
	object_id id = key_id(&row->at, 0);
	uint64_t count = holders(check, id);
	struct object_row object;
	int there = check_object_of(check, id, &object);

	if (there <= 0 || (object.references == count && count))
		return there < 0 ? there : 0;
	if (!check_finding(check, true,
			   "object %" PRIu64 ": %" PRIu64 " references, but %" PRIu64 " in "
			   "mappings%s", id, object.references, count,
			   count ? "" : ": put aside in lost/"))
		return 0;
	if (!count)
		return object_drop(check, id, &object);
	object.references = count;
	return object_row_put(&check->disk.store, id, &object, check->err);
}

/* A file whose object has no row: either mappings hold it, or nobody does. */
static int check_known(struct check *check, const struct known *known)
{
	struct object_row row = known->row;
	char name[FILE_NAME_SIZE];
	struct key key;
	int there;

	row.references = holders(check, known->id);
	if (row.references && check->rebuilt) {
		check->rows_back++;
		return check->repair ? check_put_sealed(check, known->id, &row) : 0;
	}
	if (row.references) {
		if (!check_finding(check, true, "object %" PRIu64 ": its row is lost", known->id))
			return 0;
		return check_put_sealed(check, known->id, &row);
	}
	file_name(known->id, name);
	if (!check_finding(check, true, "objects/%s belongs to no object: put aside in lost/",
			   name))
		return 0;
	there = hash_leads(check, row.hash, known->id);
	key_set_hash(&key, row.hash);
	if (there > 0)
		there = check_row_remove(check, &key);
	return there ? there : aside_note(check, name, row.hash);
}

int check_all_known(struct check *check)
{
	int error = 0;

	for (size_t i = 0; i < check->known_count && !error; i++) {
		if (!check->known[i].has_row)
			error = check_known(check, &check->known[i]);
	}
	if (!error && check->rows_back)
		check_finding(check, true, "the rows of %" PRIu64 " objects were lost",
			      check->rows_back);
	return error;
}
