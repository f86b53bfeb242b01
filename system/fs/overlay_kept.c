/* SPDX-License-Identifier: MIT */
/*
 * What the overlay kept from former runs of the domain, in a table by inode number; and reading its
 * log into that. See overlay_kept.h.
 *
 * Locks: none; at the start there is one thread, and later nothing is added.
 */
#include "boundary/overlay_read.h"
#include "core/heap.h"
#include "core/string.h"
#include "fs/overlay_kept.h"
#include "fs/overlay_parts.h"

#define TABLE_MIN 64u

/* ---- The table ---- */

static struct kept **kept_bucket(const struct kept_table *table, u64 ino)
{
	return &table->inodes[(ino ^ ino >> 13) & (table->size - 1)];
}

struct kept *kept_find(const struct kept_table *table, u64 ino)
{
	struct kept *kept = table->size ? *kept_bucket(table, ino) : NULL;

	while (kept && kept->ino != ino)
		kept = kept->next;
	return kept;
}

static int table_grow(struct kept_table *table)
{
	struct kept_table fresh = { .size = table->size ? table->size * 2 : TABLE_MIN,
				    .used = table->used };
	struct kept *next;

	fresh.inodes = heap_alloc_zero(fresh.size * sizeof(*fresh.inodes));
	if (!fresh.inodes)
		return -ENOMEM;
	for (u32 i = 0; i < table->size; i++) {
		for (struct kept *kept = table->inodes[i]; kept; kept = next) {
			struct kept **bucket = kept_bucket(&fresh, kept->ino);

			next = kept->next;
			kept->next = *bucket;
			*bucket = kept;
		}
	}
	heap_free(table->inodes);
	*table = fresh;
	return 0;
}

struct kept *kept_get(struct kept_table *table, u64 ino)
{
	struct kept *kept = kept_find(table, ino), **bucket;

	if (kept)
		return kept;
	if (table->used >= table->size && table_grow(table))
		return NULL;
	kept = heap_alloc_zero(sizeof(*kept));
	if (!kept)
		return NULL;
	kept->ino = ino;
	bucket = kept_bucket(table, ino);
	kept->next = *bucket;
	*bucket = kept;
	table->used++;
	return kept;
}

int kept_visit(const struct kept_table *table, int (*visit)(struct kept *kept, void *data),
	       void *data)
{
	int error = 0;

	for (u32 i = 0; i < table->size && !error; i++) {
		for (struct kept *kept = table->inodes[i]; kept && !error; kept = kept->next)
			error = visit(kept, data);
	}
	return error;
}

/* ---- Reading the log ---- */

static u32 kept_name_hash(u64 parent, const char *name, u32 size)
{
	u64 hash = parent * 0x9e3779b97f4a7c15ull;

	for (u32 i = 0; i < size; i++)
		hash = (hash ^ (u8)name[i]) * 0x100000001b3ull;
	return (u32)(hash ^ hash >> 32);
}

static int names_table_grow(struct reading *reading)
{
	u32 size = reading->names_size ? reading->names_size * 2 : TABLE_MIN;
	struct kept_name **fresh = heap_alloc_zero(size * sizeof(*fresh)), *next;

	if (!fresh)
		return -ENOMEM;
	for (u32 i = 0; i < reading->names_size; i++) {
		for (struct kept_name *name = reading->names[i]; name; name = next) {
			next = name->hash_next;
			name->hash_next = fresh[name->hash & (size - 1)];
			fresh[name->hash & (size - 1)] = name;
		}
	}
	heap_free(reading->names);
	reading->names = fresh;
	reading->names_size = size;
	return 0;
}

static struct kept_name *kept_name_find(const struct reading *reading,
					const struct overlay_name *name, u32 hash)
{
	struct kept_name *found = reading->names_size
					  ? reading->names[hash & (reading->names_size - 1)] : NULL;

	while (found && !(found->hash == hash && found->parent == name->parent &&
			  found->name_size == name->name_size &&
			  !memcmp(found->name, name->name, name->name_size)))
		found = found->hash_next;
	return found;
}

/* NULL: out of memory. */
static struct kept_name *kept_name_add(struct reading *reading, const struct overlay_name *name,
				       u32 hash)
{
	struct kept *parent = kept_get(reading->table, name->parent);
	struct kept_name *fresh, **bucket;

	if (!parent || (reading->names_used >= reading->names_size && names_table_grow(reading)))
		return NULL;
	fresh = heap_alloc(sizeof(*fresh) + name->name_size);
	if (!fresh)
		return NULL;
	bucket = &reading->names[hash & (reading->names_size - 1)];
	*fresh = (struct kept_name){
		.hash_next = *bucket, .sibling = parent->names, .parent = name->parent,
		.hash = hash, .name_size = name->name_size,
	};
	memcpy(fresh->name, name->name, name->name_size);
	*bucket = fresh;
	parent->names = fresh;
	reading->names_used++;
	return fresh;
}

/* A name that begins by being removed is one of the image. 0 or -ENOMEM. */
static int name_of_image_note(struct kept_table *table, const struct overlay_name *name)
{
	struct kept *kept;

	if (name->change == OVERLAY_ADD || name->ino >= OVERLAY_OWN_INO)
		return 0;
	kept = kept_get(table, name->ino);
	if (!kept)
		return -ENOMEM;
	kept->gone++;
	return 0;
}

