/* SPDX-License-Identifier: MIT */
/*
 * The overlay's log: where its next record comes, room for those that are announced, and writing it
 * anew; see boundary/overlay.h.
 *
 * Locks: overlay_lock (short) for all of it, but at the start, when there is one thread.
 */
#include <asm/unistd_64.h>

#include "boundary/abi.h"
#include "boundary/overlay_read.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/string.h"
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
static struct {
	u64 at, end;		/* where the next record comes, and the end of its extent */
	/* the first of the extents to come; each begins with the next one's offset */
	u64 spare;
	u32 spares;
	u32 begun;		/* changes that may still write a record */
	u32 checksum;
} log;

/* ---- The log; overlay_lock held ---- */

static u32 records_room(void)
{
	u64 left = log.end - log.at;

	return (left > NEXT_SIZE ? RECORDS_IN(left) : 0) +
	       log.spares * (u32)RECORDS_IN((u64)OVERLAY_EXTENT);
}

/* Ends the record that was filled in behind its head. */
void record_close(struct overlay_record *record, u32 size, u32 kind, u32 count)
{
	record->kind = kind;
	record->count = count;
	record->size = size;
	record->checksum = overlay_record_checksum(log.checksum, record);
	log.checksum = record->checksum;
	log.at += size;
	change_noted();
}

static void extent_next(void)
{
	u64 next = log.spare;

	log.spare = *(u64 *)overlay_address(next);
	log.spares--;
	if (log.end) {
		struct overlay_record *record = overlay_address(log.at);

		((struct overlay_place_of *)(record + 1))->offset = next;
		record_close(record, NEXT_SIZE, OVERLAY_RECORD_NEXT, 1);
	} else {
		store_release(&overlay_header()->log, next);
	}
	log.at = next;
	log.end = next + OVERLAY_EXTENT;
}

/* Where a record of that size goes. The caller has begun a change. */
struct overlay_record *record_open(u32 size)
{
	if (log.end - log.at < size + NEXT_SIZE)
		extent_next();
	return overlay_address(log.at);
}

void record_place(u32 kind, u64 offset)
{
	struct overlay_record *record = record_open(NEXT_SIZE);

	((struct overlay_place_of *)(record + 1))->offset = offset;
	record_close(record, NEXT_SIZE, kind, 1);
}

void log_continue(u64 at, u64 end, u32 checksum)
{
	log.at = at;
	log.end = end;
	log.checksum = checksum;
}

/* ---- Room for a change ---- */

static void spare_add(u64 extent)
{
	lock_acquire(&overlay_lock);
	*(u64 *)overlay_address(extent) = log.spare;
	log.spare = extent;
	log.spares++;
	lock_release(&overlay_lock);
}

static bool log_begin(bool frees)
{
	bool fits;

	lock_acquire(&overlay_lock);
	fits = log.begun + (frees ? 0 : RECORDS_HELD) < records_room();
	log.begun += fits;
	lock_release(&overlay_lock);
	return fits;
}

void log_end_locked(void)
{
	log.begun--;
}

/* ---- The log anew ---- */

static struct {
	u64 first;		/* extent of the new log; 0: none is written */
	u64 at, end;		/* of the former one */
	u32 checksum;
} rewrite;

bool log_rewrite_begin(void)
{
	rewrite.first = space_take(OVERLAY_EXTENT);
	if (!rewrite.first)
		return false;
	rewrite.at = log.at;
	rewrite.end = log.end;
	rewrite.checksum = log.checksum;
	log.at = rewrite.first;
	log.end = rewrite.first + OVERLAY_EXTENT;
	log.checksum = overlay_first_checksum(overlay_header()->seed);
	return true;
}

const void *log_rewrite_record(u32 kind, const void *payload, u32 size)
{
	u32 whole = sizeof(struct overlay_record) + ROUND_UP(size, 8u);
	struct overlay_record *record;
	u64 extent;

	if (log.end - log.at < whole + NEXT_SIZE && !log.spares) {
		extent = space_take(OVERLAY_EXTENT);
		if (!extent)
			return NULL;
		spare_add(extent);
	}
	record = record_open(whole);
	memset((char *)record + whole - 8, 0, 8);
	memcpy(record + 1, payload, size);
	record_close(record, whole, kind, 1);
	return record + 1;
}

int log_rewrite_end(bool done)
{
	long error = done ? host_call1(__NR_fdatasync, HANDLE_OVERLAY) : -ENOSPC;

	if (error) {
		/* What was taken for the new log is found free at the next start. */
		log_continue(rewrite.at, rewrite.end, rewrite.checksum);
		return (int)error;
	}
	store_release(&overlay_header()->log, rewrite.first);
	return (int)host_call1(__NR_fdatasync, HANDLE_OVERLAY);
}

void log_hold(void)
{
	u64 extent;

	while (records_room() < RECORDS_HELD &&
	       (extent = space_take(OVERLAY_EXTENT)))
		spare_add(extent);
}

int overlay_begin(bool frees)
{
	int error = 0;
	u64 extent;

	if (space_waits_for_sync())
		error = overlay_sync();
	while (!error && !log_begin(frees)) {
		extent = space_alloc(OVERLAY_EXTENT, &error);
		if (extent)
			spare_add(extent);
	}
	return error;
}
