/* SPDX-License-Identifier: MIT */
/* Reading an overlay; see changes.h. No locks: it belongs to one thread. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/change/changes.h"
#include "host/change/table.h"

#define SLOTS_IN_PAGE (OVERLAY_PAGE / OVERLAY_UNIT)

/* What is only needed while an overlay is read. */
struct reading {
	struct changes *changes;
	unsigned char *pages;		/* a bit for each page that is part of log or slots */
	uint64_t *dead;			/* inodes that went with their last name */
	size_t dead_count;
	const struct overlay_slot **slots;
	size_t slot_count;
};

static int no_memory(const struct changes *changes)
{
	return error_set(changes->err, ENOMEM, "this domain's overlay");
}

void changes_finding(const struct changes *changes, const char *format, ...)
{
	char line[400];
	va_list arguments;

	if (!changes->say)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	changes->say(line, changes->say_data);
}

/* ---- The log ---- */

/* Marks pages as used, once. False: one is used already, or not there. */
static bool pages_claim(struct reading *reading, uint64_t offset, uint64_t size)
{
	uint64_t from = offset / OVERLAY_PAGE, to = from + size / OVERLAY_PAGE;

	if (offset % OVERLAY_PAGE || offset < OVERLAY_PAGE ||
	    offset > reading->changes->size || size > reading->changes->size - offset)
		return false;
	for (uint64_t page = from; page < to; page++) {
		if (reading->pages[page / 8] & 1u << page % 8)
			return false;
	}
	for (uint64_t page = from; page < to; page++)
		reading->pages[page / 8] |= (unsigned char)(1u << page % 8);
	return true;
}

static int name_read(struct reading *reading, const struct overlay_name *name)
{
	struct changes *changes = reading->changes;
	struct change_name *fresh;
	uint64_t *dead;

	/* There is no inode 0, and so nothing in it. */
	if (!name->parent)
		return 0;
	fresh = TABLE_ADD(changes->names, changes->name_count);
	if (!fresh)
		return -ENOMEM;
	*fresh = (struct change_name){
		.parent = name->parent, .ino = name->change == OVERLAY_ADD ? name->ino : 0,
		.name = name->name, .name_size = name->name_size,
		.sequence = (uint32_t)changes->name_count,
	};
	if (name->change != OVERLAY_REMOVE_LAST || !name->ino)
		return 0;
	dead = TABLE_ADD(reading->dead, reading->dead_count);
	if (!dead)
		return -ENOMEM;
	*dead = name->ino;
	return 0;
}

static int names_read(struct reading *reading, const struct overlay_record *record)
{
	const struct overlay_name *name = NULL;
	int result = overlay_names_are_whole(record) ? 0 : -EUCLEAN;

	for (uint32_t i = 0; i < record->count && !result; i++) {
		name = overlay_name_next(record, name);
		result = name_read(reading, name);
	}
	return result;
}

static int xattr_read(struct reading *reading, const struct overlay_record *record)
{
	struct changes *changes = reading->changes;
	const struct overlay_xattr *xattr = overlay_xattr_of(record);
	struct change_xattr *fresh;

	if (!xattr || memchr(xattr->text, 0, xattr->name_size))
		return -EUCLEAN;
	if (!xattr->ino)
		return 0;
	fresh = TABLE_ADD(changes->xattrs, changes->xattr_count);
	if (!fresh)
		return -ENOMEM;
	*fresh = (struct change_xattr){ .xattr = xattr, .ino = xattr->ino,
					.sequence = (uint32_t)changes->xattr_count };
	return 0;
}

static int place_read(struct reading *reading, const struct overlay_record *record)
{
	struct changes *changes = reading->changes;
	const struct overlay_place_of *told = (const void *)(record + 1);
	bool is_slots = record->kind == OVERLAY_RECORD_SLOTS;
	uint64_t *place;

	if (record->size < sizeof(*record) + sizeof(*told) ||
	    !pages_claim(reading, told->offset, is_slots ? OVERLAY_PAGE : OVERLAY_EXTENT))
		return -EUCLEAN;
	place = is_slots ? TABLE_ADD(changes->slot_pages, changes->slot_page_count)
			 : TABLE_ADD(changes->extents, changes->extent_count);
	if (!place)
		return -ENOMEM;
	*place = told->offset;
	return 0;
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
	}
	return -EUCLEAN;
}

/* Where the first extent is not there, nothing was ever synced. */
static int log_begin(struct reading *reading)
{
	struct changes *changes = reading->changes;
	uint64_t *extent;

	overlay_log_begin(&changes->log, changes->data, changes->size);
	if (!changes->log.end)
		return 0;
	pages_claim(reading, changes->log.at, OVERLAY_EXTENT);
	extent = TABLE_ADD(changes->extents, changes->extent_count);
	if (!extent)
		return no_memory(changes);
	*extent = changes->log.at;
	return 0;
}

