/* SPDX-License-Identifier: MIT */
/*
 * mm_map, mm_unmap, mm_protect: the layer chooses the address and checks the request, the host
 * maps, the array of areas remembers. mm->lock is held from the choice to the record, so that two
 * threads never choose one gap.
 */
#include <linux/mman.h>

#include "arch/x86_64/patch.h"
#include "boundary/layout.h"
#include "core/host.h"
#include "memory/mm.h"
#include "memory/mm_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "vfs/file.h"

#define LOW_2G_END 0x80000000ul
#define HUGE_SIZE (2ul << 20)
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

/* A gap below search_top; free_hint remembers up to where the last search found nothing free. */
static u64 gap_choose(struct mm *mm, u64 size, u64 hint, int flags)
{
	u64 gap;

	if (flags & MAP_32BIT)
		return mm_find_gap_locked(mm, size, 0x40000000, LOW_2G_END);
	if (hint && hint >= USER_MIN && user_range_ok(hint, size) &&
	    mm_find_gap_locked(mm, size, hint, hint + size) == hint)
		return hint;
	gap = mm_find_gap_locked(mm, size, USER_MIN, MIN(mm->free_hint, mm->search_top));
	if (!gap)
		gap = mm_find_gap_locked(mm, size, USER_MIN, mm->search_top);
	if (!gap)
		gap = mm_find_gap_locked(mm, size, USER_MIN, USER_END);
	else if (size == PAGE_SIZE)
		mm->free_hint = gap + size;
	return gap;
}

/*
 * A place for a large shared mapping from that offset of a host file on, at which the host can map
 * 2 MiB of the page cache by one page fault, where it has them in one piece. 0: no such gap.
 */
static u64 huge_gap_choose(struct mm *mm, u64 size, u64 offset)
{
	u64 gap = mm_find_gap_locked(mm, size + HUGE_SIZE - PAGE_SIZE, USER_MIN, mm->search_top);

	return gap ? gap + (offset - gap) % HUGE_SIZE : 0;
}

static bool over_limit(struct mm *mm, u64 size)
{
	u64 limit = process_current()->limits[RLIMIT_AS].rlim_cur;

	return limit != RLIM64_INFINITY && mm->mapped_bytes + size > limit;
}

/* The range is free for a MAP_FIXED_NOREPLACE. */
static bool range_is_free(struct mm *mm, u64 start, u64 end)
{
	struct area *area = mm_find_locked(mm, start);

	return !area || area->start >= end;
}

bool mm_range_is_mapped(struct mm *mm, u64 start, u64 end)
{
	lock_acquire(&mm->lock);
	for (u32 i = mm_index_locked(mm, start);
	     i < mm->area_count && start < end && mm->areas[i].start <= start; i++)
		start = mm->areas[i].end;
	lock_release(&mm->lock);
	return start >= end;
}

bool mm_range_is_kept_locked(struct mm *mm, u64 start, u64 end)
{
	for (u32 i = mm_index_locked(mm, start); i < mm->area_count && mm->areas[i].start < end;
	     i++)
		if (mm->areas[i].flags & AREA_KEPT)
			return true;
	return false;
}

/* huge_offset: of a host file that huge_gap_choose() is for; else -1. */
static long place_choose(struct mm *mm, u64 address, u64 size, int flags, s64 huge_offset)
{
	u64 gap = 0;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (address % PAGE_SIZE)
			return -EINVAL;
		if (!user_range_ok(address, size))
			return -ENOMEM;
		if (address < USER_MIN)
			return -EPERM;
		if ((flags & MAP_FIXED_NOREPLACE) && !range_is_free(mm, address, address + size))
			return -EEXIST;
		return mm_range_is_kept_locked(mm, address, address + size) ? -ENOMEM
									    : (long)address;
	}
	if (huge_offset >= 0 && !address && !(flags & MAP_32BIT))
		gap = huge_gap_choose(mm, size, (u64)huge_offset);
	if (!gap)
		gap = gap_choose(mm, size, ROUND_UP(address, PAGE_SIZE), flags);
	return gap ? (long)gap : -ENOMEM;
}

/* Host flags of a mapping whose address is decided. */
static int host_flags(int flags, const struct map_source *source)
{
	int keep = MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_LOCKED;

	return (flags & keep & ~MAP_LOCKED) | MAP_FIXED |
	       ((flags & MAP_TYPE) == MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED) |
	       (source->anonymous ? MAP_ANONYMOUS : 0);
}

/* What is to be mapped, and how far mprotect may go later. */
static int source_find(struct file *file, u64 offset, u64 size, int protection, int flags,
		       struct map_source *source, u32 *max_protection)
{
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

	*max_protection = PROT_ALL;
	if (!file) {
		*source = (struct map_source){ .handle = -1, .anonymous = true };
		return 0;
	}
	if (!FILE_READABLE(file) || (shared && (protection & PROT_WRITE) && !FILE_WRITABLE(file)))
		return -EACCES;
	if (!file->operations->map)
		return -ENODEV;
	if (shared && !FILE_WRITABLE(file))
		*max_protection = PROT_READ | PROT_EXEC;
	*source = (struct map_source){ .handle = -1 };
	return file->operations->map(file, offset, size, shared, shared && FILE_WRITABLE(file),
				     source);
}

/*
 * Text that exec and the dynamic linker map is there to be run, and jumps are written to its known
 * sites ahead. Others map it to read it, as valgrind does, which runs a translation: no jump may
 * be seen in it.
 */
static bool text_is_to_run(const struct mm *mm)
{
	u64 site;

	if (!mm->has_loaded)
		return true;
	site = regs_syscall_address(thread_current()->regs);
	return site >= mm->linker_start && site < mm->linker_end;
}

