/* SPDX-License-Identifier: MIT */
/*
 * What of the overlay's object is in use: a bitmap of units in the heap, built anew at each start.
 * Locks: overlay_lock for all of it; grow_lock (LOCK_OVERLAY_GROW) around a request for more.
 */
#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/string.h"
#include "fs/lower.h"
#include "fs/overlay_parts.h"

#define GROWTH_MIN	(64u << 10)
#define GROWTH_MAX	(16u << 20)
#define WORD_BITS	64u
#define UNITS_IN_PAGE	((u64)OVERLAY_PAGE / OVERLAY_UNIT)

struct lock overlay_lock = LOCK_INIT(LOCK_OVERLAY);
static struct lock grow_lock = LOCK_INIT(LOCK_OVERLAY_GROW);

static u64 *bitmap;		/* one bit for each unit: in use */
static u64 bitmap_words;
static u64 units, free_units;
/* Where to look next: for what lies within a page, and for what has pages of its own. */
static u64 small_cursor, page_cursor;

/* ---- The bitmap; overlay_lock held, but at the start ---- */

static void bits_set(u64 from, u64 count, bool value)
{
	for (u64 i = from; i < from + count; i++) {
		if (i % WORD_BITS == 0 && from + count - i >= WORD_BITS) {
			bitmap[i / WORD_BITS] = value ? ~0ull : 0;
			i += WORD_BITS - 1;
		} else if (value) {
			bitmap[i / WORD_BITS] |= 1ull << i % WORD_BITS;
		} else {
			bitmap[i / WORD_BITS] &= ~(1ull << i % WORD_BITS);
		}
	}
	free_units += value ? -count : count;
}

/* The first unit in [from, to) that is in use (or is not), else to. */
static u64 bits_find(u64 from, u64 to, bool in_use)
{
	while (from < to) {
		u64 word = bitmap[from / WORD_BITS];
		u64 rest = (in_use ? word : ~word) >> from % WORD_BITS;

		if (rest) {
			from += __builtin_ctzll(rest);
			return MIN(from, to);
		}
		from = ROUND_DOWN(from, (u64)WORD_BITS) + WORD_BITS;
	}
	return to;
}

/* A run of free units between from and to, or 0. */
static u64 run_find(u64 from, u64 to, u64 count, u64 align)
{
	u64 at = bits_find(from, to, false);

	while (at + count <= to) {
		u64 start = ROUND_UP(at, align), end;

		if (start + count > to)
			break;
		end = bits_find(start, start + count, true);
		if (end == start + count)
			return start;
		at = bits_find(end, to, false);
	}
	return 0;
}

/*
 * What fills a page has pages of its own. everywhere: also where it is not worth it while the
 * object can grow.
 */
static u64 run_take(u64 count, bool everywhere)
{
	bool is_small = count < UNITS_IN_PAGE;
	u64 *cursor = is_small ? &small_cursor : &page_cursor;
	u64 align = is_small ? 1 : UNITS_IN_PAGE, start;

	if (count > free_units)
		return 0;
	start = run_find(*cursor, units, count, align);
	/* What lies scattered is looked for where there is much of it. */
	if (!start && (everywhere || free_units > units / 4))
		start = run_find(0, *cursor, count, align);
	if (!start)
		return 0;
	*cursor = start + count;
	bits_set(start, count, true);
	return start;
}

/* ---- Growth ---- */

