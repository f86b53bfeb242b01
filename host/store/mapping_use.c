/* SPDX-License-Identifier: MIT */
/*
 * Mappings that are in use: pinning them, and deleting them no sooner than nobody uses them; see
 * store.h. Locks between processes are the backend's.
 */
#include <errno.h>
#include <inttypes.h>

#include "host/store/backend.h"

static bool is_own_pin(const struct store *store, mapping_id id)
{
	for (size_t i = 0; i < store->pins.count; i++) {
		if (store->pins.ids[i] == id)
			return true;
	}
	return false;
}

static int mapping_is_there(struct store *store, mapping_id id, struct error *err)
{
	uint64_t used_bytes, quota_bytes;

	return mapping_usage(store, id, &used_bytes, &quota_bytes, err);
}

int mapping_pin(struct store *store, mapping_id id, struct error *err)
{
	int error;

	if (is_own_pin(store, id))
		return 0;
	/* In a transaction that has deleted it this may not give up what keeps others out. */
	error = mapping_is_there(store, id, err);
	if (!error)
		error = store->operations->mapping_share(store, id, err);
	if (error)
		return error;
	/* Who deletes it keeps it alone until that is committed: it is there for good, or not. */
	error = mapping_is_there(store, id, err);
	if (!error && id_list_add(&store->pins, id))
		error = error_set(err, ENOMEM, "mapping %" PRIu64, id);
	if (error)
		store->operations->mapping_unshare(store, id);
	return error;
}

void mapping_unpin(struct store *store, mapping_id id)
{
	for (size_t i = 0; i < store->pins.count; i++) {
		if (store->pins.ids[i] != id)
			continue;
		store->pins.ids[i] = store->pins.ids[--store->pins.count];
		store->operations->mapping_unshare(store, id);
		return;
	}
}

int store_keep_pins(struct store *store, struct error *err)
{
	return store->operations->pins_keep(store, err);
}

int mapping_holder(struct store *store, mapping_id id, char name[RECORD_NAME_MAX + 1],
		   struct error *err)
{
	return store->operations->mapping_holder(store, id, name, err);
}

/*
 * T: 1, 0 or -errno. Where it is 0 it stays so until the transaction ends: a creator's pin comes
 * before its record and goes after it.
 */
static int mapping_is_used(struct store *store, mapping_id id, struct error *err)
{
	char name[RECORD_NAME_MAX + 1];
	int claimed;

	if (is_own_pin(store, id))
		return 1;
	claimed = store->operations->mapping_claim(store, id, err);
	if (claimed <= 0)
		return claimed ? claimed : 1;
	return mapping_holder(store, id, name, err);
}

/* T: a mapping that nobody uses, doomed or not. */
static int mapping_end(struct store *store, mapping_id id, struct error *err)
{
	struct slice value;
	struct key key;
	int error = mapping_destroy(store, id, err);

	if (error)
		return error;
	key_set_id(&key, TABLE_DOOMED_MAPPINGS, id);
	error = store->operations->row_get(store, &key, &value, err);
	if (error)
		return error == -ENOENT ? 0 : error;
	return store->operations->row_remove(store, &key, err);
}

int mapping_delete(struct store *store, mapping_id id, struct error *err)
{
	struct key key;
	int result = store_need_transaction(store, err);

	if (!result)
		result = mapping_is_there(store, id, err);
	if (!result)
		result = mapping_is_used(store, id, err);
	if (result < 0)
		return result;
	if (!result)
		return mapping_end(store, id, err);
	key_set_id(&key, TABLE_DOOMED_MAPPINGS, id);
	return store->operations->row_put(store, &key, NULL, 0, err);
}

/* Ends a doomed mapping whose last user is gone. */
static int sweep_one(struct store *store, const struct key *doomed, struct error *err)
{
	mapping_id id = key_id(doomed, 0);
	struct error unused;

	int error;

	/* Where it can't be told who uses it, it stays: this is not what was asked for now. */
	if (mapping_is_used(store, id, &unused))
		return 0;
	error = store->operations->reserve_use(store, err);
	return error ? error : mapping_end(store, id, err);
}

int mappings_sweep(struct store *store, struct error *err)
{
	struct walk walk;
	struct key key;
	int more;

	key_set_table(&key, TABLE_DOOMED_MAPPINGS);
	walk_init(&walk, &key);
	while ((more = walk_next(store, &walk, err)) > 0) {
		more = sweep_one(store, &walk.at, err);
		if (more)
			break;
	}
	return more;
}