static long map_locked(struct mm *mm, u64 address, u64 size, int protection, int flags,
		       struct area *area, const struct map_source *source,
		       struct removed_files *removed)
{
	u64 offset = source->anonymous ? 0 : area->offset + source->handle_offset;
	bool huge = !source->anonymous && (flags & MAP_TYPE) != MAP_PRIVATE && size >= HUGE_SIZE;
	int handle = source->handle;
	bool to_run = (protection & PROT_EXEC) && text_is_to_run(mm), patched = false;
	long place, result;

	if (over_limit(mm, size))
		return -ENOMEM;
	if ((flags & MAP_LOCKED) || mm->lock_new) {
		result = mm_may_lock_locked(mm, size);
		if (result)
			return result == -EPERM && (flags & MAP_LOCKED) ? -EPERM : -EAGAIN;
		area->flags |= AREA_LOCKED;
	}
	place = place_choose(mm, address, size, flags, huge ? (s64)offset : -1);
	if (place < 0)
		return place;
	if ((flags & MAP_FIXED) && mm_remove_locked(mm, place, place + size, removed))
		return -ENOMEM;
	if (to_run && !(protection & PROT_WRITE) && area->file &&
	    !(area->flags & AREA_SHARED))
		patched = text_is_patched(mm, area->file, place, area->offset, size, &handle);
	result = host_mmap(place, size, protection, host_flags(flags, source), handle,
			   patched ? 0 : offset);
	if (result < 0)
		return result;
	area->start = place;
	area->end = place + size;
	if (mm_add_locked(mm, area)) {
		host_munmap(place, size);
		return -ENOMEM;
	}
	area->file = NULL;	/* taken over */
	/* As on Linux it is mapped, even if it can't all be there now. */
	if (area->flags & AREA_LOCKED)
		mm_lock_new_locked(mm, place, size);
	if (to_run)
		sites_patch_mapped(mm, place, size, patched);
	return place;
}

long mm_map(struct mm *mm, u64 address, u64 size, int protection, int flags, struct file *file,
	    u64 offset, u32 area_flags)
{
	struct removed_files removed = { 0 };
	struct area area = { .offset = offset, .protection = protection, .flags = area_flags };
	struct map_source source;
	long result;

	if (!size || size > USER_END)
		return size ? -ENOMEM : -EINVAL;
	size = ROUND_UP(size, PAGE_SIZE);
	result = source_find(file, offset, size, protection, flags, &source, &area.max_protection);
	if (result)
		return result;
	if ((flags & MAP_TYPE) != MAP_PRIVATE)
		area.flags |= AREA_SHARED;
	if (source.anonymous)
		area.flags |= AREA_ANONYMOUS;
	area.file = file;
	if (file)
		area_file_get(file);
	lock_acquire(&mm->lock);
	result = map_locked(mm, address, size, protection, flags, &area, &source, &removed);
	lock_release(&mm->lock);
	if (source.done)
		source.done(file->inode);
	removed_put(&removed);
	if (area.file && result < 0)
		area_file_put(file);
	return result;
}

/* Unmaps on the host what the layer does not need in [start, end). */
static long host_unmap_around_kept(struct mm *mm, u64 start, u64 end)
{
	long result = 0;

	for (u32 i = mm_index_locked(mm, start); !result && i < mm->area_count && start < end;
	     i++) {
		struct area *area = &mm->areas[i];

		if (!(area->flags & AREA_KEPT))
			continue;
		if (area->start >= end)
			break;
		if (area->start > start)
			result = host_munmap(start, area->start - start);
		start = area->end;
	}
	return result || start >= end ? result : host_munmap(start, end - start);
}

int mm_unmap(struct mm *mm, u64 address, u64 size)
{
	struct removed_files removed = { 0 };
	long result;

	size = ROUND_UP(size, PAGE_SIZE);
	if (address % PAGE_SIZE || !size || !user_range_ok(address, size))
		return -EINVAL;
	lock_acquire(&mm->lock);
	/* Borders first: that is all that can fail for lack of memory. */
	result = mm_isolate_locked(mm, address, address + size);
	if (!result)
		result = host_unmap_around_kept(mm, address, address + size);
	if (!result)
		result = mm_remove_locked(mm, address, address + size, &removed);
	lock_release(&mm->lock);
	removed_put(&removed);
	return result;
}

static int protect_locked(struct mm *mm, u64 start, u64 end, u32 protection)
{
	u64 covered = start;
	long result;
	u32 i;

	for (i = mm_index_locked(mm, start); i < mm->area_count && mm->areas[i].start < end; i++) {
		struct area *area = &mm->areas[i];

		if (area->start > covered)
			break;
		if (area->flags & AREA_KEPT)
			return -EACCES;
		if (protection & ~area->max_protection)
			return -EACCES;
		covered = area->end;
	}
	if (covered < end)
		return -ENOMEM;
	result = mm_isolate_locked(mm, start, end);
	if (result)
		return result;
	result = host_call3(__NR_mprotect, start, end - start, protection);
	if (result)
		return result;
	for (i = mm_index_locked(mm, start); i < mm->area_count && mm->areas[i].start < end; i++)
		mm->areas[i].protection = protection;
	mm_merge_locked(mm, start, end);
	return 0;
}

int mm_protect(struct mm *mm, u64 address, u64 size, int protection)
{
	int result;

	size = ROUND_UP(size, PAGE_SIZE);
	if (address % PAGE_SIZE)
		return -EINVAL;
	if (!size)
		return 0;
	if (!user_range_ok(address, size))
		return -ENOMEM;
	lock_acquire(&mm->lock);
	result = protect_locked(mm, address, address + size, protection & PROT_ALL);
	lock_release(&mm->lock);
	return result;
}