/* What the log says last of a name is true. */
static int name_read(struct reading *reading, const struct overlay_name *name)
{
	u32 hash = kept_name_hash(name->parent, name->name, name->name_size);
	struct kept_name *known = kept_name_find(reading, name, hash);

	if (!known) {
		known = kept_name_add(reading, name, hash);
		if (!known || name_of_image_note(reading->table, name))
			return -ENOMEM;
	}
	known->ino = name->change == OVERLAY_ADD ? name->ino : 0;
	reading->max_ino = MAX(reading->max_ino, name->ino);
	if (name->change == OVERLAY_REMOVE_LAST) {
		struct kept *kept = kept_get(reading->table, name->ino);

		if (!kept)
			return -ENOMEM;
		kept->is_dead = true;
	}
	return 0;
}

static int names_read(struct reading *reading, const struct overlay_record *record)
{
	const struct overlay_name *name = NULL;
	int error = overlay_names_are_whole(record) ? 0 : -EUCLEAN;

	for (u32 i = 0; i < record->count && !error; i++) {
		name = overlay_name_next(record, name);
		error = name_read(reading, name);
	}
	return error;
}

static bool xattr_is_same(const struct overlay_xattr *left, const struct overlay_xattr *right)
{
	return left->name_size == right->name_size &&
	       !memcmp(left->text, right->text, left->name_size);
}

static void xattr_forget(struct kept *kept, const struct overlay_xattr *xattr)
{
	for (struct kept_xattr **link = &kept->xattrs, *at; (at = *link); link = &at->next) {
		if (xattr_is_same(&at->xattr, xattr)) {
			*link = at->next;
			heap_free(at);
			return;
		}
	}
}

static int xattr_read(struct reading *reading, const struct overlay_record *record)
{
	const struct overlay_xattr *xattr = overlay_xattr_of(record);
	struct kept *kept = xattr ? kept_get(reading->table, xattr->ino) : NULL;
	u32 size = xattr ? xattr->name_size + xattr->value_size : 0;
	struct kept_xattr *fresh = kept ? heap_alloc(sizeof(*fresh) + size) : NULL;

	if (!xattr)
		return -EUCLEAN;
	if (!fresh)
		return -ENOMEM;
	xattr_forget(kept, xattr);
	memcpy(&fresh->xattr, xattr, sizeof(*xattr) + size);
	fresh->next = kept->xattrs;
	kept->xattrs = fresh;
	/* A file that never had a name is told of by its attributes alone. */
	reading->max_ino = MAX(reading->max_ino, xattr->ino);
	return 0;
}

/* Notes a part of the overlay in a list. 0, -EUCLEAN, -ENOMEM. */
static int part_note(struct reading *reading, struct overlay_part **list, u64 offset, u64 size)
{
	struct overlay_part *part;

	if (reading->at_start && (offset % OVERLAY_PAGE || !space_claim(offset, size)))
		return -EUCLEAN;
	part = heap_alloc(sizeof(*part));
	if (!part)
		return -ENOMEM;
	*part = (struct overlay_part){ *list, offset };
	*list = part;
	return 0;
}

int log_extent_note(struct reading *reading, u64 offset)
{
	return part_note(reading, &reading->extents, offset, OVERLAY_EXTENT);
}

static int place_read(struct reading *reading, const struct overlay_record *record)
{
	u64 offset = ((const struct overlay_place_of *)(record + 1))->offset;

	if (record->size < sizeof(*record) + sizeof(struct overlay_place_of))
		return -EUCLEAN;
	if (record->kind == OVERLAY_RECORD_NEXT)
		return log_extent_note(reading, offset);
	return part_note(reading, &reading->pages, offset, OVERLAY_PAGE);
}

static int record_read(struct reading *reading, const struct overlay_record *record)
{
	switch (record->kind) {
	case OVERLAY_RECORD_NAMES:
		return names_read(reading, record);
	case OVERLAY_RECORD_XATTR:
		return xattr_read(reading, record);
	case OVERLAY_RECORD_SLOTS:
	case OVERLAY_RECORD_NEXT:
		return place_read(reading, record);
	default:
		return -EUCLEAN;
	}
}

int log_read(struct reading *reading, struct overlay_log *walk, u64 until)
{
	const struct overlay_record *record;
	struct overlay_log before = *walk;
	int error = 0;

	while (!error && walk->at != until) {
		before = *walk;
		record = overlay_log_next(walk);
		error = record ? record_read(reading, record) : -EUCLEAN;
	}
	if (error)
		*walk = before;
	return error;
}

/* ---- The end ---- */

static void parts_free(struct overlay_part *part)
{
	struct overlay_part *next;

	for (; part; part = next) {
		next = part->next;
		heap_free(part);
	}
}

void reading_release(struct reading *reading)
{
	parts_free(reading->pages);
	parts_free(reading->extents);
	heap_free(reading->names);
	heap_free(reading->objects);
}

static void kept_free(struct kept *kept)
{
	struct kept_name *name;
	struct kept_xattr *at;

	while ((name = kept->names)) {
		kept->names = name->sibling;
		heap_free(name);
	}
	while ((at = kept->xattrs)) {
		kept->xattrs = at->next;
		heap_free(at);
	}
	heap_free(kept);
}

void kept_table_release(struct kept_table *table)
{
	struct kept *kept;

	for (u32 i = 0; i < table->size; i++) {
		while ((kept = table->inodes[i])) {
			table->inodes[i] = kept->next;
			kept_free(kept);
		}
	}
	heap_free(table->inodes);
}
