/* SPDX-License-Identifier: MIT */
/*
 * The ends of pipes: pipe(2), opening a FIFO (or a pipe again, by /proc/self/fd), closing.
 *
 * inode->private is the pipe while it has users; both are under inode->lock. The counts of ends
 * are under pipe->lock. Openers wait in the queues of the pipe for the number of openings of the
 * other side to move.
 */
#include "core/heap.h"
#include "ipc/pipe.h"
#include "ipc/stream.h"
#include "process/process.h"
#include "vfs/inode.h"
#include "vfs/special.h"

#define NEVER_OPENED (~0ull)	/* file->position: hung up as soon as there is no writer */

static struct pipe *fifo_attach(struct inode *inode)
{
	struct pipe *pipe;

	lock_acquire(&inode->lock);
	pipe = inode->private;
	if (!pipe)
		pipe = inode->private = pipe_create();
	if (pipe)
		pipe->users++;
	lock_release(&inode->lock);
	return pipe;
}

static void fifo_detach(struct inode *inode, struct pipe *pipe)
{
	bool last;

	lock_acquire(&inode->lock);
	last = --pipe->users == 0;
	if (last)
		inode->private = NULL;
	lock_release(&inode->lock);
	if (last)
		pipe_free(pipe);
}

/*
 * What the other side was when an end was put in place. Taken in the same moment: a peer may come,
 * work and go before the opener looks again.
 */
struct peer {
	u32 opens;
	bool present;
};

static struct peer pipe_add_end(struct pipe *pipe, const struct file *file)
{
	struct peer peer;

	lock_acquire(&pipe->lock);
	peer.opens = FILE_WRITABLE(file) ? pipe->reader_opens : pipe->writer_opens;
	peer.present = FILE_WRITABLE(file) ? pipe->readers : pipe->writers;
	if (FILE_READABLE(file)) {
		pipe->readers++;
		pipe->reader_opens++;
	}
	if (FILE_WRITABLE(file)) {
		pipe->writers++;
		pipe->writer_opens++;
	}
	lock_release(&pipe->lock);
	return peer;
}

static void pipe_remove_end(struct pipe *pipe, const struct file *file)
{
	bool last_reader = false, last_writer = false;

	lock_acquire(&pipe->lock);
	if (FILE_READABLE(file))
		last_reader = --pipe->readers == 0;
	if (FILE_WRITABLE(file))
		last_writer = --pipe->writers == 0;
	lock_release(&pipe->lock);
	if (last_reader)
		wait_queue_wake_all(&pipe->write_wait, 0);
	if (last_writer)
		wait_queue_wake_all(&pipe->read_wait, 0);
}

void pipe_release(struct file *file)
{
	struct pipe *pipe = file->private;

	pipe_remove_end(pipe, file);
	fifo_detach(file->inode, pipe);
}

/* The end is in place: sleeps until the other side is there too, where Linux does. */
static int fifo_wait_peer(struct pipe *pipe, struct file *file, const struct peer *peer)
{
	if (pipe->nameless || peer->present)
		return 0;
	if (!FILE_WRITABLE(file)) {
		if (file->flags & O_NONBLOCK) {
			file->position = peer->opens;
			return 0;
		}
		return wait_event(&pipe->read_wait, READ_ONCE(pipe->writer_opens) != peer->opens,
				  FOREVER);
	}
	if (FILE_READABLE(file))
		return 0;
	return wait_event(&pipe->write_wait, READ_ONCE(pipe->reader_opens) != peer->opens, FOREVER);
}

static int fifo_open(struct inode *inode, struct file *file)
{
	struct pipe *pipe;
	struct peer peer;
	int error;

	if (stream_open_again(inode, file))
		return 0;
	pipe = fifo_attach(inode);
	if (!pipe)
		return -ENOMEM;
	if ((file->flags & (O_ACCMODE | O_NONBLOCK)) == (O_WRONLY | O_NONBLOCK) &&
	    !pipe->nameless && !READ_ONCE(pipe->readers)) {
		fifo_detach(inode, pipe);
		return -ENXIO;
	}
	file->operations = &pipe_operations;
	file->private = pipe;
	file->position = NEVER_OPENED;
	peer = pipe_add_end(pipe, file);
	wait_queue_wake_all(&pipe->read_wait, 0);
	wait_queue_wake_all(&pipe->write_wait, 0);
	error = fifo_wait_peer(pipe, file, &peer);
	if (error) {
		pipe_remove_end(pipe, file);
		fifo_detach(inode, pipe);
	}
	return error;
}

static void fifo_release_inode(struct inode *inode)
{
	(void)inode;	/* each file holds the inode: the pipe went with the last file */
}

static const struct special_operations fifo_special = {
	.open = fifo_open,
	.release_inode = fifo_release_inode,
};

void fifo_register(void)
{
	special_register_fifo(&fifo_special);
}

int pipe_create_files(u32 flags, struct file *ends[2])
{
	struct pipe *pipe = pipe_create();
	struct inode *inode;

	if (!pipe)
		return -ENOMEM;
	ends[0] = file_create_anonymous(&pipe_operations, "pipe", S_IFIFO | 0600, O_RDONLY | flags,
					pipe);
	if (!ends[0]) {
		pipe_free(pipe);
		return -ENOMEM;
	}
	inode = ends[0]->inode;
	inode->uid = process_current()->credentials->fsuid;
	inode->gid = process_current()->credentials->fsgid;
	inode->private = pipe;
	pipe->nameless = true;
	pipe->users = 1;
	pipe_add_end(pipe, ends[0]);
	inode_get(inode);
	ends[1] = file_create(&pipe_operations, inode, NULL, NULL, O_WRONLY | flags, pipe);
	if (!ends[1]) {
		inode_put(inode);
		file_put(ends[0]);
		return -ENOMEM;
	}
	pipe->users++;
	pipe_add_end(pipe, ends[1]);
	return 0;
}
