/* SPDX-License-Identifier: MIT */
/*
 * Thread blocks, and the host threads that run on them.
 *
 * All host processes are children of the layer's first one, whose SIGCHLD the host is told to
 * ignore: no zombies, nothing to reap. A thread gives its block back itself, as the last thing
 * before the host call that ends it; from there on it uses no stack and takes no signals.
 *
 * Free blocks form lists, one of the domain and with a protection key one of each address space
 * (arch/x86_64/key.h): pushed by anyone without a lock, popped under free_lock (LOCK_EVENT), so
 * that no block can come back between a popper's look and its exchange.
 */
#include "process/thread.h"

#include <asm/unistd_64.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "arch/x86_64/arch.h"
#include "boundary/layout.h"
#include "core/event.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "process/death.h"
#include "process/fork.h"
#include "process/process.h"

#define BLOCK_PAGES (THREAD_BLOCK_SIZE / PAGE_SIZE)

/* The block of the first thread; entry.S finds it by name. */
char boot_thread_block[THREAD_BLOCK_SIZE]
	__attribute__((aligned(THREAD_BLOCK_SIZE), section(".bss.aligned")));

/* The domain's; see trap.h. Linked by the first word of each block. */
struct thread *free_threads;
static struct lock free_lock = LOCK_INIT(LOCK_EVENT);

/* ---- Blocks ---- */

static struct thread *block_pop(struct thread **list)
{
	struct thread *thread;

	if (!load_acquire(list))
		return NULL;
	lock_acquire(&free_lock);
	do {
		thread = load_acquire(list);
	} while (thread && !atomic_cas(list, thread, thread->self));
	lock_release(&free_lock);
	return thread;
}

static void block_push(struct thread **list, struct thread *thread)
{
	struct thread *head;

	do {
		head = load_acquire(list);
		thread->self = head;
	} while (!atomic_cas(list, head, thread));
}

/* All blocks of the domain but the first thread's; only grows. */
static struct thread *all_blocks;

static struct thread *block_make(void *memory)
{
	struct thread *thread = memory;

	if (!thread)
		return NULL;
	memset(thread, 0, sizeof(*thread));
	do {
		thread->next_block = load_acquire(&all_blocks);
	} while (!atomic_cas(&all_blocks, thread->next_block, thread));
	return thread;
}

struct thread *thread_block_next(const struct thread *thread)
{
	return thread ? thread->next_block : load_acquire(&all_blocks);
}

/*
 * Blocks that have mappings of their own in the host come from groups with a huge page's range for
 * themselves, so that the rest of the heap can be mapped by huge pages. Memory that is not used yet
 * costs nothing.
 */
static struct thread *group_take(void)
{
	static char *next, *end;
	const size_t pages = HUGE_PAGE_SIZE / PAGE_SIZE;
	struct thread *thread = NULL;

	lock_acquire(&free_lock);
	if (next == end) {
		next = pages_alloc(pages, pages);
		end = next ? next + HUGE_PAGE_SIZE : NULL;
	}
	if (next != end) {
		thread = block_make(next);
		next += THREAD_BLOCK_SIZE;
	}
	lock_release(&free_lock);
	return thread;
}

/*
 * A block that no thread has: of this address space where the thread is to run here, else of the
 * domain.
 */
static struct thread *block_alloc(bool here)
{
	struct thread *thread = here ? block_pop(thread_arch_free_blocks()) : NULL;

	if (!thread)
		thread = block_pop(&free_threads);
	if (thread)
		return thread;
	if (thread_arch_splits_mappings())
		return group_take();
	return block_make(pages_alloc(BLOCK_PAGES, BLOCK_PAGES));
}

static void thread_init(struct thread *thread, struct process *process, u32 tid)
{
	struct thread *next_block = thread->next_block;
	u64 open_space = thread->open_space;

	memset(thread, 0, sizeof(*thread));
	thread->next_block = next_block;
	thread->open_space = open_space;
	thread->self = thread;
	/* With the registers below it the stack is aligned as C wants it. */
	thread->kernel_stack_top = (u64)thread + thread_kernel_stack_end() - 8;
	thread->regs = (struct regs *)(thread->kernel_stack_top - sizeof(struct regs));
	thread->process = process;
	thread->tid = tid;
	list_init(&thread->process_node);
	list_init(&thread->pending_queue);
	if (log_is_tracing())
		thread->work = WORK_TRACE;
}

struct thread *thread_create(struct process *process, u32 tid, bool here)
{
	u32 id = tid ? tid : id_alloc();
	struct thread *thread;

	if (!id)
		return NULL;
	thread = block_alloc(here);
	if (thread)
		thread_init(thread, process, id);
	else if (!tid)
		id_free(id);
	return thread;
}

void thread_free(struct thread *thread)
{
	block_push(thread_arch_is_open(thread) ? thread_arch_free_blocks() : &free_threads, thread);
}

void boot_thread_init(struct process *process)
{
	struct thread *thread = (struct thread *)boot_thread_block;

	thread_init(thread, process, 1);
	thread->host_own_tid = (u32)host_call0(__NR_gettid);
	thread->work = 0;
	strlcpy(thread->name, "layer", sizeof(thread->name));
}

/* ---- Host threads ---- */

void host_thread_enter(struct thread *thread)
{
	thread_arch_start(thread);
	if (!thread->host_tgid)
		thread->host_tgid = thread->host_own_tid;
	death_watch_begin(thread);
	/* Known to others from here on. */
	__atomic_store_n(&thread->host_tid, thread->host_own_tid, __ATOMIC_SEQ_CST);
}

/*
 * Each new process learns the pages of the heap that it uses by faults, four to seven at the heap's
 * front. Once a domain has made this many, one huge page there, and one fault, is worth its 2 MiB
 * of memory.
 */
#define PROCESSES_BEFORE_HUGE_PAGE 64

static void heap_front_collapse(struct work *work)
{
	long error = host_call3(__NR_madvise, HEAP_BASE, HUGE_PAGE_SIZE, MADV_COLLAPSE);

	(void)work;
	if (error)
		log_verbose("no huge page for the heap: error %ld", error);
}

static void host_process_count(void)
{
	static struct work collapse = { .run = heap_front_collapse };
	static u32 processes;

	if (READ_ONCE(processes) < PROCESSES_BEFORE_HUGE_PAGE &&
	    atomic_add(&processes, 1u) == PROCESSES_BEFORE_HUGE_PAGE)
		event_work_submit(&collapse);
}

long host_thread_start(struct thread *thread, u64 flags, uptr tls,
		       void (*start)(struct thread *thread))
{
	long result;

	if (flags & CLONE_VM)
		thread_arch_join(thread);
	if (flags & CLONE_THREAD)
		thread->host_tgid = thread_current()->host_tgid;
	result = host_clone(flags | CLONE_CHILD_SETTID, (char *)thread->regs - 64, NULL,
			    &thread->host_own_tid, tls, start, thread);
	if (result < 0 && (flags & CLONE_VM))
		thread_arch_unjoin(thread);
	if (result >= 0 && !(flags & CLONE_VM))
		host_process_count();
	return result < 0 ? result : 0;
}

void thread_host_exit(struct thread *thread)
{
	u64 all = ~0ull;

	/* The last thread of a host process ends that too. */
	host_call4(__NR_rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof(all));
	death_watch_end(thread);
	thread_arch_exit(thread);
}
