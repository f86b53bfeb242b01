/* SPDX-License-Identifier: MIT */
/* Directories of the merged tree, and walks through it; see merged.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/change/merged.h"
#include "host/change/table.h"

/* ---- One directory ---- */

static int compare_merged_names(const void *left, const void *right)
{
	const struct merged_name *a = left, *b = right;

	return change_compare_names(a->name, a->name_size, b->name, b->name_size);
}

/* Of the image, what no change speaks of. */
static int list_image(const struct merged *merged, uint32_t ground,
		      const struct change_inode *change, struct merged_name **out, size_t *count)
{
	struct index_name name;
	int result;

	for (uint32_t place = 0;; place++) {
		struct merged_name *fresh;

		result = index_list(&merged->index, ground, place, &name);
		if (result)
			return result == -ENOENT ? 0 : result;
		if (changes_name(&merged->changes, change, name.name, name.name_size))
			continue;
		fresh = TABLE_ADD(*out, *count);
		if (!fresh)
			return -ENOMEM;
		*fresh = (struct merged_name){ name.name, name.name_size, name.inode };
	}
}

static int list_changes(const struct merged *merged, const struct change_inode *change,
			struct merged_name **out, size_t *count)
{
	for (size_t i = 0; change && i < change->name_count; i++) {
		const struct change_name *name = &merged->changes.names[change->first_name + i];
		struct merged_name *fresh;

		if (!name->ino)
			continue;
		fresh = TABLE_ADD(*out, *count);
		if (!fresh)
			return -ENOMEM;
		*fresh = (struct merged_name){ name->name, name->name_size, name->ino };
	}
	return 0;
}

int merged_list(const struct merged *merged, uint64_t directory, struct merged_name **out,
		size_t *count, struct error *err)
{
	const struct change_inode *change = changes_inode(&merged->changes, directory);
	uint32_t ground = merged_ground(merged, directory);
	int result = 0;

	*out = NULL;
	*count = 0;
	if (ground)
		result = list_image(merged, ground, change, out, count);
	if (!result)
		result = list_changes(merged, change, out, count);
	if (result) {
		free(*out);
		return error_set(err, -result, "names of a directory");
	}
	if (*count)
		qsort(*out, *count, sizeof(**out), compare_merged_names);
	return 0;
}

/* ---- Walks ---- */

/* A directory on the way down. */
struct level {
	uint64_t directory;
	struct merged_name *names;
	size_t count, next;
	size_t path_size;		/* of the directory's own path */
};

struct walk {
	const struct merged *merged;
	struct level levels[MERGED_LEVELS];
	size_t depth;
	unsigned char *seen;		/* a bit for each directory, by merged_number() */
	char path[MERGED_PATH_MAX + 1];
	struct error *err;
};

static int walk_enter(struct walk *walk, uint64_t directory, size_t path_size)
{
	size_t number = merged_number(walk->merged, directory);
	struct level *level = &walk->levels[walk->depth];
	int result;

	if (walk->seen[number / 8] & 1u << number % 8)
		return error_set(walk->err, EUCLEAN,
				 "directory %" PRIu64 " of this domain has two places", directory);
	walk->seen[number / 8] |= (unsigned char)(1u << number % 8);
	*level = (struct level){ .directory = directory, .path_size = path_size };
	result = merged_list(walk->merged, directory, &level->names, &level->count, walk->err);
	if (!result)
		walk->depth++;
	return result;
}

/* The path of a name below a level, in walk->path. Returns its size, or 0: it is too long. */
static size_t walk_path(struct walk *walk, const struct level *level,
			const struct merged_name *name)
{
	size_t at = level->path_size;

	if (at + name->name_size + 1 > MERGED_PATH_MAX)
		return 0;
	if (at)
		walk->path[at++] = '/';
	memcpy(walk->path + at, name->name, name->name_size);
	walk->path[at + name->name_size] = '\0';
	return at + name->name_size;
}

/* The next name of the lowest level, or the way back up. */
static int walk_step(struct walk *walk,
		     int (*visit)(const struct merged_entry *entry, void *data), void *data)
{
	struct level *level = &walk->levels[walk->depth - 1];
	struct merged_entry entry = { .parent = level->directory };
	const struct merged_name *name;
	size_t size;
	int result;

	if (level->next == level->count) {
		free(level->names);
		walk->depth--;
		return 0;
	}
	name = &level->names[level->next++];
	size = walk_path(walk, level, name);
	if (!size)
		return error_set(walk->err, ENAMETOOLONG, "a path below %.200s", walk->path);
	result = merged_stat(walk->merged, name->ino, &entry.inode, walk->err);
	if (result) {
		error_context(walk->err, "%.200s", walk->path);
		return result;
	}
	entry.path = walk->path;
	entry.name = walk->path + size - name->name_size;
	result = visit(&entry, data);
	if (result || !S_ISDIR(entry.inode.mode))
		return result;
	return walk_enter(walk, name->ino, size);
}

int merged_walk(const struct merged *merged, uint64_t directory,
		int (*visit)(const struct merged_entry *entry, void *data), void *data,
		struct error *err)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	int result;

	if (!walk)
		return error_set(err, ENOMEM, "walk");
	walk->merged = merged;
	walk->err = err;
	walk->seen = calloc(merged_number_count(merged) / 8 + 1, 1);
	result = walk->seen ? walk_enter(walk, directory, 0) : error_set(err, ENOMEM, "walk");
	while (!result && walk->depth)
		result = walk_step(walk, visit, data);
	while (walk->depth)
		free(walk->levels[--walk->depth].names);
	free(walk->seen);
	free(walk);
	return result;
}
