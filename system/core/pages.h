/* SPDX-License-Identifier: MIT */
/*
 * What the two allocators share: a descriptor for each page of the heap, in one sparse array near
 * the front of the heap. Descriptors of pages that were never used are zero and cost nothing.
 */
#ifndef CORE_PAGES_H
#define CORE_PAGES_H

#include "boundary/layout.h"
#include "core/types.h"

#define HEAP_PAGES (HEAP_SIZE / PAGE_SIZE)

/* True at the first and the last page of a run only; what is between keeps old contents. */
enum page_kind {
	PAGE_UNUSED,		/* never allocated */
	PAGE_FREE,
	PAGE_RUN,		/* pages_alloc() */
	PAGE_SLAB,		/* one page of equal objects: a run of one, owned by its class */
};

struct page {
	u8 kind;
	u8 clean;		/* PAGE_FREE: every byte of the run is zero */
	u8 class;		/* PAGE_SLAB: size class */
	u8 listed;		/* PAGE_SLAB: in its class's list of pages with room */
	union {
		u32 count;	/* pages of the run */
		struct {
			u16 free;	/* PAGE_SLAB: first free object, as offset + 1; 0: none */
			u16 in_use;	/* objects */
		};
	};
	u32 next, prev;		/* page numbers; 0: none */
};

_Static_assert(sizeof(struct page) == 16, "the array of pages is meant to be small");

extern struct page *page_array;

static inline u32 page_number(const void *address)
{
	return (u32)(((uptr)address - HEAP_BASE) >> PAGE_SHIFT);
}

static inline void *page_address(u32 number)
{
	return (void *)(HEAP_BASE + ((u64)number << PAGE_SHIFT));
}

static inline struct page *page_of(const void *address)
{
	return &page_array[page_number(address)];
}

/* Totals for heap_usage(); read without locks. */
u64 pages_in_use(void);
u64 pages_limit(void);
/* Numbers of the first page that can be allocated, and of the first that never was. */
u32 pages_begin(void);
u32 pages_end(void);
/* Called by heap_init(). */
void pages_init(uptr first_free);

#endif
