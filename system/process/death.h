/* SPDX-License-Identifier: MIT */
/*
 * Host threads that end without having said so: killed from outside, or for want of memory. What
 * they held and were changing stays as it was, so the heap can't be trusted any more, and the
 * domain ends with a report.
 *
 * Each host thread has a robust futex list (get_robust_list(2)) in its block: one entry with its
 * id, and as pending operation a word that is always 0. When a thread dies, the host marks the
 * entry and wakes who sleeps on the word, the event thread. A thread that ends in order clears both
 * before: that costs no call.
 */
#ifndef PROCESS_DEATH_H
#define PROCESS_DEATH_H

#include "core/types.h"

struct thread;

/* By each new host thread, once its ids are known. */
void death_watch_begin(struct thread *thread);
/* By a host thread that is about to end, when its bookkeeping is done. */
void death_watch_end(struct thread *thread);
/* Has the host ended it unasked? */
bool death_is_of(struct thread *thread);
/* Ends the domain for it. */
__noreturn void death_report(const struct thread *thread);
/* Looks for who died; called by the event thread when it was woken for that. */
void deaths_look(void);

#endif
