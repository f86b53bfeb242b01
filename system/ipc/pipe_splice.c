/* SPDX-License-Identifier: MIT */
/*
 * Pipes for splice(2) and its kin. pipe->claimed is under pipe->lock. The lock can't be held while
 * another file is written, so who moves bytes out claims the pipe for that time: other readers
 * wait, and bytes that found no place stay where they were.
 */
#include "ipc/pipe.h"

static bool bytes_settled(const struct pipe *pipe)
{
	return !READ_ONCE(pipe->claimed) && (pipe_used(pipe) || !READ_ONCE(pipe->writers));
}

int pipe_await_bytes(struct pipe *pipe, bool nonblock)
{
	int error;

	/* A claim is short, as a lock would be: that does not count as blocking. */
	if (nonblock && !READ_ONCE(pipe->claimed) && !bytes_settled(pipe))
		return -EAGAIN;
	error = wait_event(&pipe->read_wait, bytes_settled(pipe), FOREVER);
	return error ? error : pipe_used(pipe) != 0;
}

int pipe_await_space(struct pipe *pipe, bool nonblock)
{
	int error;

	if (!READ_ONCE(pipe->readers))
		return -EPIPE;
	if (nonblock && !pipe_space(pipe))
		return -EAGAIN;
	error = wait_event(&pipe->write_wait, pipe_space(pipe) || !READ_ONCE(pipe->readers),
			   FOREVER);
	return error ? error : READ_ONCE(pipe->readers) ? 0 : -EPIPE;
}

bool pipe_claim(struct pipe *pipe)
{
	bool claimed;

	lock_acquire(&pipe->lock);
	claimed = !pipe->claimed && pipe->head != pipe->tail;
	if (claimed)
		pipe->claimed = true;
	lock_release(&pipe->lock);
	return claimed;
}

ssize_t pipe_peek(struct pipe *pipe, struct iter *to)
{
	ssize_t moved;
	u32 head, tail;

	lock_acquire(&pipe->lock);
	head = pipe->head;
	tail = pipe->tail;
	moved = head != tail && to->left ? pipe_take_locked(pipe, to) : 0;
	pipe->head = head;
	pipe->tail = tail;
	lock_release(&pipe->lock);
	return moved;
}

void pipe_consume(struct pipe *pipe, u32 size)
{
	lock_acquire(&pipe->lock);
	pipe->tail += size;
	if (pipe->head == pipe->tail)
		pipe->head = pipe->tail = 0;
	lock_release(&pipe->lock);
	if (!wait_queue_idle(&pipe->write_wait) && pipe_space(pipe) >= PIPE_ATOMIC)
		wait_queue_wake(&pipe->write_wait, POLLOUT | POLLWRNORM);
}

void pipe_unclaim(struct pipe *pipe)
{
	lock_acquire(&pipe->lock);
	pipe->claimed = false;
	lock_release(&pipe->lock);
	wait_queue_wake_all(&pipe->read_wait, POLLIN | POLLRDNORM);
}
