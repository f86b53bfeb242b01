/* SPDX-License-Identifier: MIT */
/*
 * prctl(2): what a thread or process says about itself. Flags of the process are single words,
 * without a lock.
 */
#include <linux/prctl.h>
#include <linux/sched.h>

#include "core/string.h"
#include "memory/usercopy.h"
#include "process/caps.h"
#include "process/process.h"
#include "syscalls.h"

static long name_set(struct thread *thread, uptr address)
{
	char name[sizeof(thread->name)];
	ssize_t length = copy_string_from_user(name, address, sizeof(name));

	if (length < 0 && length != -ENAMETOOLONG)
		return length;
	name[sizeof(name) - 1] = '\0';
	strlcpy(thread->name, name, sizeof(thread->name));
	return 0;
}

static long name_get(const struct thread *thread, uptr address)
{
	char name[sizeof(thread->name)] = "";

	strlcpy(name, thread->name, sizeof(name));
	return copy_to_user(address, name, sizeof(name));
}

static long flag_set(bool *flag, u64 value)
{
	if (value > 1)
		return -EINVAL;
	*flag = value;
	return 0;
}

static long no_new_privs_set(struct process *process, u64 a, u64 b, u64 c, u64 d)
{
	if (a != 1 || b || c || d)
		return -EINVAL;
	process->no_new_privs = true;
	return 0;
}

static long death_signal_set(struct process *process, u64 number)
{
	if (number > SIGNAL_COUNT)
		return -EINVAL;
	process->parent_death_signal = number;
	return 0;
}

/* What is asked about capabilities and privileges. */
static long prctl_privilege(struct process *process, int option, u64 a, u64 b, u64 c, u64 d)
{
	switch (option) {
	case PR_SET_NO_NEW_PRIVS:
		return no_new_privs_set(process, a, b, c, d);
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : process->no_new_privs;
	case PR_SET_KEEPCAPS:
		return flag_set(&process->keep_caps, a);
	case PR_GET_KEEPCAPS:
		return process->keep_caps;
	case PR_CAPBSET_READ:
		return caps_bounding_read(a);
	case PR_CAPBSET_DROP:
		return caps_bounding_drop(a);
	case PR_CAP_AMBIENT:
		return c || d ? -EINVAL : caps_ambient(a, b);
	case PR_GET_SECUREBITS:
	case PR_GET_SECCOMP:
		return 0;
	case PR_SET_SECUREBITS:
		return a ? -EPERM : 0;
	default:
		return -EINVAL;
	}
}

/* Only remembered: whether the host has huge pages for a program is its own affair. */
static long huge_pages_set(struct process *process, bool allowed)
{
	process->no_huge_pages = !allowed;
	return 0;
}

/* Only remembered: of memory that fails the host tells nobody. */
static long memory_failure_set(struct process *process, u64 what, u64 policy)
{
	if (what == PR_MCE_KILL_CLEAR && !policy)
		policy = PR_MCE_KILL_DEFAULT;
	else if (what != PR_MCE_KILL_SET || policy > PR_MCE_KILL_DEFAULT)
		return -EINVAL;
	process->memory_failure_policy = (u8)policy;
	return 0;
}

static long timer_slack_set(struct thread *thread, u64 ns)
{
	thread->timer_slack_ns = ns;
	return 0;
}

long sys_prctl(int option, u64 a, u64 b, u64 c, u64 d)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;

	switch (option) {
	case PR_SET_NAME:
		return name_set(thread, a);
	case PR_GET_NAME:
		return name_get(thread, a);
	case PR_SET_PDEATHSIG:
		return death_signal_set(process, a);
	case PR_GET_PDEATHSIG:
		return put_user((int)process->parent_death_signal, a);
	case PR_SET_DUMPABLE:
		return flag_set(&process->dumpable, a);
	case PR_GET_DUMPABLE:
		return process->dumpable;
	case PR_SET_CHILD_SUBREAPER:
		process->child_subreaper = a != 0;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_user((int)process->child_subreaper, a);
	case PR_SET_TIMERSLACK:
		return timer_slack_set(thread, a);
	case PR_GET_TIMERSLACK:
		return (long)thread_timer_slack_ns(thread);
	case PR_GET_TID_ADDRESS:
		return put_user(thread->clear_tid, a);
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return a == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_SET_THP_DISABLE:
		return b || c || d ? -EINVAL : huge_pages_set(process, a == 0);
	case PR_GET_THP_DISABLE:
		return a || b || c || d ? -EINVAL : process->no_huge_pages;
	case PR_TASK_PERF_EVENTS_DISABLE:
	case PR_TASK_PERF_EVENTS_ENABLE:
		return 0;
	case PR_MCE_KILL:
		return c || d ? -EINVAL : memory_failure_set(process, a, b);
	case PR_MCE_KILL_GET:
		return a || b || c || d ? -EINVAL : process->memory_failure_policy;
	case PR_SET_TSC:
		return a == PR_TSC_ENABLE ? 0 : -EINVAL;
	case PR_GET_TSC:
		return put_user((int)PR_TSC_ENABLE, a);
	default:
		return prctl_privilege(process, option, a, b, c, d);
	}
}