static int log_read(struct reading *reading)
{
	struct changes *changes = reading->changes;
	struct overlay_log before = changes->log;
	const struct overlay_record *record;
	int result = 0;

	while (!result && (record = overlay_log_next(&changes->log))) {
		result = record_read(reading, record);
		if (!result)
			before = changes->log;
	}
	if (result == -ENOMEM)
		return no_memory(changes);
	/* Nothing behind it can be believed. */
	changes->log = before;
	changes->is_cut = !overlay_log_is_whole(&before);
	if (!result && !changes->is_cut)
		return 0;
	changes->bad_record = before.at;
	if (changes->is_cut)
		changes_finding(changes, "the log is damaged at byte %" PRIu64 ": names that were "
				"made, moved and removed after that are not known", before.at);
	else
		changes_finding(changes, "a record of the log, at byte %" PRIu64 ", says what "
				"can't be", before.at);
	return 0;
}

/* ---- The last word ---- */

int change_compare_names(const char *left, size_t left_size, const char *right, size_t right_size)
{
	int order = memcmp(left, right, left_size < right_size ? left_size : right_size);

	return order ? order : (left_size > right_size) - (left_size < right_size);
}

static int compare_numbers(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

/* Without the sequence: 0 for the same name. */
static int compare_names(const struct change_name *left, const struct change_name *right)
{
	return compare_numbers(left->parent, right->parent)
		?: change_compare_names(left->name, left->name_size, right->name,
					right->name_size);
}

static int sort_names(const void *left, const void *right)
{
	const struct change_name *a = left, *b = right;

	return compare_names(a, b) ?: compare_numbers(a->sequence, b->sequence);
}

static int compare_xattrs(const struct change_xattr *left, const struct change_xattr *right)
{
	return compare_numbers(left->ino, right->ino)
		?: change_compare_names(left->xattr->text, left->xattr->name_size,
					right->xattr->text, right->xattr->name_size);
}

static int sort_xattrs(const void *left, const void *right)
{
	const struct change_xattr *a = left, *b = right;

	return compare_xattrs(a, b) ?: compare_numbers(a->sequence, b->sequence);
}

static void names_settle(struct changes *changes)
{
	struct change_name *names = changes->names;
	size_t kept = 0;

	if (!changes->name_count)
		return;
	qsort(names, changes->name_count, sizeof(*names), sort_names);
	for (size_t i = 1; i < changes->name_count; i++) {
		if (compare_names(&names[kept], &names[i]))
			kept++;
		names[kept] = names[i];
	}
	changes->name_count = kept + 1;
}

static void xattrs_settle(struct changes *changes)
{
	struct change_xattr *xattrs = changes->xattrs;
	size_t kept = 0;

	if (!changes->xattr_count)
		return;
	qsort(xattrs, changes->xattr_count, sizeof(*xattrs), sort_xattrs);
	for (size_t i = 1; i < changes->xattr_count; i++) {
		if (compare_xattrs(&xattrs[kept], &xattrs[i]))
			kept++;
		xattrs[kept] = xattrs[i];
	}
	changes->xattr_count = kept + 1;
}

/* ---- Inodes ---- */

/* In the order of overlay_load.c: of several slots of an inode the last one counts. */
static int slots_read(struct reading *reading)
{
	struct changes *changes = reading->changes;

	for (size_t i = 0; i < changes->slot_page_count * SLOTS_IN_PAGE; i++) {
		size_t page = changes->slot_page_count - 1 - i / SLOTS_IN_PAGE;
		uint64_t offset = changes->slot_pages[page] + i % SLOTS_IN_PAGE * OVERLAY_UNIT;
		const struct overlay_slot *slot =
			overlay_slot_at(changes->data, changes->size, offset), **fresh;

		if (!slot)
			continue;
		fresh = TABLE_ADD(reading->slots, reading->slot_count);
		if (!fresh)
			return no_memory(changes);
		*fresh = slot;
	}
	return 0;
}

static int inode_add(struct changes *changes, uint64_t ino)
{
	struct change_inode *fresh = ino ? TABLE_ADD(changes->inodes, changes->inode_count) : NULL;

	if (!fresh)
		return ino ? no_memory(changes) : 0;
	*fresh = (struct change_inode){ .ino = ino };
	return 0;
}

static int sort_inodes(const void *left, const void *right)
{
	const struct change_inode *a = left, *b = right;

	return compare_numbers(a->ino, b->ino);
}

/* All inodes that anything is told of, each once. */
static int inodes_gather(struct reading *reading)
{
	struct changes *changes = reading->changes;
	size_t kept = 0;
	int result = 0;

	for (size_t i = 0; i < changes->name_count && !result; i++) {
		result = inode_add(changes, changes->names[i].parent);
		if (!result)
			result = inode_add(changes, changes->names[i].ino);
	}
	for (size_t i = 0; i < changes->xattr_count && !result; i++)
		result = inode_add(changes, changes->xattrs[i].ino);
	for (size_t i = 0; i < reading->dead_count && !result; i++)
		result = inode_add(changes, reading->dead[i]);
	for (size_t i = 0; i < reading->slot_count && !result; i++)
		result = inode_add(changes, reading->slots[i]->ino);
	if (result || !changes->inode_count)
		return result;
	qsort(changes->inodes, changes->inode_count, sizeof(*changes->inodes), sort_inodes);
	for (size_t i = 1; i < changes->inode_count; i++) {
		if (changes->inodes[i].ino != changes->inodes[kept].ino)
			changes->inodes[++kept] = changes->inodes[i];
	}
	changes->inode_count = kept + 1;
	return 0;
}

static struct change_inode *inode_find(const struct changes *changes, uint64_t ino)
{
	struct change_inode key = { .ino = ino };

	return changes->inode_count ? bsearch(&key, changes->inodes, changes->inode_count,
					      sizeof(key), sort_inodes)
				    : NULL;
}

/* Which names and attributes belong to which inode. */
static void inodes_share_out(struct reading *reading)
{
	struct changes *changes = reading->changes;
	size_t name = 0, xattr = 0;

	for (size_t i = 0; i < changes->inode_count; i++) {
		struct change_inode *inode = &changes->inodes[i];

		inode->first_name = name;
		while (name < changes->name_count && changes->names[name].parent == inode->ino)
			name++;
		inode->name_count = name - inode->first_name;
		inode->first_xattr = xattr;
		while (xattr < changes->xattr_count && changes->xattrs[xattr].ino == inode->ino)
			xattr++;
		inode->xattr_count = xattr - inode->first_xattr;
	}
	for (size_t i = 0; i < reading->dead_count; i++)
		inode_find(changes, reading->dead[i])->is_dead = true;
}

static void inodes_take_slots(struct reading *reading)
{
	struct changes *changes = reading->changes;

	for (size_t i = 0; i < reading->slot_count; i++) {
		const struct overlay_slot *slot = reading->slots[i];
		struct change_inode *inode = inode_find(changes, slot->ino);

		/* One that was freed is as it was until it is used again. */
		if (inode->is_dead)
			continue;
		if (inode->slot)
			changes_finding(changes, "inode %" PRIu64 " has two slots", slot->ino);
		inode->slot = slot;
	}
}

/* A file that was made here and has no name is free. */
static void links_count(struct changes *changes)
{
	for (size_t i = 0; i < changes->name_count; i++) {
		struct change_inode *inode = inode_find(changes, changes->names[i].ino);

		if (inode)
			inode->links++;
	}
	for (size_t i = 0; i < changes->inode_count; i++) {
		if (changes->inodes[i].ino >= OVERLAY_OWN_INO && !changes->inodes[i].links)
			changes->inodes[i].slot = NULL;
	}
}

/* Names of files that were lost, mostly before they were synced, lead nowhere. */
static void names_lose(struct changes *changes)
{
	for (size_t i = 0; i < changes->name_count; i++) {
		struct change_name *name = &changes->names[i];

		if (name->ino >= OVERLAY_OWN_INO && !inode_find(changes, name->ino)->slot)
			name->ino = 0;
	}
}

/* ---- The whole ---- */

static int read_all(struct reading *reading)
{
	struct changes *changes = reading->changes;
	int result;

	if (!overlay_header_is_good((const void *)changes->data))
		return error_set(changes->err, EUCLEAN, "this is no overlay");
	reading->pages = calloc(changes->size / OVERLAY_PAGE / 8 + 1, 1);
	if (!reading->pages)
		return no_memory(changes);
	result = log_begin(reading);
	if (!result)
		result = log_read(reading);
	if (result)
		return result;
	names_settle(changes);
	xattrs_settle(changes);
	result = slots_read(reading);
	if (!result)
		result = inodes_gather(reading);
	if (result)
		return result;
	inodes_share_out(reading);
	inodes_take_slots(reading);
	links_count(changes);
	result = changes_claim(changes);
	if (!result)
		names_lose(changes);
	return result;
}

int changes_read(struct changes *changes, const void *data, uint64_t size,
		 void (*say)(const char *line, void *data), void *say_data, struct error *err)
{
	struct reading reading = { .changes = changes };
	int result;

	*changes = (struct changes){ .data = data, .size = size, .say = say,
				     .say_data = say_data, .err = err };
	result = read_all(&reading);
	free(reading.pages);
	free(reading.dead);
	free(reading.slots);
	return result;
}

void changes_release(struct changes *changes)
{
	free(changes->names);
	free(changes->inodes);
	free(changes->xattrs);
	free(changes->slot_pages);
	free(changes->extents);
	*changes = (struct changes){ 0 };
}

const struct change_inode *changes_inode(const struct changes *changes, uint64_t ino)
{
	return inode_find(changes, ino);
}

const struct change_name *changes_name(const struct changes *changes,
				       const struct change_inode *directory, const char *name,
				       size_t size)
{
	size_t low = 0, count = directory ? directory->name_count : 0;

	while (count) {
		size_t half = count / 2;
		const struct change_name *at =
			&changes->names[directory->first_name + low + half];
		int order = change_compare_names(at->name, at->name_size, name, size);

		if (!order)
			return at;
		if (order < 0)
			low += half + 1;
		count = order < 0 ? count - half - 1 : half;
	}
	return NULL;
}
