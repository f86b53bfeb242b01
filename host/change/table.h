/* SPDX-License-Identifier: MIT */
/* Arrays that grow by one element at a time. */
#ifndef HOST_CHANGE_TABLE_H
#define HOST_CHANGE_TABLE_H

#include <stddef.h>
#include <stdlib.h>

/*
 * Room for one more than count items of a size: the array, perhaps elsewhere, or NULL with the old
 * one as it was. There is always room up to the next power of two, so nobody needs to remember it.
 */
static inline void *table_reserve(void *items, size_t count, size_t size)
{
	if (items && (count & (count - 1)))
		return items;
	return reallocarray(items, count ? 2 * count : 1, size);
}

/* A new element at the end, of undefined contents, or NULL. */
#define TABLE_ADD(items, count) \
	({ void *larger_ = table_reserve(items, count, sizeof(*(items))); \
	   if (larger_) \
		   (items) = larger_; \
	   larger_ ? &(items)[(count)++] : NULL; })

#endif
