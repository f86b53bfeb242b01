/* SPDX-License-Identifier: MIT */
/*
 * Small allocations: pages cut into objects of one size. The free objects of a page form a list
 * through themselves; pages with room form a list in their class. Sizes over SLAB_MAX are runs of
 * pages. What debug builds add is in slab_debug.h.
 *
 * Locks: one for each class (LOCK_SLAB), guarding its list, its counts and the descriptors of its
 * pages.
 */
#include "core/heap.h"

#include "core/lock.h"
#include "core/pages.h"
#include "core/report.h"
#include "core/slab_debug.h"
#include "core/string.h"

static const u16 class_sizes[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1360, 2048,
};
#define CLASS_COUNT ARRAY_SIZE(class_sizes)

struct slab_class {
	struct lock lock;
	u32 partial;		/* first page with a free object; 0: none */
	/* a page with no object in use, kept for the next allocation; 0: none */
	u32 empty;
	u32 objects;		/* in use */
	u32 pages;
} __attribute__((aligned(64)));

static struct slab_class classes[CLASS_COUNT];
/* Size class of ceil(size / 16). */
static u8 class_index[SLAB_MAX / 16 + 1];

/* ---- the list of pages with room ---- */

static void partial_add(struct slab_class *class, u32 number)
{
	struct page *page = &page_array[number];

	page->next = class->partial;
	page->prev = 0;
	page->listed = 1;
	if (class->partial)
		page_array[class->partial].prev = number;
	class->partial = number;
}

static void partial_remove(struct slab_class *class, u32 number)
{
	struct page *page = &page_array[number];

	if (page->prev)
		page_array[page->prev].next = page->next;
	else
		class->partial = page->next;
	if (page->next)
		page_array[page->next].prev = page->prev;
	page->listed = 0;
}

/* ---- pages of a class ---- */

/* All objects free, each linked to the next by offset + 1. */
static void page_cut(char *start, u32 index)
{
	u32 size = class_sizes[index], offset = 0;

	objects_poison(start);
	for (; offset + 2 * size <= PAGE_SIZE; offset += size)
		*(u16 *)(start + offset) = (u16)(offset + size + 1);
	*(u16 *)(start + offset) = 0;
}

static bool page_add(struct slab_class *class, u32 index)
{
	char *start = pages_alloc(1, 1);
	u32 number;

	if (!start)
		return false;
	page_cut(start, index);
	number = page_number(start);
	page_array[number] = (struct page){ .kind = PAGE_SLAB, .class = (u8)index, .free = 1 };
	partial_add(class, number);
	class->pages++;
	return true;
}

static void page_drop(u32 number)
{
	page_array[number] = (struct page){ .kind = PAGE_RUN, .count = 1 };
	pages_free(page_address(number), 1);
}

static char *object_take(struct slab_class *class)
{
	u32 number = class->partial;
	struct page *page = &page_array[number];
	char *object = (char *)page_address(number) + page->free - 1;

	page->free = *(u16 *)object;
	if (!page->in_use++ && class->empty == number)
		class->empty = 0;
	if (!page->free)
		partial_remove(class, number);
	class->objects++;
	return object;
}

static void object_give(struct slab_class *class, char *object)
{
	u32 number = page_number(object);
	struct page *page = &page_array[number];

	*(u16 *)object = page->free;
	page->free = (u16)(((uptr)object & (PAGE_SIZE - 1)) + 1);
	class->objects--;
	if (!page->listed)
		partial_add(class, number);
	if (--page->in_use)
		return;
	if (!class->empty) {
		class->empty = number;
		return;
	}
	partial_remove(class, number);
	class->pages--;
	page_drop(number);
}

/* ---- the heap's face ---- */

static void *slab_alloc(u32 index, size_t size, const void *caller)
{
	struct slab_class *class = &classes[index];
	char *object = NULL;

	lock_acquire(&class->lock);
	if (class->partial || page_add(class, index)) {
		object = object_take(class);
		object_check_free(object, class_sizes[index]);
		object_mark_used(object, class_sizes[index], size, caller);
	}
	lock_release(&class->lock);
	return object;
}

