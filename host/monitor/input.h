/* SPDX-License-Identifier: MIT */
/*
 * The outer standard input, where it is a regular file. The domain reads it by a handle of its own,
 * at offsets of its own; whoever shares the outer one (the shell of `(mezzo do -- head -1; cat) <
 * file`) finds it where the domain's programs left it.
 */
#ifndef HOST_MONITOR_INPUT_H
#define HOST_MONITOR_INPUT_H

#include <stdint.h>

#include "host/monitor/lower.h"

struct input_keeper {
	int fd;			/* read-only, to be granted; -1: none, as where it is no file */
	int64_t offset;		/* of the outer stdin, as far as we know; -1: nothing was granted */
};

/* Look at stdin. flags are the plan's for it. input_release() is due. */
void input_init(struct input_keeper *keeper, uint32_t flags);
void input_release(struct input_keeper *keeper);

/*
 * REQ_INPUT: fill the answer with the file's node, a handle and the offset to begin at. Returns 0
 * or the
 * -errno that becomes reply.error; the handle is the caller's to close.
 */
int input_grant(struct input_keeper *keeper, const struct lower *lower, struct answer *answer);

/* The domain's programs are at offset, which nobody has checked: put the outer stdin there. */
void input_settle(struct input_keeper *keeper, uint64_t offset);

#endif
