/* SPDX-License-Identifier: MIT */
/*
 * timer_create(2) and its family: timers of a process that send signals.
 *
 * process->posix_timers and the timers' fields are changed by the process's own threads under
 * exec_lock, which expiry (in the event thread) never takes; overruns are under signal_lock. At
 * most one signal of a timer is pending; what is missed meanwhile is counted in it.
 */
#include <linux/time.h>

#include "core/heap.h"
#include "core/string.h"
#include "core/timer.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/cpu_clock.h"
#include "signal/queue.h"
#include "signal/signal.h"
#include "syscalls.h"

#define NS_PER_SECOND		1000000000ull
/* timers don't go off more often; the rest are overruns */
#define EXPIRY_GAP_MIN_NS	100000ull
#define TIMERS_MAX		1024		/* of one process */

struct posix_timer {
	struct timer timer;
	struct list node;		/* process->posix_timers */
	struct process *process;
	u32 id;
	int clock;
	int notify;			/* SIGEV_* */
	u32 tid;			/* SIGEV_THREAD_ID */
	signal_info info;		/* what is sent */
	u64 interval_ns;
	/* CLOCK_PROCESS_CPUTIME_ID: the host's number of the clock, and when it is due by that */
	s32 cpu_clock;
	u64 cpu_expires_ns;		/* 0: not armed */
	u32 overruns;			/* told with the last signal */
};

/* ---- Expiry, in the event thread ---- */

/* Counts the periods that have gone by unseen, and arms the next. */
static u32 next_arm(struct posix_timer *timer, u64 interval_ns)
{
	u64 now = clock_monotonic_ns(), next = timer->timer.expires_ns + interval_ns;
	u64 earliest = now + EXPIRY_GAP_MIN_NS, missed = 0;

	if (next < earliest) {
		missed = (earliest - next + interval_ns - 1) / interval_ns;
		next += missed * interval_ns;
	}
	if (timer_set(&timer->timer, next))
		timer->interval_ns = 0;
	return missed > 0x7fffffff ? 0x7fffffff : (u32)missed;
}

static int cpu_look_later(struct posix_timer *timer, u64 left_ns)
{
	return timer_set(&timer->timer, cpu_clock_next_look(timer->process, left_ns));
}

/* The same for CPU time. False: it is not due yet, and looks again. */
static bool cpu_next_arm(struct posix_timer *timer, u64 interval_ns, u32 *missed)
{
	u64 now = cpu_clock_read(timer->cpu_clock), expires = READ_ONCE(timer->cpu_expires_ns);
	u64 periods = 0;
	bool due = now >= expires;

	if (!expires)
		return false;
	if (due && interval_ns) {
		periods = (now - expires) / interval_ns;
		expires += (periods + 1) * interval_ns;
	} else if (due) {
		expires = 0;
	}
	*missed = (u32)MIN(periods, 0x7fffffffull);
	WRITE_ONCE(timer->cpu_expires_ns, expires);
	if (expires && cpu_look_later(timer, expires - now))
		WRITE_ONCE(timer->cpu_expires_ns, 0);
	return due;
}

static void posix_timer_expire(struct timer *base)
{
	struct posix_timer *timer = container_of(base, struct posix_timer, timer);
	u64 interval_ns = READ_ONCE(timer->interval_ns);
	struct process *process = timer->process;
	u32 missed = 0;

	if (timer->clock == CLOCK_PROCESS_CPUTIME_ID) {
		if (!cpu_next_arm(timer, interval_ns, &missed))
			return;
	} else if (interval_ns) {
		missed = next_arm(timer, interval_ns);
	}
	if (timer->notify == SIGEV_NONE)
		return;
	lock_acquire(&process->signal_lock);
	timer->info.si_overrun = (int)missed;
	timer->overruns = signal_post_timer_locked(process, timer->tid, &timer->info);
	lock_release(&process->signal_lock);
}

/* ---- The list; exec_lock held ---- */

static struct posix_timer *timer_find_locked(struct process *process, int id)
{
	struct posix_timer *timer;

