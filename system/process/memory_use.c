/* SPDX-License-Identifier: MIT */
/* Memory of processes, by a request to the monitor; see memory_use.h. No locks of its own. */
#include "process/memory_use.h"

#include "core/host.h"

void memory_use_read(uint32_t host_tgid, struct process_memory *memory)
{
	struct request request = { .op = REQ_PROCESS, .count = host_tgid };
	struct reply reply;

	*memory = (struct process_memory){ 0 };
	if (!host_tgid || request_begin(&request, NULL, &reply, NULL, 0))
		return;
	*memory = *(const struct process_memory *)channel_reply_area();
	request_end();
}
