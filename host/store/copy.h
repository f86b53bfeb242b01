/* SPDX-License-Identifier: MIT */
/*
 * The second copy of a record and of its mapping, as record_secure() keeps it beside the tables,
 * byte for byte as on disk (docs/object-format.md). No locks, no state.
 */
#ifndef HOST_STORE_COPY_H
#define HOST_STORE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COPY_MAGIC "mezzo-mc"
#define COPY_VERSION 1u

struct copy_head {
	char magic[8];
	uint32_t version;
	uint32_t kind;			/* enum record_kind */
	uint32_t name_size, value_size;
	uint64_t mapping;
	uint64_t count;			/* of entries */
	uint64_t guard;			/* of all bytes, in which it is 0 itself */
};

/* Entries follow the head, by rising local ids; then the record's value and its name. */
struct copy_entry {
	uint64_t local;
	uint64_t size;
	uint8_t hash[32];
};

_Static_assert(sizeof(struct copy_head) == 48, "struct copy_head is a file format");
_Static_assert(sizeof(struct copy_entry) == 48, "struct copy_entry is a file format");

static inline const struct copy_entry *copy_entries(const struct copy_head *head)
{
	return (const struct copy_entry *)(head + 1);
}

static inline const char *copy_value(const struct copy_head *head)
{
	return (const char *)(copy_entries(head) + head->count);
}

/* Not ended with NUL. */
static inline const char *copy_name(const struct copy_head *head)
{
	return copy_value(head) + head->value_size;
}

uint64_t copy_guard(const struct copy_head *head, size_t size);
/* Whether size bytes are a whole copy that nothing has changed. */
bool copy_is_whole(const struct copy_head *head, size_t size);

#endif
