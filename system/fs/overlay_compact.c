/* SPDX-License-Identifier: MIT */
/*
 * Writing the overlay's log anew, with what is true and without what was; see overlay_kept.h.
 *
 * The former log counts until the new one is durable and the header names it, with one store; then
 * its extents are free. Slots that are not in use are wiped before: without the former log nothing
 * would tell that they are dead. Runs at the start, in the only thread: no locks.
 */
#include "core/heap.h"
#include "core/report.h"
#include "core/string.h"
#include "fs/image.h"
#include "fs/overlay_kept.h"
#include "fs/overlay_parts.h"

/* A log is written anew from this size on, where it would be a fourth or less. */
#define COMPACT_MIN	(1ull << 20)
#define COMPACT_SHARE	4u

#define NAME_PAYLOAD	(offsetof(struct overlay_name, name) + 256)
#define XATTR_PAYLOAD	(sizeof(struct overlay_xattr) + 256 + OVERLAY_XATTR_MAX)

static u64 name_record_size(const struct kept_name *name)
{
	return sizeof(struct overlay_record) + offsetof(struct overlay_name, name) +
	       name->name_size + 7;
}

static int size_add(struct kept *kept, void *data)
{
	u64 *size = data;

	for (const struct kept_name *name = kept->names; name; name = name->sibling)
		*size += name_record_size(name);
	for (const struct kept_xattr *at = kept->xattrs; at; at = at->next)
		*size += sizeof(struct overlay_record) + sizeof(*at->xattr) + at->xattr->name_size +
			 at->xattr->value_size + 7;
	return 0;
}

/* Says nothing: an absence of what is not below it, or a name in a directory that is gone. */
static bool name_is_idle(const struct kept *parent, const struct kept_name *name)
{
	if (parent->ino >= OVERLAY_OWN_INO)
		return !name->ino || !parent->slot;
	return !name->ino && !image_name_inode(parent->ino, name->name, name->name_size);
}

/* Forgets what says nothing, also the attributes of files that are gone. */
static int kept_trim(struct kept *kept, void *data)
{
	bool own = kept->ino >= OVERLAY_OWN_INO;
	struct kept_name **link = &kept->names, *name;
	struct kept_xattr *at;

	(void)data;
	while ((name = *link)) {
		if (name_is_idle(kept, name)) {
			*link = name->sibling;
			heap_free(name);
		} else {
			link = &name->sibling;
		}
	}
	while (own && !kept->slot && (at = kept->xattrs)) {
		kept->xattrs = at->next;
		heap_free(at);
	}
	return 0;
}

static u64 parts_count(const struct overlay_part *part)
{
	u64 count = 0;

	for (; part; part = part->next)
		count++;
	return count;
}

static bool is_worth_it(const struct reading *reading)
{
	u64 size = parts_count(reading->pages) * 32;

	if (reading->log_size < COMPACT_MIN)
		return false;
	kept_visit(reading->table, kept_trim, NULL);
	kept_visit(reading->table, size_add, &size);
	return size < reading->log_size / COMPACT_SHARE;
}

/* ---- Writing ---- */

static int change_write(u64 parent, struct kept_name *name, u64 ino, u16 change)
{
	u64 words[NAME_PAYLOAD / 8 + 1] = { 0 };
	struct overlay_name *to = (struct overlay_name *)words;
	const struct overlay_name *written;

	to->parent = parent;
	to->ino = ino;
	to->change = change;
	to->name_size = name->name_size;
	memcpy(to->name, name->name, name->name_size);
	written = log_rewrite_record(OVERLAY_RECORD_NAMES, words,
				     offsetof(struct overlay_name, name) + name->name_size);
	if (!written)
		return -ENOSPC;
	name->next_name = written->name;
	return 0;
}

/* One of the image goes before it comes anew: so its inode's links are counted. */
static int name_write(u64 parent, struct kept_name *name)
{
	u32 below = image_name_inode(parent, name->name, name->name_size);
	int error = below ? change_write(parent, name, below, OVERLAY_REMOVE) : 0;

	if (!error && name->ino)
		error = change_write(parent, name, name->ino, OVERLAY_ADD);
	return error;
}

static int xattr_write(struct kept_xattr *at)
{
	const struct overlay_xattr *xattr = at->xattr;

	at->next_xattr = log_rewrite_record(OVERLAY_RECORD_XATTR, xattr,
					    sizeof(*xattr) + xattr->name_size + xattr->value_size);
	return at->next_xattr ? 0 : -ENOSPC;
}

static int kept_write(struct kept *kept, void *data)
{
	int error = 0;

	(void)data;
	for (struct kept_name *name = kept->names; name && !error; name = name->sibling)
		error = name_write(kept->ino, name);
	for (struct kept_xattr *at = kept->xattrs; at && !error; at = at->next)
		error = xattr_write(at);
	return error;
}

static int slot_pages_write(const struct overlay_part *page)
{
	for (; page; page = page->next) {
		struct overlay_place_of place = { page->offset };

		if (!log_rewrite_record(OVERLAY_RECORD_SLOTS, &place, sizeof(place)))
			return -ENOSPC;
	}
	return 0;
}

/* ---- Afterwards ---- */

/* Names and attributes lie in the new log now. */
static int kept_move(struct kept *kept, void *data)
{
	(void)data;
	for (struct kept_name *name = kept->names; name; name = name->sibling)
		name->name = name->next_name;
	for (struct kept_xattr *at = kept->xattrs; at; at = at->next)
		at->xattr = at->next_xattr;
	return 0;
}

void overlay_compact(const struct reading *reading)
{
	int error;

	if (!is_worth_it(reading))
		return;
	slots_wipe_free();
	if (!log_rewrite_begin())
		return;
	error = slot_pages_write(reading->pages);
	if (!error)
		error = kept_visit(reading->table, kept_write, NULL);
	error = log_rewrite_end(!error);
	if (error) {
		log_verbose("overlay: the log stays as it is: error %d", error);
		return;
	}
	kept_visit(reading->table, kept_move, NULL);
	for (const struct overlay_part *extent = reading->extents; extent; extent = extent->next)
		space_free(extent->offset, OVERLAY_EXTENT);
}
