/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of bytes in the heap between the files that write to it and those that read from
 * it. pipe(2)'s two files and all openings of one FIFO are ends of one struct pipe, kept in
 * inode->private.
 */
#ifndef IPC_PIPE_H
#define IPC_PIPE_H

#include "core/lock.h"
#include "core/wait.h"
#include "ipc/spin.h"
#include "vfs/file.h"

#define PIPE_SIZE_DEFAULT	(64u << 10)
#define PIPE_SIZE_MAX		(1u << 20)	/* /proc/sys/fs/pipe-max-size */
#define PIPE_ATOMIC		4096u		/* PIPE_BUF */

struct pipe {
	struct lock lock;		/* LOCK_PIPE; guards all but the wait queues */
	/*
	 * Counters of bytes written and read; both go back to 0 when the pipe is empty, so that a
	 * pipe of small messages keeps to its first page.
	 */
	u32 head, tail;
	u32 size;			/* capacity: a power of two, at least a page */
	char **pages;			/* size / PAGE_SIZE of them, NULL until bytes come there */
	u32 readers, writers;		/* files open for reading, for writing */
	u32 users; /* files and openers; under inode->lock. The pipe goes with the last */
	u32 reader_opens, writer_opens;	/* ever: a FIFO's opener waits until the other one moves */
	/* made by pipe(2): opening it again waits for nobody; constant */
	bool nameless;
	bool claimed;			/* somebody moves bytes out: ipc/pipe_splice.c */
	struct wait_queue read_wait;	/* readers; openers that wait for a writer */
	struct wait_queue write_wait;	/* writers; openers that wait for a reader */
	struct spin read_spin, write_spin;	/* of readers for writers, of writers for readers */
};

extern const struct file_operations pipe_operations;

/* A pipe without ends or users. NULL: out of memory. */
struct pipe *pipe_create(void) __must_check;
/* Nobody may use it any more. */
void pipe_free(struct pipe *pipe);
/* Bytes in the ring, and room in it; a moment's truth. */
u32 pipe_used(const struct pipe *pipe);
u32 pipe_space(const struct pipe *pipe);

/*
 * read(2) and write(2) on the ring. Without a writer the end (0); without a reader -EPIPE, and no
 * signal.
 */
ssize_t pipe_receive(struct pipe *pipe, struct iter *to, bool nonblock);
ssize_t pipe_send(struct pipe *pipe, struct iter *from, bool nonblock);

/* ---- The ring alone, for what else is a stream of bytes (local sockets) ---- */

/* An empty ring of that size, a power of two. 0 or -ENOMEM. */
int pipe_init(struct pipe *pipe, u32 size) __must_check;
/* Gives back what pipe_init() and use allocated. */
void pipe_free_pages(struct pipe *pipe);
/* Moves what there is, or fits; nobody is woken. Bytes moved; -EFAULT, -ENOMEM where none were. */
ssize_t pipe_take_locked(struct pipe *pipe, struct iter *to);
ssize_t pipe_fill_locked(struct pipe *pipe, struct iter *from);
/* Gives back the pages of an empty pipe, but for the first, which the next message will want. */
void pipe_trim_locked(struct pipe *pipe);

/* The pipe that this file is an end of; NULL: it is none. */
static inline struct pipe *pipe_of(const struct file *file)
{
	return file->operations == &pipe_operations ? file->private : NULL;
}

/* ---- ipc/pipe_splice.c ---- */

/*
 * Waits until there are bytes (1) or no writers (0). -EAGAIN, -ERESTARTSYS. Both are a moment's
 * truth.
 */
int pipe_await_bytes(struct pipe *pipe, bool nonblock);
/* Waits until there is room. 0, -EPIPE (and no signal), -EAGAIN, -ERESTARTSYS. */
int pipe_await_space(struct pipe *pipe, bool nonblock);
/*
 * Nobody else takes bytes until pipe_unclaim(); pipe_peek() copies the first, pipe_consume()
 * removes them. False: there are none now, or somebody else has the claim.
 */
bool pipe_claim(struct pipe *pipe) __must_check;
ssize_t pipe_peek(struct pipe *pipe, struct iter *to);
void pipe_consume(struct pipe *pipe, u32 size);
void pipe_unclaim(struct pipe *pipe);

/* The release operation: takes away the end that file was (ipc/fifo.c). */
void pipe_release(struct file *file);

/*
 * The two files of pipe(2), O_RDONLY and O_WRONLY with the extra flags (O_NONBLOCK). 0 or -errno.
 */
int pipe_create_files(u32 flags, struct file *ends[2]) __must_check;

/*
 * F_GETPIPE_SZ and F_SETPIPE_SZ: bytes, -EBADF where the file is no pipe, -EBUSY, -EPERM,
 * -ENOMEM.
 */
long pipe_get_size(struct file *file);
long pipe_set_size(struct file *file, u64 size);

/* Tells the file tree how FIFOs are opened. Once, at start. */
void fifo_register(void);

/* The caller wrote where nobody reads: SIGPIPE for it. Returns -EPIPE. */
int pipe_broken(void);

#endif
