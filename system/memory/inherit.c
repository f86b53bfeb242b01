/* SPDX-License-Identifier: MIT */
/*
 * What a child of fork does not inherit: madvise(2) with MADV_DONTFORK and MADV_WIPEONFORK. The
 * host copies all (its own MADV_DONTFORK is forbidden, as it could drop the layer); the child gives
 * back what it was not to have.
 */
#include <linux/mman.h>

#include "core/host.h"
#include "memory/mm.h"
#include "memory/mm_private.h"
#include "memory/usercopy.h"
#include "vfs/file.h"

int mm_set_inherited(struct mm *mm, u64 start, u64 size, u32 set, u32 clear)
{
	int error;

	lock_acquire(&mm->lock);
	error = mm_isolate_locked(mm, start, start + size);
	for (u32 i = mm_index_locked(mm, start);
	     !error && i < mm->area_count && mm->areas[i].start < start + size; i++) {
		struct area *area = &mm->areas[i];

		/* Only private anonymous memory can be wiped. */
		if ((set & AREA_WIPED) && (area->file || (area->flags & AREA_SHARED)))
			error = -EINVAL;
		else if (!(area->flags & (AREA_STUBS | AREA_VDSO)))
			area->flags = (area->flags | set) & ~clear;
	}
	mm_merge_locked(mm, start, start + size);
	mm->has_uninherited |= set != 0;
	lock_release(&mm->lock);
	return error;
}

/* The first area from address on that has one of flags; a copy. */
static bool area_next(struct mm *mm, u64 address, u32 flags, struct area *found)
{
	u32 i;

	lock_acquire(&mm->lock);
	for (i = mm_index_locked(mm, address); i < mm->area_count; i++)
		if (mm->areas[i].flags & flags)
			break;
	if (i < mm->area_count)
		*found = mm->areas[i];
	lock_release(&mm->lock);
	return i < mm->area_count;
}

void mm_drop_uninherited(struct mm *mm)
{
	struct area area = { 0 };
	u64 address = 0;

	if (!mm->has_uninherited)
		return;
	for (; area_next(mm, address, AREA_NOT_INHERITED | AREA_WIPED, &area); address = area.end) {
		if (area.flags & AREA_NOT_INHERITED)
			mm_unmap(mm, area.start, area.end - area.start);
		else
			host_call3(__NR_madvise, area.start, area.end - area.start, MADV_DONTNEED);
	}
}
