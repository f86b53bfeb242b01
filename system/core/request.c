/* SPDX-License-Identifier: MIT */
/*
 * Requests to the monitor over its seqpacket socket. Lock: channel_lock (LOCK_CHANNEL) is held from
 * the request until the caller has read the reply area.
 */
#include <linux/uio.h>

#include "core/channel.h"
#include "core/handle.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/report.h"
#include "core/string.h"

#define HOST_SOL_SOCKET 1
#define HOST_SCM_RIGHTS 1

/* struct msghdr and struct cmsghdr as the host kernel has them. */
struct host_message {
	void *name;
	u32 name_size;
	struct iovec *parts;
	size_t part_count;
	void *control;
	size_t control_size;
	u32 flags;
};

struct host_control {
	size_t size;		/* header included */
	s32 level;
	s32 type;
	int handles[REQUEST_OPEN_MAX];
};

static struct lock channel_lock = LOCK_INIT(LOCK_CHANNEL);
static u32 sequence;

/* The monitor is gone, and the host ends the domain; nothing can be told to anybody. */
static __noreturn void domain_lost(void)
{
	for (;;)
		host_call1(__NR_exit_group, EXIT_MEZZO_FAILED);
}

/*
 * The processor we run on, as the vDSO finds it: the limit of a segment of its own holds the
 * number.
 */
static u32 current_cpu(void)
{
	u32 limit;

	asm volatile("lsl %1, %0" : "=r"(limit) : "r"(0x7b));
	return limit & 0xfff;
}

static void request_send(const struct request *request, const char *data)
{
	struct iovec parts[2] = {
		{ (void *)request, sizeof(*request) },
		{ (void *)data, request->data_size },
	};
	struct host_message message = { .parts = parts, .part_count = request->data_size ? 2 : 1 };
	long result;

	channel()->requester_cpu = current_cpu() + 1;
	do {
		result = host_call3(__NR_sendmsg, HANDLE_MONITOR, &message, 0);
	} while (result == -EINTR);
	if (result < 0)
		domain_lost();
}

static u32 handles_take(const struct host_message *message, const struct host_control *control,
			int *handles, u32 max)
{
	u32 count, taken = 0;

	if (message->control_size < offsetof(struct host_control, handles) ||
	    control->level != HOST_SOL_SOCKET || control->type != HOST_SCM_RIGHTS)
		return 0;
	count = (u32)((control->size - offsetof(struct host_control, handles)) / sizeof(int));
	for (u32 i = 0; i < count; i++) {
		handle_came();
		if (taken < max)
			handles[taken++] = control->handles[i];
		else
			handle_close(control->handles[i]);
	}
	return taken;
}

static void reply_receive(struct reply *reply, int *handles, u32 max_handles)
{
	struct host_control control;
	struct iovec part = { reply, sizeof(*reply) };
	struct host_message message = {
		.parts = &part,
		.part_count = 1,
		.control = &control,
		.control_size = sizeof(control),
	};
	long result;

	do {
		result = host_call3(__NR_recvmsg, HANDLE_MONITOR, &message, 0);
	} while (result == -EINTR);
	if (result != (long)sizeof(*reply))
		domain_lost();
	reply->handles = handles_take(&message, &control, handles, max_handles);
}

int request_begin(struct request *request, const char *data, struct reply *reply, int *handles,
		  u32 max_handles)
{
	lock_acquire(&channel_lock);
	request->sequence = ++sequence;
	request_send(request, data);
	reply_receive(reply, handles, max_handles);
	BUG_ON(reply->sequence != request->sequence);
	if (reply->error)
		lock_release(&channel_lock);
	return reply->error;
}

void request_tell(u32 op, u32 count, const void *data, u32 size)
{
	struct request request = { .op = op, .count = count, .data_size = size };

	lock_acquire(&channel_lock);
	request_send(&request, data);
	lock_release(&channel_lock);
}

void request_end(void)
{
	lock_release(&channel_lock);
}

const char *channel_reply_area(void)
{
	return channel()->reply_area;
}
