/* SPDX-License-Identifier: MIT */
/* Small named values: attributes of objects, and records; see store.h. No locks. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/store/backend.h"

static int check_name(const char *name, struct error *err)
{
	size_t size = strnlen(name, KEY_NAME_MAX + 1);

	if (!size)
		return error_set(err, 0, "a name of nothing");
	if (size > KEY_NAME_MAX)
		return error_set(err, ENAMETOOLONG, "%.40s...", name);
	return 0;
}

static int check_size(size_t size, struct error *err)
{
	if (size > RECORD_VALUE_MAX)
		return error_set(err, E2BIG, "a value of %zu bytes; %u are possible", size,
				 RECORD_VALUE_MAX);
	return 0;
}

/* What every change of a value asks for. */
static int check_change(struct store *store, const char *name, size_t size, struct error *err)
{
	int error = check_name(name, err);

	if (!error)
		error = check_size(size, err);
	return error ? error : store_need_transaction(store, err);
}

static int check_kind(enum record_kind kind, struct error *err)
{
	if (kind < RECORD_IMAGE || kind > RECORD_VOLUME)
		return error_set(err, 0, "a record of kind %d", kind);
	return 0;
}

static const char *kind_name(enum record_kind kind)
{
	static const char *const names[] = { "image", "domain", "volume" };

	return names[kind - RECORD_IMAGE];
}

/* The value of a row, cut to size; its size or -errno, -ENOENT without a message. */
static ssize_t value_get(struct store *store, const struct key *key, void *to, size_t size,
			 struct error *err)
{
	struct slice value;
	ssize_t result = store->operations->row_get(store, key, &value, err);

	if (result)
		return result;
	/* Who only asks for the size may give no place. */
	if (size)
		memcpy(to, value.data, value.size < size ? value.size : size);
	return (ssize_t)value.size;
}

ssize_t object_attribute_get(struct store *store, object_id id, const char *name, void *to,
			     size_t size, struct error *err)
{
	struct object_row row;
	struct key key;
	ssize_t result = check_name(name, err);

	if (!result)
		result = store_view_begin(store, err);
	if (result)
		return result;
	result = object_row_get(store, id, &row, err);
	if (!result) {
		key_set_name(&key, TABLE_ATTRIBUTES, id, name);
		result = value_get(store, &key, to, size, err);
		if (result == -ENOENT)
			result = error_set(err, ENODATA, "object %" PRIu64 ", attribute %s", id,
					   name);
	}
	store_view_end(store);
	return result;
}

int object_attribute_set(struct store *store, object_id id, const char *name, const void *value,
			 size_t size, struct error *err)
{
	struct object_row row;
	struct slice former;
	struct key key;
	int error = check_change(store, name, size, err);

	if (!error)
		error = object_row_get(store, id, &row, err);
	if (error)
		return error;
	key_set_name(&key, TABLE_ATTRIBUTES, id, name);
	if (size)
		return store->operations->row_put(store, &key, value, size, err);
	error = store->operations->row_get(store, &key, &former, err);
	if (error)
		return error == -ENOENT ? 0 : error;
	return store->operations->row_remove(store, &key, err);
}

int record_put(struct store *store, enum record_kind kind, const char *name, const void *value,
	       size_t size, bool exclusive, struct error *err)
{
	struct slice former;
	struct key key;
	int error = check_kind(kind, err);

	if (!error)
		error = check_change(store, name, size, err);
	if (error)
		return error;
	key_set_name(&key, TABLE_RECORDS, kind, name);
	if (exclusive) {
		error = store->operations->row_get(store, &key, &former, err);
		if (!error)
			return error_set(err, EEXIST, "%s %s", kind_name(kind), name);
		if (error != -ENOENT)
			return error;
	}
	return store->operations->row_put(store, &key, value, size, err);
}

ssize_t record_get(struct store *store, enum record_kind kind, const char *name, void *to,
		   size_t size, struct error *err)
{
	struct key key;
	ssize_t result = check_kind(kind, err);

	if (!result)
		result = check_name(name, err);
	if (!result)
		result = store_view_begin(store, err);
	if (result)
		return result;
	key_set_name(&key, TABLE_RECORDS, kind, name);
	result = value_get(store, &key, to, size, err);
	if (result == -ENOENT)
		result = error_set(err, ENOENT, "%s %s", kind_name(kind), name);
	store_view_end(store);
	return result;
}

int record_delete(struct store *store, enum record_kind kind, const char *name, struct error *err)
{
	struct slice former;
	struct key key;
	int error = check_kind(kind, err);

	if (!error)
		error = check_change(store, name, 0, err);
	if (error)
		return error;
	key_set_name(&key, TABLE_RECORDS, kind, name);
	error = store->operations->row_get(store, &key, &former, err);
	if (error == -ENOENT)
		return error_set(err, ENOENT, "%s %s", kind_name(kind), name);
	return error ? error : store->operations->row_remove(store, &key, err);
}

int record_visit(struct store *store, enum record_kind kind,
		 int (*visit)(const char *name, const void *value, size_t size, void *data),
		 void *data, struct error *err)
{
	char name[KEY_NAME_MAX + 1];
	struct walk walk;
	struct key key;
	void *value;
	int result = check_kind(kind, err);

	if (!result)
		result = store_view_begin(store, err);
	if (result)
		return result;
	/* visit may change the store, and its value must stay good for it. */
	value = malloc(RECORD_VALUE_MAX);
	if (!value)
		result = error_set(err, ENOMEM, "can't visit the records");
	key_set_id(&key, TABLE_RECORDS, kind);
	walk_init(&walk, &key);
	while (value && (result = walk_next(store, &walk, err)) > 0) {
		size_t size = walk.value.size < RECORD_VALUE_MAX ? walk.value.size
								 : RECORD_VALUE_MAX;

		key_name(&walk.at, name);
		memcpy(value, walk.value.data, size);
		result = visit(name, value, size, data);
		if (result)
			break;
	}
	free(value);
	store_view_end(store);
	return result;
}
