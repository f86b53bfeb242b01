/* SPDX-License-Identifier: MIT */
/* User and group ids of a process. Immutable once published: a change makes a new one (process/cred.c). */
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
};

#define CAP_BIT(cap) (1ull << (cap))

struct credentials *credentials_copy(const struct credentials *from);	/* NULL: out of memory */
void credentials_put(struct credentials *credentials);
bool credentials_in_group(const struct credentials *credentials, u32 gid);	/* fsgid or a supplementary one */
static inline bool credentials_capable(const struct credentials *credentials, int cap)
{
	return credentials->cap_effective & CAP_BIT(cap);
}

#endif
