/* SPDX-License-Identifier: MIT */
/*
 * The rows of the store's tables, byte for byte as they are on disk (docs/object-format.md). All
 * tables are ranges of one: the first byte of a key is its table. Ids in keys have their most
 * significant byte first, so that the order of keys is that of ids; numbers in values are as x86-64
 * has them.
 */
#ifndef HOST_STORE_ROWS_H
#define HOST_STORE_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum table {
	TABLE_COUNTERS = 1,		/* counter: last number given */
	TABLE_OBJECTS = 2,		/* object: struct object_row */
	TABLE_HASHES = 3,		/* hash: object */
	TABLE_ATTRIBUTES = 4,		/* object, name: value */
	TABLE_RECORDS = 5,		/* kind, name: value */
	TABLE_MAPPINGS = 6,		/* mapping: struct mapping_row */
	TABLE_ENTRIES = 7,		/* mapping, local id: object */
	TABLE_DOOMED = 8,		/* object, deleted, whose file may be there: nothing */
	TABLE_DOOMED_MAPPINGS = 9,	/* mapping, to be deleted when nobody uses it: nothing */
};

enum counter { COUNTER_OBJECTS = 1, COUNTER_MAPPINGS = 2 };

struct object_row {
	uint64_t references;
	uint64_t size;			/* of a sealed object; else only its file knows */
	uint32_t flags;			/* enum object_flags */
	uint32_t reserved;		/* 0 */
	uint8_t hash[32];		/* of a sealed object */
};

struct mapping_row {
	uint64_t quota_bytes;
	uint64_t used_bytes;
};

_Static_assert(sizeof(struct object_row) == 56, "object_row is part of the format");
_Static_assert(sizeof(struct mapping_row) == 16, "mapping_row is part of the format");

#define KEY_NAME_MAX 255u
#define KEY_SIZE_MAX (1 + 8 + KEY_NAME_MAX)

struct key {
	size_t size;
	uint8_t bytes[KEY_SIZE_MAX];
};

struct slice {
	const void *data;
	size_t size;
};

/* A key is made by one of these: the table alone, with an id, two ids, id and name, a hash. */
void key_set_table(struct key *key, enum table table);
void key_set_id(struct key *key, enum table table, uint64_t id);
void key_set_pair(struct key *key, enum table table, uint64_t id, uint64_t second);
/* name has at most KEY_NAME_MAX bytes. */
void key_set_name(struct key *key, enum table table, uint64_t id, const char *name);
void key_set_hash(struct key *key, const uint8_t hash[32]);

/* The id at an offset from the table's byte on; 0 where the key is too short. */
uint64_t key_id(const struct key *key, size_t index);
/* Copies the name behind the first id, ended with NUL, to name[KEY_NAME_MAX + 1]. */
void key_name(const struct key *key, char *name);

/* memcmp order, shorter first. */
int key_compare(const struct key *a, const struct key *b);

/* Copies a value of exactly size bytes. Returns 0, or -EUCLEAN for another size. */
int slice_copy(const struct slice *slice, void *to, size_t size);

#endif
