/* SPDX-License-Identifier: MIT */
/* A hash table with open addressing, at most half full; see map.h. No locks. */
#include <errno.h>
#include <stdlib.h>

#include "host/image/map.h"

#define FIRST_ROOM 256u

static struct map_slot *find(const struct map *map, uint64_t key, uint64_t second)
{
	uint64_t hash = (key ^ (second << 32 | second >> 32)) * 0x9e3779b97f4a7c15ull;
	size_t at = (hash ^ hash >> 32) & (map->room - 1);

	while (map->slots[at].value &&
	       (map->slots[at].key[0] != key || map->slots[at].key[1] != second))
		at = (at + 1) & (map->room - 1);
	return &map->slots[at];
}

static int grow(struct map *map)
{
	struct map larger = { .room = map->room ? 2 * map->room : FIRST_ROOM, .count = map->count };

	larger.slots = calloc(larger.room, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->room; i++) {
		if (map->slots[i].value)
			*find(&larger, map->slots[i].key[0], map->slots[i].key[1]) = map->slots[i];
	}
	free(map->slots);
	*map = larger;
	return 0;
}

uint64_t map_get(const struct map *map, uint64_t key, uint64_t second)
{
	return map->room ? find(map, key, second)->value : 0;
}

int map_set(struct map *map, uint64_t key, uint64_t second, uint64_t value)
{
	struct map_slot *slot;

	if (2 * (map->count + 1) > map->room && grow(map))
		return -ENOMEM;
	slot = find(map, key, second);
	if (!slot->value)
		map->count++;
	*slot = (struct map_slot){ .key = { key, second }, .value = value };
	return 0;
}

void map_release(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}