	list_for_each(timer, &process->posix_timers, node)
		if (timer->id == (u32)id)
			return timer;
	return NULL;
}

static int timer_link_locked(struct process *process, struct posix_timer *timer)
{
	u32 id = 0;

	while (timer_find_locked(process, id))
		if (++id == TIMERS_MAX)
			return -EAGAIN;
	timer->id = id;
	timer->info.si_tid = id;
	list_add_tail(&timer->node, &process->posix_timers);
	return 0;
}

/* Twice: an expiry that ran meanwhile may have armed it again. */
static void timer_stop(struct posix_timer *timer)
{
	WRITE_ONCE(timer->interval_ns, 0);
	WRITE_ONCE(timer->cpu_expires_ns, 0);
	timer_cancel(&timer->timer);
	timer_cancel(&timer->timer);
}

static void timer_free(struct posix_timer *timer)
{
	timer_stop(timer);
	list_remove(&timer->node);
	heap_free(timer);
}

void posix_timers_release(struct process *process)
{
	while (!list_empty(&process->posix_timers))
		timer_free(list_first(&process->posix_timers, struct posix_timer, node));
}

/* ---- timer_create ---- */

static bool clock_is_known(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
		return true;
	default:
		return false;
	}
}

static bool thread_is_own(u32 tid)
{
	struct thread *thread;
	bool own;

	lock_acquire(&process_tree_lock);
	thread = thread_find_locked(tid);
	own = thread && thread->process == process_current();
	lock_release(&process_tree_lock);
	return own;
}

static bool event_is_valid(const struct sigevent *event)
{
	if (event->sigev_notify == SIGEV_NONE)
		return true;
	if (event->sigev_signo < 1 || event->sigev_signo > SIGNAL_COUNT)
		return false;
	if (event->sigev_notify == SIGEV_SIGNAL || event->sigev_notify == SIGEV_THREAD)
		return true;
	return event->sigev_notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID) &&
	       thread_is_own(event->sigev_notify_thread_id);
}

static struct posix_timer *timer_make(int clock, const struct sigevent *event)
{
	struct posix_timer *timer = heap_alloc_zero(sizeof(*timer));

	if (!timer)
		return NULL;
	timer_init(&timer->timer, posix_timer_expire);
	list_init(&timer->node);
	timer->process = process_current();
	timer->clock = clock;
	timer->notify = event->sigev_notify;
	if (timer->notify & SIGEV_THREAD_ID)
		timer->tid = event->sigev_notify_thread_id;
	timer->info.si_signo = event->sigev_signo;
	timer->info.si_code = SI_TIMER;
	timer->info.si_value = event->sigev_value;
	return timer;
}

long sys_timer_create(int clock, uptr event_address, uptr id_address)
{
	struct process *process = process_current();
	struct sigevent event = { .sigev_signo = SIGALRM };
	struct posix_timer *timer;
	int error;

	if (!clock_is_known(clock))
		return -EINVAL;
	if (event_address && get_user(event, event_address))
		return -EFAULT;
	if (!event_is_valid(&event))
		return -EINVAL;
	timer = timer_make(clock, &event);
	if (!timer)
		return -EAGAIN;
	lock_acquire(&process->exec_lock);
	error = timer_link_locked(process, timer);
	if (!error && !event_address)
		timer->info.si_int = timer->id;
	if (!error && put_user(timer->id, id_address)) {
		error = -EFAULT;
		list_remove(&timer->node);
	}
	lock_release(&process->exec_lock);
	if (error)
		heap_free(timer);
	return error;
}

/* ---- The others ---- */

static struct __kernel_timespec timespec_from_ns(u64 ns)
{
	return (struct __kernel_timespec){
		.tv_sec = (long long)(ns / NS_PER_SECOND),
		.tv_nsec = (long long)(ns % NS_PER_SECOND),
	};
}

static bool timespec_is_valid(const struct __kernel_timespec *t)
{
	return t->tv_sec >= 0 && (u64)t->tv_nsec < NS_PER_SECOND;
}

