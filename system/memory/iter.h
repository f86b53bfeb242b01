/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a read or a write go to or come from: a list of segments in the program's
 * memory, or one in the layer's own. File operations get one of these and never see who called
 * them.
 */
#ifndef MEMORY_ITER_H
#define MEMORY_ITER_H

#include <linux/uio.h>

#include "core/types.h"

#define ITER_MAX_SEGMENTS 1024	/* IOV_MAX */
#define ITER_INLINE_SEGMENTS 8

struct segment { u64 base, size; };

struct iter {
	const struct segment *segments;	/* those not yet used up; the first from offset on */
	u32 count;
	bool kernel;			/* segments name layer memory: no checks, no faults */
	bool append;			/* of a write: as O_APPEND has it */
	size_t offset;			/* into the first segment */
	size_t left;			/* bytes in all */
	struct segment one;		/* storage for the usual case */
};

/*
 * One segment. Lengths over 0x7ffff000 are cut to that, as Linux does. User range is checked:
 * -EFAULT.
 */
int iter_init_user(struct iter *iter, uptr base, size_t size) __must_check;
void iter_init_kernel(struct iter *iter, void *base, size_t size);
/*
 * From an array of struct iovec in program memory: readv(2) and friends. -EINVAL, -EFAULT, -ENOMEM
 * as Linux. storage is used for up to ITER_INLINE_SEGMENTS; *allocated must be heap_free'd by the
 * caller.
 */
int iter_init_iovec(struct iter *iter, uptr iovec, u64 count, struct segment *storage,
		    void **allocated) __must_check;

/*
 * Copy and advance. Return the bytes moved, which are fewer than size only on a fault or at the
 * end.
 */
size_t iter_copy_to(struct iter *iter, const void *from, size_t size);
size_t iter_copy_from(struct iter *iter, void *to, size_t size);
size_t iter_fill_zero(struct iter *iter, size_t size);

/* The next contiguous piece (address in *base), for host calls that read or write it directly. */
size_t iter_piece(const struct iter *iter, u64 *base);
void iter_advance(struct iter *iter, size_t size);

#endif
