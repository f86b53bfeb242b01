/* SPDX-License-Identifier: MIT */
/*
 * process_vm_readv(2) and process_vm_writev(2): from and to the memory of a process that the caller
 * could trace, as far as its own program could do the same. No locks.
 */
#include "core/heap.h"
#include "memory/iter.h"
#include "memory/remote.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "syscalls.h"

#define PIECE_MAX (64ul << 10)

struct transfer {
	struct process *process;
	u64 memory;			/* its id, for memory_copy() */
	struct iter local;
	char *buffer;
	bool write;
};

/* One piece of one remote segment: bytes moved, or -errno. */
static ssize_t piece_move(struct transfer *transfer, uptr address, size_t size)
{
	ssize_t moved;

	if (transfer->write && iter_copy_from(&transfer->local, transfer->buffer, size) != size)
		return -EFAULT;
	moved = memory_copy(transfer->process, transfer->memory, address, transfer->buffer, size,
			    transfer->write ? MEMORY_WRITE : 0);
	if (moved <= 0)
		return moved ? moved : -EFAULT;
	if (!transfer->write &&
	    iter_copy_to(&transfer->local, transfer->buffer, (size_t)moved) != (size_t)moved)
		return -EFAULT;
	return moved;
}

static ssize_t segments_move(struct transfer *transfer, const struct segment *remote, u64 count)
{
	ssize_t done = 0, moved;

	for (u64 i = 0; i < count; i++) {
		u64 at = 0;

		while (at < remote[i].size && transfer->local.left) {
			size_t size = MIN(MIN(remote[i].size - at, PIECE_MAX),
					  transfer->local.left);

			moved = piece_move(transfer, remote[i].base + at, size);
			if (moved < 0)
				return done ? done : moved;
			done += moved;
			at += (u64)moved;
			if ((size_t)moved < size)
				return done;
		}
	}
	return done;
}

/* The process with a thread of this id, with a reference, and its memory. -ESRCH, -EPERM. */
static int process_find_memory(u32 tid, struct process **found, u64 *memory)
{
	struct process *process;
	struct thread *thread;
	int error;

	lock_acquire(&process_tree_lock);
	thread = thread_find_locked(tid);
	process = thread ? thread->process : NULL;
	if (process)
		process_get(process);
	lock_release(&process_tree_lock);
	if (!process)
		return -ESRCH;
	error = process == init_process ? -EPERM :
		ptrace_memory_find(process, PTRACE_REAL_IDS, memory);
	if (!error && !*memory)
		error = -ESRCH;
	if (error)
		process_put(process);
	else
		*found = process;
	return error;
}

static ssize_t remote_move(struct transfer *transfer, s32 pid, const struct segment *remote,
			   u64 count)
{
	ssize_t result = -ESRCH;

	if (pid > 0)
		result = process_find_memory((u32)pid, &transfer->process, &transfer->memory);
	if (result)
		return result;
	transfer->buffer = heap_alloc(MIN(MAX(transfer->local.left, 1ul), PIECE_MAX));
	result = transfer->buffer ? segments_move(transfer, remote, count) : -ENOMEM;
	heap_free(transfer->buffer);
	process_put(transfer->process);
	return result;
}

/* Addresses of another process: what is not there is found out by the copy. */
static long remote_segments_read(uptr array, u64 count, struct segment **segments)
{
	long error = 0;

	if (count > ITER_MAX_SEGMENTS)
		return -EINVAL;
	*segments = heap_alloc(count * sizeof(**segments));
	if (!*segments)
		return -ENOMEM;
	if (copy_from_user(*segments, array, count * sizeof(**segments)))
		return -EFAULT;
	for (u64 i = 0; i < count && !error; i++)
		error = (ssize_t)(*segments)[i].size < 0 ? -EINVAL : 0;
	return error;
}

static long process_vm_move(s32 pid, uptr local, u64 local_count, uptr remote, u64 remote_count,
			    u64 flags, bool write)
{
	struct segment local_storage[ITER_INLINE_SEGMENTS];
	struct transfer transfer = { .write = write };
	struct segment *segments = NULL;
	void *local_allocated = NULL;
	long result;

	if (flags)
		return -EINVAL;
	result = iter_init_iovec(&transfer.local, local, local_count, local_storage,
				 &local_allocated);
	if (!result && transfer.local.left && remote_count)
		result = remote_segments_read(remote, remote_count, &segments);
	if (!result && segments)
		result = remote_move(&transfer, pid, segments, remote_count);
	heap_free(segments);
	heap_free(local_allocated);
	return result;
}

long sys_process_vm_readv(s32 pid, uptr local, u64 local_count, uptr remote, u64 remote_count,
			  u64 flags)
{
	return process_vm_move(pid, local, local_count, remote, remote_count, flags, false);
}

long sys_process_vm_writev(s32 pid, uptr local, u64 local_count, uptr remote, u64 remote_count,
			   u64 flags)
{
	return process_vm_move(pid, local, local_count, remote, remote_count, flags, true);
}
