/* SPDX-License-Identifier: MIT */
/*
 * Fresh host processes: forked from the layer's first one, with nothing mapped but the layer. What
 * exec of a vfork child goes on in.
 */
#ifndef PROCESS_FRESH_H
#define PROCESS_FRESH_H

#include "core/thread.h"

struct process;

/*
 * A thread for a fresh host process, which may be waiting for it already. NULL: out of memory.
 * fresh_start() or nothing may follow.
 */
struct thread *fresh_thread_create(struct process *process, u32 tid);
/*
 * Runs start(thread) in the fresh host process, on the thread's kernel stack. 0 or -errno; after an
 * error the thread is to be freed.
 */
int fresh_start(struct thread *thread, void (*start)(struct thread *thread));
/* The host ended some thread: another takes the place of the one in reserve, if it was that. */
void fresh_look(void);

#endif
