/* SPDX-License-Identifier: MIT */
/*
 * Transactions and views of a store, and walks over its tables; see store.h and backend.h. No
 * locks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/store/backend.h"

void store_close(struct store *store)
{
	if (!store)
		return;
	store_abort(store);
	free(store->pins.ids);
	store->operations->close(store);
}

int store_begin_plain(struct store *store, struct error *err)
{
	int error;

	if (store->read_only)
		return error_set(err, EROFS, "the store was opened for reading only");
	if (store->in_transaction)
		return error_set(err, 0, "a transaction is open already");
	if (store->views)
		return error_set(err, 0,
				 "no transaction can begin while the store is being visited");
	error = store->operations->begin(store, err);
	store->in_transaction = !error;
	return error;
}

int store_begin(struct store *store, struct error *err)
{
	int error = store_begin_plain(store, err);

	if (error)
		return error;
	error = mappings_sweep(store, err);
	if (error)
		store_abort(store);
	return error;
}

int store_use_reserve(struct store *store, struct error *err)
{
	int error = store_need_transaction(store, err);

	return error ? error : store->operations->reserve_use(store, err);
}

int store_commit(struct store *store, struct error *err)
{
	int error = store_need_transaction(store, err);

	if (error)
		return error;
	if (store->views)
		return error_set(err, 0, "no transaction can end while the store is being visited");
	store->in_transaction = false;
	return store->operations->commit(store, err);
}

void store_abort(struct store *store)
{
	if (!store->in_transaction)
		return;
	store->in_transaction = false;
	store->operations->abort(store);
}

int store_need_transaction(struct store *store, struct error *err)
{
	if (store->in_transaction)
		return 0;
	return error_set(err, 0, "a change of the store needs a transaction");
}

int store_view_begin(struct store *store, struct error *err)
{
	int error;

	if (!store->views && !store->in_transaction) {
		error = store->operations->view_begin(store, err);
		if (error)
			return error;
	}
	store->views++;
	return 0;
}

void store_view_end(struct store *store)
{
	if (!--store->views && !store->in_transaction)
		store->operations->view_end(store);
}

void walk_init(struct walk *walk, const struct key *prefix)
{
	*walk = (struct walk){ .at = *prefix, .prefix_size = prefix->size };
}

int walk_next(struct store *store, struct walk *walk, struct error *err)
{
	struct key prefix = walk->at;
	int error = store->operations->row_next(store, &walk->at, walk->started, &walk->at,
						&walk->value, err);

	if (error)
		return error == -ENOENT ? 0 : error;
	walk->started = true;
	return walk->at.size >= walk->prefix_size &&
	       !memcmp(walk->at.bytes, prefix.bytes, walk->prefix_size);
}

int counter_next(struct store *store, enum counter counter, uint64_t *number, struct error *err)
{
	struct slice value;
	struct key key;
	uint64_t last = 0;
	int error;

	key_set_id(&key, TABLE_COUNTERS, counter);
	error = store->operations->row_get(store, &key, &value, err);
	if (!error && slice_copy(&value, &last, sizeof(last)))
		return error_set(err, EUCLEAN, "a counter of the store is damaged: run fsck");
	if (error && error != -ENOENT)
		return error;
	last++;
	error = store->operations->row_put(store, &key, &last, sizeof(last), err);
	if (error)
		return error;
	*number = last;
	return 0;
}
