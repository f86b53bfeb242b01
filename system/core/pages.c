/* SPDX-License-Identifier: MIT */
/*
 * Runs of pages: free runs in lists by size, joined with their neighbours when they are freed;
 * behind the last page ever used lies the rest of the sparse heap.
 *
 * A clean run is one whose bytes are all zero: never touched, or given back to the host. Clean and
 * used runs are not joined, so that zeroed pages are cheap and stay untouched until they are
 * needed.
 *
 * Lock: pages_lock (LOCK_PAGES) guards all state here.
 */
#include "core/pages.h"

#include <asm/mman.h>

#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/report.h"
#include "core/string.h"

#define BIN_COUNT 25
#define BIN_SCAN_MAX 64		/* runs looked at in one list before a longer list is tried */
#define GIVE_BACK_PAGES 64	/* runs from here on go back to the host when they are freed */

struct page *page_array;

static struct lock pages_lock = LOCK_INIT(LOCK_PAGES);
static u32 bins[BIN_COUNT];	/* first free run with 2^n to 2^(n+1)-1 pages */
static u32 begin;		/* the first page that can be allocated; constant */
static u32 frontier;		/* the first page that was never allocated */
static u32 limit;		/* the first page that will not be allocated */
static u32 used_pages;

static u32 bin_of(u32 count)
{
	return 31 - (u32)__builtin_clz(count);
}

static void run_mark(u32 first, u32 count, enum page_kind kind, bool clean)
{
	page_array[first] = (struct page){ .kind = kind, .clean = clean, .count = count };
	if (count > 1)
		page_array[first + count - 1] =
			(struct page){ .kind = kind, .clean = clean, .count = count };
}

static void free_insert(u32 first, u32 count, bool clean)
{
	u32 *head = &bins[bin_of(count)];

	run_mark(first, count, PAGE_FREE, clean);
	page_array[first].next = *head;
	if (*head)
		page_array[*head].prev = first;
	*head = first;
}

static void free_remove(u32 first)
{
	struct page *page = &page_array[first];

	if (page->prev)
		page_array[page->prev].next = page->next;
	else
		bins[bin_of(page->count)] = page->next;
	if (page->next)
		page_array[page->next].prev = page->prev;
}

/* Where an aligned run of count fits into a free run, or 0. */
static u32 run_fits(u32 first, u32 count, u32 align)
{
	u32 start = ROUND_UP(first, align);

	return start + count <= first + page_array[first].count ? start : 0;
}

static u32 free_find(u32 count, u32 align, u32 *start)
{
	for (u32 bin = bin_of(count); bin < BIN_COUNT; bin++) {
		u32 scanned = 0;

		for (u32 run = bins[bin]; run && scanned < BIN_SCAN_MAX; scanned++) {
			*start = run_fits(run, count, align);
			if (*start)
				return run;
			run = page_array[run].next;
		}
	}
	return 0;
}

/* Cuts [start, start + count) out of a free run and returns the rest to the lists. */
static void run_cut(u32 run, u32 start, u32 count, bool *clean)
{
	u32 end = run + page_array[run].count;

	*clean = page_array[run].clean;
	free_remove(run);
	if (start > run)
		free_insert(run, start - run, *clean);
	if (end > start + count)
		free_insert(start + count, end - start - count, *clean);
}

static u32 frontier_take(u32 count, u32 align)
{
	u32 start = ROUND_UP(frontier, align);

	if (start + count > limit || start + count < start)
		return 0;
	if (start > frontier)
		free_insert(frontier, start - frontier, true);
	frontier = start + count;
	return start;
}

static u32 run_alloc_locked(u32 count, u32 align, bool *clean)
{
	u32 start, run = free_find(count, align, &start);

	if (run) {
		run_cut(run, start, count, clean);
	} else {
		start = frontier_take(count, align);
		*clean = true;
		if (!start)
			return 0;
	}
	run_mark(start, count, PAGE_RUN, false);
	used_pages += count;
	return start;
}

static void *run_alloc(size_t count, size_t align, bool *clean)
{
	u32 start;

	if (!count || count > HEAP_PAGES / 2 || align > HEAP_PAGES / 2)
		return NULL;
	lock_acquire(&pages_lock);
	start = run_alloc_locked((u32)count, (u32)align, clean);
	lock_release(&pages_lock);
	return start ? page_address(start) : NULL;
}

void *pages_alloc(size_t count, size_t align)
{
	bool clean;

	return run_alloc(count, align, &clean);
}

void *pages_alloc_zero(size_t count)
{
	bool clean;
	void *pages = run_alloc(count, 1, &clean);

	if (pages && !clean)
		memset(pages, 0, count * PAGE_SIZE);
	return pages;
}

static void run_free_locked(u32 first, u32 count, bool clean)
{
	struct page *before = &page_array[first - 1], *after = &page_array[first + count];

	used_pages -= count;
	if (before->kind == PAGE_FREE && before->clean == clean) {
		u32 length = before->count;

		first -= length;
		count += length;
		free_remove(first);
	}
	if (after->kind == PAGE_FREE && after->clean == clean) {
		u32 next = (u32)(after - page_array);

		count += after->count;
		free_remove(next);
	}
	free_insert(first, count, clean);
}

void pages_free(void *pages, size_t count)
{
	u32 first = page_number(pages);
	bool clean = false;

	if (page_array[first].kind != PAGE_RUN || page_array[first].count != count)
		panic("pages_free of %zu pages at %p: not a run of that size", count, pages);
	if (count >= GIVE_BACK_PAGES)
		clean = host_call3(__NR_madvise, pages, count * PAGE_SIZE, MADV_REMOVE) == 0;
	lock_acquire(&pages_lock);
	run_free_locked(first, (u32)count, clean);
	lock_release(&pages_lock);
}

u64 heap_offset(const void *pointer)
{
	return (uptr)pointer - HEAP_BASE;
}

u64 pages_in_use(void)
{
	return READ_ONCE(used_pages);
}

u64 pages_limit(void)
{
	return limit;
}

u32 pages_begin(void)
{
	return begin;
}

u32 pages_end(void)
{
	return READ_ONCE(frontier);
}

/*
 * The array of descriptors lies so that those of the first 2 MiB of the heap are themselves in
 * these 2 MiB: what most processes use needs one page table then, or one huge page. The array is a
 * run that nobody frees, so that no other joins across it.
 */
void pages_init(uptr first_free)
{
	u64 memory = config()->memory_total;
	u32 first = page_number((void *)ROUND_UP(first_free, PAGE_SIZE)), array;

	page_array = (struct page *)(HEAP_BASE + HUGE_PAGE_SIZE -
				     HUGE_PAGE_SIZE / PAGE_SIZE * sizeof(struct page));
	array = page_number(page_array);
	if (first >= array)
		panic("no room for the descriptors of pages in the first 2 MiB");
	begin = first;
	frontier = array + (u32)(HEAP_PAGES * sizeof(struct page) / PAGE_SIZE);
	run_mark(array, frontier - array, PAGE_RUN, false);
	free_insert(first, array - first, true);
	limit = HEAP_PAGES - 1;
	if (memory && frontier + memory / PAGE_SIZE < limit)
		limit = frontier + (u32)(memory / PAGE_SIZE);
}
