/* SPDX-License-Identifier: MIT */
/*
 * Lists of segments that reads and writes move bytes through; see iter.h. Private to the caller: no
 * locks.
 */
#include "memory/iter.h"

#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"

#define TRANSFER_MAX 0x7ffff000ul

static void iter_init(struct iter *iter, const struct segment *segments, u32 count, size_t size,
		      bool kernel)
{
	iter->segments = segments;
	iter->count = count;
	iter->kernel = kernel;
	iter->append = false;
	iter->offset = 0;
	iter->left = size;
}

int iter_init_user(struct iter *iter, uptr base, size_t size)
{
	if (!user_range_ok(base, size))
		return -EFAULT;
	size = MIN(size, TRANSFER_MAX);
	iter->one = (struct segment){ base, size };
	iter_init(iter, &iter->one, 1, size, false);
	return 0;
}

void iter_init_kernel(struct iter *iter, void *base, size_t size)
{
	iter->one = (struct segment){ (u64)base, size };
	iter_init(iter, &iter->one, 1, size, true);
}

/* Checks what was copied from the program, and cuts the whole to what Linux moves at most. */
static ssize_t segments_check(struct segment *segments, u32 count)
{
	size_t total = 0;

	for (u32 i = 0; i < count; i++) {
		if ((ssize_t)segments[i].size < 0)
			return -EINVAL;
		if (!user_range_ok(segments[i].base, segments[i].size))
			return -EFAULT;
		segments[i].size = MIN(segments[i].size, TRANSFER_MAX - total);
		total += segments[i].size;
	}
	return (ssize_t)total;
}

int iter_init_iovec(struct iter *iter, uptr iovec, u64 count, struct segment *storage,
		    void **allocated)
{
	struct segment *segments = storage;
	ssize_t total;

	_Static_assert(sizeof(struct iovec) == sizeof(struct segment),
		       "an iovec is read as a segment");
	*allocated = NULL;
	if (count > ITER_MAX_SEGMENTS)
		return -EINVAL;
	if (count > ITER_INLINE_SEGMENTS) {
		segments = *allocated = heap_alloc(count * sizeof(*segments));
		if (!segments)
			return -ENOMEM;
	}
	total = copy_from_user(segments, iovec, count * sizeof(*segments));
	if (!total)
		total = segments_check(segments, count);
	if (total < 0) {
		heap_free(*allocated);
		*allocated = NULL;
		return total;
	}
	iter_init(iter, segments, count, total, false);
	return 0;
}

size_t iter_piece(const struct iter *iter, u64 *base)
{
	const struct segment *segment = iter->segments;
	size_t offset = iter->offset;

	if (!iter->left)
		return 0;
	while (segment->size == offset) {
		segment++;
		offset = 0;
	}
	*base = segment->base + offset;
	return MIN(segment->size - offset, iter->left);
}

void iter_advance(struct iter *iter, size_t size)
{
	iter->left -= size;
	iter->offset += size;
	while (iter->count > 1 && iter->offset >= iter->segments->size) {
		iter->offset -= iter->segments->size;
		iter->segments++;
		iter->count--;
	}
}

enum direction { TO_ITER, FROM_ITER, ZERO_ITER };

/* Moves one piece; bytes not moved. */
static size_t piece_move(const struct iter *iter, u64 base, void *layer, size_t size,
			 enum direction direction)
{
	if (iter->kernel) {
		if (direction == FROM_ITER)
			memcpy(layer, (void *)base, size);
		else if (direction == TO_ITER)
			memcpy((void *)base, layer, size);
		else
			memset((void *)base, 0, size);
		return 0;
	}
	if (direction == FROM_ITER)
		return copy_from_user_partial(layer, base, size);
	if (direction == TO_ITER)
		return copy_to_user_partial(base, layer, size);
	return clear_user(base, size) ? size : 0;
}

static size_t iter_move(struct iter *iter, void *layer, size_t size, enum direction direction)
{
	size_t done = 0, piece, missed;
	u64 base;

	while (done < size && (piece = iter_piece(iter, &base)) > 0) {
		piece = MIN(piece, size - done);
		missed = piece_move(iter, base, layer ? (char *)layer + done : NULL, piece,
				    direction);
		iter_advance(iter, piece - missed);
		done += piece - missed;
		if (missed)
			break;
	}
	return done;
}

size_t iter_copy_to(struct iter *iter, const void *from, size_t size)
{
	return iter_move(iter, (void *)from, size, TO_ITER);
}

size_t iter_copy_from(struct iter *iter, void *to, size_t size)
{
	return iter_move(iter, to, size, FROM_ITER);
}

size_t iter_fill_zero(struct iter *iter, size_t size)
{
	return iter_move(iter, NULL, size, ZERO_ITER);
}
