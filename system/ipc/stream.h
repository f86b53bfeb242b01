/* SPDX-License-Identifier: MIT */
/*
 * The standard streams that the domain was started with, as files over the channel's rings
 * (boundary/ring.h). To a program each looks like one end of a pipe.
 */
#ifndef IPC_STREAM_H
#define IPC_STREAM_H

struct fd_table;

/*
 * Opens those that are not absent as descriptors 0, 1, 2 of the first program's table. 0 or
 * -ENOMEM.
 */
int streams_install(struct fd_table *table);

/*
 * A ring moved or was closed outside (EVENT_STREAMS): wakes those that wait. For the event
 * thread.
 */
void streams_poll(void);

#endif
