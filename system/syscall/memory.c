/* SPDX-License-Identifier: MIT */
/* The system calls on address spaces: arguments checked as Linux does, then memory/. */
#include <linux/mman.h>

#include "boundary/layout.h"
#include "core/host.h"
#include "core/string.h"
#include "memory/mm.h"
#include "memory/mm_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"
#include "vfs/file.h"
#include "vfs/keep.h"
#include "vfs/mount.h"

static struct mm *mm_current(void)
{
	return process_current()->mm;
}

long sys_mmap(uptr address, size_t size, u64 protection, u64 flags, int fd, u64 offset)
{
	struct file *file = NULL;
	long result;

	if (offset % PAGE_SIZE || (protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM)))
		return -EINVAL;
	switch (flags & MAP_TYPE) {
	case MAP_PRIVATE:
	case MAP_SHARED:
	case MAP_SHARED_VALIDATE:
		break;
	default:
		return -EINVAL;
	}
	if (flags & MAP_HUGETLB)
		return -ENOMEM;		/* no huge page pool: as Linux with nr_hugepages 0 */
	if (!(flags & MAP_ANONYMOUS)) {
		file = current_fd_get(fd);
		if (!file)
			return -EBADF;
		if (file->flags & O_PATH) {
			file_put(file);
			return -EBADF;
		}
		if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & MAP_SYNC)) {
			file_put(file);
			return -EOPNOTSUPP;
		}
		if (offset + size < offset) {
			file_put(file);
			return -EOVERFLOW;
		}
	}
	result = mm_map(mm_current(), address, size, protection & 7, flags, file, file ? offset : 0,
			0);
	if (file)
		file_put(file);
	return result;
}

long sys_munmap(uptr address, size_t size)
{
	return mm_unmap(mm_current(), address, size);
}

