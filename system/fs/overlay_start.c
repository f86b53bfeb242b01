/* SPDX-License-Identifier: MIT */
/*
 * The start of a domain with an overlay: what its log and its slots tell, and what of it is free.
 * One thread: no locks.
 */
#include <asm/stat.h>

#include "boundary/overlay_read.h"
#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "fs/overlay.h"
#include "fs/overlay_kept.h"
#include "fs/overlay_parts.h"
#include "vfs/inode.h"

struct kept_table kept_table;

/* ---- Slots ---- */

static int slots_read_page(struct reading *reading, u64 page)
{
	for (u32 i = 0; i < OVERLAY_PAGE / OVERLAY_UNIT; i++) {
		const struct overlay_slot *slot =
			overlay_slot_at(overlay_header(), space_size(), page + i * OVERLAY_UNIT);
		struct kept *kept;

		if (!slot)
			continue;
		kept = kept_get(reading->table, slot->ino);
		if (!kept)
			return -ENOMEM;
		kept->slot = (struct overlay_slot *)slot;
		reading->max_ino = MAX(reading->max_ino, slot->ino);
	}
	return 0;
}

static int links_count(struct kept *parent, void *data)
{
	const struct kept_table *table = data;

	for (const struct kept_name *name = parent->names; name; name = name->sibling) {
		struct kept *kept = name->ino ? kept_find(table, name->ino) : NULL;

		if (kept)
			kept->links++;
	}
	return 0;
}

/* Claims what a slot names. False: it is not there, as after a power failure. */
static bool slot_claim(const struct overlay_slot *slot)
{
	u64 piece;

	if (OVERLAY_PLACE(slot->data) == OVERLAY_PIECE && overlay_piece_fits(slot, space_size()))
		piece = slot->data;
	else if (OVERLAY_PLACE(slot->data) == OVERLAY_OBJECT && slot->layer_bits &&
		 overlay_layer_fits(slot, space_size()))
		piece = slot->layer_bits;
	else
		return OVERLAY_PLACE(slot->data) == OVERLAY_GROUND ||
		       (OVERLAY_PLACE(slot->data) == OVERLAY_OBJECT && !slot->layer_bits);
	return space_claim(OVERLAY_PIECE_OFFSET(piece), OVERLAY_PIECE_CAPACITY(piece));
}

/* Decides whether a slot is in use. */
static int slot_settle(struct kept *kept, void *data)
{
	struct overlay_slot *slot = kept->slot;
	bool own = kept->ino >= OVERLAY_OWN_INO;

	(void)data;
	if (!slot)
		return 0;
	if (kept->is_dead || (own && !kept->links) || !slot_claim(slot))
		kept->slot = NULL;
	else if (own && (slot->mode & S_IFMT) != S_IFDIR)
		slot->nlink = kept->links;
	return 0;
}

static bool slot_is_used(const struct kept_table *table, const struct overlay_slot *slot)
{
	const struct kept *kept = slot->ino ? kept_find(table, slot->ino) : NULL;

	return kept && kept->slot == slot;
}

static int slots_free_unused(const struct reading *reading)
{
	for (const struct overlay_part *page = reading->pages; page; page = page->next) {
		struct overlay_slot *slots = overlay_address(page->offset);
		int error = slots_make_room(OVERLAY_PAGE / OVERLAY_UNIT);

		if (error)
			return error;
		for (u32 i = 0; i < OVERLAY_PAGE / OVERLAY_UNIT; i++) {
			if (!slot_is_used(reading->table, &slots[i]))
				slot_put(&slots[i]);
		}
	}
	return 0;
}

static int slots_read(struct reading *reading)
{
	int error = 0;

	for (const struct overlay_part *page = reading->pages; page && !error; page = page->next)
		error = slots_read_page(reading, page->offset);
	if (error)
		return error;
	kept_visit(reading->table, links_count, reading->table);
	kept_visit(reading->table, slot_settle, NULL);
	return slots_free_unused(reading);
}

/* ---- Objects that nothing names: made ahead, or freed, when the domain ended ---- */

static bool has_object(const struct kept *kept)
{
	return kept->slot && OVERLAY_PLACE(kept->slot->data) == OVERLAY_OBJECT;
}

static struct kept **object_bucket(const struct reading *reading, u64 id)
{
	return &reading->objects[(id ^ id >> 13) & (reading->table->size - 1)];
}

