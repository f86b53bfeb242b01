/* SPDX-License-Identifier: MIT */
/*
 * Locked memory: the host locks the pages, RLIMIT_MEMLOCK is the layer's to hold. The host's own
 * mlockall is of no use, as it would bring all of the heap into memory. mm->lock guards the areas.
 */
#include <linux/capability.h>
#include <linux/mman.h>

#include "arch/x86_64/regs.h"
#include "boundary/layout.h"
#include "core/host.h"
#include "memory/mm.h"
#include "memory/mm_private.h"
#include "process/process.h"
#include "process/thread.h"

#define STACK_AT_START (132ul << 10)

int mm_may_lock_locked(const struct mm *mm, u64 more)
{
	const struct process *process = process_current();
	u64 limit = READ_ONCE(process->limits[RLIMIT_MEMLOCK].rlim_cur);

	if (credentials_capable(process->credentials, CAP_IPC_LOCK))
		return 0;
	if (!limit)
		return -EPERM;
	return limit != RLIM64_INFINITY && mm->locked_bytes + more > limit ? -ENOMEM : 0;
}

int mm_lock_new_locked(const struct mm *mm, u64 start, u64 size)
{
	return (int)host_call3(__NR_mlock2, start, size, mm->lock_new_on_fault ? MLOCK_ONFAULT : 0);
}

/*
 * Linux's stack is as long as it was used, and this long at the start; the area of ours is all that
 * it may grow to. mlockall(2) takes what is above this address.
 */
static u64 stack_used_from(const struct mm *mm)
{
	u64 least = MAX(mm->stack_limit, mm->stack_start - STACK_AT_START);
	u64 now = ROUND_DOWN(thread_current()->regs->rsp, PAGE_SIZE);

	return now >= mm->stack_limit && now < least ? now : least;
}

/* unused: stack below this address is left out; 0: nothing is. */
static bool is_lockable(const struct area *area, u64 unused)
{
	return !(area->flags & AREA_KEPT) && !(area->flags & AREA_STACK && area->end <= unused);
}

/* How much of a range is not locked yet. */
static u64 unlocked_bytes(struct mm *mm, u64 start, u64 end, u64 unused)
{
	u64 bytes = 0;

	for (u32 i = mm_index_locked(mm, start); i < mm->area_count && mm->areas[i].start < end;
	     i++) {
		const struct area *area = &mm->areas[i];

		if (!(area->flags & AREA_LOCKED) && is_lockable(area, unused))
			bytes += MIN(area->end, end) - MAX(area->start, start);
	}
	return bytes;
}

/* Notes what the host has done; areas begin and end at start and end. */
static void areas_mark(struct mm *mm, u64 start, u64 end, bool locked, u64 unused)
{
	for (u32 i = mm_index_locked(mm, start); i < mm->area_count && mm->areas[i].start < end;
	     i++) {
		struct area *area = &mm->areas[i];

		if (locked == !!(area->flags & AREA_LOCKED) || !is_lockable(area, unused))
			continue;
		area->flags ^= AREA_LOCKED;
		if (locked)
			mm->locked_bytes += area->end - area->start;
		else
			mm->locked_bytes -= area->end - area->start;
	}
	mm_merge_locked(mm, start, end);
}

static int lock_range_locked(struct mm *mm, u64 start, u64 end, bool on_fault)
{
	long error = mm_may_lock_locked(mm, unlocked_bytes(mm, start, end, 0));

	if (!error)
		error = mm_isolate_locked(mm, start, end);
	if (!error)
		error = host_call3(__NR_mlock2, start, end - start, on_fault ? MLOCK_ONFAULT : 0);
	if (!error)
		areas_mark(mm, start, end, true, 0);
	return (int)error;
}

static int unlock_range_locked(struct mm *mm, u64 start, u64 end)
{
	long error = mm_isolate_locked(mm, start, end);

	if (!error)
		error = host_call2(__NR_munlock, start, end - start);
	if (!error)
		areas_mark(mm, start, end, false, 0);
	return (int)error;
}

int mm_lock_range(struct mm *mm, u64 start, u64 size, bool on_fault)
{
	int error;

	lock_acquire(&mm->lock);
	error = lock_range_locked(mm, start, start + size, on_fault);
	lock_release(&mm->lock);
	return error;
}

int mm_unlock_range(struct mm *mm, u64 start, u64 size)
{
	int error;

	lock_acquire(&mm->lock);
	error = unlock_range_locked(mm, start, start + size);
	lock_release(&mm->lock);
	return error;
}

/* What can't be there (a mapping without rights, behind a file's end) is no error, as on Linux. */
int mm_lock_all(struct mm *mm, bool on_fault)
{
	u64 unused;
	int error;

	lock_acquire(&mm->lock);
	unused = stack_used_from(mm);
	error = mm_isolate_locked(mm, unused, unused);
	if (!error)
		error = mm_may_lock_locked(mm, unlocked_bytes(mm, 0, ~0ull, unused));
	for (u32 i = 0; !error && i < mm->area_count; i++) {
		struct area *area = &mm->areas[i];

		if (is_lockable(area, unused))
			host_call3(__NR_mlock2, area->start, area->end - area->start,
				   on_fault ? MLOCK_ONFAULT : 0);
	}
	if (!error)
		areas_mark(mm, 0, ~0ull, true, unused);
	lock_release(&mm->lock);
	return error;
}

int mm_unlock_all(struct mm *mm)
{
	lock_acquire(&mm->lock);
	mm->lock_new = false;
	for (u32 i = 0; i < mm->area_count; i++)
		if (mm->areas[i].flags & AREA_LOCKED)
			host_call2(__NR_munlock, mm->areas[i].start,
				   mm->areas[i].end - mm->areas[i].start);
	areas_mark(mm, 0, ~0ull, false, 0);
	lock_release(&mm->lock);
	return 0;
}
