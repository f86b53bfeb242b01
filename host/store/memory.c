/* SPDX-License-Identifier: MIT */
/*
 * The store in memory: rows in a sorted table, bytes in memory files; nothing outlives it. A
 * transaction is a log of what was there before each change, which an abort plays back. No locks: a
 * store belongs to one thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/store/backend.h"
#include "host/store/memory_file.h"
#include "host/store/sorted.h"

/* One change of the open transaction; the latest is first. */
struct change {
	struct change *before;
	enum { ROW_CHANGED, FILE_MADE, FILE_REMOVED } kind;
	struct key key;			/* of the row, or of the file */
	bool was_there;			/* the row, with this value: */
	size_t size;
	char value[];
};

struct memory {
	struct store store;
	struct sorted rows;
	struct sorted files;		/* by the key of the object's row: struct memory_file */
	struct change *changes;
};

static struct memory *memory_of(struct store *store)
{
	return (struct memory *)store;
}

/* ---- Transactions ---- */

static int change_add(struct memory *memory, int kind, const struct key *key, struct error *err)
{
	const struct sorted_row *row = kind == ROW_CHANGED ? sorted_get(&memory->rows, key) : NULL;
	struct change *change = malloc(sizeof(*change) + (row ? row->size : 0));

	if (!change)
		return error_set(err, ENOMEM, "can't change the store");
	*change = (struct change){ .before = memory->changes,
				   .kind = kind,
				   .key = *key,
				   .was_there = row != NULL,
				   .size = row ? row->size : 0 };
	if (row)
		memcpy(change->value, row->value, row->size);
	memory->changes = change;
	return 0;
}

static void file_free(struct memory *memory, const struct key *key)
{
	struct sorted_row *row = sorted_get(&memory->files, key);

	memory_file_release(row->value);
	sorted_remove(&memory->files, key);
}

/*
 * A row whose memory is there can't fail to get its former value; one that was removed can, and
 * then ends all.
 */
static void change_undo(struct memory *memory, const struct change *change)
{
	void *value;

	if (change->kind == FILE_MADE)
		file_free(memory, &change->key);
	if (change->kind != ROW_CHANGED)
		return;
	if (!change->was_there) {
		sorted_remove(&memory->rows, &change->key);
		return;
	}
	value = malloc(change->size + 1);
	if (!value)
		abort();
	memcpy(value, change->value, change->size);
	if (sorted_put(&memory->rows, &change->key, value, change->size))
		abort();
}

static void changes_end(struct memory *memory, bool undo)
{
	struct change *change = memory->changes;

	while (change) {
		struct change *before = change->before;

		if (undo)
			change_undo(memory, change);
		else if (change->kind == FILE_REMOVED)
			file_free(memory, &change->key);
		free(change);
		change = before;
	}
	memory->changes = NULL;
}

static int memory_begin(struct store *store, struct error *err)
{
	(void)store;
	(void)err;
	return 0;
}

static int memory_commit(struct store *store, struct error *err)
{
	(void)err;
	changes_end(memory_of(store), false);
	return 0;
}

static void memory_abort(struct store *store)
{
	changes_end(memory_of(store), true);
}

static void memory_view_end(struct store *store)
{
	(void)store;
}

static void memory_close(struct store *store)
{
	struct memory *memory = memory_of(store);

	for (struct sorted_row *row = memory->files.first[0]; row; row = row->next[0])
		memory_file_release(row->value);
	sorted_release(&memory->files);
	sorted_release(&memory->rows);
	free(memory);
}

/* ---- Rows ---- */

static int memory_row_get(struct store *store, const struct key *key, struct slice *value,
			  struct error *err)
{
	const struct sorted_row *row = sorted_get(&memory_of(store)->rows, key);

	(void)err;
	if (!row)
		return -ENOENT;
	*value = (struct slice){ row->value, row->size };
	return 0;
}

static int memory_row_next(struct store *store, const struct key *key, bool after,
			   struct key *found, struct slice *value, struct error *err)
{
	const struct sorted_row *row = sorted_next(&memory_of(store)->rows, key, after);

	(void)err;
	if (!row)
		return -ENOENT;
	*found = row->key;
	*value = (struct slice){ row->value, row->size };
	return 0;
}

static int memory_row_put(struct store *store, const struct key *key, const void *value,
			  size_t size, struct error *err)
{
	struct memory *memory = memory_of(store);
	void *copy = malloc(size + 1);
	int error = copy ? change_add(memory, ROW_CHANGED, key, err) : -ENOMEM;

	if (!error) {
		if (size)
			memcpy(copy, value, size);
		error = sorted_put(&memory->rows, key, copy, size);
	}
	if (error) {
		free(copy);
		return error_set(err, ENOMEM, "can't change the store");
	}
	return 0;
}

static int memory_row_remove(struct store *store, const struct key *key, struct error *err)
{
	struct memory *memory = memory_of(store);
	int error = change_add(memory, ROW_CHANGED, key, err);

	if (!error)
		sorted_remove(&memory->rows, key);
	return error;
}

