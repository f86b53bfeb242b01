/* SPDX-License-Identifier: MIT */
/* The count of handles; see handle.h. No locks: it is atomic. */
#include "core/handle.h"

#include "core/host.h"

static u32 open_count;

void handle_came(void)
{
	atomic_add(&open_count, 1);
}

void handle_close(int handle)
{
	host_call1(__NR_close, handle);
	atomic_sub(&open_count, 1);
}

u32 handles_open(void)
{
	return READ_ONCE(open_count);
}
