/* SPDX-License-Identifier: MIT */
/*
 * Fresh host processes are forked by the event thread, since it runs in the layer's first process.
 * One is kept in reserve, parked on a thread block of its own, from the first exec on that wanted
 * one: waking it takes a quarter of the time of a fork, and the next one is forked while the
 * program already runs.
 */
#include "process/fresh.h"

#include <asm/unistd_64.h>
#include <linux/sched.h>

#include "core/event.h"
#include "core/wait.h"
#include "process/death.h"
#include "process/process.h"
#include "process/thread.h"

extern char boot_thread_block[];

/* Parked and waiting; taken by exchange with NULL. */
static struct thread *reserve;

static void reserve_fill(struct work *work);
static struct work fill_work = { .run = reserve_fill };
static bool fill_queued;

/* The first function in a fresh host process. */
static void fresh_main(struct thread *thread)
{
	void (*start)(struct thread *thread);

	host_thread_enter(thread);
	for (;;) {
		u32 seen = thread_park_begin();

		start = load_acquire(&thread->start);
		if (start)
			break;
		thread_park(seen, FOREVER);
	}
	thread->process->host_tgid = thread->host_tgid;
	start(thread);
}

static long fresh_fork(struct thread *thread)
{
	return host_thread_start(thread, CLONE_FILES | SIGCHLD, 0, fresh_main);
}

/* In the event thread. */
static void reserve_fill(struct work *work)
{
	struct thread *thread;

	(void)work;
	store_release(&fill_queued, false);
	if (load_acquire(&reserve))
		return;
	thread = thread_create(init_process, init_process->pid, false);
	if (!thread)
		return;
	thread->in_reserve = true;
	if (fresh_fork(thread))
		thread_free(thread);
	else
		store_release(&reserve, thread);
}

static void reserve_order(void)
{
	if (!atomic_exchange(&fill_queued, true))
		event_work_submit(&fill_work);
}

struct thread *fresh_thread_create(struct process *process, u32 tid)
{
	struct thread *thread = atomic_exchange(&reserve, NULL);

	if (!thread)
		return thread_create(process, tid, false);
	thread->process = process;
	thread->tid = tid;
	return thread;
}

/*
 * It holds nothing and nobody waits for it: another does as well. Its block is left alone, as the
 * host may not have written the last word to it yet.
 */
void fresh_look(void)
{
	struct thread *thread = load_acquire(&reserve);

	if (!thread || !death_is_of(thread) || !atomic_cas(&reserve, thread, (struct thread *)NULL))
		return;
	/* Nothing ran on the block but the wait: another may. */
	death_watch_end(thread);
	thread_free(thread);
	reserve_order();
}

/* ---- Where none was in reserve ---- */

struct start_work {
	struct work work;
	struct thread *thread, *waiter;
	long result;
	u32 done;
};

static void start_work_run(struct work *work)
{
	struct start_work *request = container_of(work, struct start_work, work);
	struct thread *waiter = request->waiter;

	request->result = fresh_fork(request->thread);
	store_release(&request->done, 1u);
	thread_unpark(waiter);
}

static int fork_by_event_thread(struct thread *thread)
{
	struct start_work request = {
		.work = { .run = start_work_run }, .thread = thread, .waiter = thread_current(),
	};

	event_work_submit(&request.work);
	for (;;) {
		u32 seen = thread_park_begin();

		if (load_acquire(&request.done))
			return (int)request.result;
		thread_park(seen, FOREVER);
	}
}

int fresh_start(struct thread *thread, void (*start)(struct thread *thread))
{
	bool reserved = thread->in_reserve;
	int error = 0;

	store_release(&thread->start, start);
	if (reserved) {
		/* It was in no list, where it would have been looked for. */
		if (death_is_of(thread))
			death_report(thread);
		thread_unpark(thread);
	} else if (thread_current() == (struct thread *)boot_thread_block) {
		return (int)fresh_fork(thread);
	} else {
		error = fork_by_event_thread(thread);
	}
	reserve_order();
	return error;
}
