/* SPDX-License-Identifier: MIT */
/*
 * The heap: all state of the system layer, in one shared memfd mapped at HEAP_BASE in every
 * process.
 *
 * Two allocators: pages (buddy-like runs of 4 KiB pages) and slabs (size classes from 16 bytes up
 * on top of pages; sizes over 2 KiB get whole pages). Memory that was never used costs nothing: the
 * memfd is sparse; large runs that are freed are given back to the host (MADV_REMOVE).
 *
 * Any allocation may fail: every caller checks. Locks: LOCK_SLAB, LOCK_PAGES inside; callable from
 * anywhere that holds a lower rank. No function here sleeps.
 */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include "core/types.h"

/* Called once at start: first_free is the first byte behind .bss and the boot stack. */
void heap_init(uptr first_free);

/*
 * Contents are undefined (zeroed: _zero). The address is aligned to 16 bytes, and to the size where
 * the size is a power of two up to 2048. NULL when the domain's heap is full.
 */
void *heap_alloc(size_t size) __must_check;
void *heap_alloc_zero(size_t size) __must_check;
/* NULL is allowed and ignored. */
void heap_free(void *pointer);
/* A copy of a string, or NULL. */
char *heap_strdup(const char *s) __must_check;

/*
 * A run of pages, aligned to align pages (a power of two, 1 if it doesn't matter); contents
 * undefined.
 */
void *pages_alloc(size_t count, size_t align) __must_check;
void *pages_alloc_zero(size_t count) __must_check;
void pages_free(void *pages, size_t count);
/* Where a heap address is in the memfd HANDLE_HEAP, for mapping it elsewhere. */
u64 heap_offset(const void *pointer);

struct heap_usage {
	u64 page_bytes;		/* in allocated pages, slabs included */
	u64 slab_bytes;		/* in live slab objects */
	u64 slab_objects;
	u64 slab_pages;
	u64 limit;
};
void heap_usage(struct heap_usage *usage);
/* One size class. False: there is no class of that index. */
bool heap_class_usage(u32 index, u32 *size, u32 *objects, u32 *pages);
/*
 * Each small object in use, with the address behind the call that allocated it. Only debug builds
 * know; others visit nothing. Takes no locks: objects that come or go meanwhile may be missed.
 */
void heap_visit(void (*visit)(size_t size, uptr caller, void *data), void *data);

#endif
