/* SPDX-License-Identifier: MIT */
/*
 * The terminals that programs were started at, as /dev/console and /dev/tty of their sessions.
 * Their line discipline is the host kernel's: the outer terminal edits lines and makes signals of
 * keys. Here is what is left: their session, and what programs see and set of their modes.
 */
#ifndef TTY_TERMINAL_H
#define TTY_TERMINAL_H

#include "ipc/console.h"

struct fd_table;
struct walker;

/* The terminal that the first program was started at, with a reference; NULL: at none. */
struct tty *terminal_first(void);

/*
 * Opens the console's terminal as those of descriptors 0, 1, 2 that it is outside, after
 * streams_install(). The calling process leads the session that owns it from then on. /dev must be
 * mounted. 0 or -errno.
 */
int terminal_install(struct console_state *console, struct fd_table *table,
		     const struct walker *walker);

/*
 * A signal came for the console's program. True where it was one that a terminal sends to its
 * foreground group, and there is such a group; false where it is for the program alone. For the
 * event thread, between console_enter() and console_leave().
 */
bool terminal_signal(struct console_state *console, int number);

/*
 * The calling process, whose console it is, ends: its foreground group gets SIGHUP and SIGCONT, and
 * the terminal has no session any more.
 */
void terminal_hang_up(struct console_state *console);

#endif
