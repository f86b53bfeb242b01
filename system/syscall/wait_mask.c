/* SPDX-License-Identifier: MIT */
/*
 * Signal masks and deadlines of waiting calls: see wait_mask.h. All state is private to the
 * thread.
 */
#include "syscall/wait_mask.h"

#include "core/thread.h"
#include "core/timer.h"
#include "core/wait.h"
#include "memory/usercopy.h"
#include "signal/signal.h"

#define NS_PER_SECOND 1000000000ull

int wait_mask_begin(uptr set, size_t size)
{
	struct thread *thread = thread_current();
	u64 mask;

	if (!set)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(mask, set))
		return -EFAULT;
	thread->saved_mask = thread->signal_mask;
	signal_mask_set(mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)));
	return 0;
}

void wait_mask_end(uptr set, bool interrupted)
{
	struct thread *thread = thread_current();

	if (!set)
		return;
	if (interrupted)
		thread->restore_mask = true;
	else
		signal_mask_set(thread->saved_mask);
}

u64 deadline_after_ns(u64 relative_ns)
{
	u64 now;

	if (!relative_ns)
		return 0;
	now = clock_monotonic_ns();
	return relative_ns < FOREVER - now ? now + relative_ns : FOREVER;
}

u64 deadline_after_ms(int milliseconds)
{
	return milliseconds < 0 ? FOREVER : deadline_after_ns((u64)milliseconds * 1000000);
}

int deadline_from_timespec(uptr address, u64 *deadline_ns)
{
	struct __kernel_timespec time;

	*deadline_ns = FOREVER;
	if (!address)
		return 0;
	if (get_user(time, address))
		return -EFAULT;
	if (time.tv_sec < 0 || (u64)time.tv_nsec >= NS_PER_SECOND)
		return -EINVAL;
	if ((u64)time.tv_sec < FOREVER / NS_PER_SECOND)
		*deadline_ns = deadline_after_ns(time.tv_sec * NS_PER_SECOND + time.tv_nsec);
	return 0;
}

u64 deadline_left_ns(u64 deadline_ns)
{
	u64 now;

	if (!deadline_ns)
		return 0;
	now = clock_monotonic_ns();
	return deadline_ns > now ? deadline_ns - now : 0;
}
