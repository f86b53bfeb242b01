/* SPDX-License-Identifier: MIT */
/*
 * How much disk a lasting domain may take: its overlay and its own objects. A domain asks before it
 * takes more, and is refused: by its limit, if it has one, and where the disk is nearly full. One
 * that takes more than its limit without asking is found by measuring, and ended.
 */
#ifndef HOST_MONITOR_QUOTA_H
#define HOST_MONITOR_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"

struct objects;

struct quota {
	uint64_t limit;			/* bytes; 0: there is none */
	uint64_t reserve;		/* bytes of the disk that are left free */
	uint64_t given;			/* at least what is used, and may be used without asking */
	/* what the domain may take without asking, or has taken and not told yet; part of given */
	uint64_t out;
	bool is_measured;		/* given is what is used: no need to measure again */
	/* Of the last look at all that is used: what the disk had left, and the domain. */
	uint64_t seen_free, seen_left;
	unsigned int looks;
};

/*
 * How often to look for a domain that takes without asking: at what the disk has lost since, which
 * costs nothing; and each so many times, since others may have given back as much, at all that the
 * domain uses. How much more than its limit is not held against it: folders, and what file systems
 * put aside for files that grow.
 */
#define QUOTA_LOOK_MS		100
#define QUOTA_LOOKS_A_MEASURE	10
#define QUOTA_SLACK		(16ull << 20)

/*
 * limit: 0 for none. fd: some file on the disk. The reserve is MEZZO_DISK_RESERVE of the
 * environment (a size, or 0), else a twentieth of the disk, at most 1 GiB. 0 or -EINVAL.
 */
int quota_init(struct quota *quota, uint64_t limit, int fd, struct error *err);

/*
 * The domain takes so many bytes more, which are on the disk when something is measured next.
 * Returns 0, -EDQUOT (its limit) or -ENOSPC (the disk).
 */
int quota_take(struct quota *quota, const struct objects *objects, uint64_t bytes);

/*
 * The same of bytes that it will take when it likes, and *more, so that it need not ask for each:
 * they count until it tells that it has taken them, or never will.
 */
int quota_lend(struct quota *quota, const struct objects *objects, uint64_t bytes, uint64_t *more);

/* So many bytes that were lent are on the disk, or will not be taken. */
void quota_settle(struct quota *quota, uint64_t bytes);

/* So many bytes were given back. */
void quota_give_back(struct quota *quota, uint64_t bytes);

/* It may use less than it was given, for a reason that the monitor does not see. */
void quota_may_have_room(struct quota *quota);

/*
 * Whether the domain uses more than it may by more than the slack. To be asked each QUOTA_LOOK_MS
 * where there is a limit. *measured: whether this was a look at all.
 */
bool quota_is_broken(struct quota *quota, const struct objects *objects, bool *measured);

/*
 * Bytes of disk that the domain can have in all, and that are left of them. Returns 0 or -errno.
 */
int quota_tell(const struct quota *quota, const struct objects *objects, uint64_t *total,
	       uint64_t *left);

#endif
