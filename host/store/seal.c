/* SPDX-License-Identifier: MIT */
/*
 * Sealing: an object becomes immutable, and one with all others of its content; see store.h. No
 * locks.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/store/hash.h"

/* The sealed object of a content, or 0. */
static int twin_find(struct store *store, const uint8_t *hash, object_id *twin, struct error *err)
{
	struct slice value;
	struct key key;
	int error;

	*twin = 0;
	key_set_hash(&key, hash);
	error = store->operations->row_get(store, &key, &value, err);
	if (error)
		return error == -ENOENT ? 0 : error;
	if (slice_copy(&value, twin, sizeof(*twin)))
		return error_set(err, EUCLEAN, "the table of hashes is damaged: run fsck");
	return 0;
}

/* The object is the first of its content. */
static int become_sealed(struct store *store, object_id id, struct object_row *row,
			 struct error *err)
{
	struct key key;
	int error;

	key_set_hash(&key, row->hash);
	error = store->operations->row_put(store, &key, &id, sizeof(id), err);
	return error ? error : object_row_put(store, id, row, err);
}

int object_seal(struct store *store, object_id id, object_id *sealed, struct error *err)
{
	struct object_row row;
	uint64_t disk_size;
	object_id twin;
	int error = store_need_transaction(store, err);

	if (!error)
		error = object_row_get(store, id, &row, err);
	if (error)
		return error;
	if (row.flags & OBJECT_SEALED) {
		*sealed = id;
		return 0;
	}
	if (row.references != 1)
		return error_set(err, EBUSY,
				 "object %" PRIu64 " is private, but has %" PRIu64 " owners", id,
				 row.references);
	error = store->operations->file_settle(store, id, err);
	if (!error)
		error = store->operations->file_size(store, id, &row.size, &disk_size, err);
	if (!error)
		error = object_hash(store, id, row.size, row.hash, err);
	if (!error)
		error = twin_find(store, row.hash, &twin, err);
	if (error)
		return error;
	row.flags |= OBJECT_SEALED;
	if (twin) {
		error = object_get(store, twin, err);
		if (!error)
			error = object_put(store, id, err);
	} else {
		twin = id;
		error = become_sealed(store, id, &row, err);
	}
	if (!error)
		*sealed = twin;
	return error;
}
