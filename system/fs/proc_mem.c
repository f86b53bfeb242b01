/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/mem: a process's memory, at its addresses, also what its program can't read or write.
 * Who may look is checked at the opening, and the memory is that of then: exec gives the process
 * another one. No locks: each piece is a copy of its own.
 */
#include <linux/fs.h>

#include "core/heap.h"
#include "fs/proc.h"
#include "fs/proc_inode.h"
#include "memory/mm.h"
#include "memory/remote.h"
#include "process/ptrace.h"
#include "vfs/file.h"

#define PIECE_MAX (64ul << 10)

struct memory {
	struct process *process;	/* reference held */
	u64 id;				/* for memory_copy() */
};

int proc_mem_open(const struct proc_key *key, struct file *file)
{
	struct process *process = process_find(key->pid);
	struct memory *memory;
	int error;

	if (!process)
		return -ESRCH;
	memory = heap_alloc(sizeof(*memory));
	error = memory ? ptrace_memory_find(process, PTRACE_FS_IDS, &memory->id) : -ENOMEM;
	if (error) {
		heap_free(memory);
		process_put(process);
		return error == -EPERM ? -EACCES : error;
	}
	memory->process = process;
	file->private = memory;
	return 0;
}

static void mem_release(struct file *file)
{
	struct memory *memory = file->private;

	process_put(memory->process);
	heap_free(memory);
}

/* Not where it has another one by now, or none. */
static bool memory_is_there(const struct memory *memory)
{
	struct mm *mm = proc_mm_get(memory->process);
	bool same = mm && mm->id == memory->id;

	if (mm)
		mm_put(mm);
	return same;
}

/* One piece: bytes moved, 0 where the memory has gone, or -errno. */
static ssize_t piece_move(const struct memory *memory, struct iter *iter, u64 offset, char *buffer,
			  size_t size, bool write)
{
	ssize_t moved;

	if (write && iter_copy_from(iter, buffer, size) != size)
		return -EFAULT;
	moved = memory_copy(memory->process, memory->id, offset, buffer, size,
			    MEMORY_FORCED | (write ? MEMORY_WRITE : 0));
	if (!moved)
		return memory_is_there(memory) ? -EIO : 0;
	if (moved > 0 && !write && iter_copy_to(iter, buffer, (size_t)moved) != (size_t)moved)
		return -EFAULT;
	return moved;
}

static ssize_t mem_move(struct file *file, struct iter *iter, u64 *offset, bool write)
{
	size_t size = MIN(iter->left, PIECE_MAX);
	ssize_t moved = 0, done = 0;
	char *buffer = size ? heap_alloc(size) : NULL;

	if (size && !buffer)
		moved = -ENOMEM;
	while (buffer && iter->left) {
		size = MIN(iter->left, PIECE_MAX);
		moved = piece_move(file->private, iter, *offset, buffer, size, write);
		if (moved <= 0)
			break;
		done += moved;
		*offset += (u64)moved;
		if ((size_t)moved < size)
			break;
	}
	heap_free(buffer);
	return done ? done : moved;
}

static ssize_t mem_read(struct file *file, struct iter *to, u64 *offset)
{
	return mem_move(file, to, offset, false);
}

static ssize_t mem_write(struct file *file, struct iter *from, u64 *offset)
{
	return mem_move(file, from, offset, true);
}

/* Each offset is an address, those with the highest bit too. */
static loff_t mem_seek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += file->position;
	else if (whence != SEEK_SET)
		return -EINVAL;
	file->position = offset;
	return offset;
}

const struct file_operations proc_mem_operations = {
	.read = mem_read,
	.write = mem_write,
	.seek = mem_seek,
	.release = mem_release,
};
