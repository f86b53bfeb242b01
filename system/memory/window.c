/* SPDX-License-Identifier: MIT */
/*
 * The windows of an address space: a small two-way table by file and place. Each entry has a
 * fixed address, so that a new mapping there replaces the old one. An entry first counts reads
 * and is mapped when there were enough; an entry in use by a thread that copies is not replaced.
 *
 * A forked child begins with an empty table; what the parent had mapped there is replaced as the
 * child comes to use the same addresses.
 *
 * cache->lock (LOCK_WINDOW, short) guards the entries; mapping and copying are done without it.
 */
#include "memory/window.h"

#include <asm/unistd_64.h>
#include <linux/mman.h>

#include "arch/x86_64/key.h"
#include "boundary/layout.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/lock.h"
#include "memory/iter.h"
#include "memory/mm.h"
#include "process/process.h"

#define WINDOW_SIZE	(2ul << 20)
#define SETS		16u
#define WAYS		2u
#define READS_BEFORE	8u	/* reads by the host before a window pays */
/*
 * Writes to places that were written before: a page's first touch costs as much as two host calls.
 */
#define REWRITES_BEFORE	64u

enum window_state { WINDOW_COUNTING, WINDOW_MAPPING, WINDOW_MAPPED };

struct window {
	u64 identity;		/* 0: unused */
	u64 start;		/* in the file */
	u32 users;		/* threads that copy from it now; raised under the lock only */
	u16 reads;
	u16 rewrites;
	u32 written_end;	/* the highest place written, from start */
	u8 state;
	u8 recent;		/* used since the other way of its set was */
};

struct window_cache {
	struct lock lock;
	struct window windows[SETS][WAYS];
};

static u64 window_address(const struct window_cache *cache, const struct window *window)
{
	return WINDOW_BASE + (u64)(window - &cache->windows[0][0]) * WINDOW_SIZE;
}

static struct window_cache *cache_current(void)
{
	struct mm *mm = process_current()->mm;
	struct window_cache *cache = load_acquire(&mm->windows), *fresh;

	if (cache)
		return cache;
	fresh = heap_alloc_zero(sizeof(*fresh));
	if (!fresh)
		return NULL;
	lock_init(&fresh->lock, LOCK_WINDOW);
	if (atomic_cas(&mm->windows, NULL, fresh))
		return fresh;
	heap_free(fresh);
	return mm->windows;
}

/* The entry for a place, a new one if need be. NULL where both ways of its set are in use. */
static struct window *window_find_locked(struct window_cache *cache, u64 identity, u64 start)
{
	struct window *set = cache->windows[(identity * 31 + start / WINDOW_SIZE) % SETS];
	struct window *victim = NULL;

	for (u32 i = 0; i < WAYS; i++) {
		if (set[i].identity == identity && set[i].start == start) {
			set[i].recent = 1;
			set[1 - i].recent = 0;
			return &set[i];
		}
		if (!set[i].users && set[i].state != WINDOW_MAPPING && (!victim || !set[i].recent))
			victim = &set[i];
	}
	if (victim)
		*victim = (struct window){ .identity = identity, .start = start };
	return victim;
}

/* What a thread wants to do at a place, from the window's start. */
struct window_use {
	u32 at, size;
	bool writing;
};

static bool window_pays_locked(struct window *window, const struct window_use *use)
{
	if (!use->writing)
		return ++window->reads >= READS_BEFORE;
	if (use->at + use->size <= window->written_end)
		return ++window->rewrites >= REWRITES_BEFORE;
	window->written_end = use->at + use->size;
	return false;
}

/*
 * Counts a use. Where the window is mapped, or the caller is to map it (true), the caller is a user
 * now.
 */
static bool window_enter_locked(struct window *window, const struct window_use *use)
{
	if (window->state == WINDOW_MAPPED) {
		window->users++;
		return false;
	}
	if (window->state == WINDOW_MAPPING || !window_pays_locked(window, use))
		return false;
	window->state = WINDOW_MAPPING;
	window->users++;
	return true;
}

static bool window_map(u64 address, const struct window_source *source, u64 start)
{
	int protection = PROT_READ | (source->writable ? PROT_WRITE : 0);
	/* Not for the program's eyes, not even until it has its key. */
	long result = host_mmap(address, WINDOW_SIZE, key_in_use ? PROT_NONE : protection,
				MAP_SHARED | MAP_FIXED, source->handle, start);

	if (result < 0)
		return false;
	if (key_in_use)
		result =
			host_call4(__NR_pkey_mprotect, address, WINDOW_SIZE, protection, LAYER_KEY);
	return result >= 0;
}

/* The end of mapping: for others to use, or to be tried again after more uses. */
static void window_mapping_end(struct window_cache *cache, struct window *window, bool mapped)
{
	lock_acquire(&cache->lock);
	window->state = mapped ? WINDOW_MAPPED : WINDOW_COUNTING;
	window->reads = window->rewrites = 0;
	lock_release(&cache->lock);
}

/* The window for a place as a user of it, mapped. NULL: there is none. */
static struct window *window_get(struct window_cache *cache, const struct window_source *source,
				 u64 start, const struct window_use *use)
{
	struct window *window;
	bool map = false, mapped;

	lock_acquire(&cache->lock);
	window = window_find_locked(cache, source->identity, start);
	if (window)
		map = window_enter_locked(window, use);
	if (window && !map && window->state != WINDOW_MAPPED)
		window = NULL;
	lock_release(&cache->lock);
	if (!map)
		return window;
	mapped = window_map(window_address(cache, window), source, start);
	window_mapping_end(cache, window, mapped);
	if (mapped)
		return window;
	atomic_sub(&window->users, 1);
	return NULL;
}

static size_t window_transfer(const struct window_source *source, u64 offset, struct iter *iter,
			      size_t size, bool writing)
{
	u64 at = offset % WINDOW_SIZE;
	struct window_use use = { .at = at, .writing = writing };
	struct window_cache *cache;
	struct window *window;
	size_t copied;
	char *place;

	/* The file may get shorter: only copies from and to programs survive a fault. */
	if (size > WINDOW_TRANSFER_MAX || iter->kernel)
		return 0;
	use.size = MIN(size, WINDOW_SIZE - at);
	cache = cache_current();
	window = cache ? window_get(cache, source, offset - at, &use) : NULL;
	if (!window)
		return 0;
	place = (char *)window_address(cache, window) + at;
	copied = writing ? iter_copy_from(iter, place, use.size)
			 : iter_copy_to(iter, place, use.size);
	atomic_sub(&window->users, 1);
	return copied;
}

size_t window_read(const struct window_source *source, u64 offset, struct iter *to, size_t size)
{
	return window_transfer(source, offset, to, size, false);
}

size_t window_write(const struct window_source *source, u64 offset, struct iter *from, size_t size)
{
	return window_transfer(source, offset, from, size, true);
}

void windows_drop(struct mm *mm, bool unmap)
{
	if (!mm->windows)
		return;
	if (unmap)
		host_munmap(WINDOW_BASE, SETS * WAYS * WINDOW_SIZE);
	heap_free(mm->windows);
	mm->windows = NULL;
}
