/* SPDX-License-Identifier: MIT */
/*
 * Making equal private objects of idle domains one; see store_deduplicate() in store.h. No locks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/store/hash.h"

/* A private object in a mapping, that nobody can write now. */
struct candidate {
	uint8_t hash[OBJECT_HASH_SIZE];
	uint64_t size;
	mapping_id mapping;
	uint64_t local;
	object_id id;
};

struct candidates {
	struct candidate *items;
	size_t count, room;
};

static int candidate_add(struct candidates *all, const struct candidate *item, struct error *err)
{
	if (all->count == all->room) {
		size_t room = all->room ? 2 * all->room : 64;
		struct candidate *items = realloc(all->items, room * sizeof(*items));

		if (!items)
			return error_set(err, ENOMEM, "can't look for equal objects");
		all->items = items;
		all->room = room;
	}
	all->items[all->count++] = *item;
	return 0;
}

/* Takes an entry of a mapping for a candidate, if it is one. */
static int consider(struct store *store, struct candidates *all, const struct walk *entry,
		    struct error *err)
{
	struct candidate item = { .mapping = key_id(&entry->at, 0),
				  .local = key_id(&entry->at, 1) };
	struct object_row row;
	uint64_t disk_size;
	int error;

	if (slice_copy(&entry->value, &item.id, sizeof(item.id)))
		return error_set(err, EUCLEAN, "a mapping is damaged: run fsck");
	error = object_row_get(store, item.id, &row, err);
	if (error || (row.flags & OBJECT_SEALED) || row.references != 1)
		return error;
	error = store->operations->file_settle(store, item.id, err);
	if (error)
		return error == -EBUSY ? 0 : error;
	error = store->operations->file_size(store, item.id, &item.size, &disk_size, err);
	if (!error)
		error = object_hash(store, item.id, item.size, item.hash, err);
	return error ? error : candidate_add(all, &item, err);
}

static int collect(struct store *store, struct candidates *all, struct error *err)
{
	struct walk entry;
	struct key key;
	int more;

	key_set_table(&key, TABLE_ENTRIES);
	walk_init(&entry, &key);
	while ((more = walk_next(store, &entry, err)) > 0) {
		more = consider(store, all, &entry, err);
		if (more)
			break;
	}
	return more;
}

static int by_hash(const void *a, const void *b)
{
	const struct candidate *one = a, *other = b;

	return memcmp(one->hash, other->hash, sizeof(one->hash));
}

/* 1, 0 or -errno: is there a sealed object of this content, which may be lost? */
static int has_twin(struct store *store, const struct candidate *item, struct error *err)
{
	object_id twin;
	int error = hash_row_get(store, item->hash, &twin, err);

	return error == -ENOENT ? 0 : error ? error : 1;
}

/*
 * Seals an object that a mapping holds, and lets the mapping hold what it became. The mapping's
 * reference is for a moment the caller's of object_seal(), so the entry is set by hand.
 */
static int replace(struct store *store, const struct candidate *item, uint64_t *objects,
		   uint64_t *bytes, struct error *err)
{
	object_id sealed;
	struct key key;
	int error = object_seal(store, item->id, &sealed, err);

	if (error)
		return error == -EBUSY ? 0 : error;
	if (sealed == item->id)
		return 0;
	++*objects;
	*bytes += item->size;
	key_set_pair(&key, TABLE_ENTRIES, item->mapping, item->local);
	return store->operations->row_put(store, &key, &sealed, sizeof(sealed), err);
}

/* count candidates of one content: worth it if there are two, or a sealed one. */
static int merge(struct store *store, const struct candidate *items, size_t count,
		 uint64_t *objects, uint64_t *bytes, struct error *err)
{
	int worth = count > 1 ? 1 : has_twin(store, items, err);

	if (worth <= 0)
		return worth;
	for (size_t i = 0; i < count; i++) {
		int error = replace(store, &items[i], objects, bytes, err);

		if (error)
			return error;
	}
	return 0;
}

int store_deduplicate(struct store *store, uint64_t *objects, uint64_t *bytes, struct error *err)
{
	uint64_t found_objects = 0, found_bytes = 0;
	struct candidates all = { 0 };
	int error = store_need_transaction(store, err);
	size_t end;

	if (!error)
		error = collect(store, &all, err);
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), by_hash);
	for (size_t i = 0; i < all.count && !error; i = end) {
		end = i + 1;
		while (end < all.count && !by_hash(&all.items[i], &all.items[end]))
			end++;
		error = merge(store, &all.items[i], end - i, &found_objects, &found_bytes, err);
	}
	free(all.items);
	if (!error) {
		*objects = found_objects;
		*bytes = found_bytes;
	}
	return error;
}
