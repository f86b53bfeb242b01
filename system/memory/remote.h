/* SPDX-License-Identifier: MIT */
/*
 * Memory of another process. It is mapped in that process's host process alone, so one of its
 * threads does the copying: a parked one where it sleeps, else one that is interrupted for it.
 */
#ifndef MEMORY_REMOTE_H
#define MEMORY_REMOTE_H

#include "core/types.h"

struct process;
struct thread;

#define MEMORY_WRITE	1u
/* Also what its program can't read or write: as a debugger does. Writing makes a private copy. */
#define MEMORY_FORCED	2u

/*
 * Copies between buffer, in the layer's memory, and address in the memory of process, which may be
 * the caller's own. memory is the id of its mm, from when the caller was found to be permitted:
 * what the process has by exec since then is not touched. Bytes copied, fewer than size where the
 * rest can't be reached; 0 also where that memory is gone; -EINTR where the caller is to end. No
 * lock may be held, and no permission is checked.
 */
ssize_t memory_copy(struct process *process, u64 memory, uptr address, void *buffer, size_t size,
		    u32 flags);
/*
 * thread leaves its process, or the memory it runs in: what it was asked for others have to do.
 * signal_lock held.
 */
void memory_requests_return_locked(struct thread *thread);

#endif
