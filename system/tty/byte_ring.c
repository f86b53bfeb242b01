/* SPDX-License-Identifier: MIT */
/* See byte_ring.h. */
#include "tty/byte_ring.h"

#include "boundary/layout.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/iter.h"

int byte_ring_init(struct byte_ring *ring, u32 size)
{
	*ring = (struct byte_ring){ .bytes = pages_alloc(size / PAGE_SIZE, 1), .size = size };
	return ring->bytes ? 0 : -ENOMEM;
}

void byte_ring_release(struct byte_ring *ring)
{
	if (ring->bytes)
		pages_free(ring->bytes, ring->size / PAGE_SIZE);
	ring->bytes = NULL;
}

/* From position on, in one piece. */
static u32 piece_at(const struct byte_ring *ring, u32 position, u32 count)
{
	return MIN(count, ring->size - position % ring->size);
}

void byte_ring_put(struct byte_ring *ring, const void *bytes, u32 count)
{
	u32 first = piece_at(ring, ring->head, count);

	memcpy(ring->bytes + ring->head % ring->size, bytes, first);
	memcpy(ring->bytes, (const u8 *)bytes + first, count - first);
	WRITE_ONCE(ring->head, ring->head + count);
}

u32 byte_ring_piece(const struct byte_ring *ring, const u8 **bytes)
{
	*bytes = ring->bytes + ring->tail % ring->size;
	return piece_at(ring, ring->tail, ring->head - ring->tail);
}

static void reset_if_empty(struct byte_ring *ring)
{
	if (ring->head != ring->tail)
		return;
	WRITE_ONCE(ring->head, 0);
	WRITE_ONCE(ring->tail, 0);
}

void byte_ring_drop(struct byte_ring *ring, u32 count)
{
	WRITE_ONCE(ring->tail, ring->tail + count);
	reset_if_empty(ring);
}

void byte_ring_cut(struct byte_ring *ring, u32 keep)
{
	WRITE_ONCE(ring->head, ring->tail + MIN(keep, ring->head - ring->tail));
	reset_if_empty(ring);
}

ssize_t byte_ring_take(struct byte_ring *ring, struct iter *to)
{
	ssize_t moved = 0;

	while (to->left && byte_ring_used(ring)) {
		const u8 *bytes;
		size_t piece = MIN((size_t)byte_ring_piece(ring, &bytes), to->left);
		size_t copied = iter_copy_to(to, bytes, piece);

		byte_ring_drop(ring, copied);
		moved += copied;
		if (copied < piece)
			return moved ? moved : -EFAULT;
	}
	return moved;
}

ssize_t byte_ring_fill(struct byte_ring *ring, struct iter *from)
{
	ssize_t moved = 0;

	while (from->left && byte_ring_room(ring)) {
		size_t room = piece_at(ring, ring->head, byte_ring_room(ring));
		size_t piece = MIN(room, from->left);
		size_t copied = iter_copy_from(from, ring->bytes + ring->head % ring->size, piece);

		WRITE_ONCE(ring->head, ring->head + copied);
		moved += copied;
		if (copied < piece)
			return moved ? moved : -EFAULT;
	}
	return moved;
}
