/* SPDX-License-Identifier: MIT */
/* A skip list; see sorted.h. No locks. */
#include <errno.h>
#include <stdlib.h>

#include "host/store/sorted.h"

/* Where the pointers are that lead to the first row not below key (or above it), at each level. */
struct path {
	struct sorted_row **links[SORTED_LEVELS];
};

static struct sorted_row *find(const struct sorted *sorted, const struct key *key, bool after,
			       struct path *path)
{
	struct sorted_row **links = (struct sorted_row **)sorted->first;

	for (unsigned level = SORTED_LEVELS; level--;) {
		while (links[level] && key_compare(&links[level]->key, key) < (after ? 1 : 0))
			links = links[level]->next;
		path->links[level] = &links[level];
	}
	return *path->links[0];
}

void sorted_init(struct sorted *sorted)
{
	*sorted = (struct sorted){ .random = 0x9e3779b97f4a7c15u };
}

void sorted_release(struct sorted *sorted)
{
	struct sorted_row *row = sorted->first[0];

	while (row) {
		struct sorted_row *next = row->next[0];

		free(row->value);
		free(row);
		row = next;
	}
	sorted_init(sorted);
}

struct sorted_row *sorted_next(const struct sorted *sorted, const struct key *key, bool after)
{
	struct path path;

	return find(sorted, key, after, &path);
}

struct sorted_row *sorted_get(const struct sorted *sorted, const struct key *key)
{
	struct sorted_row *row = sorted_next(sorted, key, false);

	return row && !key_compare(&row->key, key) ? row : NULL;
}

/* 1 with probability 3/4, 2 with 3/16 and so on. */
static unsigned random_height(struct sorted *sorted)
{
	unsigned height = 1;

	sorted->random ^= sorted->random << 13;
	sorted->random ^= sorted->random >> 7;
	sorted->random ^= sorted->random << 17;
	for (uint64_t bits = sorted->random; !(bits & 3) && height < SORTED_LEVELS; bits >>= 2)
		height++;
	return height;
}

int sorted_put(struct sorted *sorted, const struct key *key, void *value, size_t size)
{
	struct path path;
	struct sorted_row *row = find(sorted, key, false, &path);
	unsigned height;

	if (row && !key_compare(&row->key, key)) {
		free(row->value);
		row->value = value;
		row->size = size;
		return 0;
	}
	height = random_height(sorted);
	row = malloc(sizeof(*row) + height * sizeof(row->next[0]));
	if (!row)
		return -ENOMEM;
	row->key = *key;
	row->value = value;
	row->size = size;
	for (unsigned level = 0; level < height; level++) {
		row->next[level] = *path.links[level];
		*path.links[level] = row;
	}
	return 0;
}

void sorted_remove(struct sorted *sorted, const struct key *key)
{
	struct path path;
	struct sorted_row *row = find(sorted, key, false, &path);

	if (!row || key_compare(&row->key, key))
		return;
	for (unsigned level = 0; level < SORTED_LEVELS && *path.links[level] == row; level++)
		*path.links[level] = row->next[level];
	free(row->value);
	free(row);
}