static u64 timespec_to_ns(const struct __kernel_timespec *t)
{
	return MIN((u64)t->tv_sec, 9000000000ull) * NS_PER_SECOND + (u64)t->tv_nsec;
}

static u64 timer_left(const struct posix_timer *timer)
{
	bool is_cpu = timer->clock == CLOCK_PROCESS_CPUTIME_ID;
	u64 expires, now;

	if (is_cpu)
		expires = READ_ONCE(timer->cpu_expires_ns);
	else
		expires = READ_ONCE(timer->timer.slot) ? READ_ONCE(timer->timer.expires_ns) : 0;
	if (!expires)
		return 0;
	now = is_cpu ? cpu_clock_read(timer->cpu_clock) : clock_monotonic_ns();
	return expires > now ? expires - now : 1;
}

static void timer_read(struct posix_timer *timer, struct __kernel_itimerspec *value)
{
	value->it_value = timespec_from_ns(timer_left(timer));
	value->it_interval = timespec_from_ns(timer->interval_ns);
}

static int cpu_timer_start(struct posix_timer *timer, int flags, u64 ns)
{
	u64 now;

	timer->cpu_clock = cpu_clock_of_process(CPU_CLOCK_SCHED);
	now = cpu_clock_read(timer->cpu_clock);
	if (!(flags & TIMER_ABSTIME))
		ns += now;
	WRITE_ONCE(timer->cpu_expires_ns, ns);
	return cpu_look_later(timer, ns > now ? ns - now : 0);
}

static int timer_start(struct posix_timer *timer, int flags,
		       const struct __kernel_itimerspec *value)
{
	u64 ns = timespec_to_ns(&value->it_value);

	timer_stop(timer);
	timer->overruns = 0;
	if (!ns)
		return 0;
	timer->interval_ns = timespec_to_ns(&value->it_interval);
	if (timer->clock == CLOCK_PROCESS_CPUTIME_ID)
		return cpu_timer_start(timer, flags, ns);
	ns = flags & TIMER_ABSTIME ? clock_to_monotonic_ns(timer->clock, ns)
				   : clock_monotonic_ns() + ns;
	return timer_set(&timer->timer, ns);
}

long sys_timer_settime(int id, int flags, uptr next_address, uptr old_address)
{
	struct process *process = process_current();
	struct __kernel_itimerspec next, old = { 0 };
	struct posix_timer *timer;
	long error = -EINVAL;

	if (!next_address)
		return -EINVAL;
	if (get_user(next, next_address))
		return -EFAULT;
	if (!timespec_is_valid(&next.it_value) || !timespec_is_valid(&next.it_interval))
		return -EINVAL;
	lock_acquire(&process->exec_lock);
	timer = timer_find_locked(process, id);
	if (timer) {
		timer_read(timer, &old);
		error = timer_start(timer, flags, &next);
	}
	lock_release(&process->exec_lock);
	if (!error && old_address && put_user(old, old_address))
		return -EFAULT;
	return error;
}

long sys_timer_gettime(int id, uptr address)
{
	struct process *process = process_current();
	struct __kernel_itimerspec value;
	struct posix_timer *timer;

	lock_acquire(&process->exec_lock);
	timer = timer_find_locked(process, id);
	if (timer)
		timer_read(timer, &value);
	lock_release(&process->exec_lock);
	return timer ? put_user(value, address) : -EINVAL;
}

long sys_timer_getoverrun(int id)
{
	struct process *process = process_current();
	struct posix_timer *timer;
	long result = -EINVAL;

	lock_acquire(&process->exec_lock);
	timer = timer_find_locked(process, id);
	if (timer)
		result = timer->overruns;
	lock_release(&process->exec_lock);
	return result;
}

long sys_timer_delete(int id)
{
	struct process *process = process_current();
	struct posix_timer *timer;

	lock_acquire(&process->exec_lock);
	timer = timer_find_locked(process, id);
	if (timer)
		timer_free(timer);
	lock_release(&process->exec_lock);
	return timer ? 0 : -EINVAL;
}
