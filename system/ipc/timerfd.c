/* SPDX-License-Identifier: MIT */
/*
 * timerfd: a timer of the event thread and a count of what has expired. timerfd->lock (LOCK_EVENT)
 * guards both. A timer with an interval is armed again only when it is looked at: what expired
 * meanwhile is computed then, so that one that nobody reads costs nothing.
 */
#include "ipc/timerfd.h"

#include <linux/time.h>

#include "core/heap.h"
#include "core/string.h"
#include "core/timer.h"

#define NS_PER_SECOND 1000000000ull

struct timerfd {
	struct lock lock;
	struct timer timer;
	int clock;		/* constant */
	int flags;		/* TFD_TIMER_* that it was set with */
	bool expired;		/* the timer ran and was not armed again */
	u64 ticks;		/* expirations that were not read yet */
	u64 next_ns;		/* CLOCK_MONOTONIC; 0: disarmed */
	u64 interval_ns;
	struct wait_queue queue;
};

static const struct file_operations timerfd_operations;

static void timerfd_expire(struct timer *timer)
{
	struct timerfd *timerfd = container_of(timer, struct timerfd, timer);
	u64 now = clock_monotonic_ns();

	lock_acquire(&timerfd->lock);
	/* It may have been set to something else since it was due. */
	if (timerfd->next_ns && timerfd->next_ns <= now && !timerfd->expired) {
		timerfd->expired = true;
		timerfd->ticks++;
	}
	lock_release(&timerfd->lock);
	wait_queue_wake(&timerfd->queue, POLLIN | POLLRDNORM);
}

/* Counts what an expired timer has missed. True where it is to be armed again. */
static bool timerfd_forward_locked(struct timerfd *timerfd)
{
	u64 passed;

	if (!timerfd->expired)
		return false;
	timerfd->expired = false;
	if (!timerfd->interval_ns) {
		timerfd->next_ns = 0;
		return false;
	}
	passed = (clock_monotonic_ns() - timerfd->next_ns) / timerfd->interval_ns;
	timerfd->ticks += passed;
	timerfd->next_ns += (passed + 1) * timerfd->interval_ns;
	return true;
}

static int timerfd_rearm_locked(struct timerfd *timerfd)
{
	return timerfd_forward_locked(timerfd) ? timer_set(&timerfd->timer, timerfd->next_ns) : 0;
}

/* Takes the count; 0 where nothing has expired. */
static ssize_t timerfd_take(struct timerfd *timerfd, u64 *ticks)
{
	int error;

	lock_acquire(&timerfd->lock);
	error = timerfd_rearm_locked(timerfd);
	*ticks = timerfd->ticks;
	timerfd->ticks = 0;
	lock_release(&timerfd->lock);
	return error;
}

static ssize_t timerfd_read(struct file *file, struct iter *to, u64 *offset)
{
	struct timerfd *timerfd = file->private;
	u64 ticks;

	(void)offset;
	if (to->left < sizeof(ticks))
		return -EINVAL;
	for (;;) {
		int error = timerfd_take(timerfd, &ticks);

		if (error)
			return error;
		if (ticks)
			break;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_event(&timerfd->queue, READ_ONCE(timerfd->ticks), FOREVER);
		if (error)
			return error;
	}
	return iter_copy_to(to, &ticks, sizeof(ticks)) == sizeof(ticks) ? (ssize_t)sizeof(ticks)
									: -EFAULT;
}

