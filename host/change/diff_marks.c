/* SPDX-License-Identifier: MIT */
/* Where a domain's tree may differ from its image's; see diff_marks.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "host/change/diff_marks.h"
#include "host/change/table.h"

enum { TOUCHED = 1, MARKED = 2, VISITED = 4 };

struct diff_parent {
	uint64_t ino, parent;
};

static unsigned char *flags_of(const struct diff_marks *marks, uint64_t ino)
{
	return &marks->flags[merged_number(marks->merged, ino)];
}

bool diff_is_touched(const struct diff_marks *marks, uint64_t ino)
{
	return *flags_of(marks, ino) & TOUCHED;
}

bool diff_is_marked(const struct diff_marks *marks, uint64_t ino)
{
	return *flags_of(marks, ino) & (TOUCHED | MARKED);
}

bool diff_visit(struct diff_marks *marks, uint64_t directory)
{
	unsigned char *flags = flags_of(marks, directory);
	bool is_first = !(*flags & VISITED);

	*flags |= VISITED;
	return is_first;
}

/* ---- The way up ---- */

static int compare_parents(const void *left, const void *right)
{
	const struct diff_parent *a = left, *b = right;

	return (a->ino > b->ino) - (a->ino < b->ino);
}

static int parents_gather(struct diff_marks *marks)
{
	const struct changes *changes = &marks->merged->changes;

	for (size_t i = 0; i < changes->name_count; i++) {
		struct diff_parent *fresh;

		if (!changes->names[i].ino)
			continue;
		fresh = TABLE_ADD(marks->parents, marks->parent_count);
		if (!fresh)
			return -ENOMEM;
		*fresh = (struct diff_parent){ changes->names[i].ino, changes->names[i].parent };
	}
	if (marks->parent_count)
		qsort(marks->parents, marks->parent_count, sizeof(*marks->parents),
		      compare_parents);
	return 0;
}

/* The first of the names that the log tells of an inode, or where it would be. */
static size_t parent_first(const struct diff_marks *marks, uint64_t ino)
{
	size_t low = 0, count = marks->parent_count;

	while (count) {
		size_t half = count / 2;

		if (marks->parents[low + half].ino < ino) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return low;
}

/* The directory above one, or 0. */
static uint64_t parent_of(const struct diff_marks *marks, uint64_t directory)
{
	const struct index_inode *inode = index_inode(&marks->merged->index, directory);
	size_t at = parent_first(marks, directory);

	if (at < marks->parent_count && marks->parents[at].ino == directory)
		return marks->parents[at].parent;
	return inode && S_ISDIR(inode->mode) ? inode->parent : 0;
}

/* A directory, and all above it. Each is marked once, whatever circles there are. */
static void mark(struct diff_marks *marks, uint64_t directory)
{
	while (directory && !(*flags_of(marks, directory) & MARKED)) {
		*flags_of(marks, directory) |= MARKED;
		directory = parent_of(marks, directory);
	}
}

/* ---- What is touched ---- */

/* *lies_below: a file of the image is touched, and only the index knows in which directories. */
static int touch(struct diff_marks *marks, const struct change_inode *change, bool *lies_below,
		 struct error *err)
{
	struct merged_inode inode;
	bool is_own = change->ino >= OVERLAY_OWN_INO;
	int result;

	if (change->is_dead || (is_own && !change->slot))
		return 0;
	result = merged_stat(marks->merged, change->ino, &inode, err);
	if (result)
		return result;
	/* Of the root, what every change in it changes is not worth telling. */
	if (inode.ino == MERGED_ROOT) {
		const struct index_inode *root = &marks->merged->index.inodes[0];

		inode.is_changed = inode.mode != root->mode || inode.uid != root->uid ||
				   inode.gid != root->gid;
	}
	if (inode.is_changed || change->xattr_count)
		*flags_of(marks, change->ino) |= TOUCHED;
	if (S_ISDIR(inode.mode))
		mark(marks, change->ino);
	for (size_t at = parent_first(marks, change->ino);
	     at < marks->parent_count && marks->parents[at].ino == change->ino; at++)
		mark(marks, marks->parents[at].parent);
	*lies_below |= !is_own && !S_ISDIR(inode.mode);
	return 0;
}

/* One pass over the index, which does not say by itself what the names of an inode are. */
static void mark_by_index(struct diff_marks *marks)
{
	const struct index *index = &marks->merged->index;
	const struct index_entry *entries;
	uint32_t count;

	for (uint64_t number = INDEX_ROOT; number <= index->header->inode_count; number++) {
		if (index_entries(index, (uint32_t)number, &entries, &count))
			continue;
		for (uint32_t i = 0; i < count; i++) {
			if (entries[i].inode && entries[i].inode <= index->header->inode_count &&
			    diff_is_touched(marks, entries[i].inode)) {
				mark(marks, number);
				break;
			}
		}
	}
}

int diff_marks_make(struct diff_marks *marks, const struct merged *merged, struct error *err)
{
	const struct changes *changes = &merged->changes;
	bool lies_below = false;
	int result = 0;

	*marks = (struct diff_marks){ .merged = merged };
	marks->flags = calloc(merged_number_count(merged), 1);
	if (!marks->flags || parents_gather(marks))
		return error_set(err, ENOMEM, "differences of a domain");
	for (size_t i = 0; i < changes->inode_count && !result; i++)
		result = touch(marks, &changes->inodes[i], &lies_below, err);
	if (!result && lies_below)
		mark_by_index(marks);
	return result;
}

void diff_marks_release(struct diff_marks *marks)
{
	free(marks->flags);
	free(marks->parents);
	*marks = (struct diff_marks){ 0 };
}
