/* SPDX-License-Identifier: MIT */
/*
 * The monitor runs where its domain asks from. Who sends a request sleeps until the reply, so that its
 * processor is free for the monitor; waking another, idle processor takes several times as long as the
 * request itself (5 to 10 us against 20 to 70 in a virtual machine).
 */
#ifndef HOST_MONITOR_FOLLOW_H
#define HOST_MONITOR_FOLLOW_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

struct follower {
	cpu_set_t allowed;		/* where the caller may run, as it was at first */
	uint32_t cpu;			/* 1 + where it is bound to now; 0: it is not */
	bool off;
};

/* For the calling thread, which all other calls are for too. */
void follower_init(struct follower *follower);

/* A request came from a processor (1 + its number, from the domain: checked here). Go there. */
void follower_follow(struct follower *follower, uint32_t cpu);

/* No request came for a while: the scheduler may choose again. */
void follower_release(struct follower *follower);

#endif
