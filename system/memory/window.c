/* SPDX-License-Identifier: MIT */
/*
 * The windows of an address space: a small two-way table by file and place, in one part for narrow
 * windows and one for wide. Each entry has a fixed address, so that a new mapping there replaces
 * the old one. An entry first counts uses and is mapped when there were enough; an entry in use by
 * a thread that copies is not replaced.
 *
 * Who reads a large file here and there would displace one narrow window by the next before any is
 * mapped. Such reads are counted for a wide window too, and go through it once there were as many
 * as it has pieces that the host maps at a page fault. Reads one after the other stay with narrow
 * windows, for the host reads ahead there and not in a wide one.
 *
 * A forked child begins with an empty table; what the parent had mapped there is replaced as the
 * child comes to use the same addresses.
 *
 * cache->lock (LOCK_WINDOW, short) guards the entries; mapping and copying are done without it.
 * cache->fill_lock (LOCK_WINDOW_FILL) is held by who uses the place at FILL_BASE.
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

#define WAYS		2u
#define NARROW_SETS	16u
#define WIDE_SETS	4u
#define NARROW_SIZE	(2ul << 20)
#define WIDE_SIZE	(1ul << 30)
/* Narrow windows onto the whole of a file up to here do not displace one another. */
#define WIDE_FILE_MIN	(NARROW_SETS * WAYS * NARROW_SIZE)
#define READS_BEFORE	8u	/* reads by the host before a narrow window pays */
#define FAULT_AROUND	(64u << 10)
/* A read that begins so near behind the last one belongs to it. */
#define SEQUENTIAL_MAX	(128u << 10)
/*
 * Writes to places that were written before: a page's first touch costs as much as two host calls.
 */
#define REWRITES_BEFORE	64u

enum window_state { WINDOW_COUNTING, WINDOW_MAPPING, WINDOW_MAPPED };

struct window {
	u64 identity;		/* 0: unused */
	u64 start;		/* in the file */
	u32 users;		/* threads that copy from it now; raised under the lock only */
	u32 reads;
	u32 read_end;		/* of the last read, from start */
	u32 rewrites;
	u32 written_end;	/* the highest place written, from start */
	u8 state;
	u8 recent;		/* used since the other way of its set was */
};

struct window_cache {
	struct lock lock;
	struct lock fill_lock;
	struct window narrow[NARROW_SETS][WAYS];
	struct window wide[WIDE_SETS][WAYS];
};

#define WIDE_BASE (WINDOW_BASE + WIDE_SIZE)
/* Where files are mapped to be filled, a piece at a time. */
#define FILL_BASE (WIDE_BASE + WIDE_SETS * WAYS * WIDE_SIZE)
#define FILL_SIZE (64ul << 20)

_Static_assert(sizeof(((struct window_cache *)NULL)->narrow) / sizeof(struct window) * NARROW_SIZE
	       <= WIDE_SIZE, "narrow windows run into the wide ones");
_Static_assert(FILL_BASE + FILL_SIZE <= WINDOW_BASE + WINDOW_SPACE, "there are too many windows");

/* What a thread wants to do at a place. */
struct window_use {
	u64 start;		/* of the window, in the file */
	u32 at, size;		/* from there */
	bool wide, writing;
};

static struct window *use_set(struct window_cache *cache, u64 identity,
			      const struct window_use *use)
{
	if (use->wide)
		return cache->wide[(identity * 3 + use->start / WIDE_SIZE) % WIDE_SETS];
	return cache->narrow[(identity * 31 + use->start / NARROW_SIZE) % NARROW_SETS];
}

static u64 window_address(const struct window_cache *cache, const struct window *window,
			  const struct window_use *use)
{
	if (use->wide)
		return WIDE_BASE + (u64)(window - &cache->wide[0][0]) * WIDE_SIZE;
	return WINDOW_BASE + (u64)(window - &cache->narrow[0][0]) * NARROW_SIZE;
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
	lock_init(&fresh->fill_lock, LOCK_WINDOW_FILL);
	if (atomic_cas(&mm->windows, NULL, fresh))
		return fresh;
	heap_free(fresh);
	return mm->windows;
}

/* The entry for a place, a new one if need be. NULL where both ways of its set are in use. */
static struct window *window_find_locked(struct window_cache *cache, u64 identity,
					 const struct window_use *use)
{
	struct window *set = use_set(cache, identity, use), *victim = NULL;

	for (u32 i = 0; i < WAYS; i++) {
		if (set[i].identity == identity && set[i].start == use->start) {
			set[i].recent = 1;
			set[1 - i].recent = 0;
			return &set[i];
		}
		if (!set[i].users && set[i].state != WINDOW_MAPPING && (!victim || !set[i].recent))
			victim = &set[i];
	}
	if (victim)
		*victim = (struct window){ .identity = identity, .start = use->start };
	return victim;
}

static bool window_pays_locked(struct window *window, const struct window_use *use)
{
	if (use->wide)
		return ++window->reads >= WIDE_SIZE / FAULT_AROUND;
	if (!use->writing)
		return ++window->reads >= READS_BEFORE;
	if (use->at + use->size <= window->written_end)
		return ++window->rewrites >= REWRITES_BEFORE;
	window->written_end = use->at + use->size;
	return false;
}

/* Is this a read behind the last one? */
static bool window_is_sequential_locked(struct window *window, const struct window_use *use)
{
	u32 last = window->read_end;

	window->read_end = use->at + use->size;
	return use->at >= last && use->at - last < SEQUENTIAL_MAX;
}

