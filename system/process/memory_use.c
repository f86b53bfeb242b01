/* SPDX-License-Identifier: MIT */
/* Memory of processes, by a request to the monitor; see memory_use.h. No locks of its own. */
#include "process/memory_use.h"

#include "core/futex.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "core/timer.h"

/* How long until the monitor is asked again, which has a limit to what it searches for. */
#define RETRY_NS 5000000ull

/* request_begin() once the monitor may search for the process. */
static int ask(struct request *request, struct reply *reply)
{
	u32 never = 0;
	int error;

	while ((error = request_begin(request, NULL, reply, NULL, 0)) == -EAGAIN)
		futex_wait_until(&never, 0, clock_monotonic_ns() + RETRY_NS);
	return error;
}

void memory_use_read(uint32_t host_tgid, struct process_memory *memory)
{
	struct request request = { .op = REQ_PROCESS, .count = host_tgid };
	struct reply reply;

	*memory = (struct process_memory){ 0 };
	if (!host_tgid || ask(&request, &reply))
		return;
	*memory = *(const struct process_memory *)channel_reply_area();
	request_end();
}

/* ---- By area ---- */

/* Adds what one reply has. The channel is ours until request_end(). */
static int uses_append(struct area_uses *uses, u32 more)
{
	struct area_use *grown = heap_alloc(MAX(uses->count + more, 1u) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	if (uses->count)
		memcpy(grown, uses->uses, uses->count * sizeof(*grown));
	memcpy(grown + uses->count, channel_reply_area(), more * sizeof(*grown));
	heap_free(uses->uses);
	uses->uses = grown;
	uses->count += more;
	return 0;
}

int area_uses_read(u32 host_tgid, struct area_uses *uses)
{
	struct request request = { .op = REQ_PROCESS_AREAS, .count = host_tgid };
	struct reply reply;
	int error;

	*uses = (struct area_uses){ 0 };
	if (!host_tgid)
		return 0;
	do {
		error = ask(&request, &reply);
		if (!error) {
			error = uses_append(uses, reply.count);
			request_end();
		}
		request.offset = reply.offset;
	} while (!error && reply.offset);
	if (error)
		area_uses_release(uses);
	return error;
}

void area_uses_release(struct area_uses *uses)
{
	heap_free(uses->uses);
	*uses = (struct area_uses){ 0 };
}

/* The first that ends above address. */
static u32 uses_find(const struct area_uses *uses, u64 address)
{
	u32 low = 0, high = uses->count;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (uses->uses[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void area_uses_sum(const struct area_uses *uses, u64 start, u64 end, struct area_use *sum)
{
	*sum = (struct area_use){ .start = start, .end = end };
	for (u32 i = uses_find(uses, start); i < uses->count && uses->uses[i].start < end; i++) {
		const struct area_use *use = &uses->uses[i];
		u64 within = (MIN(use->end, end) - MAX(use->start, start)) >> PAGE_SHIFT;
		u64 all = (use->end - use->start) >> PAGE_SHIFT;

		for (u32 figure = 0; figure < FIGURE_COUNT; figure++)
			sum->kb[figure] += use->kb[figure] * within / all;
	}
}
