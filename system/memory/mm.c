/* SPDX-License-Identifier: MIT */
/*
 * The array of areas: find, add, cut, merge; and the life of an mm. mm->lock guards the array;
 * files are put only after it is released, since the last put of a file may take any lock.
 */
#include <linux/mman.h>

#include "arch/x86_64/patch.h"
#include "boundary/layout.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "memory/mm.h"
#include "memory/mm_private.h"
#include "memory/window.h"
#include "vfs/file.h"
#include "vfs/inode.h"

#define AREAS_AT_FIRST 32

static u64 mm_id_next(void)
{
	static u64 last;

	return atomic_add(&last, 1ull);
}

struct mm *mm_create(void)
{
	struct mm *mm = heap_alloc_zero(sizeof(*mm));

	if (!mm)
		return NULL;
	refcount_init(&mm->references, 1);
	mm->id = mm_id_next();
	lock_init(&mm->lock, LOCK_MM);
	lock_init(&mm->stub_lock, LOCK_STUB);
	mm->area_capacity = AREAS_AT_FIRST;
	mm->areas = heap_alloc(mm->area_capacity * sizeof(struct area));
	if (!mm->areas) {
		heap_free(mm);
		return NULL;
	}
	return mm;
}

/* Called with both locks of mm held, so that no half-written jump is copied by the host's fork. */
struct mm *mm_copy_locked(struct mm *mm)
{
	struct mm *copy = heap_alloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *mm;
	refcount_init(&copy->references, 1);
	copy->id = mm_id_next();
	lock_init(&copy->lock, LOCK_MM);
	lock_init(&copy->stub_lock, LOCK_STUB);
	copy->area_capacity = MAX(mm->area_count + 8, (u32)AREAS_AT_FIRST);
	copy->areas = heap_alloc(copy->area_capacity * sizeof(struct area));
	if (!copy->areas) {
		heap_free(copy);
		return NULL;
	}
	memcpy(copy->areas, mm->areas, mm->area_count * sizeof(struct area));
	for (u32 i = 0; i < mm->area_count; i++) {
		copy->areas[i].flags &= ~AREA_LOCKED;
		if (copy->areas[i].file)
			area_file_get(copy->areas[i].file);
	}
	stub_blocks_share(mm->stub_blocks);
	site_table_share(mm->sites);
	copy->locked_bytes = 0;
	copy->lock_new = false;
	copy->windows = NULL;
	return copy;
}

void area_file_version(const struct area *area, struct file_version *version)
{
	const struct inode *inode = area->file->inode;

	*version = (struct file_version){
		.dev = inode->lower_dev ? inode->lower_dev : inode->fs->dev, .ino = inode->ino,
		.size = inode->size, .mtime_ns = inode->mtime_ns,
	};
}

bool file_is_as_below(const struct file *file)
{
	return file->inode->lower_dev && !(READ_ONCE(file->inode->flags) & INODE_CHANGED);
}

static void areas_put(struct mm *mm)
{
	for (u32 i = 0; i < mm->area_count; i++)
		if (mm->areas[i].file)
			area_file_put(mm->areas[i].file);
	mm->area_count = 0;
	mm->mapped_bytes = mm->locked_bytes = 0;
}

void mm_put(struct mm *mm)
{
	if (!mm || !refcount_put(&mm->references))
		return;
	areas_put(mm);
	windows_drop(mm, false);
	stub_blocks_put(mm->stub_blocks);
	site_table_put(mm->sites);
	heap_free(mm->areas);
	heap_free(mm);
}

