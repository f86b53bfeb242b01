/* SPDX-License-Identifier: MIT */
/*
 * Objects as they should be, for all passes: by their rows, or by what is known beside these, as
 * that a file has the bytes of some hash. Under the writer's lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/store/check.h"

static int compare_ids(const void *a, const void *b)
{
	object_id one = *(const object_id *)a, other = *(const object_id *)b;

	return one < other ? -1 : one > other;
}

size_t check_list_find(const struct id_list *list, uint64_t id)
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

bool check_list_has(const struct id_list *list, uint64_t id)
{
	size_t at = check_list_find(list, id);

	return at < list->count && list->ids[at] == id;
}

void check_list_sort(struct id_list *list)
{
	if (list->count)
		qsort(list->ids, list->count, sizeof(*list->ids), compare_ids);
}

/* Of a struct known, the id is first. */
static const struct known *known_find(const struct check *check, object_id id)
{
	return check->known_count ? bsearch(&id, check->known, check->known_count,
					    sizeof(*check->known), compare_ids) : NULL;
}

int known_add(struct check *check, object_id id, const struct object_row *row)
{
	struct known *list = check_add(check->known, &check->known_count, sizeof(*list));

	if (!list)
		return check_no_memory(check);
	check->known = list;
	list[check->known_count - 1] = (struct known){ .id = id, .has_row = true, .row = *row };
	return 0;
}

static int by_hash(const void *a, const void *b, void *data)
{
	const struct known *known = data;

	return memcmp(known[*(const size_t *)a].row.hash, known[*(const size_t *)b].row.hash,
		      OBJECT_HASH_SIZE);
}

/* All are known: from here on they are found. */
int known_sort(struct check *check)
{
	if (!check->known_count)
		return 0;
	check->known_by_hash = calloc(check->known_count, sizeof(size_t));
	if (!check->known_by_hash)
		return check_no_memory(check);
	qsort(check->known, check->known_count, sizeof(*check->known), compare_ids);
	for (size_t i = 0; i < check->known_count; i++)
		check->known_by_hash[i] = i;
	qsort_r(check->known_by_hash, check->known_count, sizeof(size_t), by_hash, check->known);
	return 0;
}

static object_id known_by_hash(const struct check *check, const uint8_t hash[OBJECT_HASH_SIZE])
{
	size_t low = 0, high = check->known_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct known *known = &check->known[check->known_by_hash[middle]];
		int order = memcmp(known->row.hash, hash, OBJECT_HASH_SIZE);

		if (!order)
			return known->id;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

int check_object_of(struct check *check, object_id id, struct object_row *object)
{
	const struct known *known = known_find(check, id);
	struct key key;

	if (known) {
		*object = known->row;
		return 1;
	}
	if (check_list_has(&check->gone, id))
		return 0;
	key_set_id(&key, TABLE_OBJECTS, id);
	return check_row_of(check, &key, object, sizeof(*object));
}

bool object_has_hash(const struct object_row *object, const uint8_t hash[OBJECT_HASH_SIZE])
{
	return (object->flags & OBJECT_SEALED) && !memcmp(object->hash, hash, OBJECT_HASH_SIZE);
}

int check_find_hash(struct check *check, const uint8_t hash[OBJECT_HASH_SIZE], object_id *id)
{
	struct object_row object;
	struct key key;
	int there;

	key_set_hash(&key, hash);
	there = check_row_of(check, &key, id, sizeof(*id));
	if (there > 0)
		there = check_object_of(check, *id, &object);
	if (there < 0 || (there && object_has_hash(&object, hash)))
		return there;
	*id = known_by_hash(check, hash);
	return *id != 0;
}

int check_put_sealed(struct check *check, object_id id, const struct object_row *row)
{
	struct store *store = &check->disk.store;
	struct slice value;
	struct key key;
	int error = object_row_put(store, id, row, check->err);

	if (error)
		return error;
	key_set_hash(&key, row->hash);
	error = tables_row_get(store, &key, &value, check->err);
	return error == -ENOENT ? tables_row_put(store, &key, &id, sizeof(id), check->err) : error;
}
