/* SPDX-License-Identifier: MIT */
/*
 * futex(2): checked and passed to the host, which knows the program's pages; and robust lists,
 * which the layer walks itself, as the words hold the domain's thread ids. No locks.
 */
#include <asm/unistd_64.h>
#include <linux/futex.h>
#include <linux/time_types.h>

#include "core/futex.h"
#include "core/host.h"
#include "core/restart.h"
#include "core/timer.h"
#include "core/wait.h"
#include "memory/usercopy.h"
#include "process/futex_pi.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "syscalls.h"

/* ---- waiting ---- */

static int timeout_read(uptr address, struct __kernel_timespec *time)
{
	if (get_user(*time, address))
		return -EFAULT;
	return time->tv_sec < 0 || (u64)time->tv_nsec >= NS_PER_SECOND ? -EINVAL : 0;
}

static u64 deadline_of(const struct __kernel_timespec *time)
{
	u64 now = clock_monotonic_ns();

	if (time->tv_sec >= (s64)(FOREVER / 2 / NS_PER_SECOND))
		return FOREVER;
	return now + (u64)time->tv_sec * NS_PER_SECOND + (u64)time->tv_nsec;
}

long host_futex_wait(uptr word, u32 flags, u32 expected, const struct __kernel_timespec *until,
		     u32 bits)
{
	struct thread *self = thread_current();
	long result;

	WRITE_ONCE(self->host_waits, 1);
	result = host_call_interruptible(__NR_futex, word, FUTEX_WAIT_BITSET | flags, expected,
					 (u64)until, 0, bits);
	WRITE_ONCE(self->host_waits, 0);
	return result;
}

/* A word that has changed already needs no host call. */
static long wait_on_host(uptr word, u32 flags, u32 expected, const struct __kernel_timespec *time,
			 u32 bits)
{
	u32 value;

	if (get_user(value, word))
		return -EFAULT;
	if (value != expected)
		return -EAGAIN;
	return host_futex_wait(word, flags, expected, time, bits);
}

/* FUTEX_WAIT: a timeout is relative, and a restart goes on with what is left of it. */
static long wait_relative(uptr word, u32 flags, u32 expected, uptr timeout)
{
	struct __kernel_timespec time;
	u64 deadline = FOREVER;
	long result;

	flags &= FUTEX_PRIVATE_FLAG;
	if (timeout) {
		result = timeout_read(timeout, &time);
		if (result)
			return result;
		if (!restart_take(RESTART_FUTEX, &deadline))
			deadline = deadline_of(&time);
		time.tv_sec = (s64)(deadline / NS_PER_SECOND);
		time.tv_nsec = (s64)(deadline % NS_PER_SECOND);
	}
	result = wait_on_host(word, flags, expected, deadline == FOREVER ? NULL : &time,
			      FUTEX_BITSET_MATCH_ANY);
	if (result != -EINTR)
		return result;
	return timeout ? restart_later(RESTART_FUTEX, deadline) : -ERESTARTSYS;
}

/* FUTEX_WAIT_BITSET: a timeout is an instant, so the call can be made again as it was. */
static long wait_absolute(uptr word, u32 flags, u32 expected, uptr timeout, u32 bits)
{
	struct __kernel_timespec time;
	long result = timeout ? timeout_read(timeout, &time) : 0;

	if (result)
		return result;
	if (!bits)
		return -EINVAL;
	result = wait_on_host(word, flags, expected, timeout ? &time : NULL, bits);
	if (result != -EINTR)
		return result;
	return timeout ? -ERESTARTNOHAND : -ERESTARTSYS;
}

/* ---- the call ---- */

long sys_futex(uptr word, int op, u32 value, uptr timeout, uptr word2, u64 value3)
{
	u32 command = (u32)op & FUTEX_CMD_MASK, flags = (u32)op & ~FUTEX_CMD_MASK;

	if (word % sizeof(u32))
		return -EINVAL;
	if (!user_range_ok(word, sizeof(u32)))
		return -EFAULT;
	switch (command) {
	case FUTEX_WAIT:
		return wait_relative(word, flags, value, timeout);
	case FUTEX_WAIT_BITSET:
		return wait_absolute(word, flags, value, timeout, (u32)value3);
	case FUTEX_LOCK_PI:
		return futex_lock_pi(word, flags | FUTEX_CLOCK_REALTIME, timeout);
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(word, flags, timeout);
	case FUTEX_TRYLOCK_PI:
		return futex_trylock_pi(word);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(word, flags);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		break;
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_WAKE_OP:
		if (!user_range_ok(word2, sizeof(u32)))
			return -EFAULT;
		break;
	default:
		return -ENOSYS;
	}
	if (flags & FUTEX_CLOCK_REALTIME)
		return -ENOSYS;
	return host_call6(__NR_futex, word, op, value, timeout, word2, value3);
}

/* ---- robust lists ---- */

/* As the kernel's headers have it, with addresses in program memory. */
struct robust_head {
	uptr first;
	s64 futex_offset;
	uptr pending;
};

#define ROBUST_MAX 2048		/* entries; a longer list is taken for a circle */

long sys_set_robust_list(uptr head, size_t size)
{
	if (size != sizeof(struct robust_head))
		return -EINVAL;
	thread_current()->robust_list = head;
	return 0;
}

long sys_get_robust_list(s32 pid, uptr head, uptr size)
{
	struct thread *thread = thread_current();
	size_t head_size = sizeof(struct robust_head);
	uptr list = thread->robust_list;
	long error = 0;

	if (pid && (u32)pid != thread->tid) {
		lock_acquire(&process_tree_lock);
		thread = thread_find_locked((u32)pid);
		if (!thread)
			error = -ESRCH;
		else if (!ptrace_may_access(thread->process, PTRACE_REAL_IDS))
			error = -EPERM;
		else
			list = thread->robust_list;
		lock_release(&process_tree_lock);
	}
	if (error)
		return error;
	return put_user(head_size, size) || put_user(list, head) ? -EFAULT : 0;
}

/* The lock that the word is has lost its owner: marks it, and wakes one that waits. */
static void futex_owner_died(uptr word, u32 tid, bool priority_inheriting, bool pending)
{
	u32 value, found;

	if (word % sizeof(u32) || get_user(value, word))
		return;
	/* It was released but its waiters were not woken yet. */
	if (pending && !priority_inheriting && !value) {
		host_call3(__NR_futex, word, FUTEX_WAKE, 1);
		return;
	}
	while ((value & FUTEX_TID_MASK) == tid) {
		if (user_cas32(word, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &found))
			return;
		if (found == value) {
			if (value & FUTEX_WAITERS)
				host_call3(__NR_futex, word, FUTEX_WAKE, 1);
			return;
		}
		value = found;
	}
}

/* The lowest bit of an entry says that its lock inherits priorities. */
static void robust_entry(const struct robust_head *head, uptr entry, u32 tid, bool pending)
{
	uptr word = (entry & ~1ul) + (u64)head->futex_offset;

	if (entry && user_range_ok(word, sizeof(u32)))
		futex_owner_died(word, tid, entry & 1, pending);
}

void robust_list_exit(struct thread *thread)
{
	struct robust_head head;
	uptr list = thread->robust_list, entry, next;

	thread->robust_list = 0;
	if (!list || get_user(head, list))
		return;
	entry = head.first;
	for (u32 i = 0; i < ROBUST_MAX && (entry & ~1ul) != list; i++) {
		if (get_user(next, entry & ~1ul))
			break;
		if (entry != head.pending)
			robust_entry(&head, entry, thread->tid, false);
		entry = next;
	}
	robust_entry(&head, head.pending, thread->tid, true);
}
