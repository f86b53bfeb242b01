/* SPDX-License-Identifier: MIT */
/* See quota.h. Used by the monitor's main thread alone: no locks. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "host/monitor/objects.h"
#include "host/monitor/quota.h"

/* Bytes of disk in use by the domain now. */
static uint64_t usage(const struct objects *objects)
{
	struct stat status;
	uint64_t bytes = own_objects_usage(&objects->own);

	if (!fstat(objects->overlay, &status))
		bytes += (uint64_t)status.st_blocks * 512;
	return bytes;
}

int quota_take(struct quota *quota, const struct objects *objects, uint64_t bytes)
{
	if (!quota->limit)
		return 0;
	/* What was given is more than what is used, after files were removed above all. */
	if (bytes > quota->limit || quota->given > quota->limit - bytes)
		quota->given = usage(objects);
	if (bytes > quota->limit || quota->given > quota->limit - bytes)
		return -EDQUOT;
	quota->given += bytes;
	return 0;
}

bool quota_is_broken(const struct quota *quota, const struct objects *objects)
{
	return quota->limit && usage(objects) > quota->limit + QUOTA_SLACK;
}

int quota_tell(const struct quota *quota, const struct objects *objects, uint64_t *total,
	       uint64_t *left)
{
	struct statvfs disk;
	uint64_t used;

	if (fstatvfs(objects->overlay, &disk))
		return -errno;
	*total = (uint64_t)disk.f_blocks * disk.f_frsize;
	*left = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (!quota->limit)
		return 0;
	used = usage(objects);
	*total = quota->limit;
	if (used >= quota->limit)
		*left = 0;
	else if (*left > quota->limit - used)
		*left = quota->limit - used;
	return 0;
}
