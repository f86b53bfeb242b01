/* SPDX-License-Identifier: MIT */
/*
 * Writing the overlay's log anew, with what is true and without what was: at the start, and while
 * the domain runs, by the thread that finds the log too long.
 *
 * The new log is written beside the former one. Others go on writing that meanwhile, so it is read
 * up to where it has its end, its last words are written, and what came after that is carried over,
 * until little is left. The rest needs overlay_lock, with which the header is made to name the new
 * log. All that anybody was told to be durable is so in the new log before that, as syncs are held
 * (sync_hold()). The former log's extents are free when the header is durable.
 *
 * Of a sync that takes long much is carried over. So most of what is to be synced, which is not the
 * log alone, is so before the last words are gathered.
 *
 * Locks: compact_lock (LOCK_OVERLAY_COMPACT, long) around a compaction; what it makes is its own.
 * Who writes the log faster than it is written anew waits for that.
 */
#include <asm/unistd_64.h>

#include "boundary/abi.h"
#include "boundary/overlay_read.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/report.h"
#include "core/string.h"
#include "fs/image.h"
#include "fs/overlay_kept.h"
#include "fs/overlay_parts.h"

/* A log is written anew from this size on, where it would be a fourth or less. */
#define COMPACT_MIN_START	(1ull << 20)
#define COMPACT_MIN		(4ull << 20)
#define COMPACT_SHARE		4u
/*
 * On a full disk it is written anew for so little. What is held back is enough for the new log, of
 * this length at most, with what it takes more, and until there is so much to win.
 */
#define FULL_GAIN		(4ull * OVERLAY_EXTENT)
#define HELD_LOG_MAX		(COMPACT_MIN / 16)
#define HELD_MORE		(4ull * OVERLAY_EXTENT)
/* Room for what others write during a sync; more where that was too little. */
#define CARRY_ROOM		(256ull << 10)

/* What an extent holds for sure: all but too little for the longest record, and the way on. */
#define EXTENT_LEAST	(OVERLAY_EXTENT - 2 * sizeof(struct overlay_record) - \
			 sizeof(struct overlay_place_of) - sizeof(struct overlay_xattr) - 256 - \
			 OVERLAY_XATTR_MAX)

struct compaction {
	struct reading *reading;	/* the former log, until walk */
	struct overlay_log walk;
	u64 read;			/* bytes of records of this run until there */
	struct log_writer fresh;
	struct overlay_part *taken;	/* extents of the new log */
	u64 room;			/* for what others write during a sync */
};

static struct lock compact_lock = LOCK_INIT(LOCK_OVERLAY_COMPACT);
/* of the log: whether it should be written anew is looked at then */
static u64 size_due = COMPACT_MIN;
/* of the log: on a full disk it is not worth a look before */
static u64 full_due = FULL_GAIN;
/* About so long would a new log be, when that was last looked at. */
static u64 anew_seen;
/* Extents for a new log where there is no other disk; under overlay_lock. */
static struct log_writer held;

/* ---- What is to be told ---- */

/* Nothing of it will be needed: it has lost its last name, or never came to be. */
static bool inode_is_gone(const struct reading *reading, const struct kept *kept)
{
	return kept->is_dead ||
	       (reading->at_start && kept->ino >= OVERLAY_OWN_INO && !kept->slot);
}

/* Says nothing: an absence of what is not below it, or a name in a directory that is gone. */
static bool name_is_idle(const struct reading *reading, const struct kept *parent,
			 const struct kept_name *name)
{
	if (parent->ino >= OVERLAY_OWN_INO)
		return !name->ino || inode_is_gone(reading, parent);
	return !name->ino && !image_name_inode(parent->ino, name->name, name->name_size);
}

static bool xattr_is_idle(const struct reading *reading, const struct kept *kept,
			  const struct overlay_xattr *xattr)
{
	return kept->ino >= OVERLAY_OWN_INO && (xattr->removed || inode_is_gone(reading, kept));
}

struct sum {
	const struct reading *reading;
	u64 size;
};

