/* SPDX-License-Identifier: MIT */
/* Pools of type-stable objects. Locks: each pool's own (LOCK_SLAB), LOCK_PAGES inside. */
#include "vfs/pool.h"

#include "boundary/layout.h"
#include "core/heap.h"

static void **pool_link(const struct pool *pool, void *object)
{
	return (void **)((char *)object + pool->link_offset);
}

static bool pool_grow_locked(struct pool *pool)
{
	size_t count = pool->pages * PAGE_SIZE / pool->object_size;
	char *chunk = pages_alloc_zero(pool->pages);

	if (!chunk)
		return false;
	for (size_t i = count; i-- > 0;) {
		void *object = chunk + i * pool->object_size;

		*pool_link(pool, object) = pool->free;
		pool->free = object;
	}
	return true;
}

void *pool_alloc(struct pool *pool)
{
	void *object = NULL;

	lock_acquire(&pool->lock);
	if (pool->free || pool_grow_locked(pool)) {
		object = pool->free;
		pool->free = *pool_link(pool, object);
		pool->live++;
	}
	lock_release(&pool->lock);
	return object;
}

void pool_free(struct pool *pool, void *object)
{
	lock_acquire(&pool->lock);
	*pool_link(pool, object) = pool->free;
	pool->free = object;
	pool->live--;
	lock_release(&pool->lock);
}
