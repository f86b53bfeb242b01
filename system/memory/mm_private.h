/* SPDX-License-Identifier: MIT */
/* What the files of memory/ share among themselves: work on the array of areas under mm->lock. */
#ifndef MEMORY_MM_PRIVATE_H
#define MEMORY_MM_PRIVATE_H

#include "memory/mm.h"
#include "vfs/file.h"

/*
 * Files whose areas went away, to be put when mm->lock is released. When it overflows, files are
 * put at once, which is safe for all but the last reference; 64 distinct mappings in one munmap are
 * rare, and the last reference of a mapped and closed file rarer.
 */
struct removed_files {
	u32 count;
	struct file *files[64];
};

int removed_add(struct removed_files *removed, struct file *file);
void removed_put(struct removed_files *removed);

/* The reference on its file that an area holds, which the file hears of. */
static inline void area_file_get(struct file *file)
{
	file_get(file);
	if (file->operations->area_added)
		file->operations->area_added(file);
}

static inline void area_file_put(struct file *file)
{
	if (file->operations->area_removed)
		file->operations->area_removed(file);
	file_put(file);
}

/* Index of the area that holds address, or of the first above it. */
u32 mm_index_locked(struct mm *mm, u64 address);
/* Splits areas so that start and end are borders. 0 or -ENOMEM. */
int mm_isolate_locked(struct mm *mm, u64 start, u64 end);
/* Forgets [start, end), stubs excepted. 0 or -ENOMEM. */
int mm_remove_locked(struct mm *mm, u64 start, u64 end, struct removed_files *removed);
/* Joins neighbours that became alike. */
void mm_merge_locked(struct mm *mm, u64 start, u64 end);
/* For fork: both locks of mm are held. */
struct mm *mm_copy_locked(struct mm *mm);

#endif
