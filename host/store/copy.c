/* SPDX-License-Identifier: MIT */
/* Second copies of records with their mappings; see copy.h and store.h. No locks. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/store/backend.h"
#include "host/store/copy.h"

/* FNV-1a: this is against accidents, not against who can write into the store. */
uint64_t copy_guard(const struct copy_head *head, size_t size)
{
	const size_t at = offsetof(struct copy_head, guard);
	const uint8_t *bytes = (const uint8_t *)head;
	uint64_t guard = 0xcbf29ce484222325u;

	for (size_t i = 0; i < size; i++) {
		bool is_own = i >= at && i < at + sizeof(head->guard);

		guard = (guard ^ (is_own ? 0 : bytes[i])) * 0x100000001b3u;
	}
	return guard;
}

bool copy_is_whole(const struct copy_head *head, size_t size)
{
	uint64_t rest = size - sizeof(*head);

	if (size < sizeof(*head) || memcmp(head->magic, COPY_MAGIC, sizeof(head->magic)) ||
	    head->version != COPY_VERSION || head->name_size > RECORD_NAME_MAX ||
	    head->value_size > RECORD_VALUE_MAX ||
	    head->count > rest / sizeof(struct copy_entry) ||
	    head->count * sizeof(struct copy_entry) + head->value_size + head->name_size != rest)
		return false;
	return head->guard == copy_guard(head, size);
}

struct making {
	struct store *store;
	struct copy_head *head;		/* NULL: only counts */
	uint64_t count;
	struct error *err;
};

static int entry_add(uint64_t local, object_id object, void *data)
{
	struct making *making = data;
	struct copy_entry *entry;
	struct object_row row;
	int error;

	if (!making->head) {
		making->count++;
		return 0;
	}
	error = object_row_get(making->store, object, &row, making->err);
	if (error)
		return error;
	if (!(row.flags & OBJECT_SEALED))
		return error_set(making->err, 0,
				 "object %" PRIu64 " is private: what can change has no copy",
				 object);
	entry = (struct copy_entry *)copy_entries(making->head) + making->head->count++;
	*entry = (struct copy_entry){ .local = local, .size = row.size };
	memcpy(entry->hash, row.hash, sizeof(entry->hash));
	return 0;
}

static int copy_make(struct making *making, enum record_kind kind, const char *name,
		     const void *value, size_t value_size, mapping_id mapping)
{
	size_t name_size = strlen(name);
	size_t size = sizeof(*making->head) + making->count * sizeof(struct copy_entry) +
		      value_size + name_size;
	int error;

	making->head = calloc(1, size);
	if (!making->head)
		return error_set(making->err, ENOMEM, "the copy of a record");
	*making->head = (struct copy_head){
		.version = COPY_VERSION, .kind = kind, .name_size = (uint32_t)name_size,
		.value_size = (uint32_t)value_size, .mapping = mapping,
	};
	memcpy(making->head->magic, COPY_MAGIC, sizeof(making->head->magic));
	error = mapping_visit(making->store, mapping, entry_add, making, making->err);
	if (error)
		return error;
	memcpy((char *)copy_value(making->head), value, value_size);
	memcpy((char *)copy_name(making->head), name, name_size);
	making->head->guard = copy_guard(making->head, size);
	return making->store->operations->copy_put(making->store, mapping, making->head, size,
						   making->err);
}

bool record_is_secure(struct store *store, mapping_id mapping)
{
	return store->operations->copy_is_there(store, mapping);
}

int record_secure(struct store *store, enum record_kind kind, const char *name,
		  mapping_id mapping, struct error *err)
{
	struct making making = { .store = store, .err = err };
	char *value = malloc(RECORD_VALUE_MAX);
	ssize_t size;
	int error = store_need_transaction(store, err);

	if (!value)
		return error_set(err, ENOMEM, "the copy of a record");
	if (!error)
		error = mapping_visit(store, mapping, entry_add, &making, err);
	size = error ? error : record_get(store, kind, name, value, RECORD_VALUE_MAX, err);
	error = size < 0 ? (int)size :
			   copy_make(&making, kind, name, value, (size_t)size, mapping);
	free(making.head);
	free(value);
	return error;
}
