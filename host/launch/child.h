/* SPDX-License-Identifier: MIT */
/* What the domain's first process does between its birth and the system layer. */
#ifndef HOST_LAUNCH_CHILD_H
#define HOST_LAUNCH_CHILD_H

#include <stdbool.h>

#include "host/launch/filter.h"
#include "host/launch/layer.h"
#include "host/launch/start.h"

/* All that the first process needs; it lives in memory copied by the fork. */
struct child {
	const struct layer *layer;
	const struct filter *filter;
	struct start_report *report;
	int socket, heap, channel;	/* become HANDLE_* */
	struct start_objects objects;
	bool privileged;		/* the launcher is root: leave its uid first */
};

/*
 * Runs in the fresh process; never returns. The launcher sends one byte when the channel is ready.
 */
void child_run(const struct child *child) __attribute__((noreturn));

#endif
