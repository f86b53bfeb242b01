/* SPDX-License-Identifier: MIT */
/* Keys and values of the tables; see rows.h. No locks, no state. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "host/store/rows.h"

static void key_add(struct key *key, const void *data, size_t size)
{
	memcpy(key->bytes + key->size, data, size);
	key->size += size;
}

static void key_add_id(struct key *key, uint64_t id)
{
	uint64_t big = htobe64(id);

	key_add(key, &big, sizeof(big));
}

void key_set_table(struct key *key, enum table table)
{
	key->bytes[0] = (uint8_t)table;
	key->size = 1;
}

void key_set_id(struct key *key, enum table table, uint64_t id)
{
	key_set_table(key, table);
	key_add_id(key, id);
}

void key_set_pair(struct key *key, enum table table, uint64_t id, uint64_t second)
{
	key_set_id(key, table, id);
	key_add_id(key, second);
}

void key_set_name(struct key *key, enum table table, uint64_t id, const char *name)
{
	key_set_id(key, table, id);
	key_add(key, name, strnlen(name, KEY_NAME_MAX));
}

void key_set_hash(struct key *key, const uint8_t hash[32])
{
	key_set_table(key, TABLE_HASHES);
	key_add(key, hash, 32);
}

uint64_t key_id(const struct key *key, size_t index)
{
	size_t at = 1 + index * sizeof(uint64_t);
	uint64_t big;

	if (key->size < at + sizeof(big))
		return 0;
	memcpy(&big, key->bytes + at, sizeof(big));
	return be64toh(big);
}

void key_name(const struct key *key, char *name)
{
	size_t at = 1 + sizeof(uint64_t);
	size_t size = key->size > at ? key->size - at : 0;

	memcpy(name, key->bytes + at, size);
	name[size] = '\0';
}

int key_compare(const struct key *a, const struct key *b)
{
	int order = memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size);

	if (order)
		return order;
	return a->size < b->size ? -1 : a->size > b->size;
}

int slice_copy(const struct slice *slice, void *to, size_t size)
{
	if (slice->size != size)
		return -EUCLEAN;
	memcpy(to, slice->data, size);
	return 0;
}
