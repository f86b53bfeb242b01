/* SPDX-License-Identifier: MIT */
/*
 * Pools of objects whose memory never becomes anything else, so that readers without locks may look
 * at one that was freed in the meantime. Memory of a pool is not given back.
 */
#ifndef VFS_POOL_H
#define VFS_POOL_H

#include "core/lock.h"
#include "core/types.h"

struct pool {
	struct lock lock;	/* LOCK_SLAB; guards free and live */
	u32 object_size;
	u32 link_offset;	/* of the word that links free objects */
	u32 pages;		/* taken from the heap at a time */
	void *free;
	u64 live;		/* objects in use */
};

#define POOL_INIT(size, link, page_count) \
	{ .lock = LOCK_INIT(LOCK_SLAB), .object_size = (size), .link_offset = (link), \
	  .pages = (page_count) }

/*
 * Contents are those of the object that was freed, but for the link; zero at first. NULL: out of
 * memory.
 */
void *pool_alloc(struct pool *pool) __must_check;
void pool_free(struct pool *pool, void *object);

#endif
