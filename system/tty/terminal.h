/* SPDX-License-Identifier: MIT */
/*
 * The terminal that mezzo was started at, as /dev/console and, for its session, /dev/tty. The outer
 * terminal edits lines and makes signals of keys; here are its session, its foreground group, and
 * what programs see of its modes.
 */
#ifndef TTY_TERMINAL_H
#define TTY_TERMINAL_H

#include "core/types.h"

struct fd_table;
struct walker;

/* Makes /dev/console and /dev/tty known. Called once, before the first program. */
void terminal_register(void);

/* Whether mezzo is at a terminal. */
bool terminal_exists(void);

/*
 * Opens the terminal as those of descriptors 0, 1, 2 that it is outside, after streams_install().
 * The session of the first program, FIRST_PROGRAM_PID, owns it. /dev must be mounted. 0 or -errno.
 */
int terminal_install(struct fd_table *table, const struct walker *walker);

/*
 * A signal came to mezzo. True where it was one that a terminal sends to its foreground group, and
 * there is such a group; false where it is for the first program alone. For the event thread.
 */
bool terminal_signal(int number);

#endif