static int size_add(struct kept *kept, void *data)
{
	struct sum *sum = data;

	for (const struct kept_name *name = kept->names; name; name = name->sibling) {
		if (!name_is_idle(sum->reading, kept, name))
			sum->size += sizeof(struct overlay_record) +
				     overlay_name_size(name->name_size);
	}
	for (const struct kept_xattr *at = kept->xattrs; at; at = at->next) {
		if (!xattr_is_idle(sum->reading, kept, &at->xattr))
			sum->size += sizeof(struct overlay_record) + sizeof(at->xattr) +
				     at->xattr.name_size + at->xattr.value_size + 7;
	}
	return 0;
}

/* About so many bytes has a log that tells the same. */
static u64 size_anew(const struct reading *reading)
{
	struct sum sum = { .reading = reading };

	for (const struct overlay_part *page = reading->pages; page; page = page->next)
		sum.size += sizeof(struct overlay_record) + sizeof(struct overlay_place_of);
	kept_visit(reading->table, size_add, &sum);
	return sum.size;
}

/* When to look again: not so often that looking takes longer than writing did. */
static void due_set(u64 size, u64 anew)
{
	WRITE_ONCE(size_due, MAX(COMPACT_MIN, MAX(COMPACT_SHARE * anew, size + size / 2)));
}

/* ---- Writing ---- */

/* One of those that are held back where so many bytes are left over, or 0. */
static u64 held_take(u64 left)
{
	u64 extent = 0;

	lock_acquire(&overlay_lock);
	if (held.spares > left / OVERLAY_EXTENT)
		extent = log_spare_take(&held);
	lock_release(&overlay_lock);
	return extent;
}

static u64 extent_take(int *error)
{
	u64 extent = space_alloc_held(OVERLAY_EXTENT, error);

	return extent ? extent : held_take(0);
}

/* Takes extents until so many are to come. 0 or -errno. */
static int extents_take(struct compaction *anew, u32 count)
{
	int error = 0;

	while (!error && anew->fresh.spares < count) {
		struct overlay_part *part = heap_alloc(sizeof(*part));
		u64 extent = part ? extent_take(&error) : 0;

		if (!extent) {
			heap_free(part);
			return part ? error : -ENOMEM;
		}
		error = 0;
		*part = (struct overlay_part){ anew->taken, extent };
		anew->taken = part;
		log_spare_add(&anew->fresh, extent);
	}
	return error;
}

/* What count says of a record, and its payload. The room is there. */
static void record_put(struct compaction *anew, u32 kind, u32 count, const void *payload, u32 size)
{
	u32 whole = sizeof(struct overlay_record) + ROUND_UP(size, 8u);
	struct overlay_record *record = log_open(&anew->fresh, whole);

	memset((char *)record + whole - 8, 0, 8);
	memcpy(record + 1, payload, size);
	log_close(&anew->fresh, record, whole, kind, count);
}

static int record_write(struct compaction *anew, u32 kind, u32 count, const void *payload, u32 size)
{
	int error = 0;

	if (!log_fits(&anew->fresh, sizeof(struct overlay_record) + ROUND_UP(size, 8u)))
		error = extents_take(anew, 1);
	if (!error)
		record_put(anew, kind, count, payload, size);
	return error;
}

static int change_write(struct compaction *anew, const struct kept_name *name, u64 ino, u16 change)
{
	u64 words[(offsetof(struct overlay_name, name) + 256) / 8 + 1] = { 0 };
	struct overlay_name *to = (struct overlay_name *)words;

	to->parent = name->parent;
	to->ino = ino;
	to->change = change;
	to->name_size = name->name_size;
	memcpy(to->name, name->name, name->name_size);
	return record_write(anew, OVERLAY_RECORD_NAMES, 1, words,
			    overlay_name_size(name->name_size));
}

/*
 * One of the image goes before it comes anew: so its inode's links are counted. Where that inode is
 * dead, each of its names says so.
 */
static int name_write(struct compaction *anew, const struct kept_name *name)
{
	u32 below = image_name_inode(name->parent, name->name, name->name_size);
	const struct kept *gone = below ? kept_find(anew->reading->table, below) : NULL;
	int error = 0;

	if (below)
		error = change_write(anew, name, below, gone && gone->is_dead ? OVERLAY_REMOVE_LAST
									      : OVERLAY_REMOVE);
	if (!error && name->ino)
		error = change_write(anew, name, name->ino, OVERLAY_ADD);
	return error;
}

