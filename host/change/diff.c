/* SPDX-License-Identifier: MIT */
/*
 * Comparing a domain's tree with its image; see diff.h. Both are walked side by side, through
 * directories in which something may differ (marked) alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/change/diff.h"
#include "host/change/diff_marks.h"
#include "host/change/table.h"

/* A name, and what it leads to in the image and in the domain; 0: there is none. */
struct pair {
	const char *name;
	uint32_t name_size;
	uint32_t base;
	uint64_t now;
};

/* A directory on the way down. */
struct level {
	struct pair *pairs;
	size_t count, next;
	size_t path_size;		/* of its own path, with a slash behind it */
	bool is_told;			/* that it changed, or was added */
};

struct comparison {
	const struct merged *merged;
	struct diff_marks marks;
	struct diff *diff;
	struct level levels[MERGED_LEVELS];
	size_t depth;
	char path[MERGED_PATH_MAX + 3];	/* with slashes before and behind it */
	struct error *err;
};

static int no_memory(struct comparison *comparison)
{
	return error_set(comparison->err, ENOMEM, "differences of a domain");
}

/* ---- Pairs ---- */

static int compare_pairs(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;

	return change_compare_names(a->name, a->name_size, b->name, b->name_size);
}

static int pair_add(struct comparison *comparison, struct level *level, const char *name,
		    uint32_t name_size, uint32_t base, uint64_t now)
{
	struct pair *pair = TABLE_ADD(level->pairs, level->count);

	if (!pair)
		return no_memory(comparison);
	*pair = (struct pair){ name, name_size, base, now };
	return 0;
}

/* What the image's directory base has of this name, 0 for nothing. */
static int base_find(struct comparison *comparison, uint32_t base, const char *name, uint32_t size,
		     uint32_t *found)
{
	int result = base ? index_lookup(&comparison->merged->index, base, name, size, found)
			  : -ENOENT;

	if (result)
		*found = 0;
	if (!result || result == -ENOENT)
		return 0;
	return error_set(comparison->err, EUCLEAN, "the image's index");
}

/* Names of which the log speaks. */
static int pairs_of_changes(struct comparison *comparison, struct level *level, uint32_t base,
			    const struct change_inode *change)
{
	int result = 0;

	for (size_t i = 0; change && i < change->name_count && !result; i++) {
		const struct change_name *name =
			&comparison->merged->changes.names[change->first_name + i];
		uint32_t found;

		result = base_find(comparison, base, name->name, name->name_size, &found);
		if (!result)
			result = pair_add(comparison, level, name->name, name->name_size, found,
					  name->ino);
	}
	return result;
}

/*
 * Names of the image's directory of which the log does not speak: where the directory is still the
 * same one, those that are marked, else all, for now they are gone.
 */
static int pairs_of_image(struct comparison *comparison, struct level *level, uint32_t base,
			  bool is_same, const struct change_inode *change)
{
	const struct merged *merged = comparison->merged;
	struct index_name name;
	int result = 0;

	for (uint32_t place = 0; !result; place++) {
		result = index_list(&merged->index, base, place, &name);
		if (result || (is_same && !diff_is_marked(&comparison->marks, name.inode)) ||
		    changes_name(&merged->changes, change, name.name, name.name_size))
			continue;
		result = pair_add(comparison, level, name.name, name.name_size, name.inode,
				  is_same ? name.inode : 0);
	}
	return result == -EUCLEAN ? error_set(comparison->err, EUCLEAN, "the image's index")
				  : result == -ENOENT ? 0 : result;
}

/* A directory of the image at another place: what is in it was not here before. */
static int pairs_of_ground(struct comparison *comparison, struct level *level, uint32_t base,
			   uint32_t ground, const struct change_inode *change)
{
	const struct merged *merged = comparison->merged;
	struct index_name name;
	int result = 0;

	for (uint32_t place = 0; !result; place++) {
		uint32_t found;

		result = index_list(&merged->index, ground, place, &name);
		if (result ||
		    changes_name(&merged->changes, change, name.name, name.name_size))
			continue;
		result = base_find(comparison, base, name.name, name.name_size, &found);
		if (!result)
			result = pair_add(comparison, level, name.name, name.name_size, found,
					  name.inode);
	}
	return result == -EUCLEAN ? error_set(comparison->err, EUCLEAN, "the image's index")
				  : result == -ENOENT ? 0 : result;
}

/* Of those that came twice the first is kept: it tells what is there now. */
static void pairs_settle(struct level *level)
{
	size_t kept = 0;

	if (!level->count)
		return;
	qsort(level->pairs, level->count, sizeof(*level->pairs), compare_pairs);
	for (size_t i = 1; i < level->count; i++) {
		struct pair *last = &level->pairs[kept];

		if (compare_pairs(last, &level->pairs[i]))
			level->pairs[++kept] = level->pairs[i];
		else if (!last->now)
			*last = level->pairs[i];
	}
	level->count = kept + 1;
}

static int level_fill(struct comparison *comparison, struct level *level, uint32_t base,
		      uint64_t now)
{
	const struct change_inode *change = changes_inode(&comparison->merged->changes, now);
	uint32_t ground = merged_ground(comparison->merged, now);
	bool is_same = base && base == ground;
	int result = pairs_of_changes(comparison, level, base, change);

	if (!result && ground && !is_same)
		result = pairs_of_ground(comparison, level, base, ground, change);
	if (!result && base)
		result = pairs_of_image(comparison, level, base, is_same, change);
	if (!result)
		pairs_settle(level);
	return result;
}

