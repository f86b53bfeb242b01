/* SPDX-License-Identifier: MIT */
/*
 * User and group ids of a process. Immutable once published: a change makes a new one
 * (process/cred.c).
 */
#ifndef PROCESS_CREDENTIALS_H
#define PROCESS_CREDENTIALS_H

#include "core/types.h"

#define GROUPS_MAX 64

struct credentials {
	refcount references;
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient;
	u32 group_count;
	u32 groups[GROUPS_MAX];
	/*
	 * What this was put in place of, kept while other threads may still read it; a reference.
	 * Constant from then on: processes that share this may each replace it.
	 */
	struct credentials *replaced;
};

#define CAP_BIT(cap) (1ull << (cap))
#define CAP_ALL (CAP_BIT(41) - 1)	/* up to CAP_CHECKPOINT_RESTORE */

struct credentials *credentials_copy(const struct credentials *from);	/* NULL: out of memory */
/*
 * Makes next the credentials of the calling process, taking over its reference: capabilities follow
 * the user ids as Linux has it. May sleep.
 */
void credentials_commit(struct credentials *next);
struct process;
/*
 * The same for process, which is the calling one, with its exec_lock and signal_lock held: what is
 * to be given to credentials_put() without them.
 */
struct credentials *credentials_replace_locked(struct process *process, struct credentials *next);
void credentials_put(struct credentials *credentials);	/* NULL: nothing */
/* fsgid or a supplementary one */
bool credentials_in_group(const struct credentials *credentials, u32 gid);
static inline bool credentials_capable(const struct credentials *credentials, int cap)
{
	return credentials->cap_effective & CAP_BIT(cap);
}

#endif
