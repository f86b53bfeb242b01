/* SPDX-License-Identifier: MIT */
/*
 * The terminal that a program was started at. It stays what it is: it edits lines, echoes, and
 * makes signals of keys. The domain's programs set its modes through the monitor, which puts them
 * back at the end.
 */
#ifndef HOST_MONITOR_TERMINAL_H
#define HOST_MONITOR_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "boundary/abi.h"

struct terminal_keeper {
	int fd;				/* -1: there is none */
	struct terminal *shared;	/* its console's, in the channel */
	struct terminal_modes first;	/* as they were before the program */
	bool changed;
};

/* Find the terminal among the standard streams and tell the channel of it. */
void terminal_init(struct terminal_keeper *keeper, const int fds[STREAM_COUNT],
		   const uint32_t stream_flags[STREAM_COUNT], struct terminal *shared);

/* Set modes. Returns 0 or -errno: -ENOTTY where there is no terminal. */
int terminal_set(struct terminal_keeper *keeper, const struct terminal_modes *modes,
		 bool flush_input);

/* The window has changed: tell the channel its size. */
void terminal_resize(const struct terminal_keeper *keeper);

/* Output that was held at the terminal (Ctrl-S) goes on, and can't be held any more. */
void terminal_let_go_on(struct terminal_keeper *keeper);

/* Put the first modes back where the domain has set others. */
void terminal_restore(struct terminal_keeper *keeper);

#endif
