/* SPDX-License-Identifier: MIT */
/* See death.h. No locks. */
#include "process/death.h"

#include <asm/unistd_64.h>
#include <linux/futex.h>

#include "arch/x86_64/arch.h"
#include "core/event.h"
#include "core/host.h"
#include "core/report.h"
#include "process/fresh.h"
#include "process/process.h"
#include "process/thread.h"

_Static_assert(sizeof(struct robust_list_head) == 24, "the host checks the size");

void death_watch_begin(struct thread *thread)
{
	struct death_watch *watch = thread_death_watch(thread);

	watch->head.list.next = &watch->owner.entry;
	watch->head.futex_offset = offsetof(struct robust_word, word);
	watch->head.list_op_pending = &death_word->entry;
	watch->owner.entry.next = &watch->head.list;
	watch->owner.word = thread->host_own_tid;
	if (host_call2(__NR_set_robust_list, &watch->head, sizeof(watch->head)))
		panic("the host takes no robust list");
}

void death_watch_end(struct thread *thread)
{
	struct death_watch *watch = thread_death_watch(thread);

	watch->owner.word = 0;
	watch->head.list_op_pending = NULL;
}

bool death_is_of(struct thread *thread)
{
	return READ_ONCE(thread_death_watch(thread)->owner.word) & FUTEX_OWNER_DIED;
}

void death_report(const struct thread *thread)
{
	layer_bereaved("the host ended thread %u of process %u (%s): killed from outside, or "
		       "out of memory",
		       thread->tid, thread->process->pid, thread->name);
}

/*
 * No locks: the dead may hold any. A block that is made or freed meanwhile has no dead owner; that
 * of the dead stays as it is.
 */
void deaths_look(void)
{
	struct thread *thread = NULL;

	fresh_look();
	while ((thread = thread_block_next(thread)))
		if (death_is_of(thread))
			death_report(thread);
}