static int object_note(struct kept *kept, void *data)
{
	struct kept **bucket;

	if (!has_object(kept))
		return 0;
	bucket = object_bucket(data, OVERLAY_OBJECT_ID(kept->slot->data));
	kept->object_next = *bucket;
	*bucket = kept;
	return 0;
}

/* The files with objects, by their ids. 0 or -ENOMEM. */
static int objects_collect(struct reading *reading)
{
	if (!reading->table->size)
		return 0;
	reading->objects = heap_alloc_zero(reading->table->size * sizeof(*reading->objects));
	return reading->objects ? kept_visit(reading->table, object_note, reading) : -ENOMEM;
}

/* Whether a file has the object; it is there, then. */
static bool object_is_used(const struct reading *reading, u64 id)
{
	struct kept *kept = reading->objects ? *object_bucket(reading, id) : NULL;
	bool used = false;

	for (; kept; kept = kept->object_next) {
		if (OVERLAY_OBJECT_ID(kept->slot->data) == id)
			used = kept->object_is_there = true;
	}
	return used;
}

/*
 * An object that is not there was made, and its name was not yet durable when the power failed: the
 * file is what it was without it. All such files are known before another object gets the same id.
 */
static int object_settle(struct kept *kept, void *data)
{
	struct overlay_slot *slot = kept->slot;

	(void)data;
	if (!has_object(kept) || kept->object_is_there)
		return 0;
	log_verbose("overlay: bytes of inode %lu were never synced, and are lost", kept->ino);
	slot->size = slot->layer_bits ? slot->layer_end : 0;
	store_release(&slot->data, 0);
	return 0;
}

/* One answer's worth. *from goes on; 0 at the end. */
static int objects_look(struct reading *reading, u64 *from)
{
	struct request request = { .op = REQ_OBJECT_LIST, .offset = *from };
	struct reply reply;
	int error = request_begin(&request, NULL, &reply, NULL, 0);
	u64 *ids;
	u32 count;

	if (error)
		return error;
	count = reply.count;
	ids = heap_alloc(count * sizeof(*ids) + 1);
	if (ids)
		memcpy(ids, channel_reply_area(), count * sizeof(*ids));
	*from = reply.offset;
	request_end();
	if (!ids)
		return -ENOMEM;
	for (u32 i = 0; i < count; i++) {
		if (!object_is_used(reading, ids[i])) {
			overlay_object_free(ids[i], 0);
			reading->has_unused = true;
		}
	}
	heap_free(ids);
	return 0;
}

static int objects_read(struct reading *reading)
{
	u64 from = 0;
	int error = objects_collect(reading);

	if (error)
		return error;
	do {
		error = objects_look(reading, &from);
	} while (!error && from);
	if (!error)
		kept_visit(reading->table, object_settle, NULL);
	/* What says that they are unused must be durable before they go. */
	return error || !reading->has_unused ? error : overlay_sync_now();
}

/* ---- The start ---- */

/*
 * The log ends before the first record that can't be true: after a power failure one may speak of
 * what was beyond the object's end, and then nothing from there on was synced.
 */
static int log_read_whole(struct reading *reading, struct overlay_log *walk)
{
	int error = 0;

	overlay_log_begin(walk, overlay_header(), space_size());
	/* A first extent that is not there: nothing was ever synced. */
	if (walk->end)
		error = log_extent_note(reading, walk->at);
	if (!error)
		error = log_read(reading, walk, 0);
	if (error && error != -EUCLEAN)
		return error;
	if (!overlay_log_is_whole(walk)) {
		log_line("overlay: the log is damaged at byte %lu; `mezzo store fsck --repair` "
			  "gives up what it told after that", walk->at);
		return -EBADMSG;
	}
	log_continue(walk);
	return 0;
}

int overlay_start(struct file_system *fs)
{
	struct reading reading = { .table = &kept_table, .at_start = true,
				   .max_ino = OVERLAY_OWN_INO - 1 };
	struct overlay_log walk;
	int error;

	if (!overlay_header_is_good(overlay_header()))
		return -EPROTO;
	error = space_init(config()->overlay_size);
	if (!error)
		error = log_read_whole(&reading, &walk);
	if (!error)
		error = slots_read(&reading);
	if (!error)
		error = holes_look();
	if (!error && overlay_header()->log) {
		overlay_compact(&reading, &walk);
		log_hold();
		error = objects_read(&reading);
	}
	reading_release(&reading);
	if (error)
		return error;
	fs->next_ino = reading.max_ino + 1;
	fs->keeper = &overlay_keeper;
	return 0;
}
