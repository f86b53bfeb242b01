/* SPDX-License-Identifier: MIT */
/*
 * The standard streams that the domain was started with, as files over the channel's rings
 * (boundary/ring.h). To a program each looks like one end of a pipe, but for standard input that is
 * a regular file outside, which is one inside too (input_file.h).
 */
#ifndef IPC_STREAM_H
#define IPC_STREAM_H

#include "core/types.h"

struct fd_table;
struct file;
struct iter;
struct poll_request;

/*
 * Opens those that are not absent as descriptors 0, 1, 2 of the first program's table, but for
 * those at the terminal, which terminal_install() does next. 0 or -ENOMEM.
 */
int streams_install(struct fd_table *table);

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

/* ---- For the terminal, which is behind the streams that are one (tty/terminal.c) ---- */

/* As read(2) and write(2) on the stream; file tells whether to block. */
ssize_t stream_take(u32 index, const struct file *file, struct iter *to);
ssize_t stream_give(u32 index, const struct file *file, struct iter *from);
/* POLL* bits, after registering waiters. */
u32 stream_state(u32 index, struct poll_request *request);
/* Bytes that wait in the ring. */
u32 stream_waiting(u32 index);
/* Sleeps until all output is outside: 0 or -ERESTARTSYS. */
int stream_drain(u32 index);
/* Forgets the input that waits. */
void stream_drop_input(void);

#endif
