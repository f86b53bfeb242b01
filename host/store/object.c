/* SPDX-License-Identifier: MIT */
/* Objects: their rows, references and bytes; see store.h. Sealing is seal.c. No locks. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/store/backend.h"

int object_row_get(struct store *store, object_id id, struct object_row *row, struct error *err)
{
	struct slice value;
	struct key key;
	int error;

	key_set_id(&key, TABLE_OBJECTS, id);
	error = store->operations->row_get(store, &key, &value, err);
	if (error == -ENOENT)
		return error_set(err, ENOENT, "object %" PRIu64, id);
	if (!error && slice_copy(&value, row, sizeof(*row)))
		return error_set(err, EUCLEAN, "object %" PRIu64 " is damaged: run fsck", id);
	return error;
}

int object_row_change(struct store *store, object_id id, struct object_row *row, struct error *err)
{
	int error = store_need_transaction(store, err);

	return error ? error : object_row_get(store, id, row, err);
}

int object_row_put(struct store *store, object_id id, const struct object_row *row,
		   struct error *err)
{
	struct key key;

	key_set_id(&key, TABLE_OBJECTS, id);
	return store->operations->row_put(store, &key, row, sizeof(*row), err);
}

/* The bytes are there, as far as is known. */
static int object_row_check(object_id id, const struct object_row *row, struct error *err)
{
	if (row->flags & OBJECT_LOST)
		return error_set(err, EIO, "object %" PRIu64 " is lost: see `mezzo store fsck`",
				 id);
	return 0;
}

/* T: the id of a new object, which file_create() or file_copy() gives its file next. */
static int object_begin(struct store *store, object_id *id, struct error *err)
{
	int error = store_need_transaction(store, err);

	return error ? error : counter_next(store, COUNTER_OBJECTS, id, err);
}

/* The row of a new object whose file is there: with one reference, the caller's. */
static int object_end(struct store *store, object_id new_id, object_id *id, struct error *err)
{
	const struct object_row row = { .references = 1 };
	int error = object_row_put(store, new_id, &row, err);

	if (!error)
		*id = new_id;
	return error;
}

int object_create(struct store *store, object_id *id, struct error *err)
{
	object_id new_id;
	int error = object_begin(store, &new_id, err);

	if (!error)
		error = store->operations->file_create(store, new_id, err);
	return error ? error : object_end(store, new_id, id, err);
}

int object_copy(struct store *store, object_id id, object_id *copy, struct error *err)
{
	struct object_row row;
	object_id new_id;
	int error = object_row_change(store, id, &row, err);

	if (!error)
		error = object_row_check(id, &row, err);
	if (!error)
		error = object_begin(store, &new_id, err);
	if (!error)
		error = store->operations->file_copy(store, id, new_id, err);
	return error ? error : object_end(store, new_id, copy, err);
}

int object_get(struct store *store, object_id id, struct error *err)
{
	struct object_row row;
	int error = object_row_change(store, id, &row, err);

	if (error)
		return error;
	row.references++;
	return object_row_put(store, id, &row, err);
}

static int remove_attributes(struct store *store, object_id id, struct error *err)
{
	struct walk walk;
	struct key key;
	int more;

	key_set_id(&key, TABLE_ATTRIBUTES, id);
	walk_init(&walk, &key);
	while ((more = walk_next(store, &walk, err)) > 0) {
		more = store->operations->row_remove(store, &walk.at, err);
		if (more)
			break;
	}
	return more;
}

static int object_delete(struct store *store, object_id id, const struct object_row *row,
			 struct error *err)
{
	struct key key;
	int error = 0;

	if (row->flags & OBJECT_SEALED) {
		key_set_hash(&key, row->hash);
		error = store->operations->row_remove(store, &key, err);
	}
	if (!error)
		error = remove_attributes(store, id, err);
	if (error)
		return error;
	key_set_id(&key, TABLE_OBJECTS, id);
	error = store->operations->row_remove(store, &key, err);
	if (error || row->flags & OBJECT_LOST)
		return error;
	return store->operations->file_remove(store, id, err);
}

int object_put(struct store *store, object_id id, struct error *err)
{
	struct object_row row;
	int error = object_row_change(store, id, &row, err);

	if (error)
		return error;
	if (row.references <= 1)
		return object_delete(store, id, &row, err);
	row.references--;
	return object_row_put(store, id, &row, err);
}

static int info_of_row(struct store *store, object_id id, const struct object_row *row,
		       struct object_info *info, struct error *err)
{
	struct object_info found = {
		.id = id,
		.references = row->references,
		.flags = row->flags,
	};
	int error = 0;

	if (row->flags & OBJECT_LOST)
		found.size = row->size;
	else
		error = store->operations->file_size(store, id, &found.size, &found.disk_size, err);
	if (error)
		return error;
	if (row->flags & OBJECT_SEALED)
		memcpy(found.hash, row->hash, sizeof(found.hash));
	*info = found;
	return 0;
}

int object_info(struct store *store, object_id id, struct object_info *info, struct error *err)
{
	struct object_row row;
	int error = store_view_begin(store, err);

	if (error)
		return error;
	error = object_row_get(store, id, &row, err);
	if (!error)
		error = info_of_row(store, id, &row, info, err);
	store_view_end(store);
	return error;
}