static void *alloc_for(size_t size, const void *caller)
{
	size_t padded;

	if (size > HEAP_SIZE)
		return NULL;
	padded = padded_size(size);
	if (padded <= SLAB_MAX)
		return slab_alloc(class_index[(padded + 15) / 16], size, caller);
	return pages_alloc((size + PAGE_SIZE - 1) / PAGE_SIZE, 1);
}

void *heap_alloc(size_t size)
{
	return alloc_for(size, __builtin_return_address(0));
}

void *heap_alloc_zero(size_t size)
{
	void *pointer;

	if (size > HEAP_SIZE)
		return NULL;
	if (padded_size(size) > SLAB_MAX)
		return pages_alloc_zero((size + PAGE_SIZE - 1) / PAGE_SIZE);
	pointer = alloc_for(size, __builtin_return_address(0));
	if (pointer)
		memset(pointer, 0, size);
	return pointer;
}

static bool slab_owns(const struct page *page, const void *pointer)
{
	return page->kind == PAGE_SLAB &&
	       ((uptr)pointer & (PAGE_SIZE - 1)) % class_sizes[page->class] == 0;
}

void heap_free(void *pointer)
{
	struct slab_class *class;
	struct page *page;

	if (!pointer)
		return;
	if ((uptr)pointer < HEAP_BASE || (uptr)pointer >= HEAP_BASE + HEAP_SIZE)
		panic("heap_free(%p): not in the heap", pointer);
	page = page_of(pointer);
	if (page->kind == PAGE_RUN && !((uptr)pointer & (PAGE_SIZE - 1))) {
		pages_free(pointer, page->count);
		return;
	}
	if (!slab_owns(page, pointer))
		panic("heap_free(%p): nothing was allocated there (kind %u)", pointer, page->kind);
	class = &classes[page->class];
	lock_acquire(&class->lock);
	object_mark_free(pointer, class_sizes[page->class]);
	object_give(class, pointer);
	lock_release(&class->lock);
}

char *heap_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = alloc_for(size, __builtin_return_address(0));

	if (copy)
		memcpy(copy, s, size);
	return copy;
}

void heap_usage(struct heap_usage *usage)
{
	*usage = (struct heap_usage){
		.page_bytes = pages_in_use() * PAGE_SIZE,
		.limit = pages_limit() * PAGE_SIZE,
	};
	for (u32 i = 0; i < CLASS_COUNT; i++) {
		u32 objects = READ_ONCE(classes[i].objects);

		usage->slab_objects += objects;
		usage->slab_pages += READ_ONCE(classes[i].pages);
		usage->slab_bytes += (u64)objects * class_sizes[i];
	}
}

bool heap_class_usage(u32 index, u32 *size, u32 *objects, u32 *pages)
{
	if (index >= CLASS_COUNT)
		return false;
	*size = class_sizes[index];
	*objects = READ_ONCE(classes[index].objects);
	*pages = READ_ONCE(classes[index].pages);
	return true;
}

void heap_visit(void (*visit)(size_t size, uptr caller, void *data), void *data)
{
	u32 end = pages_end();

	for (u32 number = pages_begin(); number < end; number++) {
		const struct page *page = &page_array[number];
		u32 size = page->kind == PAGE_SLAB ? class_sizes[page->class] : 0;

		if (page->kind == PAGE_RUN)
			number += page->count - 1;
		for (u32 offset = 0; size && offset + size <= PAGE_SIZE; offset += size)
			object_visit((char *)page_address(number) + offset, size, visit, data);
	}
}

void heap_init(uptr first_free)
{
	u32 index = 0;

	for (u32 i = 0; i <= SLAB_MAX / 16; i++) {
		if (i * 16 > class_sizes[index])
			index++;
		class_index[i] = (u8)index;
	}
	for (u32 i = 0; i < CLASS_COUNT; i++)
		lock_init(&classes[i].lock, LOCK_SLAB);
	pages_init(first_free);
}
