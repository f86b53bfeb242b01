/* SPDX-License-Identifier: MIT */
/* capget(2), capset(2), and the parts of prctl(2) that concern capabilities. */
#include "process/caps.h"

#include <linux/capability.h>
#include <linux/prctl.h>

#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

/* How many 32-bit words the sets of a version have; 0: no such version. */
static u32 version_words(u32 version)
{
	switch (version) {
	case _LINUX_CAPABILITY_VERSION_1:
		return 1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		return 2;
	default:
		return 0;
	}
}

/* Reads the header; a wrong version is answered with ours, as a program asks for it that way. */
static long header_read(uptr address, struct __user_cap_header_struct *header, u32 *words)
{
	if (get_user(*header, address))
		return -EFAULT;
	*words = version_words(header->version);
	if (*words)
		return 0;
	return put_user((u32)_LINUX_CAPABILITY_VERSION_3, address) ? -EFAULT : -EINVAL;
}

/* A copy of the credentials of pid. */
static long credentials_of(s32 pid, struct credentials *copy)
{
	struct process *process;

	if (pid < 0)
		return -EINVAL;
	if (pid == 0) {
		*copy = *process_current()->credentials;
		return 0;
	}
	process = process_find(pid);
	if (!process)
		return -ESRCH;
	lock_acquire(&process->signal_lock);
	if (process->credentials)
		*copy = *process->credentials;
	else
		*copy = (struct credentials){ .cap_permitted = CAP_ALL, .cap_effective = CAP_ALL };
	lock_release(&process->signal_lock);
	process_put(process);
	return 0;
}

long sys_capget(uptr header_address, uptr data_address)
{
	struct __user_cap_data_struct data[2];
	struct __user_cap_header_struct header;
	struct credentials of;
	u32 words;
	long error = header_read(header_address, &header, &words);

	if (error)
		return error == -EINVAL && !data_address ? 0 : error;
	error = credentials_of(header.pid, &of);
	if (error || !data_address)
		return error;
	for (u32 i = 0; i < 2; i++) {
		data[i].effective = of.cap_effective >> 32 * i;
		data[i].permitted = of.cap_permitted >> 32 * i;
		data[i].inheritable = of.cap_inheritable >> 32 * i;
	}
	return copy_to_user(data_address, data, words * sizeof(data[0]));
}

static bool subset(u64 set, u64 of)
{
	return (set & ~of) == 0;
}

static bool change_allowed(const struct credentials *old, const struct credentials *next)
{
	if (!credentials_capable(old, CAP_SETPCAP) &&
	    !subset(next->cap_inheritable, old->cap_inheritable | old->cap_permitted))
		return false;
	return subset(next->cap_inheritable, old->cap_inheritable | old->cap_bounding) &&
	       subset(next->cap_permitted, old->cap_permitted) &&
	       subset(next->cap_effective, next->cap_permitted);
}

long sys_capset(uptr header_address, uptr data_address)
{
	struct __user_cap_data_struct data[2] = { 0 };
	const struct credentials *old = process_current()->credentials;
	struct __user_cap_header_struct header;
	struct credentials *next;
	u32 words;
	long error = header_read(header_address, &header, &words);

	if (error)
		return error;
	if (header.pid && header.pid != (s32)process_current()->pid)
		return -EPERM;
	if (copy_from_user(data, data_address, words * sizeof(data[0])))
		return -EFAULT;
	next = credentials_copy(old);
	if (!next)
		return -ENOMEM;
	next->cap_effective = (data[0].effective | (u64)data[1].effective << 32) & CAP_ALL;
	next->cap_permitted = (data[0].permitted | (u64)data[1].permitted << 32) & CAP_ALL;
	next->cap_inheritable = (data[0].inheritable | (u64)data[1].inheritable << 32) & CAP_ALL;
	next->cap_ambient &= next->cap_permitted & next->cap_inheritable;
	if (!change_allowed(old, next)) {
		credentials_put(next);
		return -EPERM;
	}
	credentials_commit(next);
	return 0;
}

/* ---- prctl ---- */

static bool cap_known(u64 cap)
{
	return cap < 64 && (CAP_BIT(cap) & CAP_ALL);
}

long caps_bounding_read(u64 cap)
{
	if (!cap_known(cap))
		return -EINVAL;
	return (process_current()->credentials->cap_bounding & CAP_BIT(cap)) != 0;
}

long caps_bounding_drop(u64 cap)
{
	const struct credentials *old = process_current()->credentials;
	struct credentials *next;

	if (!credentials_capable(old, CAP_SETPCAP))
		return -EPERM;
	if (!cap_known(cap))
		return -EINVAL;
	next = credentials_copy(old);
	if (!next)
		return -ENOMEM;
	next->cap_bounding &= ~CAP_BIT(cap);
	credentials_commit(next);
	return 0;
}

static long ambient_change(u64 clear, u64 set)
{
	struct credentials *next = credentials_copy(process_current()->credentials);

	if (!next)
		return -ENOMEM;
	next->cap_ambient = (next->cap_ambient & ~clear) | set;
	credentials_commit(next);
	return 0;
}

long caps_ambient(u64 operation, u64 cap)
{
	const struct credentials *own = process_current()->credentials;

	if (operation == PR_CAP_AMBIENT_CLEAR_ALL)
		return cap ? -EINVAL : ambient_change(CAP_ALL, 0);
	if (!cap_known(cap))
		return -EINVAL;
	switch (operation) {
	case PR_CAP_AMBIENT_IS_SET:
		return (own->cap_ambient & CAP_BIT(cap)) != 0;
	case PR_CAP_AMBIENT_LOWER:
		return ambient_change(CAP_BIT(cap), 0);
	case PR_CAP_AMBIENT_RAISE:
		if (!(own->cap_permitted & own->cap_inheritable & CAP_BIT(cap)))
			return -EPERM;
		return ambient_change(0, CAP_BIT(cap));
	default:
		return -EINVAL;
	}
}