static u32 timerfd_poll(struct file *file, struct poll_request *request)
{
	struct timerfd *timerfd = file->private;

	poll_wait(request, &timerfd->queue);
	return READ_ONCE(timerfd->ticks) ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_read_locked(const struct timerfd *timerfd, struct timerfd_time *time)
{
	u64 now = clock_monotonic_ns(), next = timerfd->next_ns;

	time->interval_ns = timerfd->interval_ns;
	time->value_ns = !next ? 0 : next > now ? next - now : 1;
}

static void timerfd_describe(struct file *file, struct file_details *details)
{
	struct timerfd *timerfd = file->private;
	struct timerfd_time time;
	char line[160];
	u64 ticks;

	lock_acquire(&timerfd->lock);
	timerfd_read_locked(timerfd, &time);
	ticks = timerfd->ticks;
	lock_release(&timerfd->lock);
	format(line, sizeof(line),
	       "clockid: %d\nticks: %llu\nsettime flags: 0%o\n"
	       "it_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
	       timerfd->clock, (unsigned long long)ticks, READ_ONCE(timerfd->flags),
	       (unsigned long long)(time.value_ns / NS_PER_SECOND),
	       (unsigned long long)(time.value_ns % NS_PER_SECOND),
	       (unsigned long long)(time.interval_ns / NS_PER_SECOND),
	       (unsigned long long)(time.interval_ns % NS_PER_SECOND));
	details->add(details, line);
}

static void timerfd_release(struct file *file)
{
	struct timerfd *timerfd = file->private;

	timer_cancel(&timerfd->timer);
	heap_free(timerfd);
}

static const struct file_operations timerfd_operations = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.describe = timerfd_describe,
	.release = timerfd_release,
};

int timerfd_get(struct file *file, struct timerfd_time *time)
{
	struct timerfd *timerfd = file->private;
	int error;

	if (file->operations != &timerfd_operations)
		return -EINVAL;
	lock_acquire(&timerfd->lock);
	error = timerfd_rearm_locked(timerfd);
	timerfd_read_locked(timerfd, time);
	lock_release(&timerfd->lock);
	return error;
}

/* The clocks that would wake a machine are the others here. */
static int clock_counted(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME_ALARM:
		return CLOCK_REALTIME;
	case CLOCK_BOOTTIME_ALARM:
		return CLOCK_BOOTTIME;
	default:
		return clock;
	}
}

/* When value_ns is by the monotonic clock: with all that lies between where it is past. */
static u64 timerfd_deadline(const struct timerfd *timerfd, int flags, u64 value_ns)
{
	u64 now = clock_monotonic_ns();

	if (flags & TFD_TIMER_ABSTIME)
		return clock_to_monotonic_ns(clock_counted(timerfd->clock), value_ns);
	return value_ns < FOREVER - 1 - now ? now + value_ns : FOREVER - 1;
}

int timerfd_set(struct file *file, int flags, const struct timerfd_time *time,
		struct timerfd_time *old)
{
	struct timerfd *timerfd = file->private;
	int error = 0;

	if (file->operations != &timerfd_operations ||
	    flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	timer_cancel(&timerfd->timer);
	lock_acquire(&timerfd->lock);
	timerfd_forward_locked(timerfd);
	timerfd_read_locked(timerfd, old);
	timerfd->ticks = 0;
	timerfd->flags = flags;
	timerfd->interval_ns = time->interval_ns;
	timerfd->next_ns = time->value_ns ? timerfd_deadline(timerfd, flags, time->value_ns) : 0;
	if (timerfd->next_ns)
		error = timer_set(&timerfd->timer, timerfd->next_ns);
	lock_release(&timerfd->lock);
	return error;
}

static bool clock_is_known(int clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

struct file *timerfd_create(int clock, int flags)
{
	struct timerfd *timerfd;
	struct file *file;

	if (!clock_is_known(clock) || flags & ~(O_CLOEXEC | O_NONBLOCK))
		return ERROR_PTR(-EINVAL);
	timerfd = heap_alloc_zero(sizeof(*timerfd));
	if (!timerfd)
		return ERROR_PTR(-ENOMEM);
	lock_init(&timerfd->lock, LOCK_EVENT);
	wait_queue_init(&timerfd->queue);
	timer_init(&timerfd->timer, timerfd_expire);
	timerfd->clock = clock;
	file = file_create_anonymous(&timerfd_operations, "anon_inode:[timerfd]", 0600,
				     O_RDWR | (flags & O_NONBLOCK), timerfd);
	if (file)
		return file;
	heap_free(timerfd);
	return ERROR_PTR(-ENOMEM);
}