/*
 * Counts a use. True: the caller is a user now, of a window that is mapped, or that it is to map
 * (*map).
 */
static bool window_enter_locked(struct window *window, const struct window_use *use, bool *map)
{
	if (use->wide && window_is_sequential_locked(window, use))
		return false;
	if (window->state == WINDOW_COUNTING && window_pays_locked(window, use)) {
		window->state = WINDOW_MAPPING;
		*map = true;
	}
	if (window->state != WINDOW_MAPPED && !*map)
		return false;
	window->users++;
	return true;
}

/* 0 or -errno. */
static long range_map(u64 address, u64 size, int protection, int handle, u64 start)
{
	/* Not for the program's eyes, not even until it has its key. */
	long result = host_mmap(address, size, key_in_use ? PROT_NONE : protection,
				MAP_SHARED | MAP_FIXED, handle, start);

	if (result >= 0 && key_in_use)
		result = host_call4(__NR_pkey_mprotect, address, size, protection, LAYER_KEY);
	return result < 0 ? result : 0;
}

int window_source_handle(struct window_source *source)
{
	int handle = source->handle < 0 ? source->open(source->inode) : source->handle;

	if (handle >= 0)
		source->handle = handle;
	return handle;
}

static bool window_map(u64 address, struct window_source *source,
		       const struct window_use *use)
{
	u64 size = use->wide ? WIDE_SIZE : NARROW_SIZE;
	int protection = PROT_READ | (source->writable && !use->wide ? PROT_WRITE : 0);
	long result = window_source_handle(source);

	if (result >= 0)
		result = range_map(address, size, protection, source->handle, use->start);
	if (!result && use->wide)
		result = host_call3(__NR_madvise, address, size, MADV_RANDOM);
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
static struct window *window_get(struct window_cache *cache, struct window_source *source,
				 const struct window_use *use)
{
	struct window *window;
	bool map = false, mapped;

	lock_acquire(&cache->lock);
	window = window_find_locked(cache, source->identity, use);
	if (window && !window_enter_locked(window, use, &map))
		window = NULL;
	lock_release(&cache->lock);
	if (!map)
		return window;
	mapped = window_map(window_address(cache, window, use), source, use);
	window_mapping_end(cache, window, mapped);
	if (mapped)
		return window;
	atomic_sub(&window->users, 1);
	return NULL;
}

static size_t window_transfer(struct window_cache *cache, struct window_source *source,
			      u64 offset, struct iter *iter, struct window_use use)
{
	u64 window_size = use.wide ? WIDE_SIZE : NARROW_SIZE;
	struct window *window;
	size_t copied;
	char *place;

	use.at = offset % window_size;
	use.start = offset - use.at;
	use.size = MIN(use.size, window_size - use.at);
	window = window_get(cache, source, &use);
	if (!window)
		return 0;
	place = (char *)window_address(cache, window, &use) + use.at;
	copied = use.writing ? iter_copy_from(iter, place, use.size)
			     : iter_copy_to(iter, place, use.size);
	atomic_sub(&window->users, 1);
	return copied;
}

/* The current address space's windows, if they can serve this transfer. */
static struct window_cache *cache_for(const struct iter *iter, size_t size)
{
	/* The file may get shorter: only copies from and to programs survive a fault. */
	if (size > WINDOW_TRANSFER_MAX || iter->kernel)
		return NULL;
	return cache_current();
}

size_t window_read(struct window_source *source, u64 offset, struct iter *to, size_t size)
{
	struct window_cache *cache = cache_for(to, size);
	struct window_use use = { .size = size };
	size_t copied = 0;

	if (!cache)
		return 0;
	if (source->size > WIDE_FILE_MIN) {
		use.wide = true;
		copied = window_transfer(cache, source, offset, to, use);
		use.wide = false;
	}
	return copied ?: window_transfer(cache, source, offset, to, use);
}

size_t window_write(struct window_source *source, u64 offset, struct iter *from, size_t size)
{
	struct window_cache *cache = cache_for(from, size);
	struct window_use use = { .size = size, .writing = true };

	return cache ? window_transfer(cache, source, offset, from, use) : 0;
}

/* At most FILL_SIZE bytes. */
static long range_fill(int handle, u64 offset, u64 size)
{
	long error = range_map(FILL_BASE, size, PROT_READ | PROT_WRITE, handle, offset);

	if (!error)
		error = host_call3(__NR_madvise, FILL_BASE, size, MADV_POPULATE_WRITE);
	host_munmap(FILL_BASE, size);
	/* As a fault at a page that the host has no memory for. */
	return error == -EFAULT ? -ENOSPC : error;
}

int window_fill(int handle, u64 offset, u64 size)
{
	u64 at = ROUND_DOWN(offset, (u64)PAGE_SIZE), end = ROUND_UP(offset + size, (u64)PAGE_SIZE);
	struct window_cache *cache = cache_current();
	long error = cache ? 0 : -ENOMEM;

	if (error)
		return (int)error;
	lock_acquire(&cache->fill_lock);
	for (; !error && at < end; at += FILL_SIZE)
		error = range_fill(handle, at, MIN(end - at, (u64)FILL_SIZE));
	lock_release(&cache->fill_lock);
	return (int)error;
}

void windows_drop(struct mm *mm, bool unmap)
{
	if (!mm->windows)
		return;
	if (unmap)
		host_munmap(WINDOW_BASE, WINDOW_SPACE);
	heap_free(mm->windows);
	mm->windows = NULL;
}
