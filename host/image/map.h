/* SPDX-License-Identifier: MIT */
/* A hash table from two numbers to one. Nothing is ever removed. Belongs to one thread. */
#ifndef HOST_IMAGE_MAP_H
#define HOST_IMAGE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key[2];
	uint64_t value; /* 0: the slot is free */
};

/* All zero is an empty table. */
struct map {
	struct map_slot *slots;
	size_t count, room; /* room is 0 or a power of two */
};

/* The value of a key, or 0 where there is none. */
uint64_t map_get(const struct map *map, uint64_t key, uint64_t second);

/* Sets the value (not 0) of a key, whether there was one or not. Returns 0 or -ENOMEM. */
int map_set(struct map *map, uint64_t key, uint64_t second, uint64_t value);

void map_release(struct map *map);

#endif
