/* SPDX-License-Identifier: MIT */
/* A ring of bytes of fixed capacity. Its owner's lock guards it; counts may be read without. */
#ifndef TTY_BYTE_RING_H
#define TTY_BYTE_RING_H

#include "core/types.h"

struct iter;

struct byte_ring {
	u8 *bytes;
	u32 size;		/* a power of two, whole pages */
	u32 head, tail;		/* bytes ever put and taken; both 0 whenever it is empty */
};

/* 0 or -ENOMEM. */
int byte_ring_init(struct byte_ring *ring, u32 size) __must_check;
/* Harmless where init failed or was never called (all zero). */
void byte_ring_release(struct byte_ring *ring);

static inline u32 byte_ring_used(const struct byte_ring *ring)
{
	return READ_ONCE(ring->head) - READ_ONCE(ring->tail);
}

static inline u32 byte_ring_room(const struct byte_ring *ring)
{
	return ring->size - byte_ring_used(ring);
}

/* There must be room. */
void byte_ring_put(struct byte_ring *ring, const void *bytes, u32 count);
/* The bytes to be taken next, as far as they lie in one piece. */
u32 byte_ring_piece(const struct byte_ring *ring, const u8 **bytes);
void byte_ring_drop(struct byte_ring *ring, u32 count);
/* Forgets what was put last, but for the first keep bytes. */
void byte_ring_cut(struct byte_ring *ring, u32 keep);

/* Bytes moved, as many as fit; 0 with something to move: -EFAULT. */
ssize_t byte_ring_take(struct byte_ring *ring, struct iter *to);
ssize_t byte_ring_fill(struct byte_ring *ring, struct iter *from);

#endif
