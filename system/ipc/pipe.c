/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing pipes. pipe->lock (a long lock: program memory is touched under it) guards
 * the ring; wake-ups come after it is released, and only where somebody waits. A waiter links
 * itself into its queue before it looks at the counters and a waker changes them before it looks
 * at the queue, so one of them sees the other.
 */
#include "ipc/pipe.h"

#include <asm/ioctls.h>

#include "boundary/layout.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"

u32 pipe_used(const struct pipe *pipe)
{
	return READ_ONCE(pipe->head) - READ_ONCE(pipe->tail);
}

u32 pipe_space(const struct pipe *pipe)
{
	return READ_ONCE(pipe->size) - pipe_used(pipe);
}

static bool pipe_readable(const struct pipe *pipe)
{
	return !READ_ONCE(pipe->claimed) && (pipe_used(pipe) || !READ_ONCE(pipe->writers));
}

static bool pipe_writable(const struct pipe *pipe, u32 needed)
{
	return pipe_space(pipe) >= needed || !READ_ONCE(pipe->readers);
}

static u32 pipe_page_count(const struct pipe *pipe)
{
	return pipe->size / PAGE_SIZE;
}

void pipe_trim_locked(struct pipe *pipe)
{
	for (u32 i = 1; i < pipe_page_count(pipe); i++) {
		if (pipe->pages[i])
			pages_free(pipe->pages[i], 1);
		pipe->pages[i] = NULL;
	}
}

ssize_t pipe_take_locked(struct pipe *pipe, struct iter *to)
{
	ssize_t moved = 0;

	while (to->left && pipe->head != pipe->tail) {
		u32 at = pipe->tail % PAGE_SIZE;
		u32 n = MIN(PAGE_SIZE - at, pipe->head - pipe->tail);
		char *page = pipe->pages[pipe->tail / PAGE_SIZE % pipe_page_count(pipe)];
		size_t copied = iter_copy_to(to, page + at, MIN(n, to->left));

		pipe->tail += copied;
		moved += copied;
		if (copied < n)
			break;
	}
	if (pipe->head == pipe->tail)
		pipe->head = pipe->tail = 0;
	return moved ? moved : -EFAULT;
}

ssize_t pipe_receive(struct pipe *pipe, struct iter *to, bool nonblock)
{
	if (!to->left)
		return 0;
	for (;;) {
		ssize_t result = 0;
		bool ended, claimed;

		lock_acquire(&pipe->lock);
		claimed = pipe->claimed;
		if (pipe->head == pipe->tail)
			pipe_trim_locked(pipe);
		else if (!claimed)
			result = pipe_take_locked(pipe, to);
		ended = !pipe->writers && !claimed;
		lock_release(&pipe->lock);

		if (result) {
			spin_note(&pipe->write_spin);
			if (!wait_queue_idle(&pipe->write_wait) && pipe_space(pipe) >= PIPE_ATOMIC)
				wait_queue_wake(&pipe->write_wait, POLLOUT | POLLWRNORM);
			return result;
		}
		if (ended)
			return 0;
		/* A claim is short, as a lock would be: that does not count as blocking. */
		if (nonblock && !claimed)
			return -EAGAIN;
		if (spin_until(&pipe->read_spin, pipe_readable(pipe)))
			continue;
		result = wait_event(&pipe->read_wait, pipe_readable(pipe), FOREVER);
		if (result)
			return result;
	}
}

static ssize_t pipe_read(struct file *file, struct iter *to, u64 *offset)
{
	(void)offset;
	return pipe_receive(file->private, to, file->flags & O_NONBLOCK);
}

ssize_t pipe_fill_locked(struct pipe *pipe, struct iter *from)
{
	ssize_t moved = 0;

	while (from->left && pipe_space(pipe)) {
		u32 at = pipe->head % PAGE_SIZE;
		u32 n = MIN(MIN(PAGE_SIZE - at, pipe_space(pipe)), from->left);
		char **page = &pipe->pages[pipe->head / PAGE_SIZE % pipe_page_count(pipe)];
		size_t copied;

		if (!*page)
			*page = pages_alloc(1, 1);
		if (!*page)
			return moved ? moved : -ENOMEM;
		copied = iter_copy_from(from, *page + at, n);
		pipe->head += copied;
		moved += copied;
		if (copied < n)
			return moved ? moved : -EFAULT;
	}
	return moved;
}

int pipe_broken(void)
{
	signal_info info = {
		.si_signo = SIGPIPE,
		.si_code = SI_USER,
		.si_pid = process_current()->pid,
		.si_uid = process_current()->credentials->uid,
	};

	signal_send_thread(thread_current(), &info);
	return -EPIPE;
}

ssize_t pipe_send(struct pipe *pipe, struct iter *from, bool nonblock)
{
	ssize_t moved = 0;

	if (!from->left)
		return 0;
	for (;;) {
		/* Up to PIPE_BUF bytes go in whole or not at all. */
		u32 needed = moved ? 1 : MIN(from->left, PIPE_ATOMIC);
		ssize_t result = 0;
		bool broken;

		lock_acquire(&pipe->lock);
		broken = !pipe->readers;
		if (!broken && pipe_space(pipe) >= needed)
			result = pipe_fill_locked(pipe, from);
		lock_release(&pipe->lock);

		if (broken)
			return moved ? moved : -EPIPE;
		if (result > 0) {
			moved += result;
			spin_note(&pipe->read_spin);
			if (!wait_queue_idle(&pipe->read_wait))
				wait_queue_wake(&pipe->read_wait, POLLIN | POLLRDNORM);
		}
		if (result < 0)
			return moved ? moved : result;
		if (!from->left)
			return moved;
		if (nonblock)
			return moved ? moved : -EAGAIN;
		needed = MIN(from->left, PIPE_ATOMIC);
		if (spin_until(&pipe->write_spin, pipe_writable(pipe, needed)))
			continue;
		result = wait_event(&pipe->write_wait, pipe_writable(pipe, needed), FOREVER);
		if (result)
			return moved ? moved : result;
	}
}

