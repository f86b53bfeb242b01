/* SPDX-License-Identifier: MIT */
/*
 * The futex calls that came after futex(2): futex_waitv(2), futex_wait(2), futex_wake(2) and
 * futex_requeue(2), checked and passed to the host. No locks.
 */
#include <asm/unistd_64.h>
#include <linux/futex.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "core/futex.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/thread.h"
#include "memory/usercopy.h"
#include "process/futex_pi.h"
#include "syscalls.h"

/* As newer headers have them. */
#define SIZE_MASK	3u
#define SIZE_U32	2u
#define FLAG_PRIVATE	128u

/* The words are of 32 bits; others, and those of a node, do not exist yet. */
static int flags_check(u64 flags)
{
	if (flags & ~(u64)(SIZE_MASK | FLAG_PRIVATE) || (flags & SIZE_MASK) != SIZE_U32)
		return -EINVAL;
	return 0;
}

static int word_check(uptr word)
{
	if (word % sizeof(u32))
		return -EINVAL;
	return user_range_ok(word, sizeof(u32)) ? 0 : -EFAULT;
}

/* An instant. -EINVAL, -EFAULT. */
static int timeout_read(uptr timeout, int clock, struct __kernel_timespec *time)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
		return -EINVAL;
	if (get_user(*time, timeout))
		return -EFAULT;
	return time->tv_sec < 0 || (u64)time->tv_nsec >= NS_PER_SECOND ? -EINVAL : 0;
}

static int waiters_read(struct futex_waitv *waiters, uptr from, u32 count)
{
	if (copy_from_user(waiters, from, count * sizeof(*waiters)))
		return -EFAULT;
	for (u32 i = 0; i < count; i++)
		if (flags_check(waiters[i].flags) || waiters[i].__reserved)
			return -EINVAL;
	for (u32 i = 0; i < count; i++) {
		int error = word_check(waiters[i].uaddr);

		if (error)
			return error;
	}
	return 0;
}

static long waiters_wait(struct futex_waitv *waiters, u32 count,
			 const struct __kernel_timespec *until, int clock)
{
	struct thread *self = thread_current();
	long result;

	WRITE_ONCE(self->host_waits, 1);
	result = host_call_interruptible(__NR_futex_waitv, (u64)waiters, count, 0, (u64)until,
					 (u64)clock, 0);
	WRITE_ONCE(self->host_waits, 0);
	return result == -EINTR ? -ERESTARTSYS : result;
}

long sys_futex_waitv(uptr from, u32 count, u64 flags, uptr timeout, int clock)
{
	struct __kernel_timespec time;
	struct futex_waitv *waiters;
	long result;

	if (flags || !count || count > FUTEX_WAITV_MAX || !from)
		return -EINVAL;
	result = timeout ? timeout_read(timeout, clock, &time) : 0;
	if (result)
		return result;
	waiters = heap_alloc(count * sizeof(*waiters));
	if (!waiters)
		return -ENOMEM;
	result = waiters_read(waiters, from, count);
	if (!result)
		result = waiters_wait(waiters, count, timeout ? &time : NULL, clock);
	heap_free(waiters);
	return result;
}

long sys_futex_wait(uptr word, u64 expected, u64 mask, u64 flags, uptr timeout, int clock)
{
	struct __kernel_timespec time;
	u32 host_flags = flags & FLAG_PRIVATE;
	long result = flags_check(flags);

	if (!result && (expected >> 32 || mask >> 32 || !mask))
		result = -EINVAL;
	if (!result && timeout)
		result = timeout_read(timeout, clock, &time);
	if (!result)
		result = word_check(word);
	if (result)
		return result;
	if (timeout && clock == CLOCK_REALTIME)
		host_flags |= FUTEX_CLOCK_REALTIME;
	result = host_futex_wait(word, host_flags, (u32)expected, timeout ? &time : NULL,
				 (u32)mask);
	if (result != -EINTR)
		return result;
	return timeout ? -ERESTARTNOHAND : -ERESTARTSYS;
}

/* Unlike FUTEX_WAKE none means none. */
long sys_futex_wake(uptr word, u64 mask, int count, u64 flags)
{
	long result = flags_check(flags);

	if (!result && (mask >> 32 || !mask))
		result = -EINVAL;
	if (!result)
		result = word_check(word);
	if (result || !count)
		return result;
	return host_call6(__NR_futex, word, FUTEX_WAKE_BITSET | (flags & FLAG_PRIVATE), count, 0, 0,
			  mask);
}

/* The host has one flag for both words. */
long sys_futex_requeue(uptr from, u64 flags, int wake_count, int requeue_count)
{
	struct futex_waitv waiters[2];
	long result;

	if (flags || !from)
		return -EINVAL;
	result = waiters_read(waiters, from, 2);
	if (!result && (waiters[0].flags != waiters[1].flags || wake_count < 0 ||
			requeue_count < 0 || waiters[0].val >> 32))
		result = -EINVAL;
	if (result)
		return result;
	return host_call6(__NR_futex, waiters[0].uaddr,
			  FUTEX_CMP_REQUEUE | (waiters[0].flags & FLAG_PRIVATE), wake_count,
			  requeue_count, waiters[1].uaddr, waiters[0].val);
}
