/* SPDX-License-Identifier: MIT */
/*
 * How much disk a lasting domain may take: its overlay and its own objects. A domain asks before it
 * takes more, and is refused; one that takes without asking is found by measuring, and ended.
 */
#ifndef HOST_MONITOR_QUOTA_H
#define HOST_MONITOR_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

struct objects;

struct quota {
	uint64_t limit;			/* bytes; 0: there is none */
	uint64_t given;			/* at least what is used, and may be used without asking */
};

/*
 * How often to look for a domain that takes without asking; and how much more than its quota is not
 * held against it: folders, and what file systems put aside for files that grow.
 */
#define QUOTA_LOOK_MS		1000
#define QUOTA_SLACK		(16ull << 20)

/* The domain will take so many bytes more. Returns 0 or -EDQUOT. */
int quota_take(struct quota *quota, const struct objects *objects, uint64_t bytes);

/* Whether the domain uses more than it may by more than the slack. */
bool quota_is_broken(const struct quota *quota, const struct objects *objects);

/*
 * Bytes of disk that the domain can have in all, and that are left of them. Returns 0 or -errno.
 */
int quota_tell(const struct quota *quota, const struct objects *objects, uint64_t *total,
	       uint64_t *left);

#endif
