/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing other processes' memory, by requests to their threads.
 *
 * A request lies on the stack of who makes it. It is in the list of one thread of the process,
 * until that takes it, or leaves; all under signal_lock of that process. The thread serves it
 * where it parks or on its way out, without locks: what the program may do by itself is only a
 * copy, what a debugger may do more takes mm->lock. A process whose threads all wait for children
 * of vfork has the thread that plays such a child do it, as the child's.
 */
#include "memory/remote.h"

#include <linux/mman.h>

#include "boundary/abi.h"
#include "core/host.h"
#include "core/wait.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"

enum request_state { REQUEST_WAITS, REQUEST_TAKEN, REQUEST_DONE, REQUEST_RETURNED };

struct memory_request {
	struct memory_request *next;	/* thread->requests */
	struct thread *from;
	struct process *asked;		/* whose thread has it; reference held. NULL: none */
	u64 memory;			/* id of its mm */
	uptr address;
	char *buffer;
	size_t size, copied;
	u32 flags;
	u32 state;			/* enum request_state */
};

/* ---- Copying, in the address space itself ---- */

static size_t copy_plain(struct memory_request *request, size_t size)
{
	uptr address = request->address + request->copied;
	char *buffer = request->buffer + request->copied;

	if (request->flags & MEMORY_WRITE)
		return size - copy_to_user_partial(address, buffer, size);
	return size - copy_from_user_partial(buffer, address, size);
}

/* What an area allows a debugger. */
static bool area_allows(const struct area *area, bool write)
{
	if (area->flags & AREA_KEPT)
		return false;
	return !write || !(area->flags & AREA_SHARED) || (area->max_protection & PROT_WRITE);
}

/* The rest of one page, whatever its protection says. */
static size_t copy_forced(struct mm *mm, struct memory_request *request, size_t size)
{
	uptr page = ROUND_DOWN(request->address + request->copied, PAGE_SIZE);
	const bool write = request->flags & MEMORY_WRITE;
	u32 protection = PROT_READ | (write ? PROT_WRITE : 0);
	struct area *area;
	size_t copied = 0;

	lock_acquire(&mm->lock);
	area = mm_find_locked(mm, page);
	if (area && area->start <= page && area_allows(area, write) &&
	    !host_call3(__NR_mprotect, page, PAGE_SIZE, area->protection | protection)) {
		copied = copy_plain(request, size);
		host_call3(__NR_mprotect, page, PAGE_SIZE, area->protection);
	}
	lock_release(&mm->lock);
	return copied;
}

static void request_serve(struct mm *mm, struct memory_request *request)
{
	while (request->copied < request->size) {
		uptr at = request->address + request->copied;
		size_t size = MIN(request->size - request->copied, PAGE_SIZE - at % PAGE_SIZE);
		size_t copied = copy_plain(request, size);

		request->copied += copied;
		if (copied == size)
			continue;
		size -= copied;
		copied = request->flags & MEMORY_FORCED ? copy_forced(mm, request, size) : 0;
		request->copied += copied;
		if (copied != size)
			return;
	}
}

/* ---- The thread that is asked ---- */

static struct memory_request *request_take_locked(struct thread *thread)
{
	struct memory_request *request = thread->requests;

	if (request) {
		thread->requests = request->next;
		request->state = REQUEST_TAKEN;
	} else {
		atomic_and(&thread->work, ~WORK_SERVE);
	}
	return request;
}

static void request_finish_locked(struct memory_request *request, u32 state)
{
	struct thread *from = request->from;

	/* From here on it may be gone. */
	store_release(&request->state, state);
	thread_unpark(from);
}

void thread_serve(void)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct memory_request *request;

	lock_acquire(&process->signal_lock);
	while ((request = request_take_locked(thread))) {
		struct mm *mm = process->mm;

		bool same = mm && mm->id == request->memory;

		lock_release(&process->signal_lock);
		if (same)
			request_serve(mm, request);
		lock_acquire(&process->signal_lock);
		/* It may be another's yet, whose child of vfork this was. */
		request_finish_locked(request, same ? REQUEST_DONE : REQUEST_RETURNED);
	}
	lock_release(&process->signal_lock);
}

void memory_requests_return_locked(struct thread *thread)
{
	struct memory_request *request, *next;

	for (request = thread->requests; request; request = next) {
		next = request->next;
		request_finish_locked(request, REQUEST_RETURNED);
	}
	thread->requests = NULL;
	atomic_and(&thread->work, ~WORK_SERVE);
}

/* ---- Who asks ---- */

