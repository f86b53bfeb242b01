/* SPDX-License-Identifier: MIT */
/*
 * Scheduling is the host's: programs may ask and choose processors. All threads are SCHED_OTHER;
 * the nice value is kept and inherited, and changes nothing, as the host lets no domain choose it.
 */
#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/time_types.h>

#include "boundary/layout.h"
#include "core/host.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

#define PRIORITY_MAX 99		/* of SCHED_FIFO and SCHED_RR */

long sys_sched_yield(void)
{
	return host_call0(__NR_sched_yield);
}

long sys_getcpu(uptr cpu, uptr node, uptr unused)
{
	u32 where[2];
	long error = host_call3(__NR_getcpu, &where[0], &where[1], 0);

	(void)unused;
	if (error)
		return error;
	if ((cpu && put_user(where[0], cpu)) || (node && put_user(where[1], node)))
		return -EFAULT;
	return 0;
}

/* ---- processors ---- */

/*
 * The host's id of a thread, 0 for the caller itself; -EINVAL, -ESRCH, or -EPERM. Pid 1 is the
 * layer's own and has no thread: it is told as the caller, and can't be changed.
 */
static long host_thread_of(s32 tid, bool change)
{
	const struct credentials *own = process_current()->credentials, *its;
	struct thread *thread;
	long host_tid = -ESRCH;

	if (tid < 0)
		return -EINVAL;
	if (!tid || (u32)tid == thread_current()->tid)
		return 0;
	if ((u32)tid == init_process->pid)
		return change ? -EPERM : 0;
	lock_acquire(&process_tree_lock);
	thread = thread_find_locked((u32)tid);
	if (thread) {
		lock_acquire(&thread->process->signal_lock);
		its = thread->process->credentials;
		host_tid = thread->host_tid ? (long)thread->host_tid : -ESRCH;
		if (change && own->euid != its->uid && own->euid != its->euid &&
		    !credentials_capable(own, CAP_SYS_NICE))
			host_tid = -EPERM;
		lock_release(&thread->process->signal_lock);
	}
	lock_release(&process_tree_lock);
	return host_tid;
}

long sys_sched_getaffinity(s32 pid, u32 size, uptr mask)
{
	long host_tid = pid < 0 ? -ESRCH : host_thread_of(pid, false);

	if (host_tid < 0)
		return host_tid;
	if (!user_range_ok(mask, size))
		return -EFAULT;
	return host_call3(__NR_sched_getaffinity, host_tid, size, mask);
}

long sys_sched_setaffinity(s32 pid, u32 size, uptr mask)
{
	long host_tid = pid < 0 ? -ESRCH : host_thread_of(pid, true);

	if (host_tid < 0)
		return host_tid;
	if (!user_range_ok(mask, size))
		return -EFAULT;
	return host_call3(__NR_sched_setaffinity, host_tid, size, mask);
}

/* ---- policies ---- */

