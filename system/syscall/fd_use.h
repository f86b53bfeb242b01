/* SPDX-License-Identifier: MIT */
/*
 * The file at a descriptor for the length of one system call. Where nobody else could close the
 * descriptor meanwhile, the table's own reference is enough, and neither lock nor count is touched:
 * four atomic operations less in each call, as much as a small read costs otherwise (Linux's
 * fdget() does the same).
 */
#ifndef SYSCALL_FD_USE_H
#define SYSCALL_FD_USE_H

#include "process/process.h"
#include "vfs/file.h"

struct fd_use {
	struct file *file;	/* NULL: no such descriptor */
	bool counted;		/* a reference of its own */
};

/*
 * Only the calling thread can change its descriptor table: no other thread, no other process has
 * it.
 */
static inline bool current_files_are_private(const struct process *process)
{
	return READ_ONCE(process->thread_count) == 1 &&
	       READ_ONCE(process->files->references.count) == 1;
}

/* Ended by fd_use_end() in the same system call. */
static inline struct fd_use current_fd_use(int fd)
{
	const struct process *process = process_current();
	const struct fd_table *table = process->files;

	if (unlikely(!current_files_are_private(process)))
		return (struct fd_use){ .file = current_fd_get(fd), .counted = true };
	if ((u32)fd >= table->capacity)
		return (struct fd_use){ 0 };
	return (struct fd_use){ .file = table->entries[fd].file };
}

static inline void fd_use_end(struct fd_use use)
{
	if (use.counted && use.file)
		file_put(use.file);
}

/* Whether others may move the file's position during this call: then it is used under its lock. */
static inline bool fd_position_is_shared(struct fd_use use)
{
	return use.counted || file_references(use.file) > 1;
}

#endif
