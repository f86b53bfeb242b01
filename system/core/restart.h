/* SPDX-License-Identifier: MIT */
/*
 * Calls with a relative timeout that a signal interrupts: without a handler the call is made again
 * and goes on with the deadline it had. The deadline is kept in the thread, and dropped when a
 * handler runs (arch/x86_64/frame.c), as the call then ends with EINTR.
 */
#ifndef CORE_RESTART_H
#define CORE_RESTART_H

#include "core/thread.h"

enum restart_kind { RESTART_NONE, RESTART_SLEEP, RESTART_FUTEX, RESTART_POLL };

/*
 * Is the call in progress the restart of one of that kind? Then its deadline, and nothing is kept
 * any more.
 */
static inline bool restart_take(enum restart_kind kind, u64 *deadline_ns)
{
	struct thread *self = thread_current();
	bool found = self->restart_kind == kind;

	self->restart_kind = RESTART_NONE;
	if (found)
		*deadline_ns = self->restart_deadline_ns;
	return found;
}

/* What the interrupted call returns. */
static inline long restart_later(enum restart_kind kind, u64 deadline_ns)
{
	struct thread *self = thread_current();

	self->restart_kind = kind;
	self->restart_deadline_ns = deadline_ns;
	return -ERESTARTNOHAND;
}

#endif
