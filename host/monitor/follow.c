/* SPDX-License-Identifier: MIT */
/* The monitor runs where its domain asks from; see follow.h. No locks: one thread follows. */
#include "host/monitor/follow.h"

void follower_init(struct follower *follower)
{
	follower->cpu = 0;
	follower->off = sched_getaffinity(0, sizeof(follower->allowed), &follower->allowed) != 0;
}

void follower_follow(struct follower *follower, uint32_t cpu)
{
	cpu_set_t one;

	if (follower->off || cpu == follower->cpu || !cpu || cpu > CPU_SETSIZE ||
	    !CPU_ISSET(cpu - 1, &follower->allowed))
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu - 1, &one);
	if (!sched_setaffinity(0, sizeof(one), &one))
		follower->cpu = cpu;
}

void follower_release(struct follower *follower)
{
	if (!follower->cpu)
		return;
	sched_setaffinity(0, sizeof(follower->allowed), &follower->allowed);
	follower->cpu = 0;
}
