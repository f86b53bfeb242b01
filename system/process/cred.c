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
	copy->replaced = NULL;
	return copy;
}

void credentials_put(struct credentials *credentials)
{
	while (credentials && refcount_put(&credentials->references)) {
		struct credentials *replaced = credentials->replaced;

		heap_free(credentials);
		credentials = replaced;
	}
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

struct credentials *credentials_replace_locked(struct process *process, struct credentials *next)
{
	struct credentials *old = process->credentials;

	if (ids_differ(old, next) || (next->cap_permitted & ~old->cap_permitted)) {
		process->dumpable = false;
		process->parent_death_signal = 0;
	}
	if (process->thread_count > 1) {
		next->replaced = old;
		old = NULL;
	}
	process->credentials = next;
	return old;
}

void credentials_commit(struct credentials *next)
{
	struct process *process = process_current();
	struct credentials *old;

	lock_acquire(&process->exec_lock);
	lock_acquire(&process->signal_lock);
	old = credentials_replace_locked(process, next);
	lock_release(&process->signal_lock);
	lock_release(&process->exec_lock);
	credentials_put(old);
}

/* ---- User and group ids ---- */

static struct credentials *current_copy(void)
{
	return credentials_copy(process_current()->credentials);
}

static bool capable(int cap)
{
	return credentials_capable(process_current()->credentials, cap);
}

/* The user ids or the group ids of credentials: the rules for who may become whom are the same. */
struct ids {
	u32 real, effective, saved, fs;
};

enum id_kind { USER_IDS, GROUP_IDS };

static struct ids ids_of(const struct credentials *c, enum id_kind kind)
{
	if (kind == USER_IDS)
		return (struct ids){ c->uid, c->euid, c->suid, c->fsuid };
	return (struct ids){ c->gid, c->egid, c->sgid, c->fsgid };
}

static struct ids ids_current(enum id_kind kind)
{
	return ids_of(process_current()->credentials, kind);
}

static void ids_put(struct credentials *c, enum id_kind kind, const struct ids *ids)
{
	if (kind == USER_IDS) {
		c->uid = ids->real;
		c->euid = ids->effective;
		c->suid = ids->saved;
		c->fsuid = ids->fs;
	} else {
		c->gid = ids->real;
		c->egid = ids->effective;
		c->sgid = ids->saved;
		c->fsgid = ids->fs;
	}
}

static bool ids_privileged(enum id_kind kind)
{
	return capable(kind == USER_IDS ? CAP_SETUID : CAP_SETGID);
}

/* Whether this is the real, the effective or the saved id, or stands for no change. */
static bool ids_have(const struct ids *ids, u32 id)
{
	return id == UNCHANGED || id == ids->real || id == ids->effective || id == ids->saved;
}

static long ids_commit(enum id_kind kind, const struct ids *ids)
{
	struct process *process = process_current();
	struct credentials *next = current_copy();

	if (!next)
		return -ENOMEM;
	ids_put(next, kind, ids);
	if (kind == USER_IDS)
		caps_follow_ids(process->credentials, next, process->keep_caps);
	credentials_commit(next);
	return 0;
}

static long ids_set(enum id_kind kind, u32 id)
{
	struct ids ids = ids_current(kind);

	if (id == UNCHANGED)
		return -EINVAL;
	if (ids_privileged(kind))
		ids.real = ids.saved = id;
	else if (id != ids.real && id != ids.saved)
		return -EPERM;
	ids.effective = ids.fs = id;
	return ids_commit(kind, &ids);
}

static long ids_set_real_effective(enum id_kind kind, u32 real, u32 effective)
{
	struct ids old = ids_current(kind), ids = old;

	if (!ids_privileged(kind)) {
		if (real != UNCHANGED && real != old.real && real != old.effective)
			return -EPERM;
		if (!ids_have(&old, effective))
			return -EPERM;
	}
	if (real != UNCHANGED)
		ids.real = real;
	if (effective != UNCHANGED)
		ids.effective = effective;
	if (real != UNCHANGED || (effective != UNCHANGED && effective != old.real))
		ids.saved = ids.effective;
	ids.fs = ids.effective;
	return ids_commit(kind, &ids);
}

static long ids_set_three(enum id_kind kind, u32 real, u32 effective, u32 saved)
{
	struct ids old = ids_current(kind), ids = old;

	if (!ids_privileged(kind) && (!ids_have(&old, real) || !ids_have(&old, effective) ||
				      !ids_have(&old, saved)))
		return -EPERM;
	if (real != UNCHANGED)
		ids.real = real;
	if (effective != UNCHANGED)
		ids.effective = effective;
	if (saved != UNCHANGED)
		ids.saved = saved;
	ids.fs = ids.effective;
	return ids_commit(kind, &ids);
}

static long ids_get_three(enum id_kind kind, uptr real, uptr effective, uptr saved)
{
	struct ids ids = ids_current(kind);

	if (put_user(ids.real, real) || put_user(ids.effective, effective) ||
	    put_user(ids.saved, saved))
		return -EFAULT;
	return 0;
}

static void caps_follow_fsuid(const struct credentials *old, struct credentials *next)
{
	if (old->fsuid == 0)
		next->cap_effective &= ~CAPS_FS;
	if (next->fsuid == 0)
		next->cap_effective |= next->cap_permitted & CAPS_FS;
}

/* Returns the id before, and never an error: so does Linux. */
static long ids_set_fs(enum id_kind kind, u32 id)
{
	struct ids ids = ids_current(kind);
	u32 before = ids.fs;
	struct credentials *next;

	if (id == before || id == UNCHANGED || (!ids_have(&ids, id) && !ids_privileged(kind)))
		return before;
	next = current_copy();
	if (!next)
		return before;
	ids.fs = id;
	ids_put(next, kind, &ids);
	if (kind == USER_IDS)
		caps_follow_fsuid(process_current()->credentials, next);
	credentials_commit(next);
	return before;
}

long sys_getuid(void) { return process_current()->credentials->uid; }
long sys_geteuid(void) { return process_current()->credentials->euid; }
long sys_getgid(void) { return process_current()->credentials->gid; }
long sys_getegid(void) { return process_current()->credentials->egid; }

long sys_setuid(u32 uid) { return ids_set(USER_IDS, uid); }
long sys_setgid(u32 gid) { return ids_set(GROUP_IDS, gid); }
long sys_setfsuid(u32 uid) { return ids_set_fs(USER_IDS, uid); }
long sys_setfsgid(u32 gid) { return ids_set_fs(GROUP_IDS, gid); }

long sys_setreuid(u32 ruid, u32 euid)
{
	return ids_set_real_effective(USER_IDS, ruid, euid);
}

long sys_setregid(u32 rgid, u32 egid)
{
	return ids_set_real_effective(GROUP_IDS, rgid, egid);
}

long sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
	return ids_set_three(USER_IDS, ruid, euid, suid);
}

long sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
	return ids_set_three(GROUP_IDS, rgid, egid, sgid);
}

long sys_getresuid(uptr ruid, uptr euid, uptr suid)
{
	return ids_get_three(USER_IDS, ruid, euid, suid);
}

long sys_getresgid(uptr rgid, uptr egid, uptr sgid)
{
	return ids_get_three(GROUP_IDS, rgid, egid, sgid);
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
	credentials_commit(next);
	return 0;
}