/* A bitmap for so many units, with what is known. 0 or -ENOMEM. */
static int bitmap_grow(u64 wanted)
{
	u64 words = MAX(bitmap_words * 2, ROUND_UP(wanted, (u64)WORD_BITS) / WORD_BITS);
	u64 *fresh, *old;

	if (wanted <= bitmap_words * WORD_BITS)
		return 0;
	fresh = heap_alloc_zero(words * sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	lock_acquire(&overlay_lock);
	if (bitmap)
		memcpy(fresh, bitmap, bitmap_words * sizeof(*fresh));
	old = bitmap;
	bitmap = fresh;
	bitmap_words = words;
	lock_release(&overlay_lock);
	heap_free(old);
	return 0;
}

static void units_add(u64 size)
{
	lock_acquire(&overlay_lock);
	free_units += size / OVERLAY_UNIT - units;
	units = size / OVERLAY_UNIT;
	lock_release(&overlay_lock);
}

static int grow_to(u64 size)
{
	struct request request = { .op = REQ_OVERLAY_GROW, .offset = size,
				   .flags = overlay_disk_flags() };
	struct reply reply;
	int error = bitmap_grow(size / OVERLAY_UNIT);

	if (error)
		return error;
	error = request_begin(&request, NULL, &reply, NULL, 0);
	if (error)
		return error;
	units_add(MIN(reply.offset, size));
	request_end();
	return 0;
}

/*
 * Room for a run of so many bytes, in holes or behind what there is. seen: the size that was not
 * enough.
 */
static int space_grow(u64 bytes, u64 seen)
{
	u64 size, step;
	int error = 0;

	lock_acquire(&grow_lock);
	size = space_size();
	if (size == seen) {
		step = MIN(MAX(size / 4, (u64)GROWTH_MIN), (u64)GROWTH_MAX);
		step = ROUND_UP(MAX(step, bytes + OVERLAY_PAGE), (u64)OVERLAY_PAGE);
		error = holes_fill(bytes, step);
		if (error == -ENOENT)
			error = size + step > OVERLAY_SIZE_MAX ? -ENOSPC : grow_to(size + step);
		/* The last of a disk or a quota is worth using too. */
		if (error && !holes_fill(bytes, bytes))
			error = 0;
		if (error && step > bytes + 2 * OVERLAY_PAGE)
			error = grow_to(ROUND_UP(size + bytes + OVERLAY_PAGE, (u64)OVERLAY_PAGE));
	}
	lock_release(&grow_lock);
	return error;
}

/* ---- Runs ---- */

int space_init(u64 size)
{
	int error = bitmap_grow(size / OVERLAY_UNIT);

	if (error)
		return error;
	units_add(size);
	return space_claim(0, OVERLAY_PAGE) ? 0 : -EUCLEAN;
}

u64 space_size(void)
{
	return READ_ONCE(units) * OVERLAY_UNIT;
}

bool space_claim(u64 offset, u64 size)
{
	u64 from = offset / OVERLAY_UNIT, count = size / OVERLAY_UNIT;

	if (from > units || count > units - from ||
	    bits_find(from, from + count, true) != from + count)
		return false;
	bits_set(from, count, true);
	return true;
}

u64 space_free_bytes(void)
{
	return READ_ONCE(free_units) * OVERLAY_UNIT;
}

static u64 space_find(u64 size, bool everywhere)
{
	u64 start;

	lock_acquire(&overlay_lock);
	start = run_take(size / OVERLAY_UNIT, everywhere);
	lock_release(&overlay_lock);
	return start * OVERLAY_UNIT;
}

u64 space_take(u64 size)
{
	return space_find(size, true);
}

u64 space_alloc_held(u64 size, int *error)
{
	for (;;) {
		u64 seen = space_size(), run = space_find(size, false);

		*error = run ? 0 : space_grow(size, seen);
		if (run)
			return run;
		if (!*error)
			continue;
		run = space_find(size, true);
		*error = run ? 0 : *error;
		return run;
	}
}

u64 space_alloc(u64 size, int *error)
{
	u64 run;

	do {
		run = space_alloc_held(size, error);
	} while (!run && (overlay_disk_give_back(*error) || space_sync() ||
			  overlay_compact_when_full()));
	return run;
}

bool space_extend(u64 offset, u64 old_size, u64 size)
{
	bool fits;

	/* What fills a page has pages of its own. */
	if (size >= OVERLAY_PAGE && offset % OVERLAY_PAGE)
		return false;
	lock_acquire(&overlay_lock);
	fits = space_claim(offset + old_size, size - old_size);
	lock_release(&overlay_lock);
	return fits;
}

void space_free(u64 offset, u64 size)
{
	lock_acquire(&overlay_lock);
	bits_set(offset / OVERLAY_UNIT, size / OVERLAY_UNIT, false);
	lock_release(&overlay_lock);
}
