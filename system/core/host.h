/* SPDX-License-Identifier: MIT */
/*
 * Host calls: Linux system calls of the layer itself, made from the gate (arch/x86_64/gate.S), the
 * only instructions from which the domain's filter lets calls through. Each returns the host's
 * result or
 * -errno. docs/boundary.md says why each is there; host/launch/filter.c allows them one by one.
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include <asm/unistd_64.h>

#include "core/types.h"

/*
 * The plain gate. Not interruptible in the layer's sense: -EINTR may come back and is the caller's.
 */
long host_call(long number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

/*
 * As host_call, but if thread->work is set before the call starts, or a kick comes between that
 * look and the call, it returns -EINTR without making it: for calls that block on behalf of a
 * program.
 */
long host_call_interruptible(long number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

#define host_call0(n)			host_call(n, 0, 0, 0, 0, 0, 0)
#define host_call1(n, a)		host_call(n, (u64)(a), 0, 0, 0, 0, 0)
#define host_call2(n, a, b)		host_call(n, (u64)(a), (u64)(b), 0, 0, 0, 0)
#define host_call3(n, a, b, c)		host_call(n, (u64)(a), (u64)(b), (u64)(c), 0, 0, 0)
#define host_call4(n, a, b, c, d)	host_call(n, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)
#define host_call5(n, a, b, c, d, e) \
	host_call(n, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), 0)
#define host_call6(n, a, b, c, d, e, f) \
	host_call(n, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), (u64)(f))

static inline long host_pread(int handle, u64 to, size_t n, u64 offset)
{
	return host_call4(__NR_pread64, handle, to, n, offset);
}
static inline long host_pwrite(int handle, u64 from, size_t n, u64 offset)
{
	return host_call4(__NR_pwrite64, handle, from, n, offset);
}
static inline long host_mmap(u64 address, size_t size, int protection, int flags, int handle,
			     u64 offset)
{
	return host_call6(__NR_mmap, address, size, protection, flags, handle, offset);
}
static inline long host_munmap(u64 address, size_t size)
{
	return host_call2(__NR_munmap, address, size);
}

/* ---- Requests to the monitor (core/request.c): one at a time, under LOCK_CHANNEL ---- */

struct request;
struct reply;

/*
 * Takes the channel, sends request with data, waits for the reply. On success (0) the reply area
 * (channel_reply_area()) belongs to the caller until request_end(). An error of the monitor's
 * answer (reply->error) is returned, and then the channel is released already. handles receives at
 * most max_handles handles; reply->handles says how many. Never interrupted by signals. An error of
 * the transport means the monitor is gone: the domain is ending and the call does not return.
 */
int request_begin(struct request *request, const char *data, struct reply *reply, int *handles,
		  u32 max_handles);
void request_end(void);
/*
 * Tells the monitor something that has no answer: a REQ_*, its count, and size bytes of data. May
 * sleep.
 */
void request_tell(u32 op, u32 count, const void *data, u32 size);
const char *channel_reply_area(void);

#endif
