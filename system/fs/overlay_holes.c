/* SPDX-License-Identifier: MIT */
/*
 * Holes in the overlay: what is free of it is given back to the host, chunk by chunk, and got back
 * when it is needed.
 *
 * A hole has no disk, and a store to it could find none. So its units count as in use
 * (overlay_space.c) until the monitor has filled it.
 *
 * Locks: overlay_lock for the bits; what the range is that was freed belongs to whoever holds the
 * sync; filling to whoever holds LOCK_OVERLAY_GROW.
 */
#include <asm/unistd_64.h>
#include <linux/falloc.h>
#include <linux/fs.h>

#include "boundary/abi.h"
#include "core/channel.h"
#include "core/host.h"
#include "core/lock.h"
#include "fs/overlay_parts.h"

#define CHUNK		(64ull << 10)
#define WORD_BITS	64u

/* Kept for what comes next: at least, and as a share of what is in use. */
#define SLACK_MIN	(4ull << 20)
#define SLACK_SHARE	8u
/* It is looked for chunks to give back when so much was freed since the last time. */
#define FREED_MIN	(1ull << 20)

_Static_assert(CHUNK >= OVERLAY_PIECE_MAX && CHUNK >= OVERLAY_EXTENT, "a hole is filled for a run");

static u64 holes[OVERLAY_SIZE_MAX / CHUNK / WORD_BITS];	/* a bit for each chunk: it is a hole */
static u64 hole_count;
static u64 freed;				/* since it was last looked for chunks */
/* Where chunks may be that were not given back yet; to 0: nowhere. */
static u64 freed_from, freed_to;

static bool is_hole(u64 chunk)
{
	return READ_ONCE(holes[chunk / WORD_BITS]) >> chunk % WORD_BITS & 1;
}

static void holes_set(u64 from, u64 count, bool value)
{
	lock_acquire(&overlay_lock);
	for (u64 chunk = from; chunk < from + count; chunk++) {
		u64 bit = 1ull << chunk % WORD_BITS;

		holes[chunk / WORD_BITS] = value ? holes[chunk / WORD_BITS] | bit
						 : holes[chunk / WORD_BITS] & ~bit;
	}
	hole_count += value ? count : -count;
	lock_release(&overlay_lock);
}

/* ---- Giving back ---- */

static bool chunk_claim(u64 chunk)
{
	bool claimed;

	lock_acquire(&overlay_lock);
	claimed = space_claim(chunk * CHUNK, CHUNK);
	lock_release(&overlay_lock);
	return claimed;
}

/* Chunks that nobody uses, from there on, that are in use from now on: so many, at most. */
static u64 chunks_claim(u64 from, u64 most)
{
	u64 count = 0;

	while (count < most && chunk_claim(from + count))
		count++;
	return count;
}

static bool punch(u64 from, u64 count)
{
	holes_set(from, count, true);
	if (!host_call4(__NR_fallocate, HANDLE_OVERLAY, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			from * CHUNK, count * CHUNK)) {
		overlay_disk_freed();
		return true;
	}
	holes_set(from, count, false);
	space_free(from * CHUNK, count * CHUNK);
	return false;
}

/* So many chunks are more than what is kept for what comes next. */
static u64 chunks_spare(void)
{
	u64 free = space_free_bytes();
	u64 used = space_size() - free - READ_ONCE(hole_count) * CHUNK;
	u64 slack = MAX(SLACK_MIN, used / SLACK_SHARE);

	return free > slack ? (free - slack) / CHUNK : 0;
}

void holes_note_freed(u64 offset, u64 size)
{
	freed_from = freed_to ? MIN(freed_from, offset) : offset;
	freed_to = MAX(freed_to, offset + size);
	freed += size;
}

bool holes_are_due(void)
{
	return READ_ONCE(freed) >= FREED_MIN;
}

void holes_make(void)
{
	u64 chunk = freed_from / CHUNK, end = ROUND_UP(freed_to, CHUNK) / CHUNK, spare, count;

	if (!holes_are_due())
		return;
	for (spare = chunks_spare(); spare && chunk < end; chunk += count + 1) {
		count = chunks_claim(chunk, MIN(spare, end - chunk));
		if (count)
			punch(chunk, count);
		spare -= count;
	}
	/* What is kept now may be too much later. */
	freed = 0;
	freed_from = chunk * CHUNK;
	freed_to = chunk < end ? freed_to : 0;
}

bool holes_make_all(void)
{
	u64 end, count, given = 0;

	sync_hold();
	end = space_size() / CHUNK;
	for (u64 chunk = 0; chunk < end; chunk += count + 1) {
		count = chunks_claim(chunk, end - chunk);
		if (count && punch(chunk, count))
			given += count;
	}
	sync_let_go();
	return given;
}

/* ---- Getting back ---- */

/* The first run of holes that is long enough, of so many chunks at most. 0: there is none. */
static u64 holes_find(u64 least, u64 most, u64 *count)
{
	u64 chunks = space_size() / CHUNK;

	for (u64 at = 0; at < chunks; at++) {
		if (!holes[at / WORD_BITS]) {
			at |= WORD_BITS - 1;
			continue;
		}
		for (*count = 0; *count < most && at + *count < chunks && is_hole(at + *count);)
			++*count;
		if (*count >= least)
			return at;
		at += *count;
	}
	return 0;
}

int holes_fill(u64 bytes, u64 most)
{
	u64 least = ROUND_UP(bytes, CHUNK) / CHUNK, count, from;
	struct request request = { .op = REQ_OVERLAY_GROW };
	struct reply reply;
	int error;

	from = READ_ONCE(hole_count) ? holes_find(least, MAX(least, most / CHUNK), &count) : 0;
	if (!from)
		return -ENOENT;
	request.flags = overlay_disk_flags();
	request.offset = from * CHUNK;
	request.count = (u32)(count * CHUNK / OVERLAY_PAGE);
	error = request_begin(&request, NULL, &reply, NULL, 0);
	if (error)
		return error;
	request_end();
	holes_set(from, count, false);
	space_free(from * CHUNK, count * CHUNK);
	return 0;
}

/* ---- The start ---- */

/* What was filled, and not written since, looks like a hole, too. */
static void hole_note(u64 from, u64 to)
{
	for (u64 chunk = ROUND_UP(from, CHUNK) / CHUNK; (chunk + 1) * CHUNK <= to; chunk++) {
		if (chunk_claim(chunk))
			holes_set(chunk, 1, true);
	}
}

/* Where the next hole, or data, begins, from there on; at the end there is a hole. Or -errno. */
static long seek(u64 from, int whence)
{
	long at = host_call3(__NR_lseek, HANDLE_OVERLAY, from, whence);

	return at == -ENXIO ? (long)space_size() : at;
}

int holes_look(void)
{
	long hole, data = 0;

	while ((u64)data < space_size()) {
		hole = seek(data, SEEK_HOLE);
		data = hole < 0 ? hole : seek(hole, SEEK_DATA);
		if (data < 0)
			return (int)data;
		hole_note(hole, data);
	}
	/* What was freed last in the former run is looked for, too. */
	holes_note_freed(0, space_size());
	return 0;
}
