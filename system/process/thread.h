/* SPDX-License-Identifier: MIT */
/*
 * Host threads and processes under the layer's threads: how each begins and ends
 * (process/thread.c).
 */
#ifndef PROCESS_THREAD_H
#define PROCESS_THREAD_H

#include "core/thread.h"

/*
 * First of all in each new host thread: GS base, the stack for host signals, the host's ids. From
 * then on the thread can be kicked.
 */
void host_thread_enter(struct thread *thread);

/*
 * Begins start(thread) on the thread's kernel stack in a new host thread: flags are clone(2)'s;
 * without CLONE_VM it has a copy of the caller's address space. Program registers and FPU state are
 * the caller's. 0 or -errno.
 */
long host_thread_start(struct thread *thread, u64 flags, uptr tls,
		       void (*start)(struct thread *thread));

/*
 * All thread blocks that ever were, those of threads that are gone included: the first for NULL,
 * NULL behind the last. Needs no lock.
 */
struct thread *thread_block_next(const struct thread *thread);

/* The layer's own first thread takes shape: domain start. */
void boot_thread_init(struct process *process);

#endif
