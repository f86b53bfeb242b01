/* SPDX-License-Identifier: MIT */
/*
 * Credentials: an immutable structure for each process, replaced whole (credentials_commit), with
 * Linux's rules for who may become whom. Threads of one process share them, unlike on Linux, where
 * libc keeps the threads' ids together by itself.
 */
#include <linux/capability.h>

#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

#define UNCHANGED 0xffffffffu

/* What a process without user 0 as fsuid loses of its capabilities, and gets back with it. */
#define CAPS_FS (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_DAC_OVERRIDE) | \
		 CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) | \
		 CAP_BIT(CAP_LINUX_IMMUTABLE) | CAP_BIT(CAP_MAC_OVERRIDE))

struct credentials *credentials_copy(const struct credentials *from)
{
	struct credentials *copy = heap_alloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *from;
	refcount_init(&copy->references, 1);
	copy->next_retired = NULL;
	return copy;
}

void credentials_put(struct credentials *credentials)
{
	if (refcount_put(&credentials->references))
		heap_free(credentials);
}

bool credentials_in_group(const struct credentials *credentials, u32 gid)
{
	if (credentials->fsgid == gid)
		return true;
	for (u32 i = 0; i < credentials->group_count; i++)
		if (credentials->groups[i] == gid)
			return true;
	return false;
}

/* ---- Replacing ---- */

static bool any_root(const struct credentials *c)
{
	return c->uid == 0 || c->euid == 0 || c->suid == 0;
}

static void caps_follow_ids(const struct credentials *old, struct credentials *next, bool keep_caps)
{
	if (any_root(old) && !any_root(next)) {
		if (!keep_caps)
			next->cap_permitted = next->cap_effective = 0;
		next->cap_ambient = 0;
	}
	if (old->euid == 0 && next->euid != 0)
		next->cap_effective = 0;
	if (old->euid != 0 && next->euid == 0)
		next->cap_effective = next->cap_permitted;
}

static bool ids_differ(const struct credentials *a, const struct credentials *b)
{
	return a->euid != b->euid || a->egid != b->egid || a->fsuid != b->fsuid ||
	       a->fsgid != b->fsgid;
}

/*
 * Files and other threads may hold old: it is freed at once only where no other thread can be
 * reading it.
 */
static struct credentials *retire_locked(struct process *process, struct credentials *old)
{
	old->next_retired = process->retired_credentials;
	process->retired_credentials = old;
	if (process->thread_count > 1)
		return NULL;
	old = process->retired_credentials;
	process->retired_credentials = NULL;
	return old;
}

void credentials_retired_free(struct credentials *list)
{
	while (list) {
		struct credentials *next = list->next_retired;

		credentials_put(list);
		list = next;
	}
}

void credentials_commit(struct credentials *next)
{
	struct process *process = process_current();
	struct credentials *old;

	lock_acquire(&process->exec_lock);
	old = process->credentials;
	lock_acquire(&process->signal_lock);
	if (ids_differ(old, next)) {
		process->dumpable = false;
		process->parent_death_signal = 0;
	}
	process->credentials = next;
	old = retire_locked(process, old);
	lock_release(&process->signal_lock);
	lock_release(&process->exec_lock);
	credentials_retired_free(old);
}

/* ---- User ids ---- */

static struct credentials *current_copy(void)
{
	return credentials_copy(process_current()->credentials);
}

static bool capable(int cap)
{
	return credentials_capable(process_current()->credentials, cap);
}

static long uids_commit(struct credentials *next)
{
	struct process *process = process_current();

	caps_follow_ids(process->credentials, next, process->keep_caps);
	credentials_commit(next);
	return 0;
}

long sys_getuid(void) { return process_current()->credentials->uid; }
long sys_geteuid(void) { return process_current()->credentials->euid; }
long sys_getgid(void) { return process_current()->credentials->gid; }
long sys_getegid(void) { return process_current()->credentials->egid; }

long sys_setuid(u32 uid)
{
	const struct credentials *old = process_current()->credentials;
	bool privileged = capable(CAP_SETUID);
	struct credentials *next;

	if (uid == UNCHANGED)
		return -EINVAL;
	if (!privileged && uid != old->uid && uid != old->suid)
		return -EPERM;
	next = current_copy();
	if (!next)
		return -ENOMEM;
	if (privileged)
		next->uid = next->suid = uid;
	next->euid = next->fsuid = uid;
	return uids_commit(next);
}

long sys_setreuid(u32 ruid, u32 euid)
{
	const struct credentials *old = process_current()->credentials;
	struct credentials *next;

	if (!capable(CAP_SETUID)) {
		if (ruid != UNCHANGED && ruid != old->uid && ruid != old->euid)
			return -EPERM;
		if (euid != UNCHANGED && euid != old->uid && euid != old->euid && euid != old->suid)
			return -EPERM;
	}
	next = current_copy();
	if (!next)
		return -ENOMEM;
	if (ruid != UNCHANGED)
		next->uid = ruid;
	if (euid != UNCHANGED)
		next->euid = euid;
	if (ruid != UNCHANGED || (euid != UNCHANGED && euid != old->uid))
		next->suid = next->euid;
	next->fsuid = next->euid;
	return uids_commit(next);
}

static bool one_of(u32 id, u32 a, u32 b, u32 c)
{
	return id == UNCHANGED || id == a || id == b || id == c;
}

long sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
	const struct credentials *old = process_current()->credentials;
	struct credentials *next;

	if (!capable(CAP_SETUID) && (!one_of(ruid, old->uid, old->euid, old->suid) ||
				     !one_of(euid, old->uid, old->euid, old->suid) ||
				     !one_of(suid, old->uid, old->euid, old->suid)))
		return -EPERM;
	next = current_copy();
	if (!next)
		return -ENOMEM;
	if (ruid != UNCHANGED)
		next->uid = ruid;
	if (euid != UNCHANGED)
		next->euid = euid;
	if (suid != UNCHANGED)
		next->suid = suid;
	next->fsuid = next->euid;
	return uids_commit(next);
}

long sys_getresuid(uptr ruid, uptr euid, uptr suid)
{
	const struct credentials *c = process_current()->credentials;

	if (put_user(c->uid, ruid) || put_user(c->euid, euid) || put_user(c->suid, suid))
		return -EFAULT;
	return 0;
}

long sys_setfsuid(u32 uid)
{
	const struct credentials *old = process_current()->credentials;
	u32 before = old->fsuid;
	struct credentials *next;

	if (uid == before || uid == UNCHANGED)
		return before;
	if (uid != old->uid && uid != old->euid && uid != old->suid && !capable(CAP_SETUID))
		return before;
	next = current_copy();
	if (!next)
		return before;
	next->fsuid = uid;
	if (before == 0)
		next->cap_effective &= ~CAPS_FS;
	if (uid == 0)
		next->cap_effective |= next->cap_permitted & CAPS_FS;
	credentials_commit(next);
	return before;
}

/* ---- Group ids ---- */

static long gids_commit(struct credentials *next)
{
	credentials_commit(next);
	return 0;
}

long sys_setgid(u32 gid)
{
	const struct credentials *old = process_current()->credentials;
	bool privileged = capable(CAP_SETGID);
	struct credentials *next;

	if (gid == UNCHANGED)
		return -EINVAL;
	if (!privileged && gid != old->gid && gid != old->sgid)
		return -EPERM;
	next = current_copy();
	if (!next)
		return -ENOMEM;
	if (privileged)
		next->gid = next->sgid = gid;
	next->egid = next->fsgid = gid;
	return gids_commit(next);
}

long sys_setregid(u32 rgid, u32 egid)
{
	const struct credentials *old = process_current()->credentials;
	struct credentials *next;

	if (!capable(CAP_SETGID)) {
		if (rgid != UNCHANGED && rgid != old->gid && rgid != old->egid)
			return -EPERM;
		if (egid != UNCHANGED && egid != old->gid && egid != old->egid && egid != old->sgid)
			return -EPERM;
	}
	next = current_copy();
	if (!next)
		return -ENOMEM;
	if (rgid != UNCHANGED)
		next->gid = rgid;
	if (egid != UNCHANGED)
		next->egid = egid;
	if (rgid != UNCHANGED || (egid != UNCHANGED && egid != old->gid))
		next->sgid = next->egid;
	next->fsgid = next->egid;
	return gids_commit(next);
}

long sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
	const struct credentials *old = process_current()->credentials;
	struct credentials *next;

	if (!capable(CAP_SETGID) && (!one_of(rgid, old->gid, old->egid, old->sgid) ||
				     !one_of(egid, old->gid, old->egid, old->sgid) ||
				     !one_of(sgid, old->gid, old->egid, old->sgid)))
		return -EPERM;
	next = current_copy();
	if (!next)
		return -ENOMEM;
	if (rgid != UNCHANGED)
		next->gid = rgid;
	if (egid != UNCHANGED)
		next->egid = egid;
	if (sgid != UNCHANGED)
		next->sgid = sgid;
	next->fsgid = next->egid;
	return gids_commit(next);
}

long sys_getresgid(uptr rgid, uptr egid, uptr sgid)
{
	const struct credentials *c = process_current()->credentials;

	if (put_user(c->gid, rgid) || put_user(c->egid, egid) || put_user(c->sgid, sgid))
		return -EFAULT;
	return 0;
}

long sys_setfsgid(u32 gid)
{
	const struct credentials *old = process_current()->credentials;
	u32 before = old->fsgid;
	struct credentials *next;

	if (gid == before || gid == UNCHANGED)
		return before;
	if (gid != old->gid && gid != old->egid && gid != old->sgid && !capable(CAP_SETGID))
		return before;
	next = current_copy();
	if (!next)
		return before;
	next->fsgid = gid;
	credentials_commit(next);
	return before;
}

/* ---- Supplementary groups ---- */

long sys_getgroups(int size, uptr list)
{
	const struct credentials *c = process_current()->credentials;

	if (size < 0 || (size && (u32)size < c->group_count))
		return -EINVAL;
	if (size && copy_to_user(list, c->groups, c->group_count * sizeof(u32)))
		return -EFAULT;
	return c->group_count;
}

static void groups_sort(u32 *groups, u32 count)
{
	for (u32 i = 1; i < count; i++) {
		u32 gid = groups[i], at = i;

		for (; at && groups[at - 1] > gid; at--)
			groups[at] = groups[at - 1];
		groups[at] = gid;
	}
}

static bool groups_valid(const u32 *groups, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (groups[i] == UNCHANGED)
			return false;
	return true;
}

long sys_setgroups(int size, uptr list)
{
	struct credentials *next;
	long error = 0;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (size < 0 || size > GROUPS_MAX)
		return -EINVAL;
	next = current_copy();
	if (!next)
		return -ENOMEM;
	if (copy_from_user(next->groups, list, size * sizeof(u32)))
		error = -EFAULT;
	else if (!groups_valid(next->groups, size))
		error = -EINVAL;
	if (error) {
		credentials_put(next);
		return error;
	}
	next->group_count = size;
	groups_sort(next->groups, size);
	return gids_commit(next);
}
