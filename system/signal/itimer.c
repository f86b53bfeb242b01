/* SPDX-License-Identifier: MIT */
/*
 * alarm(2) and setitimer(2). ITIMER_REAL is a timer of the layer, the others are on CPU clocks
 * (cpu_clock.h).
 *
 * Their fields are set by the process's own threads; expiry runs in the event thread. Programs that
 * set one timer from two threads at once get one or the other.
 */
#include <linux/time.h>

#include "core/heap.h"
#include "core/timer.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/cpu_clock.h"
#include "signal/signal.h"
#include "syscalls.h"

#define NS_PER_SECOND	1000000000ull
#define EXPIRY_GAP_MIN_NS 100000ull	/* the event thread has other things to do */

/* ITIMER_VIRTUAL and ITIMER_PROF of a process. */
struct cpu_timer {
	struct timer timer;
	struct process *process;
	int signal;
	s32 clock;		/* the host's number of the process's clock */
	u64 expires_ns;		/* on that clock; 0: not armed */
	u64 interval_ns;
};

/* ---- Real time ---- */

void real_timer_expire(struct timer *timer)
{
	struct process *process = container_of(timer, struct process, real_timer);
	u64 interval_ns = READ_ONCE(process->real_timer_interval_ns);
	u64 next = MAX(timer->expires_ns + interval_ns, clock_monotonic_ns() + EXPIRY_GAP_MIN_NS);

	/* Where the table of timers can't grow, the signal of this time is the last one. */
	if (interval_ns && timer_set(timer, next))
		process->real_timer_interval_ns = 0;
	signal_send_simple(process, SIGALRM, SI_KERNEL);
}

static void real_timer_stop(struct process *process)
{
	WRITE_ONCE(process->real_timer_interval_ns, 0);
	timer_cancel(&process->real_timer);
	/* It may have run, and armed itself again, while it was cancelled. */
	timer_cancel(&process->real_timer);
}

static u64 real_timer_left(struct process *process)
{
	u64 now = clock_monotonic_ns(), expires = READ_ONCE(process->real_timer.expires_ns);

	if (!READ_ONCE(process->real_timer.slot))
		return 0;
	return expires > now ? expires - now : 1000;
}

static int real_timer_start(struct process *process, u64 value_ns, u64 interval_ns)
{
	real_timer_stop(process);
	if (!value_ns)
		return 0;
	process->real_timer_interval_ns = interval_ns;
	return timer_set(&process->real_timer, clock_monotonic_ns() + value_ns);
}

/* ---- CPU time ---- */

static int cpu_timer_look_later(struct cpu_timer *cpu, u64 left_ns)
{
	return timer_set(&cpu->timer, cpu_clock_next_look(cpu->process, left_ns));
}

static void cpu_timer_expire(struct timer *timer)
{
	struct cpu_timer *cpu = container_of(timer, struct cpu_timer, timer);
	u64 expires = READ_ONCE(cpu->expires_ns), now;

	if (!expires)
		return;
	now = cpu_clock_read(cpu->clock);
	if (now < expires) {
		if (cpu_timer_look_later(cpu, expires - now))
			cpu->expires_ns = 0;
		return;
	}
	expires = cpu->interval_ns ? MAX(expires + cpu->interval_ns, now) : 0;
	WRITE_ONCE(cpu->expires_ns, expires);
	if (expires && cpu_timer_look_later(cpu, expires - now))
		cpu->expires_ns = 0;
	signal_send_simple(cpu->process, cpu->signal, SI_KERNEL);
}

static struct cpu_timer *cpu_timer_get(struct process *process, int which)
{
	struct cpu_timer **slot = &process->cpu_timers[which == ITIMER_PROF];
	struct cpu_timer *cpu = *slot;

	if (cpu)
		return cpu;
	cpu = heap_alloc_zero(sizeof(*cpu));
	if (!cpu)
		return NULL;
	timer_init(&cpu->timer, cpu_timer_expire);
	cpu->process = process;
	cpu->signal = which == ITIMER_PROF ? SIGPROF : SIGVTALRM;
	*slot = cpu;
	return cpu;
}

static void cpu_timer_stop(struct cpu_timer *cpu)
{
	WRITE_ONCE(cpu->expires_ns, 0);
	timer_cancel(&cpu->timer);
	timer_cancel(&cpu->timer);
}