/* A row, in a view of its own. */
static int row_read(struct store *store, object_id id, struct object_row *row, struct error *err)
{
	int error = store_view_begin(store, err);

	if (error)
		return error;
	error = object_row_get(store, id, row, err);
	store_view_end(store);
	return error;
}

int object_is_lost(struct store *store, object_id id, struct error *err)
{
	struct object_row row;
	int error = row_read(store, id, &row, err);

	return error ? error : (row.flags & OBJECT_LOST) != 0;
}

int hash_row_get(struct store *store, const uint8_t hash[OBJECT_HASH_SIZE], object_id *id,
		 struct error *err)
{
	struct slice value;
	struct key key;
	int error;

	key_set_hash(&key, hash);
	error = store->operations->row_get(store, &key, &value, err);
	if (error == -ENOENT)
		return error_set(err, ENOENT, "an object of this content");
	if (!error && slice_copy(&value, id, sizeof(*id)))
		return error_set(err, EUCLEAN, "the table of hashes is damaged: run fsck");
	return error;
}

int object_find_hash(struct store *store, const uint8_t hash[OBJECT_HASH_SIZE], object_id *id,
		     struct error *err)
{
	struct object_row row;
	object_id found = 0;
	int error = store_view_begin(store, err);

	if (error)
		return error;
	error = hash_row_get(store, hash, &found, err);
	if (!error)
		error = object_row_get(store, found, &row, err);
	store_view_end(store);
	if (!error && row.flags & OBJECT_LOST)
		error = error_set(err, ENOENT, "the object of this content is lost");
	if (!error)
		*id = found;
	return error;
}

int object_visit(struct store *store, int (*visit)(const struct object_info *info, void *data),
		 void *data, struct error *err)
{
	struct object_info info;
	struct object_row row;
	struct walk walk;
	struct key key;
	int result = store_view_begin(store, err);

	if (result)
		return result;
	key_set_table(&key, TABLE_OBJECTS);
	walk_init(&walk, &key);
	while ((result = walk_next(store, &walk, err)) > 0) {
		object_id id = key_id(&walk.at, 0);

		result = slice_copy(&walk.value, &row, sizeof(row));
		if (result)
			result = error_set(err, EUCLEAN, "object %" PRIu64 " is damaged: run fsck",
					   id);
		else
			result = info_of_row(store, id, &row, &info, err);
		if (!result)
			result = visit(&info, data);
		if (result)
			break;
	}
	store_view_end(store);
	return result;
}

/* The object is there with its bytes, and not sealed where it is to be written. */
static int object_admit(struct store *store, object_id id, bool writable, struct error *err)
{
	struct object_row row;
	int error = row_read(store, id, &row, err);

	if (!error)
		error = object_row_check(id, &row, err);
	if (error || !writable)
		return error;
	if (store->read_only)
		return error_set(err, EROFS, "the store was opened for reading only");
	if (row.flags & OBJECT_SEALED)
		return error_set(err, EROFS, "object %" PRIu64 " is sealed", id);
	return 0;
}

/* The same for bytes at an offset. */
static int object_admit_range(struct store *store, object_id id, bool writable, uint64_t offset,
			      uint64_t size, struct error *err)
{
	if (offset > INT64_MAX || size > INT64_MAX - offset)
		return error_set(err, EFBIG, "no object is that large");
	return object_admit(store, id, writable, err);
}

ssize_t object_read(struct store *store, object_id id, void *to, size_t size, uint64_t offset,
		    struct error *err)
{
	int error = object_admit_range(store, id, false, offset, size, err);

	return error ? error : store->operations->file_read(store, id, to, size, offset, err);
}

ssize_t object_write(struct store *store, object_id id, const void *from, size_t size,
		     uint64_t offset, struct error *err)
{
	int error = object_admit_range(store, id, true, offset, size, err);

	return error ? error : store->operations->file_write(store, id, from, size, offset, err);
}

int object_truncate(struct store *store, object_id id, uint64_t size, struct error *err)
{
	int error = object_admit_range(store, id, true, 0, size, err);

	return error ? error : store->operations->file_truncate(store, id, size, err);
}

int object_sync(struct store *store, object_id id, struct error *err)
{
	int error = object_admit(store, id, false, err);

	return error ? error : store->operations->file_sync(store, id, err);
}

int object_open(struct store *store, object_id id, bool writable, struct error *err)
{
	int error = object_admit(store, id, writable, err);

	return error ? error : store->operations->file_open(store, id, writable, err);
}

static int totals_add(const struct object_info *info, void *data)
{
	struct store_totals *totals = data;

	totals->objects++;
	totals->sealed_objects += (info->flags & OBJECT_SEALED) != 0;
	totals->bytes += info->size;
	totals->disk_bytes += info->disk_size;
	totals->shared_bytes += (info->references - 1) * info->size;
	return 0;
}

int store_totals(struct store *store, struct store_totals *totals, struct error *err)
{
	struct store_totals sum = { 0 };
	int error = object_visit(store, totals_add, &sum, err);

	if (!error)
		*totals = sum;
	return error;
}