/* ---- Files ---- */

static struct memory_file *file_find(struct store *store, object_id id)
{
	struct key key;

	key_set_id(&key, TABLE_OBJECTS, id);
	return sorted_get(&memory_of(store)->files, &key)->value;
}

static int file_result(int result, object_id id, struct error *err)
{
	return result < 0 ? error_set(err, -result, "object %" PRIu64, id) : result;
}

static int memory_file_make(struct store *store, object_id id, struct error *err)
{
	struct memory *memory = memory_of(store);
	struct memory_file *file = malloc(sizeof(*file));
	struct key key;
	int error;

	if (!file)
		return file_result(-ENOMEM, id, err);
	*file = MEMORY_FILE_INIT;
	key_set_id(&key, TABLE_OBJECTS, id);
	error = sorted_put(&memory->files, &key, file, sizeof(*file));
	if (error) {
		free(file);
		return file_result(error, id, err);
	}
	error = change_add(memory, FILE_MADE, &key, err);
	if (error)
		file_free(memory, &key);
	return error;
}

static int file_remove(struct store *store, object_id id, struct error *err)
{
	struct key key;

	key_set_id(&key, TABLE_OBJECTS, id);
	return change_add(memory_of(store), FILE_REMOVED, &key, err);
}

static int file_copy(struct store *store, object_id from, object_id to, struct error *err)
{
	int error = memory_file_make(store, to, err);

	if (error)
		return error;
	error = memory_file_copy(file_find(store, from), file_find(store, to));
	return file_result(error, to, err);
}

static ssize_t file_read(struct store *store, object_id id, void *to, size_t size, uint64_t offset,
			 struct error *err)
{
	ssize_t done = memory_file_read(file_find(store, id), to, size, offset);

	return done < 0 ? file_result((int)done, id, err) : done;
}

static ssize_t file_write(struct store *store, object_id id, const void *from, size_t size,
			  uint64_t offset, struct error *err)
{
	ssize_t done = memory_file_write(file_find(store, id), from, size, offset);

	return done < 0 ? file_result((int)done, id, err) : done;
}

static int file_truncate(struct store *store, object_id id, uint64_t size, struct error *err)
{
	return file_result(memory_file_truncate(file_find(store, id), size), id, err);
}

/* There is no disk; and a writable descriptor can't be told from the store's own. */
static int file_nothing_to_do(struct store *store, object_id id, struct error *err)
{
	(void)store;
	(void)id;
	(void)err;
	return 0;
}

static int file_open(struct store *store, object_id id, bool writable, struct error *err)
{
	return file_result(memory_file_open(file_find(store, id), writable), id, err);
}

static int file_size(struct store *store, object_id id, uint64_t *size, uint64_t *disk_size,
		     struct error *err)
{
	return file_result(memory_file_size(file_find(store, id), size, disk_size), id, err);
}

/* ---- Use of mappings: there is no other store that could ---- */

static int memory_share(struct store *store, mapping_id id, struct error *err)
{
	return file_nothing_to_do(store, id, err);
}

static void memory_unshare(struct store *store, mapping_id id)
{
	(void)store;
	(void)id;
}

static int memory_claim(struct store *store, mapping_id id, struct error *err)
{
	(void)store;
	(void)id;
	(void)err;
	return 1;
}

static int memory_holder(struct store *store, mapping_id id, char name[RECORD_NAME_MAX + 1],
			 struct error *err)
{
	(void)name;
	return file_nothing_to_do(store, id, err);
}

static int memory_pins_keep(struct store *store, struct error *err)
{
	(void)store;
	return error_set(err, EOPNOTSUPP, "a store in memory ends with its owner");
}

static const struct backend_operations memory_operations = {
	.close = memory_close,
	.view_begin = memory_begin,
	.view_end = memory_view_end,
	.begin = memory_begin,
	.commit = memory_commit,
	.abort = memory_abort,
	.row_get = memory_row_get,
	.row_next = memory_row_next,
	.row_put = memory_row_put,
	.row_remove = memory_row_remove,
	.file_create = memory_file_make,
	.file_remove = file_remove,
	.file_copy = file_copy,
	.file_restore = file_copy,
	.file_settle = file_nothing_to_do,
	.file_read = file_read,
	.file_write = file_write,
	.file_truncate = file_truncate,
	.file_sync = file_nothing_to_do,
	.file_open = file_open,
	.file_size = file_size,
	.mapping_share = memory_share,
	.mapping_unshare = memory_unshare,
	.mapping_claim = memory_claim,
	.mapping_holder = memory_holder,
	.pins_keep = memory_pins_keep,
	.reserve_use = memory_begin,
};

int store_open_memory(struct store **out, struct error *err)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return error_set(err, ENOMEM, "can't make a store");
	memory->store.operations = &memory_operations;
	sorted_init(&memory->rows);
	sorted_init(&memory->files);
	*out = &memory->store;
	return 0;
}