long sys_mprotect(uptr address, size_t size, u64 protection)
{
	if (protection &
	    ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	return mm_protect(mm_current(), address, size, protection);
}

/* ---- brk ---- */

static bool brk_over_limit(struct mm *mm, u64 end)
{
	u64 limit = process_current()->limits[RLIMIT_DATA].rlim_cur;

	return limit != RLIM64_INFINITY && end - mm->brk_start > limit;
}

long sys_brk(uptr address)
{
	struct mm *mm = mm_current();
	u64 old_end = ROUND_UP(mm->brk_end, PAGE_SIZE), end = ROUND_UP(address, PAGE_SIZE);

	if (address < mm->brk_start || address > USER_END || brk_over_limit(mm, address))
		return mm->brk_end;
	if (end > old_end) {
		if (mm_map(mm, old_end, end - old_end, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, NULL, 0,
			   AREA_HEAP) < 0)
			return mm->brk_end;
	} else if (end < old_end && mm_unmap(mm, end, old_end - end)) {
		return mm->brk_end;
	}
	mm->brk_end = address;
	return address;
}

/* ---- mremap ---- */

/* The area that holds all of [address, address + size), or -EFAULT as mremap(2). Locked. */
static struct area *area_of_range(struct mm *mm, u64 address, u64 size)
{
	struct area *area = mm_find_locked(mm, address);

	if (!area || area->start > address || area->end - address < size ||
	    (area->flags & AREA_KEPT))
		return NULL;
	return area;
}

/* Grows in place where the room above is free. Locked. */
static long remap_grow_in_place(struct mm *mm, struct area *area, u64 address, u64 old_size,
				u64 new_size)
{
	struct area *next = area + 1, added = *area;
	u64 end = address + new_size;
	long result;

	if (area->end != address + old_size || !user_range_ok(address, new_size))
		return -ENOMEM;
	if (next < mm->areas + mm->area_count && next->start < end)
		return -ENOMEM;
	result = host_call5(__NR_mremap, address, old_size, new_size, 0, 0);
	if (result < 0)
		return result;
	added.start = address + old_size;
	added.end = end;
	added.offset += added.start - area->start;
	if (added.file)
		area_file_get(added.file);
	return mm_add_locked(mm, &added) ?: (long)address;
}

static long remap_move(struct mm *mm, struct area moved, u64 address, u64 old_size, u64 new_size,
		       u64 place, int flags, struct removed_files *removed)
{
	long result;

	moved.offset += address - moved.start;
	if (moved.file)
		area_file_get(moved.file);
	result = mm_isolate_locked(mm, address, address + old_size);
	if (!result && (flags & MREMAP_FIXED))
		result = mm_remove_locked(mm, place, place + new_size, removed);
	if (!result)
		result = host_call5(__NR_mremap, address, old_size, new_size,
				    MREMAP_MAYMOVE | MREMAP_FIXED | (flags & MREMAP_DONTUNMAP),
				    place);
	if (result < 0) {
		if (moved.file)
			removed_add(removed, moved.file);
		return result;
	}
	if (!(flags & MREMAP_DONTUNMAP) && old_size)
		mm_remove_locked(mm, address, address + old_size, removed);
	moved.start = place;
	moved.end = place + new_size;
	return mm_add_locked(mm, &moved) ?: (long)place;
}

static long mremap_locked(struct mm *mm, u64 address, u64 old_size, u64 new_size, int flags,
			  u64 wanted, struct removed_files *removed)
{
	struct area *area = area_of_range(mm, address, old_size ? old_size : 1);
	u64 place = wanted;
	long result;

	if (!area)
		return -EFAULT;
	if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
		if (new_size <= old_size && old_size) {
			if (new_size < old_size) {
				result = host_munmap(address + new_size, old_size - new_size);
				if (result)
					return result;
				mm_remove_locked(mm, address + new_size, address + old_size,
						 removed);
			}
			return address;
		}
		result = old_size ? remap_grow_in_place(mm, area, address, old_size, new_size)
				  : -ENOMEM;
		if (result != -ENOMEM)
			return result;
		if (!(flags & MREMAP_MAYMOVE))
			return -ENOMEM;
	}
	if (!(flags & MREMAP_FIXED))
		place = mm_find_gap_locked(mm, new_size, USER_MIN, mm->search_top);
	if (!place || mm_range_is_kept_locked(mm, place, place + new_size))
		return -ENOMEM;
	return remap_move(mm, *area, address, old_size, new_size, place, flags, removed);
}

long sys_mremap(uptr address, size_t old_size, size_t new_size, u64 flags, uptr wanted)
{
	struct removed_files removed = { 0 };
	struct mm *mm = mm_current();
	long result;

	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) || address % PAGE_SIZE ||
	    ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	old_size = ROUND_UP(old_size, PAGE_SIZE);
	new_size = ROUND_UP(new_size, PAGE_SIZE);
	if (!new_size || new_size > USER_END ||
	    ((flags & MREMAP_DONTUNMAP) && new_size != old_size))
		return -EINVAL;
	if ((flags & MREMAP_FIXED) &&
	    (wanted % PAGE_SIZE || !user_range_ok(wanted, new_size) ||
	     (wanted < address + old_size && address < wanted + new_size)))
		return -EINVAL;
	if (!user_range_ok(address, old_size))
		return -EFAULT;
	lock_acquire(&mm->lock);
	result = mremap_locked(mm, address, old_size, new_size, flags, wanted, &removed);
	lock_release(&mm->lock);
	removed_put(&removed);
	return result;
}

/* ---- Advice and residence: the host's answers, for ranges that are the program's ---- */

static int range_check(uptr address, size_t *size)
{
	if (address % PAGE_SIZE)
		return -EINVAL;
	*size = ROUND_UP(*size, PAGE_SIZE);
	return user_range_ok(address, *size) ? 0 : -ENOMEM;
}

