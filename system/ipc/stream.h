/* SPDX-License-Identifier: MIT */
/*
 * The standard streams that a program was started with, as files over the rings of its console
 * (boundary/ring.h). To a program each looks like one end of a pipe, but for standard input that is
 * a regular file outside, which is one inside too (input_file.h).
 */
#ifndef IPC_STREAM_H
#define IPC_STREAM_H

#include "ipc/console.h"

struct fd_table;
struct file;
struct inode;
struct iter;
struct poll_request;

/*
 * Opens those that have a ring as descriptors 0, 1, 2; what is at the terminal terminal_install()
 * does next. 0 or -ENOMEM.
 */
int streams_install(struct console_state *console, struct fd_table *table);

/*
 * For opening a FIFO: true where the inode is a stream's, by /proc/PID/fd; then file, which is
 * complete but for that, is another of it.
 */
bool stream_open_again(struct inode *inode, struct file *file);

/*
 * Where the first program's standard input is, if that is a file outside; for REQ_EXIT and
 * REQ_STOPPED.
 */
u64 stream_input_position(void);

/*
 * A ring moved or was closed outside (EVENT_STREAMS): wakes those that wait. For the event
 * thread.
 */
void streams_poll(void);

/*
 * ---- For the terminal, which is behind the streams that are one (tty/terminal.c) ----
 * Of a console that is hung up: end of file, EPIPE, nothing that waits.
 */

/* As read(2) and write(2) on the stream; file tells whether to block. */
ssize_t stream_take(struct stream_end *stream, const struct file *file, struct iter *to);
ssize_t stream_give(struct stream_end *stream, const struct file *file, struct iter *from);
/* POLL* bits, after registering waiters. */
u32 stream_state(struct stream_end *stream, struct poll_request *request);
/* Bytes that wait in the ring. */
u32 stream_waiting(const struct stream_end *stream);
/* Sleeps until all output is outside: 0 or -ERESTARTSYS. */
int stream_drain(struct stream_end *stream);
/* Forgets the input that waits. */
void stream_drop_input(struct stream_end *stream);

#endif