/* ---- Lines ---- */

static int line_add(struct comparison *comparison, enum diff_kind kind, size_t path_size)
{
	struct diff *diff = comparison->diff;
	struct diff_line *line = TABLE_ADD(diff->lines, diff->count);

	if (!line)
		return no_memory(comparison);
	*line = (struct diff_line){ kind, strndup(comparison->path, path_size) };
	return line->path ? 0 : no_memory(comparison);
}

/* The directories above have changed, too; but for the root. */
static int tell_above(struct comparison *comparison)
{
	int result = 0;

	for (size_t i = 1; i < comparison->depth && !result; i++) {
		struct level *level = &comparison->levels[i];

		if (!level->is_told)
			result = line_add(comparison, DIFF_CHANGED, level->path_size - 1);
		level->is_told = true;
	}
	return result;
}

static int tell(struct comparison *comparison, enum diff_kind kind, size_t path_size)
{
	int result = tell_above(comparison);

	return result ? result : line_add(comparison, kind, path_size);
}

/* ---- The walk ---- */

static int enter(struct comparison *comparison, uint32_t base, uint64_t now, size_t path_size,
		 bool is_told)
{
	struct level *level = &comparison->levels[comparison->depth];

	if (!diff_visit(&comparison->marks, now))
		return error_set(comparison->err, EUCLEAN,
				 "directory %" PRIu64 " of this domain has two places", now);
	comparison->path[path_size] = '/';
	*level = (struct level){ .path_size = path_size + 1, .is_told = is_told };
	comparison->depth++;
	return level_fill(comparison, level, base, now);
}

/* The path of a pair. Returns its size, or 0: it is too long. */
static size_t path_make(struct comparison *comparison, const struct level *level,
			const struct pair *pair)
{
	size_t size = level->path_size + pair->name_size;

	if (size > MERGED_PATH_MAX + 1)
		return 0;
	memcpy(comparison->path + level->path_size, pair->name, pair->name_size);
	comparison->path[size] = '\0';
	return size;
}

static int compare_pair(struct comparison *comparison, const struct pair *pair, size_t path_size)
{
	const struct index_inode *base = index_inode(&comparison->merged->index, pair->base);
	bool is_changed = pair->base != pair->now ||
			  diff_is_touched(&comparison->marks, pair->now);
	uint32_t base_directory = base && S_ISDIR(base->mode) ? pair->base : 0;
	struct merged_inode now;
	int result = 0;

	if (!pair->now)
		return pair->base ? tell(comparison, DIFF_REMOVED, path_size) : 0;
	result = merged_stat(comparison->merged, pair->now, &now, comparison->err);
	if (!result && is_changed)
		result = tell(comparison, base ? DIFF_CHANGED : DIFF_ADDED, path_size);
	if (result || !S_ISDIR(now.mode) ||
	    (base_directory == pair->now && !diff_is_marked(&comparison->marks, pair->now)))
		return result;
	return enter(comparison, base_directory, pair->now, path_size, is_changed);
}

static int step(struct comparison *comparison)
{
	struct level *level = &comparison->levels[comparison->depth - 1];
	const struct pair *pair;
	size_t size;
	int result;

	if (level->next == level->count) {
		free(level->pairs);
		comparison->depth--;
		return 0;
	}
	pair = &level->pairs[level->next++];
	size = path_make(comparison, level, pair);
	if (!size)
		return error_set(comparison->err, ENAMETOOLONG, "a path below %.200s",
				 comparison->path);
	result = compare_pair(comparison, pair, size);
	if (result)
		error_context(comparison->err, "%.200s", comparison->path);
	return result;
}

static int compare(struct comparison *comparison)
{
	int result = 0;

	comparison->path[0] = '/';
	if (diff_is_touched(&comparison->marks, MERGED_ROOT))
		result = line_add(comparison, DIFF_CHANGED, 1);
	if (!result)
		result = enter(comparison, INDEX_ROOT, MERGED_ROOT, 0, true);
	while (!result && comparison->depth)
		result = step(comparison);
	while (comparison->depth)
		free(comparison->levels[--comparison->depth].pairs);
	return result;
}

static int compare_lines(const void *left, const void *right)
{
	return strcmp(((const struct diff_line *)left)->path,
		      ((const struct diff_line *)right)->path);
}

int diff_make(const struct merged *merged, struct diff *diff, struct error *err)
{
	struct comparison *comparison = calloc(1, sizeof(*comparison));
	int result;

	*diff = (struct diff){ 0 };
	if (!comparison)
		return error_set(err, ENOMEM, "differences of a domain");
	comparison->merged = merged;
	comparison->diff = diff;
	comparison->err = err;
	result = diff_marks_make(&comparison->marks, merged, err);
	if (!result)
		result = compare(comparison);
	diff_marks_release(&comparison->marks);
	free(comparison);
	if (result)
		diff_release(diff);
	else if (diff->count)
		qsort(diff->lines, diff->count, sizeof(*diff->lines), compare_lines);
	return result;
}

void diff_release(struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		free(diff->lines[i].path);
	free(diff->lines);
	*diff = (struct diff){ 0 };
}
