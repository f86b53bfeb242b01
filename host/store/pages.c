/* SPDX-License-Identifier: MIT */
/*
 * Reading LMDB's file by hand; see pages.h. The file is made of pages of 4096 bytes, each with its
 * own number. The first two name a commit each, the later of which counts: where its two trees have
 * their roots, that of the rows and that of free pages (by commit, a list of numbers). A page of a
 * tree has offsets of nodes from its front on and nodes from its end on, without gaps; a value too
 * large for it lies in pages of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/id_list.h"
#include "host/store/disk.h"
#include "host/store/pages.h"

#define PAGE 4096u			/* LMDB takes what the processor has */
#define META_PAGES 2u
#define DEPTH_MAX 32u			/* of LMDB's cursors */
#define NODE_KEY_MAX 511u		/* of LMDB's keys */
#define NO_PAGE UINT64_MAX
#define MAGIC 0xbeefc0deu
#define VERSION 1u

enum page_flags { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum node_flags { NODE_OVERFLOW = 1 };
enum tree_number { TREE_FREE, TREE_ROWS, TREE_COUNT };

struct page_head {
	uint64_t number;
	uint16_t pad, flags;
	uint16_t lower, upper;		/* end of the offsets, begin of the nodes; or a count */
};

struct node {
	uint16_t low, high;		/* size of the value, or a page's number */
	uint16_t flags;			/* or the number's highest bits */
	uint16_t key_size;
	uint8_t key[];
};

struct tree {
	uint32_t pad;			/* of TREE_FREE: the size of pages */
	uint16_t flags, depth;
	uint64_t branches, leaves, overflows, rows;
	uint64_t root;
};

struct meta {
	struct page_head head;
	uint32_t magic, version;
	uint64_t address, map_size;
	struct tree trees[TREE_COUNT];
	uint64_t last;			/* page */
	uint64_t commit;
};

_Static_assert(sizeof(struct page_head) == 16, "LMDB's");
_Static_assert(sizeof(struct node) == 8, "LMDB's");
_Static_assert(sizeof(struct tree) == 48, "LMDB's");
_Static_assert(sizeof(struct meta) == 152, "LMDB's");

struct reading {
	int fd;
	struct meta meta;		/* of the last commit */
	uint8_t *seen;			/* a bit for each page up to the last that is in use */
	uint64_t seen_count;
	struct id_list surplus;		/* first page and count of what long values do not need */
	pages_row row;
	void *data;
	bool damaged;
	char *finding;
	struct error *err;
	/* Of the tree that is being read: */
	enum tree_number tree;
	struct tree count;
	uint8_t bound[NODE_KEY_MAX];	/* no key that follows is lower, */
	size_t bound_size;
	bool is_above;			/* nor the same */
};

static void damage(struct reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void damage(struct reading *reading, const char *format, ...)
{
	va_list args;

	if (!reading->damaged) {
		va_start(args, format);
		vsnprintf(reading->finding, PAGES_FINDING_SIZE, format, args);
		va_end(args);
	}
	reading->damaged = true;
}

/* What the disk does not give is damaged like what it gives wrong. */
static bool bytes_read(const struct reading *reading, void *to, size_t size, uint64_t offset)
{
	return !fd_pread_all(reading->fd, to, size, (long)offset);
}

/* ---- The two pages that name commits ---- */

static bool root_is_sound(const struct meta *meta, const struct tree *tree, uint64_t file_pages)
{
	if (tree->root == NO_PAGE)
		return !tree->depth && !tree->rows;
	return tree->root >= META_PAGES && tree->root <= meta->last && tree->root < file_pages &&
	       tree->depth && tree->depth < DEPTH_MAX;
}

static bool meta_is_sound(const struct meta *meta, uint64_t number, uint64_t file_pages)
{
	const struct tree *trees = meta->trees;
	uint64_t pages = META_PAGES;

	if (meta->head.number != number || meta->head.flags != PAGE_META || meta->magic != MAGIC ||
	    meta->version != VERSION || trees[TREE_FREE].pad != PAGE ||
	    trees[TREE_FREE].flags != MDB_INTEGERKEY || trees[TREE_ROWS].flags ||
	    meta->map_size > DISK_TABLES_MAX || meta->last >= DISK_TABLES_MAX / PAGE)
		return false;
	for (unsigned i = 0; i < TREE_COUNT; i++) {
		if (!root_is_sound(meta, &trees[i], file_pages) ||
		    trees[i].branches > meta->last || trees[i].leaves > meta->last ||
		    trees[i].overflows > meta->last)
			return false;
		pages += trees[i].branches + trees[i].leaves + trees[i].overflows;
	}
	/*
	 * The greatest page number is no measure of the file, since pages that a transaction both
	 * took and gave back are never written; but the pages that are in use must have room.
	 */
	return pages <= file_pages;
}

/* Commits take turns; the very first ones are both 0. Returns the later one, or -1. */
static int meta_last(const struct meta metas[META_PAGES])
{
	uint64_t one = metas[0].commit, other = metas[1].commit;

	if (!one && !other)
		return 0;
	if ((one & 1) || !(other & 1) || (one + 1 != other && other + 1 != one))
		return -1;
	return one < other;
}

static int file_measure(struct reading *reading, uint64_t *file_pages)
{
	struct stat status;

	if (fstat(reading->fd, &status))
		return error_set(reading->err, errno, "the store's tables");
	*file_pages = (uint64_t)status.st_size / PAGE;
	return 0;
}

/*
 * Fills reading->meta from what is sound, if anything is: 1, 0 or -errno. The file is measured
 * last: a commit makes it longer before it names what is there.
 */
static int metas_read(struct reading *reading)
{
	struct meta metas[META_PAGES] = { 0 };
	bool sound[META_PAGES];
	uint64_t file_pages = 0;
	int last;

	for (unsigned i = 0; i < META_PAGES; i++)
		sound[i] = bytes_read(reading, &metas[i], sizeof(metas[i]), i * PAGE);
	last = file_measure(reading, &file_pages);
	if (last)
		return last;
	for (unsigned i = 0; i < META_PAGES; i++) {
		sound[i] = sound[i] && meta_is_sound(&metas[i], i, file_pages);
		if (!sound[i])
			damage(reading, "page %u, which names a commit, makes no sense", i);
	}
	last = sound[0] && sound[1] ? meta_last(metas) : -1;
	if (sound[0] && sound[1] && last < 0)
		damage(reading, "commits %" PRIu64 " and %" PRIu64 " do not follow each other",
		       metas[0].commit, metas[1].commit);
	if (!sound[0] && !sound[1])
		return 0;
	if (last < 0)
		last = !sound[0] || (sound[1] && metas[0].commit < metas[1].commit);
	reading->meta = metas[last];
	return 1;
}

/* A file that was only made has its first two pages, which name commit 0, and may be cut. */
int pages_are_used(int fd)
{
	struct meta metas[META_PAGES] = { 0 };
	struct stat status;
	int error = fstat(fd, &status) ? -errno : 0;

	if (error || status.st_size > META_PAGES * PAGE)
		return error ? error : 1;
	for (unsigned i = 0; i < META_PAGES && !error; i++)
		error = fd_pread_all(fd, &metas[i], sizeof(metas[i]), i * PAGE);
	if (error && error != -ENODATA)
		return error;
	return metas[0].commit || metas[1].commit;
}

int pages_look(int fd, char finding[PAGES_FINDING_SIZE], struct error *err)
{
	struct reading reading = { .fd = fd, .finding = finding, .err = err };
	int result = metas_read(&reading);

	return result < 0 ? result : reading.damaged;
}

/* ---- Pages and their uses ---- */

/* Takes pages for one use. */
static bool pages_take(struct reading *reading, uint64_t number, uint64_t count)
{
	if (number < META_PAGES || number > reading->meta.last ||
	    count > reading->meta.last - number + 1)
		return false;
	for (uint64_t i = number; i < number + count; i++) {
		if (reading->seen[i / 8] & 1u << i % 8)
			return false;
		reading->seen[i / 8] |= (uint8_t)(1u << i % 8);
		reading->seen_count++;
	}
	return true;
}

/* By memory, or as numbers of a processor that has their lowest byte first. */
static int key_order(const struct reading *reading, const uint8_t *key, size_t size)
{
	size_t shorter = size < reading->bound_size ? size : reading->bound_size;
	uint64_t left, right;
	int order;

	if (reading->tree == TREE_FREE && shorter == sizeof(left)) {
		memcpy(&left, key, sizeof(left));
		memcpy(&right, reading->bound, sizeof(right));
		return (left > right) - (left < right);
	}
	order = memcmp(key, reading->bound, shorter);
	return order ? order : (size > reading->bound_size) - (size < reading->bound_size);
}

/* A key of a row, or of a branch, below which are the rows from there on. */
static bool key_rises(struct reading *reading, const uint8_t *key, size_t size, bool is_row)
{
	int order = reading->bound_size ? key_order(reading, key, size) : 1;
	bool rises = size && (order > 0 || (!order && !reading->is_above));

	memcpy(reading->bound, key, size);
	reading->bound_size = size;
	reading->is_above = is_row;
	return rises;
}

/* ---- Rows ---- */

/* The numbers of pages that one commit left free, falling. */
static bool free_list_take(struct reading *reading, const uint8_t *key, size_t key_size,
			   const uint8_t *value, size_t size)
{
	uint64_t commit, count, number, former = UINT64_MAX;

	if (key_size != sizeof(commit) || size < sizeof(count) || size % sizeof(count))
		return false;
	memcpy(&commit, key, sizeof(commit));
	memcpy(&count, value, sizeof(count));
	/* LMDB makes room for more than it has. */
	if (!commit || commit > reading->meta.commit || count > size / sizeof(count) - 1)
		return false;
	for (uint64_t i = 1; i <= count; i++, former = number) {
		memcpy(&number, value + i * sizeof(number), sizeof(number));
		if (number >= former || !pages_take(reading, number, 1))
			return false;
	}
	return true;
}

static int row_found(struct reading *reading, uint64_t page, const struct node *node,
		     const uint8_t *value, size_t size)
{
	reading->count.rows++;
	if (reading->tree == TREE_ROWS)
		return reading->row ? reading->row(node->key, node->key_size, value, size,
						   reading->data) : 0;
	if (!free_list_take(reading, node->key, node->key_size, value, size))
		damage(reading, "page %" PRIu64 ": a list of free pages makes no sense", page);
	return 0;
}

static int surplus_note(struct reading *reading, uint64_t first, uint64_t count)
{
	if (!count)
		return 0;
	return id_list_add(&reading->surplus, first) ?: id_list_add(&reading->surplus, count);
}

/* Once all rows of a tree are read: a wrong count of such pages is to hide none. */
static void surplus_take(struct reading *reading)
{
	const uint64_t *ids = reading->surplus.ids;

	for (size_t i = 0; i < reading->surplus.count; i += 2) {
		if (!pages_take(reading, ids[i], ids[i + 1]))
			damage(reading, "page %" PRIu64 " has two uses, or is none", ids[i]);
	}
	reading->surplus.count = 0;
}

/* A value in pages of its own. */
static int row_found_far(struct reading *reading, uint64_t page, const struct node *node,
			 size_t size)
{
	uint64_t number, count, needed = (sizeof(struct page_head) + size + PAGE - 1) / PAGE;
	struct page_head head = { 0 };
	uint8_t *value;
	int result = 0;

	memcpy(&number, node->key + node->key_size, sizeof(number));
	if (!pages_take(reading, number, needed) ||
	    !bytes_read(reading, &head, sizeof(head), number * PAGE))
		head.flags = 0;
	/* One that was put twice in a transaction may have been longer before. */
	count = head.lower | (uint64_t)head.upper << 16;
	if (head.number != number || head.flags != PAGE_OVERFLOW || count < needed) {
		damage(reading, "page %" PRIu64 ": a long value makes no sense", page);
		return 0;
	}
	if (surplus_note(reading, number + needed, count - needed))
		return error_set(reading->err, ENOMEM, "the store's tables");
	value = malloc(size + 1);
	if (!value)
		return error_set(reading->err, ENOMEM, "the store's tables");
	reading->count.overflows += count;
	if (bytes_read(reading, value, size, number * PAGE + sizeof(head)))
		result = row_found(reading, page, node, value, size);
	else
		damage(reading, "page %" PRIu64 " can't be read", number);
	free(value);
	return result;
}

/* ---- Trees ---- */

static int tree_read(struct reading *reading, uint64_t number, unsigned depth);

/* The node, if all of it is in the page, and its size there. */
static const struct node *node_at(const uint8_t *page, unsigned i, bool is_leaf, size_t *room)
{
	const struct page_head *head = (const void *)page;
	uint16_t offset = ((const uint16_t *)(head + 1))[i];
	const struct node *node = (const void *)(page + offset);
	size_t size;

	if (offset < head->upper || offset % 2 || offset > PAGE - sizeof(*node) ||
	    node->key_size > NODE_KEY_MAX)
		return NULL;
	*room = sizeof(*node) + node->key_size;
	size = node->low | (size_t)node->high << 16;
	if (is_leaf && node->flags & ~(unsigned)NODE_OVERFLOW)
		return NULL;
	if (is_leaf)
		*room += node->flags & NODE_OVERFLOW ? sizeof(uint64_t) : size;
	*room += *room % 2;
	return *room <= PAGE - (size_t)offset ? node : NULL;
}

static int leaf_node_read(struct reading *reading, uint64_t number, const struct node *node)
{
	size_t size = node->low | (size_t)node->high << 16;

	if (!key_rises(reading, node->key, node->key_size, true))
		damage(reading, "page %" PRIu64 ": its keys do not rise", number);
	if (node->flags & NODE_OVERFLOW)
		return row_found_far(reading, number, node, size);
	return row_found(reading, number, node, node->key + node->key_size, size);
}

/* The first key of a branch is not used: below it lies all that is lower than the second. */
static int branch_node_read(struct reading *reading, uint64_t number, const struct node *node,
			    bool is_first, unsigned depth)
{
	uint64_t child = node->low | (uint64_t)node->high << 16 | (uint64_t)node->flags << 32;

	if (!is_first && !key_rises(reading, node->key, node->key_size, false))
		damage(reading, "page %" PRIu64 ": its keys do not rise", number);
	return tree_read(reading, child, depth + 1);
}

/* The head of a page of a tree, and how many nodes it has; 0 where it makes no sense. */
static unsigned page_nodes(const struct reading *reading, const uint8_t *page, uint64_t number,
			   unsigned depth)
{
	const struct page_head *head = (const void *)page;
	bool is_leaf = depth == reading->meta.trees[reading->tree].depth;

	if (head->number != number || head->flags != (is_leaf ? PAGE_LEAF : PAGE_BRANCH) ||
	    head->lower < sizeof(*head) || head->lower % 2 || head->lower > head->upper ||
	    head->upper > PAGE)
		return 0;
	return (head->lower - (unsigned)sizeof(*head)) / 2;
}

static int nodes_read(struct reading *reading, const uint8_t *page, uint64_t number,
		      unsigned depth, unsigned count)
{
	const struct page_head *head = (const void *)page;
	bool is_leaf = head->flags == PAGE_LEAF;
	size_t used = 0, room;
	int result = 0;

	for (unsigned i = 0; i < count && !result; i++) {
		const struct node *node = node_at(page, i, is_leaf, &room);

		if (!node) {
			damage(reading, "page %" PRIu64 ": its node %u does not fit", number, i);
			continue;
		}
		used += room;
		result = is_leaf ? leaf_node_read(reading, number, node) :
				   branch_node_read(reading, number, node, !i, depth);
	}
	if (used != PAGE - head->upper)
		damage(reading, "page %" PRIu64 ": its nodes do not fill it", number);
	return result;
}

static int tree_read(struct reading *reading, uint64_t number, unsigned depth)
{
	uint8_t page[PAGE] __attribute__((aligned(8)));
	unsigned count = 0;

	if (!pages_take(reading, number, 1)) {
		damage(reading, "page %" PRIu64 " has two uses, or is none", number);
		return 0;
	}
	if (bytes_read(reading, page, PAGE, number * PAGE))
		count = page_nodes(reading, page, number, depth);
	if (!count) {
		damage(reading, "page %" PRIu64 " makes no sense", number);
		return 0;
	}
	if (depth == reading->meta.trees[reading->tree].depth)
		reading->count.leaves++;
	else
		reading->count.branches++;
	return nodes_read(reading, page, number, depth, count);
}

static int whole_tree_read(struct reading *reading, enum tree_number number)
{
	const struct tree *tree = &reading->meta.trees[number];
	const struct tree *count = &reading->count;
	int result = 0;

	reading->tree = number;
	reading->count = (struct tree){ 0 };
	reading->bound_size = 0;
	if (tree->root != NO_PAGE)
		result = tree_read(reading, tree->root, 1);
	surplus_take(reading);
	if (!result && (count->rows != tree->rows || count->leaves != tree->leaves ||
			count->branches != tree->branches || count->overflows != tree->overflows))
		damage(reading, "the total of the %s is wrong",
		       number == TREE_ROWS ? "rows" : "free pages");
	return result;
}

int pages_check(int fd, pages_row row, void *data, char finding[PAGES_FINDING_SIZE],
		struct error *err)
{
	struct reading reading = { .fd = fd, .finding = finding, .err = err, .row = row,
				   .data = data };
	int result = metas_read(&reading);

	if (result <= 0)
		return result ? result : 1;
	reading.seen = calloc(reading.meta.last / 8 + 1, 1);
	if (!reading.seen)
		return error_set(err, ENOMEM, "the store's tables");
	/* Free pages last: a page with two uses is no longer a free one. */
	result = whole_tree_read(&reading, TREE_ROWS);
	if (!result)
		result = whole_tree_read(&reading, TREE_FREE);
	if (!result && !reading.damaged && reading.seen_count != reading.meta.last - META_PAGES + 1)
		damage(&reading, "%" PRIu64 " pages are in use or free, of %" PRIu64,
		       reading.seen_count, reading.meta.last - META_PAGES + 1);
	free(reading.seen);
	free(reading.surplus.ids);
	return result ? result : reading.damaged;
}
