/* SPDX-License-Identifier: MIT */
/*
 * Sealing: an object becomes immutable, and one with all others of its content; see store.h. No
 * locks.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host/store/hash.h"

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

/* 0 with the row of an object that can be sealed, 1 where it is, or -errno. */
static int seal_begin(struct store *store, object_id id, struct object_row *row, struct error *err)
{
	uint64_t disk_size;
	int error = object_row_change(store, id, row, err);

	if (error)
		return error;
	if (row->flags & OBJECT_SEALED)
		return 1;
	if (row->references != 1)
		return error_set(err, EBUSY,
				 "object %" PRIu64 " is private, but has %" PRIu64 " owners", id,
				 row->references);
	error = store->operations->file_settle(store, id, err);
	return error ? error
		     : store->operations->file_size(store, id, &row->size, &disk_size, err);
}

/* Who names an object that was lost has its bytes again: here they are, under another id. */
static int heal(struct store *store, object_id id, object_id lost, struct object_row *row,
		struct error *err)
{
	int error = store->operations->file_restore(store, id, lost, err);

	row->flags &= ~(uint32_t)OBJECT_LOST;
	return error ? error : object_row_put(store, lost, row, err);
}

/* One more reference on the sealed object that has the content of a private one, which goes. */
static int become_twin(struct store *store, object_id id, object_id twin, struct error *err)
{
	struct object_row row;
	int error = object_row_get(store, twin, &row, err);

	if (!error && row.flags & OBJECT_LOST)
		error = heal(store, id, twin, &row, err);
	if (!error)
		error = object_get(store, twin, err);
	return error ? error : object_put(store, id, err);
}

/* With hash and size in the row. */
static int seal_end(struct store *store, object_id id, struct object_row *row, object_id *sealed,
		    struct error *err)
{
	object_id twin;
	int error = hash_row_get(store, row->hash, &twin, err);

	if (error && error != -ENOENT)
		return error;
	row->flags |= OBJECT_SEALED;
	if (!error) {
		error = become_twin(store, id, twin, err);
	} else {
		twin = id;
		error = become_sealed(store, id, row, err);
	}
	if (!error)
		*sealed = twin;
	return error;
}

int object_seal(struct store *store, object_id id, object_id *sealed, struct error *err)
{
	struct object_row row;
	int result = seal_begin(store, id, &row, err);

	if (result > 0)
		*sealed = id;
	if (result)
		return result > 0 ? 0 : result;
	result = object_hash(store, id, row.size, row.hash, err);
	return result ? result : seal_end(store, id, &row, sealed, err);
}

int object_seal_hashed(struct store *store, object_id id, uint64_t size,
		       const uint8_t hash[OBJECT_HASH_SIZE], object_id *sealed, struct error *err)
{
	struct object_row row;
	int result = seal_begin(store, id, &row, err);

	if (result > 0)
		*sealed = id;
	if (result)
		return result > 0 ? 0 : result;
	if (row.size != size)
		return error_set(err, EBUSY,
				 "object %" PRIu64 " has %" PRIu64 " bytes, but %" PRIu64
				 " were hashed",
				 id, row.size, size);
	memcpy(row.hash, hash, sizeof(row.hash));
	return seal_end(store, id, &row, sealed, err);
}