u32 mm_index_locked(struct mm *mm, u64 address)
{
	u32 low = 0, high = mm->area_count;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (mm->areas[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct area *mm_find_locked(struct mm *mm, u64 address)
{
	u32 index = mm_index_locked(mm, address);

	return index < mm->area_count ? &mm->areas[index] : NULL;
}

u64 mm_find_gap_locked(struct mm *mm, u64 size, u64 lowest, u64 highest)
{
	u64 top = highest;
	u32 index = mm_index_locked(mm, highest);

	if (index < mm->area_count && mm->areas[index].start < top)
		top = mm->areas[index].start;
	for (;;) {
		u64 bottom = index ? mm->areas[index - 1].end : 0;

		/* The layer's range is no area: step over it. */
		if (top > LAYER_BASE && bottom < LAYER_END) {
			if (top > LAYER_END && top - LAYER_END >= size && top - size >= lowest)
				return top - size;
			top = MIN(top, (u64)LAYER_BASE);
			if (bottom >= top)
				goto next;
		}
		bottom = MAX(bottom, lowest);
		if (top > bottom && top - bottom >= size)
			return top - size;
next:
		if (!index || mm->areas[index - 1].start <= lowest)
			return 0;
		index--;
		top = MIN(top, mm->areas[index].start);
	}
}

static int areas_reserve(struct mm *mm, u32 more)
{
	struct area *areas;
	u32 capacity;

	if (mm->area_count + more <= mm->area_capacity)
		return 0;
	capacity = mm->area_capacity * 2;
	areas = heap_alloc(capacity * sizeof(struct area));
	if (!areas)
		return -ENOMEM;
	memcpy(areas, mm->areas, mm->area_count * sizeof(struct area));
	heap_free(mm->areas);
	mm->areas = areas;
	mm->area_capacity = capacity;
	return 0;
}

static void area_insert_at(struct mm *mm, u32 index, const struct area *area)
{
	memmove(&mm->areas[index + 1], &mm->areas[index],
		(mm->area_count - index) * sizeof(struct area));
	mm->areas[index] = *area;
	mm->area_count++;
}

static void area_delete_at(struct mm *mm, u32 index)
{
	mm->area_count--;
	memmove(&mm->areas[index], &mm->areas[index + 1],
		(mm->area_count - index) * sizeof(struct area));
}

/* Those that their file counts stay apart, as on Linux. */
static bool areas_mergeable(const struct area *a, const struct area *b)
{
	if (a->file && a->file->operations->area_removed)
		return false;
	return a->end == b->start && a->file == b->file && a->protection == b->protection &&
	       a->max_protection == b->max_protection && a->flags == b->flags &&
	       !(a->flags & AREA_STUBS) &&
	       (!a->file || a->offset + (a->end - a->start) == b->offset) &&
	       (a->file || !(a->flags & AREA_SHARED));
}

int mm_add_locked(struct mm *mm, const struct area *area)
{
	u32 index = mm_index_locked(mm, area->start);
	bool before, after;

	if (areas_reserve(mm, 1))
		return -ENOMEM;
	mm->mapped_bytes += area->end - area->start;
	if (area->flags & AREA_LOCKED)
		mm->locked_bytes += area->end - area->start;
	before = index > 0 && areas_mergeable(&mm->areas[index - 1], area);
	after = index < mm->area_count && areas_mergeable(area, &mm->areas[index]);
	/* A merged area holds one reference on its file; this one is not the last. */
	if ((before || after) && area->file)
		area_file_put(area->file);
	if (before) {
		mm->areas[index - 1].end = area->end;
		if (after) {
			mm->areas[index - 1].end = mm->areas[index].end;
			if (area->file)
				area_file_put(area->file);
			area_delete_at(mm, index);
		}
	} else if (after) {
		mm->areas[index].start = area->start;
		mm->areas[index].offset = area->offset;
	} else {
		area_insert_at(mm, index, area);
	}
	return 0;
}

/* Makes address a border between areas. 0 or -ENOMEM. */
static int area_split_at(struct mm *mm, u64 address)
{
	u32 index = mm_index_locked(mm, address);
	struct area *area, upper;

	if (index >= mm->area_count || mm->areas[index].start >= address)
		return 0;
	if (areas_reserve(mm, 1))
		return -ENOMEM;
	area = &mm->areas[index];
	upper = *area;
	upper.start = address;
	upper.offset += address - area->start;
	area->end = address;
	if (upper.file)
		area_file_get(upper.file);
	area_insert_at(mm, index + 1, &upper);
	return 0;
}

int mm_isolate_locked(struct mm *mm, u64 start, u64 end)
{
	return area_split_at(mm, start) ?: area_split_at(mm, end);
}

int mm_remove_locked(struct mm *mm, u64 start, u64 end, struct removed_files *removed)
{
	u32 from, to, kept;

	if (mm_isolate_locked(mm, start, end))
		return -ENOMEM;
	from = kept = mm_index_locked(mm, start);
	for (to = from; to < mm->area_count && mm->areas[to].start < end; to++) {
		struct area *area = &mm->areas[to];

		if (area->flags & AREA_KEPT) {
			mm->areas[kept++] = *area;
			continue;
		}
		mm->mapped_bytes -= area->end - area->start;
		if (area->flags & AREA_LOCKED)
			mm->locked_bytes -= area->end - area->start;
		if (area->file && removed_add(removed, area->file))
			area_file_put(area->file);
	}
	memmove(&mm->areas[kept], &mm->areas[to], (mm->area_count - to) * sizeof(struct area));
	mm->area_count -= to - kept;
	if (end > mm->free_hint)
		mm->free_hint = end;
	return 0;
}

void mm_merge_locked(struct mm *mm, u64 start, u64 end)
{
	u32 index = mm_index_locked(mm, start ? start - 1 : 0);

	while (index + 1 < mm->area_count && mm->areas[index].start <= end) {
		struct area *area = &mm->areas[index];

		if (!areas_mergeable(area, area + 1)) {
			index++;
			continue;
		}
		area->end = area[1].end;
		if (area->file)
			area_file_put(area->file);
		area_delete_at(mm, index + 1);
	}
}

int removed_add(struct removed_files *removed, struct file *file)
{
	if (removed->count == ARRAY_SIZE(removed->files))
		return -ENOMEM;
	removed->files[removed->count++] = file;
	return 0;
}

void removed_put(struct removed_files *removed)
{
	for (u32 i = 0; i < removed->count; i++)
		area_file_put(removed->files[i]);
}

/* Unmaps [from, to) on the host but for the vDSO, which cannot be had again. */
static void host_clear(u64 from, u64 to, const struct area *vdso)
{
	if (vdso && vdso->start >= from && vdso->start < to) {
		if (vdso->start > from)
			host_munmap(from, vdso->start - from);
		from = vdso->end;
	}
	if (from < to)
		host_munmap(from, to - from);
}

void mm_clear(struct mm *mm)
{
	struct area vdso = { 0 };

	lock_acquire(&mm->lock);
	for (u32 i = 0; i < mm->area_count; i++)
		if (mm->areas[i].flags & AREA_VDSO)
			vdso = mm->areas[i];
	host_clear(0, LAYER_BASE, vdso.end ? &vdso : NULL);
	host_clear(LAYER_END, USER_END, vdso.end ? &vdso : NULL);
	areas_put(mm);
	windows_drop(mm, true);
	lock_release(&mm->lock);
}