/* One that sleeps, where there is a choice: it needs no host signal. */
static struct thread *server_choose_locked(struct process *process)
{
	struct thread *thread, *running = NULL;

	list_for_each(thread, &process->threads, process_node) {
		if (thread->player || (READ_ONCE(thread->work) & WORK_EXIT))
			continue;
		if (READ_ONCE(thread->parked))
			return thread;
		running = thread;
	}
	return running;
}

/* As thread_kick(), but it is nothing that interrupts the thread's call for the program. */
static void server_kick(struct thread *thread)
{
	atomic_or(&thread->work, WORK_SERVE);
	thread_prod(thread);
}

/*
 * Gives it to a thread of process, where there is one and the memory is still the same. signal_lock
 * held.
 */
static bool request_give_locked(struct process *process, struct memory_request *request)
{
	struct thread *server = NULL;

	if (process->mm && process->mm->id == request->memory)
		server = server_choose_locked(process);
	if (!server)
		return false;
	process_get(process);
	request->asked = process;
	request->state = REQUEST_WAITS;
	request->next = server->requests;
	server->requests = request;
	server_kick(server);
	return true;
}

/*
 * The child that is played by a thread of process, with a reference. NULL: none, or the memory is
 * another by now. process_tree_lock and signal_lock held.
 */
static struct process *played_child_get_locked(struct process *process, u64 memory)
{
	struct process *child;
	struct thread *thread;

	list_for_each(thread, &process->threads, process_node) {
		if (!thread->player || !process->mm || process->mm->id != memory)
			continue;
		child = thread->player->process;
		process_get(child);
		return child;
	}
	return NULL;
}

/*
 * False where it has to wait for a thread that is on its way back from a child of vfork. True with
 * asked NULL: there is nobody who could do it.
 */
static bool request_submit(struct process *process, struct memory_request *request)
{
	struct process *child = NULL;

	/* By one look: a thread that plays comes back under both locks. */
	lock_acquire(&process_tree_lock);
	lock_acquire(&process->signal_lock);
	if (!request_give_locked(process, request))
		child = played_child_get_locked(process, request->memory);
	lock_release(&process->signal_lock);
	lock_release(&process_tree_lock);
	if (!child)
		return true;
	lock_acquire(&child->signal_lock);
	request_give_locked(child, request);
	lock_release(&child->signal_lock);
	process_put(child);
	return request->asked;
}

/* Takes a request back that nobody has begun. */
static bool request_withdraw(struct memory_request *request)
{
	struct process *process = request->asked;
	struct memory_request **link;
	struct thread *thread;
	bool found = false;

	lock_acquire(&process->signal_lock);
	list_for_each(thread, &process->threads, process_node) {
		for (link = &thread->requests; *link && *link != request; link = &(*link)->next)
			;
		found = *link;
		if (!found)
			continue;
		*link = request->next;
		break;
	}
	lock_release(&process->signal_lock);
	return found;
}

static bool request_is_over(struct memory_request *request)
{
	return load_acquire(&request->state) >= REQUEST_DONE;
}

/* Only the caller's own end keeps it from waiting. 0, or -EINTR. */
static int request_await(struct memory_request *request)
{
	for (;;) {
		u32 seen = thread_park_begin();

		if (request_is_over(request))
			return 0;
		if (thread_is_ending(request->from) && request_withdraw(request))
			return -EINTR;
		thread_park(seen, FOREVER);
	}
}

/* -EAGAIN: it is to be asked once more, of another thread. */
static int request_make(struct process *process, struct memory_request *request)
{
	int error = 0;

	request->asked = NULL;
	wait_event_uninterruptible(&process->thread_wait, thread_is_ending(request->from) ||
							  request_submit(process, request));
	if (!request->asked)
		return 0;
	error = request_await(request);
	/* The server lets go of it before it gives up the lock. */
	lock_acquire(&request->asked->signal_lock);
	lock_release(&request->asked->signal_lock);
	process_put(request->asked);
	return !error && request->state == REQUEST_RETURNED ? -EAGAIN : error;
}

ssize_t memory_copy(struct process *process, u64 memory, uptr address, void *buffer, size_t size,
		    u32 flags)
{
	struct memory_request request = {
		.from = thread_current(), .memory = memory, .address = address, .buffer = buffer,
		.size = size, .flags = flags,
	};
	struct mm *own = process_current()->mm;
	int error;

	if (own->id == memory) {
		request_serve(own, &request);
		return (ssize_t)request.copied;
	}
	do
		error = request_make(process, &request);
	while (error == -EAGAIN);
	return error ? error : (ssize_t)request.copied;
}
