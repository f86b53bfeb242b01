/* SPDX-License-Identifier: MIT */
/*
 * Mappings: tables from a domain's own object ids to objects, and their quotas; see store.h. Who
 * uses them is mapping_use.c. No locks.
 */
#include <errno.h>
#include <inttypes.h>

#include "host/store/backend.h"

static int mapping_row_get(struct store *store, mapping_id id, struct mapping_row *row,
			   struct error *err)
{
	struct slice value;
	struct key key;
	int error;

	key_set_id(&key, TABLE_MAPPINGS, id);
	error = store->operations->row_get(store, &key, &value, err);
	if (error == -ENOENT)
		return error_set(err, ENOENT, "mapping %" PRIu64, id);
	if (!error && slice_copy(&value, row, sizeof(*row)))
		return error_set(err, EUCLEAN, "mapping %" PRIu64 " is damaged: run fsck", id);
	return error;
}

static int mapping_row_put(struct store *store, mapping_id id, const struct mapping_row *row,
			   struct error *err)
{
	struct key key;

	key_set_id(&key, TABLE_MAPPINGS, id);
	return store->operations->row_put(store, &key, row, sizeof(*row), err);
}

/* The object at a local id, 0 for none. */
static int entry_get(struct store *store, const struct key *key, object_id *object,
		     struct error *err)
{
	struct slice value;
	int error = store->operations->row_get(store, key, &value, err);

	*object = 0;
	if (error)
		return error == -ENOENT ? 0 : error;
	if (slice_copy(&value, object, sizeof(*object)))
		return error_set(err, EUCLEAN, "mapping %" PRIu64 " is damaged: run fsck",
				 key_id(key, 0));
	return 0;
}

int mapping_create(struct store *store, uint64_t quota_bytes, mapping_id *id, struct error *err)
{
	struct mapping_row row = { .quota_bytes = quota_bytes };
	mapping_id new_id;
	int error = store_need_transaction(store, err);

	if (!error)
		error = counter_next(store, COUNTER_MAPPINGS, &new_id, err);
	if (!error)
		error = mapping_row_put(store, new_id, &row, err);
	if (!error)
		*id = new_id;
	return error;
}

int mapping_destroy(struct store *store, mapping_id id, struct error *err)
{
	object_id object;
	struct walk walk;
	struct key key;
	int more;

	key_set_id(&key, TABLE_ENTRIES, id);
	walk_init(&walk, &key);
	while ((more = walk_next(store, &walk, err)) > 0) {
		more = entry_get(store, &walk.at, &object, err);
		if (!more)
			more = store->operations->row_remove(store, &walk.at, err);
		if (!more)
			more = object_put(store, object, err);
		if (more)
			return more;
	}
	if (!more)
		more = store->operations->copy_remove(store, id, err);
	if (more)
		return more;
	key_set_id(&key, TABLE_MAPPINGS, id);
	return store->operations->row_remove(store, &key, err);
}

int mapping_set(struct store *store, mapping_id id, uint64_t local, object_id object,
		struct error *err)
{
	struct mapping_row row;
	struct object_row object_row;
	object_id former = 0;
	struct key key;
	int error = store_need_transaction(store, err);

	if (!error)
		error = mapping_row_get(store, id, &row, err);
	if (!error && object)
		error = object_row_get(store, object, &object_row, err);
	if (error)
		return error;
	key_set_pair(&key, TABLE_ENTRIES, id, local);
	error = entry_get(store, &key, &former, err);
	if (!error && object)
		error = store->operations->row_put(store, &key, &object, sizeof(object), err);
	else if (!error && former)
		error = store->operations->row_remove(store, &key, err);
	if (!error && former)
		error = object_put(store, former, err);
	return error;
}

int mapping_get(struct store *store, mapping_id id, uint64_t local, object_id *object,
		struct error *err)
{
	object_id found = 0;
	struct key key;
	int error = store_view_begin(store, err);

	if (error)
		return error;
	key_set_pair(&key, TABLE_ENTRIES, id, local);
	error = entry_get(store, &key, &found, err);
	store_view_end(store);
	if (error)
		return error;
	if (!found)
		return error_set(err, ENOENT, "object %" PRIu64 " of mapping %" PRIu64, local, id);
	*object = found;
	return 0;
}

int mapping_visit(struct store *store, mapping_id id,
		  int (*visit)(uint64_t local, object_id object, void *data), void *data,
		  struct error *err)
{
	struct mapping_row row;
	object_id object;
	struct walk walk;
	struct key key;
	int result = store_view_begin(store, err);

	if (result)
		return result;
	result = mapping_row_get(store, id, &row, err);
	key_set_id(&key, TABLE_ENTRIES, id);
	walk_init(&walk, &key);
	while (!result && (result = walk_next(store, &walk, err)) > 0) {
		result = entry_get(store, &walk.at, &object, err);
		if (!result)
			result = visit(key_id(&walk.at, 1), object, data);
	}
	store_view_end(store);
	return result;
}

int mapping_usage(struct store *store, mapping_id id, uint64_t *used_bytes, uint64_t *quota_bytes,
		  struct error *err)
{
	struct mapping_row row;
	int error = store_view_begin(store, err);

	if (error)
		return error;
	error = mapping_row_get(store, id, &row, err);
	store_view_end(store);
	if (error)
		return error;
	*used_bytes = row.used_bytes;
	*quota_bytes = row.quota_bytes;
	return 0;
}

int mapping_charge(struct store *store, mapping_id id, int64_t bytes, struct error *err)
{
	struct mapping_row row;
	uint64_t used;
	int error = store_need_transaction(store, err);

	if (!error)
		error = mapping_row_get(store, id, &row, err);
	if (error)
		return error;
	if (bytes < 0 && row.used_bytes < -(uint64_t)bytes)
		return error_set(err, ERANGE, "mapping %" PRIu64 " gives back more than it has",
				 id);
	if (__builtin_add_overflow(row.used_bytes, bytes, &used) ||
	    (bytes > 0 && row.quota_bytes && used > row.quota_bytes))
		return error_set(err, EDQUOT, "mapping %" PRIu64, id);
	row.used_bytes = used;
	return mapping_row_put(store, id, &row, err);
}