static ssize_t pipe_write(struct file *file, struct iter *from, u64 *offset)
{
	ssize_t result = pipe_send(file->private, from, file->flags & O_NONBLOCK);

	(void)offset;
	return result == -EPIPE ? pipe_broken() : result;
}

static u32 pipe_poll(struct file *file, struct poll_request *request)
{
	struct pipe *pipe = file->private;
	u32 state = 0;

	if (FILE_READABLE(file)) {
		poll_wait(request, &pipe->read_wait);
		if (pipe_used(pipe))
			state |= POLLIN | POLLRDNORM;
		/* A FIFO that no writer has opened yet has not been hung up. */
		if (!READ_ONCE(pipe->writers) && READ_ONCE(pipe->writer_opens) != file->position)
			state |= POLLHUP;
	}
	if (FILE_WRITABLE(file)) {
		poll_wait(request, &pipe->write_wait);
		if (pipe_space(pipe) >= PIPE_ATOMIC)
			state |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(pipe->readers))
			state |= POLLERR;
	}
	return state;
}

static long pipe_ioctl(struct file *file, u32 command, uptr argument)
{
	struct pipe *pipe = file->private;
	s32 used = pipe_used(pipe);

	if (command != FIONREAD)
		return -ENOTTY;
	return put_user(used, argument);
}

long pipe_get_size(struct file *file)
{
	struct pipe *pipe = file->private;

	if (file->operations != &pipe_operations)
		return -EBADF;
	return READ_ONCE(pipe->size);
}

/* Moves the bytes to a ring of size bytes, which they fit. */
static int pipe_resize_locked(struct pipe *pipe, u32 size)
{
	u32 used = pipe_used(pipe), to = 0;
	char **pages = heap_alloc_zero(size / PAGE_SIZE * sizeof(*pages));

	if (!pages)
		return -ENOMEM;
	for (u32 i = 0; i < ROUND_UP(used, PAGE_SIZE) / PAGE_SIZE; i++) {
		pages[i] = pages_alloc(1, 1);
		if (pages[i])
			continue;
		while (i--)
			pages_free(pages[i], 1);
		heap_free(pages);
		return -ENOMEM;
	}
	for (u32 from = pipe->tail; to < used;) {
		u32 n = MIN(MIN(PAGE_SIZE - from % PAGE_SIZE, PAGE_SIZE - to % PAGE_SIZE),
			    used - to);

		memcpy(pages[to / PAGE_SIZE] + to % PAGE_SIZE,
		       pipe->pages[from / PAGE_SIZE % pipe_page_count(pipe)] + from % PAGE_SIZE, n);
		from += n;
		to += n;
	}
	pipe_trim_locked(pipe);
	if (pipe->pages[0])
		pages_free(pipe->pages[0], 1);
	heap_free(pipe->pages);
	pipe->pages = pages;
	pipe->size = size;
	pipe->tail = 0;
	pipe->head = used;
	return 0;
}

long pipe_set_size(struct file *file, u64 size)
{
	struct pipe *pipe = file->private;
	u32 rounded = PAGE_SIZE;
	long result = 0;

	if (file->operations != &pipe_operations)
		return -EBADF;
	if (size > 1ul << 31)
		return -EINVAL;
	while (rounded < size)
		rounded *= 2;
	if (rounded > PIPE_SIZE_MAX)
		return -EPERM;
	lock_acquire(&pipe->lock);
	if (pipe_used(pipe) > rounded)
		result = -EBUSY;
	else if (rounded != pipe->size)
		result = pipe_resize_locked(pipe, rounded);
	lock_release(&pipe->lock);
	wait_queue_wake_all(&pipe->write_wait, POLLOUT | POLLWRNORM);
	return result ? result : (long)rounded;
}

int pipe_init(struct pipe *pipe, u32 size)
{
	*pipe = (struct pipe){ .lock = LOCK_INIT(LOCK_PIPE), .size = size };
	wait_queue_init(&pipe->read_wait);
	wait_queue_init(&pipe->write_wait);
	pipe->pages = heap_alloc_zero(size / PAGE_SIZE * sizeof(*pipe->pages));
	return pipe->pages ? 0 : -ENOMEM;
}

void pipe_free_pages(struct pipe *pipe)
{
	if (!pipe->pages)
		return;
	pipe_trim_locked(pipe);
	if (pipe->pages[0])
		pages_free(pipe->pages[0], 1);
	heap_free(pipe->pages);
}

struct pipe *pipe_create(void)
{
	struct pipe *pipe = heap_alloc(sizeof(*pipe));

	if (!pipe)
		return NULL;
	if (pipe_init(pipe, PIPE_SIZE_DEFAULT)) {
		heap_free(pipe);
		return NULL;
	}
	return pipe;
}

void pipe_free(struct pipe *pipe)
{
	pipe_free_pages(pipe);
	heap_free(pipe);
}

const struct file_operations pipe_operations = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
};