static bool policy_is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_exists(int policy)
{
	return policy == SCHED_NORMAL || policy_is_realtime(policy) || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

long sys_sched_get_priority_max(int policy)
{
	if (!policy_exists(policy) && policy != SCHED_DEADLINE)
		return -EINVAL;
	return policy_is_realtime(policy) ? PRIORITY_MAX : 0;
}

long sys_sched_get_priority_min(int policy)
{
	if (!policy_exists(policy) && policy != SCHED_DEADLINE)
		return -EINVAL;
	return policy_is_realtime(policy) ? 1 : 0;
}

long sys_sched_getscheduler(s32 pid)
{
	long host_tid = host_thread_of(pid, false);

	return host_tid < 0 ? host_tid : SCHED_NORMAL;
}

long sys_sched_getparam(s32 pid, uptr parameter)
{
	long host_tid = host_thread_of(pid, false);
	int priority = 0;

	if (!parameter)
		return -EINVAL;
	return host_tid < 0 ? host_tid : put_user(priority, parameter);
}

static long policy_set(s32 pid, int policy, uptr parameter)
{
	long host_tid;
	int priority;

	if (pid < 0 || !parameter)
		return -EINVAL;
	if (get_user(priority, parameter))
		return -EFAULT;
	host_tid = host_thread_of(pid, true);
	if (host_tid < 0)
		return host_tid;
	if (policy_is_realtime(policy))
		return priority < 1 || priority > PRIORITY_MAX ? -EINVAL : -EPERM;
	if (!policy_exists(policy) || priority)
		return -EINVAL;
	return policy == SCHED_NORMAL ? 0 : -EPERM;
}

long sys_sched_setscheduler(s32 pid, int policy, uptr parameter)
{
	return policy < 0 ? -EINVAL : policy_set(pid, policy, parameter);
}

long sys_sched_setparam(s32 pid, uptr parameter)
{
	return policy_set(pid, SCHED_NORMAL, parameter);
}

/*
 * How long a thread runs before another of its priority does: for SCHED_OTHER that changes with the
 * load, and the host does not tell. What its scheduler begins with.
 */
#define SLICE_NS 2800000

long sys_sched_rr_get_interval(s32 pid, uptr to)
{
	struct __kernel_timespec slice = { .tv_nsec = SLICE_NS };
	long host_tid = host_thread_of(pid, false);

	return host_tid < 0 ? host_tid : put_user(slice, to);
}

/* ---- nice values ---- */

#define NICE_MIN (-20)
#define NICE_MAX 19

struct nice_visit {
	int which;
	u32 who;
	int nice;		/* to set; or the best found */
	bool set;
	long result;
};

static bool nice_matches(const struct nice_visit *visit, const struct process *process)
{
	switch (visit->which) {
	case PRIO_PROCESS:
		return process->pid == visit->who;
	case PRIO_PGRP:
		return process->pgid == visit->who;
	default:
		return process->credentials && process->credentials->uid == visit->who;
	}
}

static long nice_set(struct process *process, int nice)
{
	const struct credentials *own = process_current()->credentials, *its = process->credentials;

	if (own->euid != its->uid && own->euid != its->euid &&
	    !credentials_capable(own, CAP_SYS_NICE))
		return -EPERM;
	if (nice < process->nice && !credentials_capable(own, CAP_SYS_NICE) &&
	    20 - nice > (int)process->limits[RLIMIT_NICE].rlim_cur)
		return -EACCES;
	process->nice = nice;
	return 0;
}

/* The lock keeps the credentials that are looked at. */
static bool nice_visit_one(struct process *process, void *data)
{
	struct nice_visit *visit = data;

	lock_acquire(&process->signal_lock);
	if (process->state != PROCESS_RUNNING || !process->credentials ||
	    !nice_matches(visit, process))
		;
	else if (visit->set)
		visit->result = nice_set(process, visit->nice);
	else if (visit->result == -ESRCH || 20 - process->nice > visit->result)
		visit->result = 20 - process->nice;
	lock_release(&process->signal_lock);
	return false;
}

static long nice_visit_all(struct nice_visit *visit)
{
	struct process *self = process_current();

	if (visit->which < PRIO_PROCESS || visit->which > PRIO_USER)
		return -EINVAL;
	if (!visit->who)
		visit->who = visit->which == PRIO_PROCESS ? self->pid :
			     visit->which == PRIO_PGRP ? self->pgid : self->credentials->uid;
	process_for_each(nice_visit_one, visit);
	return visit->result;
}

long sys_getpriority(int which, int who)
{
	struct nice_visit visit = { .which = which, .who = (u32)who, .result = -ESRCH };

	return nice_visit_all(&visit);
}

long sys_setpriority(int which, int who, int nice)
{
	struct nice_visit visit = {
		.which = which, .who = (u32)who, .set = true, .result = -ESRCH,
		.nice = MIN(MAX(nice, NICE_MIN), NICE_MAX),
	};

	return nice_visit_all(&visit);
}

/* ---- struct sched_attr ---- */

#define KNOWN_FLAGS (SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_ALL)

/* Of a thread's process. -ESRCH. */
static long nice_of_thread(s32 tid)
{
	const struct thread *thread = thread_current();
	long nice = -ESRCH;

	if ((u32)tid == init_process->pid)
		return init_process->nice;
	lock_acquire(&process_tree_lock);
	if (tid)
		thread = thread_find_locked((u32)tid);
	if (thread)
		nice = thread->process->nice;
	lock_release(&process_tree_lock);
	return nice;
}

long sys_sched_getattr(s32 pid, uptr to, u32 size, u64 flags)
{
	struct sched_attr attributes = { .sched_policy = SCHED_NORMAL };
	long host_tid;

	if (!to || pid < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
		return -EINVAL;
	host_tid = host_thread_of(pid, false);
	if (host_tid < 0)
		return host_tid;
	attributes.sched_nice = (s32)nice_of_thread(pid);
	attributes.size = MIN(size, (u32)sizeof(attributes));
	return copy_to_user(to, &attributes, attributes.size);
}

/* What a newer program knows more than we do must be zero; -E2BIG, and our size for it to see. */
static long attributes_read(uptr from, struct sched_attr *attributes)
{
	u32 size;
	u8 rest;

	memset(attributes, 0, sizeof(*attributes));
	if (get_user(size, from))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		goto too_big;
	if (copy_from_user(attributes, from, MIN(size, sizeof(*attributes))))
		return -EFAULT;
	for (u32 i = sizeof(*attributes); i < size; i++) {
		if (get_user(rest, from + i))
			return -EFAULT;
		if (rest)
			goto too_big;
	}
	return 0;
too_big:
	size = sizeof(*attributes);
	return put_user(size, from) ? -EFAULT : -E2BIG;
}

static long attributes_set(s32 pid, const struct sched_attr *attributes)
{
	struct nice_visit visit = { .which = PRIO_PROCESS, .set = true, .result = -ESRCH };
	bool keep_policy = attributes->sched_flags & SCHED_FLAG_KEEP_POLICY;
	int policy = keep_policy ? SCHED_NORMAL : (int)attributes->sched_policy;

	if (!policy_exists(policy) && policy != SCHED_DEADLINE)
		return -EINVAL;
	if (policy_is_realtime(policy) ? attributes->sched_priority < 1 ||
						 attributes->sched_priority > PRIORITY_MAX
				       : attributes->sched_priority != 0)
		return -EINVAL;
	if (policy != SCHED_NORMAL)
		return -EPERM;
	if (attributes->sched_flags & SCHED_FLAG_KEEP_PARAMS)
		return 0;
	visit.who = pid ? (u32)pid : process_current()->pid;
	visit.nice = MIN(MAX(attributes->sched_nice, NICE_MIN), NICE_MAX);
	return nice_visit_all(&visit);
}

long sys_sched_setattr(s32 pid, uptr from, u64 flags)
{
	struct sched_attr attributes;
	long result;

	if (!from || pid < 0 || flags)
		return -EINVAL;
	result = attributes_read(from, &attributes);
	if (result)
		return result;
	if ((s32)attributes.sched_policy < 0 || attributes.sched_flags & ~(u64)KNOWN_FLAGS)
		return -EINVAL;
	result = host_thread_of(pid, true);
	return result < 0 ? result : attributes_set(pid, &attributes);
}