/* Linux's ENOMEM for a range with a hole in it: a msync that has nothing to do looks for these. */
static int range_is_mapped(uptr address, size_t size)
{
	return (int)host_call3(__NR_msync, address, size, MS_ASYNC);
}

long sys_madvise(uptr address, size_t size, int advice)
{
	int error = range_check(address, &size);

	if (error)
		return error == -ENOMEM ? -ENOMEM : error;
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP: case MADV_POPULATE_READ: case MADV_POPULATE_WRITE: case MADV_COLLAPSE:
		return size ? host_call3(__NR_madvise, address, size, advice) : 0;
	/* The host shall not do it, for the sake of others who share the pages: it is advice. */
	case MADV_COLD: case MADV_PAGEOUT:
		return range_is_mapped(address, size);
	case MADV_DONTFORK:
		return mm_set_inherited(mm_current(), address, size, AREA_NOT_INHERITED, 0);
	case MADV_DOFORK:
		return mm_set_inherited(mm_current(), address, size, 0, AREA_NOT_INHERITED);
	case MADV_WIPEONFORK:
		return mm_set_inherited(mm_current(), address, size, AREA_WIPED, 0);
	case MADV_KEEPONFORK:
		return mm_set_inherited(mm_current(), address, size, 0, AREA_WIPED);
	case MADV_MERGEABLE: case MADV_UNMERGEABLE:
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_msync(uptr address, size_t size, int flags)
{
	int error = range_check(address, &size);

	if (error)
		return error;
	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	error = (int)host_call3(__NR_msync, address, size, flags);
	/* The file itself may be younger than the last sync. */
	return error || !(flags & MS_SYNC) ? error : keep_sync(mount_root()->fs);
}

/*
 * All is there. The truth about a file's pages would tell what other domains of this host have
 * read.
 */
long sys_mincore(uptr address, size_t size, uptr vector)
{
	char there[256];
	int error = range_check(address, &size);

	if (error)
		return error;
	size /= PAGE_SIZE;
	if (!user_range_ok(vector, size))
		return -EFAULT;
	error = range_is_mapped(address, size * PAGE_SIZE);
	memset(there, 1, sizeof(there));
	for (size_t done = 0; done < size && !error; done += sizeof(there))
		error = copy_to_user(vector + done, there, MIN(size - done, sizeof(there)));
	return error;
}

static long range_lock(uptr address, size_t size, bool on_fault)
{
	size += address % PAGE_SIZE;
	address = ROUND_DOWN(address, PAGE_SIZE);
	return range_check(address, &size) ?: mm_lock_range(mm_current(), address, size, on_fault);
}

long sys_mlock(uptr address, size_t size)
{
	return range_lock(address, size, false);
}

long sys_mlock2(uptr address, size_t size, u64 flags)
{
	return flags & ~(u64)MLOCK_ONFAULT ? -EINVAL : range_lock(address, size, flags != 0);
}

long sys_munlock(uptr address, size_t size)
{
	size += address % PAGE_SIZE;
	address = ROUND_DOWN(address, PAGE_SIZE);
	return range_check(address, &size) ?: mm_unlock_range(mm_current(), address, size);
}

long sys_mlockall(u64 flags)
{
	bool on_fault = flags & MCL_ONFAULT;
	struct mm *mm = mm_current();
	int error;

	if (!flags || flags & ~(u64)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ||
	    flags == MCL_ONFAULT)
		return -EINVAL;
	lock_acquire(&mm->lock);
	error = mm_may_lock_locked(mm, 0);
	if (error != -EPERM) {
		mm->lock_new = flags & MCL_FUTURE;
		mm->lock_new_on_fault = on_fault;
	}
	lock_release(&mm->lock);
	if (error == -EPERM)
		return -EPERM;
	return flags & MCL_CURRENT ? mm_lock_all(mm, on_fault) : 0;
}

long sys_munlockall(void)
{
	return mm_unlock_all(mm_current());
}
