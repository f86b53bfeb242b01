/* SPDX-License-Identifier: MIT */
/* Memory of processes, by a request to the monitor; see memory_use.h. No locks of its own. */
#include "process/memory_use.h"

#include "core/futex.h"
#include "core/host.h"
#include "core/timer.h"

/* How long until the monitor is asked again, which has a limit to what it searches for. */
#define RETRY_NS 5000000ull

void memory_use_read(uint32_t host_tgid, struct process_memory *memory)
{
	struct request request = { .op = REQ_PROCESS, .count = host_tgid };
	struct reply reply;
	u32 never = 0;
	int error;

	*memory = (struct process_memory){ 0 };
	if (!host_tgid)
		return;
	while ((error = request_begin(&request, NULL, &reply, NULL, 0)) == -EAGAIN)
		futex_wait_until(&never, 0, clock_monotonic_ns() + RETRY_NS);
	if (error)
		return;
	*memory = *(const struct process_memory *)channel_reply_area();
	request_end();
}
