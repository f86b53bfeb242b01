/* SPDX-License-Identifier: MIT */
/*
 * Resource limits. Each value is a single word; soft and hard of one limit change together under
 * signal_lock.
 */
#include <linux/capability.h>

#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

#define FILES_HARD_MAX (1u << 20)	/* Linux's fs.nr_open */

static long limit_change_locked(struct process *process, u32 resource, const struct rlimit64 *next)
{
	struct rlimit64 *limit = &process->limits[resource];

	if (next->rlim_max > limit->rlim_max &&
	    !credentials_capable(process_current()->credentials, CAP_SYS_RESOURCE))
		return -EPERM;
	*limit = *next;
	return 0;
}

/* next may be NULL (only read); old receives what was before. */
static long limit_exchange(struct process *process, u32 resource, const struct rlimit64 *next,
			   struct rlimit64 *old)
{
	long result = 0;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (next && next->rlim_cur > next->rlim_max)
		return -EINVAL;
	if (next && resource == RLIMIT_NOFILE && next->rlim_max > FILES_HARD_MAX)
		return -EPERM;
	lock_acquire(&process->signal_lock);
	*old = process->limits[resource];
	if (next)
		result = limit_change_locked(process, resource, next);
	lock_release(&process->signal_lock);
	return result;
}

long sys_getrlimit(u32 resource, uptr address)
{
	struct rlimit64 old;
	long result = limit_exchange(process_current(), resource, NULL, &old);

	return result ? result : put_user(old, address);
}

long sys_setrlimit(u32 resource, uptr address)
{
	struct rlimit64 next, old;

	if (get_user(next, address))
		return -EFAULT;
	return limit_exchange(process_current(), resource, &next, &old);
}

/* Linux asks that all of the target's ids be the caller's real ones, or for CAP_SYS_RESOURCE. */
static bool limits_permitted(struct process *target)
{
	const struct credentials *own = process_current()->credentials;
	const struct credentials *other;
	bool same = true;

	if (target == process_current() || credentials_capable(own, CAP_SYS_RESOURCE))
		return true;
	lock_acquire(&target->signal_lock);
	other = target->credentials;
	if (other)
		same = own->uid == other->euid && own->uid == other->suid &&
		       own->uid == other->uid && own->gid == other->egid &&
		       own->gid == other->sgid && own->gid == other->gid;
	lock_release(&target->signal_lock);
	return same;
}

long sys_prlimit64(s32 pid, u32 resource, uptr next_address, uptr old_address)
{
	struct process *process;
	struct rlimit64 next, old;
	long result;

	if (next_address && get_user(next, next_address))
		return -EFAULT;
	process = process_find(pid ? (u32)pid : process_current()->pid);
	if (!process)
		return -ESRCH;
	result = -EPERM;
	if (limits_permitted(process))
		result = limit_exchange(process, resource, next_address ? &next : NULL, &old);
	process_put(process);
	if (result == 0 && old_address)
		result = put_user(old, old_address);
	return result;
}