static int cpu_timer_start(struct process *process, int which, u64 value_ns, u64 interval_ns)
{
	struct cpu_timer *cpu = process->cpu_timers[which == ITIMER_PROF];

	if (cpu)
		cpu_timer_stop(cpu);
	if (!value_ns)
		return 0;
	cpu = cpu_timer_get(process, which);
	if (!cpu)
		return -ENOMEM;
	cpu->clock = cpu_clock_of_process(which == ITIMER_PROF ? CPU_CLOCK_PROF
							       : CPU_CLOCK_VIRTUAL);
	cpu->interval_ns = interval_ns;
	WRITE_ONCE(cpu->expires_ns, cpu_clock_read(cpu->clock) + value_ns);
	return cpu_timer_look_later(cpu, value_ns);
}

static void cpu_timer_left(struct process *process, int which, u64 *left_ns, u64 *interval_ns)
{
	struct cpu_timer *cpu = process->cpu_timers[which == ITIMER_PROF];
	u64 now, expires;

	*left_ns = *interval_ns = 0;
	expires = cpu ? READ_ONCE(cpu->expires_ns) : 0;
	if (!expires)
		return;
	now = cpu_clock_read(cpu->clock);
	*left_ns = expires > now ? expires - now : 1000;
	*interval_ns = cpu->interval_ns;
}

void interval_timers_release(struct process *process)
{
	real_timer_stop(process);
	for (int i = 0; i < 2; i++) {
		if (process->cpu_timers[i])
			cpu_timer_stop(process->cpu_timers[i]);
		heap_free(process->cpu_timers[i]);
		process->cpu_timers[i] = NULL;
	}
}

/* ---- System calls ---- */

static struct __kernel_old_timeval timeval_from_ns(u64 ns)
{
	return (struct __kernel_old_timeval){
		.tv_sec = (long)(ns / NS_PER_SECOND), .tv_usec = (long)(ns % NS_PER_SECOND / 1000),
	};
}

struct itimer_value {
	struct __kernel_old_timeval interval, value;	/* struct itimerval */
};

static void timer_read(struct process *process, int which, struct itimer_value *value)
{
	u64 left_ns, interval_ns;

	if (which == ITIMER_REAL) {
		left_ns = real_timer_left(process);
		interval_ns = process->real_timer_interval_ns;
	} else {
		cpu_timer_left(process, which, &left_ns, &interval_ns);
	}
	value->interval = timeval_from_ns(interval_ns);
	value->value = timeval_from_ns(left_ns);
}

static bool timeval_is_valid(const struct __kernel_old_timeval *t)
{
	return t->tv_sec >= 0 && t->tv_usec >= 0 && t->tv_usec < 1000000;
}

/* Long times are cut: the domain won't live for 100 years. */
static u64 timeval_to_ns(const struct __kernel_old_timeval *t)
{
	return MIN((u64)t->tv_sec, 3000000000ull) * NS_PER_SECOND + (u64)t->tv_usec * 1000;
}

long sys_getitimer(int which, uptr address)
{
	struct itimer_value value;

	if (which != ITIMER_REAL && which != ITIMER_VIRTUAL && which != ITIMER_PROF)
		return -EINVAL;
	timer_read(process_current(), which, &value);
	return put_user(value, address);
}

long sys_setitimer(int which, uptr next_address, uptr old_address)
{
	struct process *process = process_current();
	struct itimer_value next = { 0 }, old;
	long error;

	if (next_address && get_user(next, next_address))
		return -EFAULT;
	if (which != ITIMER_REAL && which != ITIMER_VIRTUAL && which != ITIMER_PROF)
		return -EINVAL;
	if (!timeval_is_valid(&next.value) || !timeval_is_valid(&next.interval))
		return -EINVAL;
	timer_read(process, which, &old);
	if (which == ITIMER_REAL)
		error = real_timer_start(process, timeval_to_ns(&next.value),
					 timeval_to_ns(&next.interval));
	else
		error = cpu_timer_start(process, which, timeval_to_ns(&next.value),
					timeval_to_ns(&next.interval));
	if (!error && old_address)
		error = put_user(old, old_address);
	return error;
}

long sys_alarm(u32 seconds)
{
	struct process *process = process_current();
	u64 left = real_timer_left(process), whole = left / NS_PER_SECOND,
	    rest = left % NS_PER_SECOND;

	if (real_timer_start(process, seconds * NS_PER_SECOND, 0))
		return 0;
	/* As Linux: rounded, but never to "none". */
	if (rest >= NS_PER_SECOND / 2 || (!whole && rest))
		whole++;
	return (long)whole;
}
