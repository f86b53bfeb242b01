/* SPDX-License-Identifier: MIT */
/*
 * Queues of pending signals. Guarded by the lock of the process that they belong to (LOCK_SIGNAL).
 */
#include "core/heap.h"
#include "core/string.h"
#include "signal/queue.h"

/*
 * Queued in the whole domain; compared with RLIMIT_SIGPENDING, which on Linux counts those of one
 * user.
 */
static u32 queued_count;

static void entry_free(struct queued_signal *entry)
{
	list_remove(&entry->node);
	heap_free(entry);
	atomic_sub(&queued_count, 1);
}

void signal_queue_flush(struct list *queue)
{
	while (!list_empty(queue))
		entry_free(list_first(queue, struct queued_signal, node));
}

bool signal_is_ignored_locked(const struct process *process, int number)
{
	uptr handler = process->actions[number - 1].handler;

	if (handler == (uptr)SIG_IGN)
		return true;
	return handler == (uptr)SIG_DFL && (SIGNALS_IGNORED & SIGNAL_BIT(number));
}

int signal_queue_add_locked(struct list *queue, const signal_info *info, u64 limit)
{
	bool always = info->si_signo < SIGNAL_FIRST_REALTIME && info->si_code >= 0;
	struct queued_signal *entry = NULL;

	if (always || READ_ONCE(queued_count) < limit)
		entry = heap_alloc(sizeof(*entry));
	if (!entry)
		return info->si_signo >= SIGNAL_FIRST_REALTIME && info->si_code != SI_USER ? -EAGAIN
											   : 0;
	entry->info = *info;
	list_add_tail(&entry->node, queue);
	atomic_add(&queued_count, 1);
	return 0;
}

/* SIGKILL, then faults, then the lowest number. */
static int next_number(u64 set)
{
	if (set & SIGNAL_BIT(SIGKILL))
		return SIGKILL;
	if (set & SIGNALS_SYNCHRONOUS)
		set &= SIGNALS_SYNCHRONOUS;
	return __builtin_ctzll(set) + 1;
}

int signal_queue_take_locked(u64 *pending, struct list *queue, u64 set, signal_info *info)
{
	struct queued_signal *entry, *first = NULL;
	bool more = false;
	int number;

	set &= *pending;
	if (!set)
		return 0;
	number = next_number(set);
	list_for_each(entry, queue, node) {
		if (entry->info.si_signo != number)
			continue;
		more = first != NULL;
		if (more)
			break;
		first = entry;
	}
	if (!more)
		*pending &= ~SIGNAL_BIT(number);
	if (!first) {
		memset(info, 0, sizeof(*info));
		info->si_signo = number;
		return number;
	}
	*info = first->info;
	entry_free(first);
	return number;
}

static void queue_drop(u64 *pending, struct list *queue, u64 set)
{
	struct queued_signal *entry, *next;

	if (!(*pending & set))
		return;
	*pending &= ~set;
	list_for_each_safe(entry, next, queue, node)
		if (SIGNAL_BIT(entry->info.si_signo) & set)
			entry_free(entry);
}

void signal_drop_locked(struct process *process, u64 set)
{
	struct thread *thread;

	queue_drop(&process->pending, &process->pending_queue, set);
	list_for_each(thread, &process->threads, process_node)
		queue_drop(&thread->pending, &thread->pending_queue, set);
}

void signal_drop_ignored(struct process *process, int number)
{
	lock_acquire(&process->signal_lock);
	if (signal_is_ignored_locked(process, number))
		signal_drop_locked(process, SIGNAL_BIT(number));
	lock_release(&process->signal_lock);
}
