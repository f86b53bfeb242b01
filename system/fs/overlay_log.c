/* SPDX-License-Identifier: MIT */
/*
 * Writing the overlay's log: where its next record comes, and room for those that are announced;
 * see boundary/overlay.h.
 *
 * Locks: overlay_lock (short) for the log that counts; one that is written anew belongs to whoever
 * does that.
 */
#include "boundary/overlay_read.h"
#include "core/lock.h"
#include "fs/overlay_parts.h"

/* The largest record, and how many of them an extent holds for sure, with the way to the next. */
#define RECORD_MAX	(sizeof(struct overlay_record) + sizeof(struct overlay_xattr) + 256 + \
			 OVERLAY_XATTR_MAX)
#define NEXT_SIZE	(sizeof(struct overlay_record) + sizeof(struct overlay_place_of))
#define RECORDS_IN(bytes)	(((bytes) - NEXT_SIZE) / RECORD_MAX)

_Static_assert(RECORDS_IN(OVERLAY_EXTENT) >= 2, "an extent is too short");

/*
 * Held back for changes that free space, which must be possible on a full disk: room for more such
 * changes than are needed until a sync gives space back.
 */
#define RECORDS_HELD	(2 * (u32)RECORDS_IN((u64)OVERLAY_EXTENT))

/* Under overlay_lock. */
static struct log_writer live;
static u32 begun;		/* changes that may still write a record */

/* ---- A log that is written ---- */

static u32 records_room(const struct log_writer *log)
{
	u64 left = log->end - log->at;

	return (left > NEXT_SIZE ? RECORDS_IN(left) : 0) +
	       log->spares * (u32)RECORDS_IN((u64)OVERLAY_EXTENT);
}

void log_close(struct log_writer *log, struct overlay_record *record, u32 size, u32 kind, u32 count)
{
	record->kind = kind;
	record->count = count;
	record->size = size;
	record->checksum = overlay_record_checksum(log->checksum, record);
	log->checksum = record->checksum;
	log->at += size;
	log->written += size;
}

u64 log_spare_take(struct log_writer *log)
{
	u64 extent = log->spare;

	log->spare = *(u64 *)overlay_address(extent);
	log->spares--;
	return extent;
}

static void extent_begin(struct log_writer *log, u64 extent)
{
	log->at = extent;
	log->end = extent + OVERLAY_EXTENT;
	log->size += OVERLAY_EXTENT;
}

void log_begin_at(struct log_writer *log, u32 number)
{
	u64 first = log_spare_take(log);

	log->word = OVERLAY_LOG(first, number);
	log->checksum = overlay_first_checksum(overlay_header()->seed, log->word);
	extent_begin(log, first);
}

static void extent_next(struct log_writer *log)
{
	struct overlay_record *record = overlay_address(log->at);
	u64 next = log_spare_take(log);

	((struct overlay_place_of *)(record + 1))->offset = next;
	log_close(log, record, NEXT_SIZE, OVERLAY_RECORD_NEXT, 1);
	extent_begin(log, next);
}

bool log_fits(const struct log_writer *log, u32 size)
{
	return log->spares || log->end - log->at >= size + NEXT_SIZE;
}

struct overlay_record *log_open(struct log_writer *log, u32 size)
{
	if (log->end - log->at < size + NEXT_SIZE)
		extent_next(log);
	return overlay_address(log->at);
}

void log_spare_add(struct log_writer *log, u64 extent)
{
	*(u64 *)overlay_address(extent) = log->spare;
	log->spare = extent;
	log->spares++;
}

/* ---- The log that counts; overlay_lock held ---- */

struct overlay_record *record_open(u32 size)
{
	if (!live.end) {
		log_begin_at(&live, (u32)OVERLAY_LOG_NUMBER(overlay_header()->log) + 1);
		store_release(&overlay_header()->log, live.word);
	}
	return log_open(&live, size);
}

void record_close(struct overlay_record *record, u32 size, u32 kind, u32 count)
{
	log_close(&live, record, size, kind, count);
	change_noted();
}

void record_place(u32 kind, u64 offset)
{
	struct overlay_record *record = record_open(NEXT_SIZE);

	((struct overlay_place_of *)(record + 1))->offset = offset;
	record_close(record, NEXT_SIZE, kind, 1);
}

void log_look_locked(struct log_writer *out)
{
	*out = live;
}

void log_look(struct log_writer *out)
{
	lock_acquire(&overlay_lock);
	log_look_locked(out);
	lock_release(&overlay_lock);
}

u64 log_size(void)
{
	return READ_ONCE(live.size);
}

/*
 * Extents held back for the former log are as good for the new one. header.synced goes first: it is
 * a place in the former log.
 */
void log_switch_locked(struct log_writer *fresh)
{
	while (live.spares)
		log_spare_add(fresh, log_spare_take(&live));
	live = *fresh;
	store_release(&overlay_header()->synced, (u64)0);
	store_release(&overlay_header()->log, live.word);
	change_noted();
}

void log_continue(const struct overlay_log *walk)
{
	live.at = walk->at;
	live.end = walk->end;
	live.size = walk->seen;
	live.checksum = walk->checksum;
	live.word = overlay_header()->log;
}

/* ---- Room for a change ---- */

static void spare_add(u64 extent)
{
	lock_acquire(&overlay_lock);
	log_spare_add(&live, extent);
	lock_release(&overlay_lock);
}

static bool change_begin(bool frees)
{
	bool fits;

	lock_acquire(&overlay_lock);
	fits = begun + (frees ? 0 : RECORDS_HELD) < records_room(&live);
	begun += fits;
	lock_release(&overlay_lock);
	return fits;
}

void log_end_locked(void)
{
	begun--;
}

void log_hold(void)
{
	u64 extent;

	while (records_room(&live) < RECORDS_HELD && (extent = space_take(OVERLAY_EXTENT)))
		spare_add(extent);
	overlay_compact_hold();
}

int overlay_begin(bool frees)
{
	int error = 0;
	u64 extent;

	if (space_waits_for_sync())
		error = overlay_sync_now();
	overlay_compact_if_due();
	while (!error && !change_begin(frees)) {
		extent = space_alloc(OVERLAY_EXTENT, &error);
		if (extent)
			overlay_compact_hold();
		else if ((extent = overlay_compact_spare()))
			error = 0;
		if (extent)
			spare_add(extent);
	}
	return error;
}
