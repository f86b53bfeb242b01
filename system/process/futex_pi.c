/* SPDX-License-Identifier: MIT */
/*
 * Priority-inheriting futexes. The host can't serve them, as the words hold the domain's thread
 * ids; and as all threads of a domain have one priority there is nothing to inherit. So these are
 * plain locks in the format that the C library expects: 0 free, else the owner's id, with
 * FUTEX_WAITERS while somebody may sleep. No locks of its own.
 */
#include "process/futex_pi.h"

#include <asm/unistd_64.h>
#include <linux/futex.h>
#include <linux/time_types.h>

#include "core/futex.h"
#include "core/host.h"
#include "core/thread.h"
#include "memory/usercopy.h"
#include "process/process.h"

static bool thread_exists(u32 tid)
{
	bool found;

	lock_acquire(&process_tree_lock);
	found = thread_find_locked(tid) != NULL;
	lock_release(&process_tree_lock);
	return found;
}

/*
 * Takes the word if it has no owner, with extra bits set: 0, -EAGAIN with what is there, -EDEADLK
 * or -EFAULT.
 */
static long try_take(uptr word, u32 extra, u32 *value)
{
	u32 tid = thread_current()->tid, found;

	if (get_user(*value, word))
		return -EFAULT;
	for (;;) {
		if ((*value & FUTEX_TID_MASK) == tid)
			return -EDEADLK;
		if (*value & FUTEX_TID_MASK)
			return -EAGAIN;
		if (user_cas32(word, *value, tid | (*value & ~FUTEX_TID_MASK) | extra, &found))
			return -EFAULT;
		if (found == *value)
			return 0;
		*value = found;
	}
}

/* Sleeps while the word is as it was. */
static long wait_for_owner(uptr word, u32 flags, u32 value, const struct __kernel_timespec *until)
{
	u32 found;

	if (!thread_exists(value & FUTEX_TID_MASK))
		return -ESRCH;
	if (user_cas32(word, value, value | FUTEX_WAITERS, &found))
		return -EFAULT;
	if (found != value)
		return 0;
	return host_futex_wait(word, flags, value | FUTEX_WAITERS, until, FUTEX_BITSET_MATCH_ANY);
}

long futex_lock_pi(uptr word, u32 flags, uptr timeout)
{
	struct __kernel_timespec until;
	u32 value, extra = 0;
	long result;

	if (timeout && get_user(until, timeout))
		return -EFAULT;
	if (timeout && (until.tv_sec < 0 || (u64)until.tv_nsec >= NS_PER_SECOND))
		return -EINVAL;
	while ((result = try_take(word, extra, &value)) == -EAGAIN) {
		result = wait_for_owner(word, flags, value, timeout ? &until : NULL);
		if (result == -EINTR)
			return -ERESTARTNOINTR;
		if (result && result != -EAGAIN)
			return result;
		/* Others may sleep too: whoever slept takes the word as one that has waiters. */
		extra = FUTEX_WAITERS;
	}
	return result;
}

long futex_trylock_pi(uptr word)
{
	u32 value;

	return try_take(word, 0, &value);
}

long futex_unlock_pi(uptr word, u32 flags)
{
	u32 value, found;

	if (get_user(value, word))
		return -EFAULT;
	for (;;) {
		if ((value & FUTEX_TID_MASK) != thread_current()->tid)
			return -EPERM;
		if (user_cas32(word, value, 0, &found))
			return -EFAULT;
		if (found == value)
			break;
		value = found;
	}
	if (value & FUTEX_WAITERS)
		host_call3(__NR_futex, word, FUTEX_WAKE | (flags & FUTEX_PRIVATE_FLAG), 1);
	return 0;
}