static int kept_write(struct kept *kept, void *data)
{
	struct compaction *anew = data;
	int error = 0;

	for (struct kept_name *name = kept->names; name && !error; name = name->sibling) {
		if (!name_is_idle(anew->reading, kept, name))
			error = name_write(anew, name);
	}
	for (struct kept_xattr *at = kept->xattrs; at && !error; at = at->next) {
		if (!xattr_is_idle(anew->reading, kept, &at->xattr))
			error = record_write(anew, OVERLAY_RECORD_XATTR, 1, &at->xattr,
					     sizeof(at->xattr) + at->xattr.name_size +
					     at->xattr.value_size);
	}
	return error;
}

/* In the order in which the former log told of them. */
static int slot_pages_write(struct compaction *anew)
{
	struct overlay_part *turned = NULL, *page;
	int error = 0;

	while ((page = anew->reading->pages)) {
		anew->reading->pages = page->next;
		page->next = turned;
		turned = page;
	}
	while ((page = turned)) {
		struct overlay_place_of place = { page->offset };

		turned = page->next;
		page->next = anew->reading->pages;
		anew->reading->pages = page;
		if (!error)
			error = record_write(anew, OVERLAY_RECORD_SLOTS, 1, &place, sizeof(place));
	}
	return error;
}

static int last_words_write(struct compaction *anew)
{
	int error = extents_take(anew, 1);
	u32 number;

	if (error)
		return error;
	if (host_call3(__NR_getrandom, &number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	log_begin_at(&anew->fresh, number);
	error = slot_pages_write(anew);
	return error ? error : kept_visit(anew->reading->table, kept_write, anew);
}

/* ---- What came meanwhile ---- */

/* Carries over what the former log tells up to there; may_take: extents, as they are needed. */
static int carry(struct compaction *anew, const struct log_writer *until, bool may_take)
{
	int error = 0;

	anew->walk.size = space_size();
	while (!error && anew->walk.at != until->at) {
		const struct overlay_record *record = overlay_log_next(&anew->walk);
		const void *payload = record + 1;
		u32 size;

		if (!record)
			return -EUCLEAN;
		size = record->size - (u32)sizeof(*record);
		anew->read += record->size;
		if (record->kind == OVERLAY_RECORD_NEXT)
			error = log_extent_note(anew->reading,
						((const struct overlay_place_of *)payload)->offset);
		else if (may_take)
			error = record_write(anew, record->kind, record->count, payload, size);
		else
			record_put(anew, record->kind, record->count, payload, size);
	}
	return error;
}

/* 0: the new log counts. -EAGAIN: more has come than there is room for, *room is enough now. */
static int switch_try(struct compaction *anew, u64 *room)
{
	struct log_writer former;
	int error = -EAGAIN;
	u64 left;

	lock_acquire(&overlay_lock);
	log_look_locked(&former);
	left = former.written - anew->read;
	if (left <= *room)
		error = carry(anew, &former, false);
	if (!error)
		log_switch_locked(&anew->fresh);
	lock_release(&overlay_lock);
	*room = MAX(*room, 2 * left);
	return error;
}

/* The new log is made durable, and counts. Syncs are held. */
static int log_replace(struct compaction *anew)
{
	u64 room = anew->room;
	int error;

	do {
		struct log_writer former;

		log_look(&former);
		error = carry(anew, &former, true);
		/* One for what is left over, one for the room that the former log's last has. */
		if (!error)
			error = extents_take(anew, (u32)(room / EXTENT_LEAST) + 2);
		if (!error)
			error = sync_held();
		if (!error)
			error = switch_try(anew, &room);
	} while (error == -EAGAIN);
	return error;
}

/* ---- The whole ---- */

static void former_free(struct compaction *anew)
{
	for (const struct overlay_part *at = anew->reading->extents; at; at = at->next)
		space_free_later(at->offset, OVERLAY_EXTENT);
}

static void taken_release(struct compaction *anew, bool is_used)
{
	struct overlay_part *part;

	while ((part = anew->taken)) {
		anew->taken = part->next;
		if (!is_used)
			space_free(part->offset, OVERLAY_EXTENT);
		heap_free(part);
	}
}

static int compact(struct compaction *anew)
{
	int error = last_words_write(anew);

	if (!error) {
		sync_hold();
		error = log_replace(anew);
		if (!error) {
			former_free(anew);
			/* What fails here is made good by the next sync. */
			sync_held();
			holes_make();
		}
		sync_let_go();
	}
	taken_release(anew, !error);
	if (error)
		log_verbose("overlay: the log stays as it is: error %d", error);
	return error;
}

void overlay_compact(struct reading *reading, const struct overlay_log *walk)
{
	struct compaction anew = { .reading = reading, .walk = *walk, .room = CARRY_ROOM };
	u64 size = log_size() >= COMPACT_MIN_START ? size_anew(reading) : 0;

	if (size && COMPACT_SHARE * size < log_size()) {
		slots_wipe_free();
		compact(&anew);
	}
	due_set(log_size(), size);
}

/* ---- While the domain runs ---- */

/* Reads the log on to where it has its end. */
static int read_on(struct compaction *anew)
{
	struct log_writer now;

	log_look(&now);
	anew->read = now.written;
	anew->walk.size = space_size();
	return log_read(anew->reading, &anew->walk, now.at);
}

static bool is_worth_it(u64 size, bool is_full)
{
	return is_full ? size + FULL_GAIN <= log_size() : COMPACT_SHARE * size < log_size();
}

static int compact_running(struct reading *reading, bool is_full)
{
	struct compaction anew = { .reading = reading, .room = is_full ? 0 : CARRY_ROOM };
	int error;
	u64 size;

	overlay_log_begin(&anew.walk, overlay_header(), space_size());
	error = log_extent_note(reading, anew.walk.at);
	if (!error)
		error = read_on(&anew);
	if (error)
		return error;
	size = size_anew(reading);
	WRITE_ONCE(anew_seen, size);
	if (is_worth_it(size, is_full)) {
		error = (int)host_call1(__NR_fdatasync, HANDLE_OVERLAY);
		if (!error)
			error = read_on(&anew);
		if (!error)
			error = compact(&anew);
	}
	due_set(log_size(), size);
	return error;
}

static void compact_now(bool is_full)
{
	struct kept_table table = { 0 };
	struct reading reading = { .table = &table };

	/* What has failed for want of memory or disk is tried again when there may be some. */
	if (compact_running(&reading, is_full))
		WRITE_ONCE(size_due, log_size() + COMPACT_MIN / 4);
	reading_release(&reading);
	kept_table_release(&table);
}

void overlay_compact_if_due(void)
{
	u64 size = log_size(), due = READ_ONCE(size_due);

	if (likely(size < due))
		return;
	if (size >= due + COMPACT_MIN)
		lock_acquire(&compact_lock);
	else if (!lock_try(&compact_lock))
		return;
	/* Unless somebody else has done it meanwhile. */
	if (log_size() >= READ_ONCE(size_due))
		compact_now(false);
	lock_release(&compact_lock);
}

/* ---- On a full disk ---- */

/* Most of a log that is longer is past: it is written anew in time. */
static bool held_lacks(void)
{
	u64 wanted = MIN(log_size(), HELD_LOG_MAX) + HELD_MORE + FULL_GAIN;

	return READ_ONCE(held.spares) < wanted / OVERLAY_EXTENT;
}

u64 overlay_compact_spare(void)
{
	return held_take(MIN(READ_ONCE(anew_seen), HELD_LOG_MAX) + HELD_MORE);
}

void overlay_compact_hold(void)
{
	u64 extent;

	while (held_lacks() && (extent = space_take(OVERLAY_EXTENT))) {
		lock_acquire(&overlay_lock);
		log_spare_add(&held, extent);
		lock_release(&overlay_lock);
	}
}

bool overlay_compact_when_full(void)
{
	u64 size = log_size(), now;

	if (size < READ_ONCE(full_due))
		return false;
	lock_acquire(&compact_lock);
	/* Unless somebody else has done it meanwhile. */
	if (log_size() >= size)
		compact_now(true);
	now = log_size();
	WRITE_ONCE(full_due, now < size ? FULL_GAIN : now + OVERLAY_EXTENT);
	/* Also what was of no use this time. */
	overlay_compact_hold();
	lock_release(&compact_lock);
	return now < size;
}
