/* SPDX-License-Identifier: MIT */
/*
 * See quota.h. What is given is a running sum: objects that are removed are taken from it, and so
 * all is measured only where a domain is about to be refused, and once until something changes.
 * Used by the monitor's main thread alone: no locks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "host/base/size.h"
#include "host/monitor/objects.h"
#include "host/monitor/quota.h"

#define RESERVE_VARIABLE	"MEZZO_DISK_RESERVE"
#define RESERVE_PART		20		/* of the disk */
#define RESERVE_MOST		(1ull << 30)

/* What a domain gets beyond what it asks for: a part of what is left, but no more than this. */
#define MORE_PART		16
#define MORE_MOST		(16ull << 20)
/* In small steps where there is little, that the last of it can be used up by one domain, too. */
#define MORE_LEAST		(1ull << 20)

/* Bytes of disk in use by the domain now. */
static uint64_t usage(const struct objects *objects)
{
	struct stat status;
	uint64_t bytes = own_objects_usage(&objects->own);

	if (!fstat(objects->overlay, &status))
		bytes += (uint64_t)status.st_blocks * 512;
	return bytes;
}

static uint64_t less(uint64_t from, uint64_t bytes)
{
	return from > bytes ? from - bytes : 0;
}

/* Bytes that users may take of a file's disk; of one that can't be looked at there are none. */
static uint64_t disk_free(int fd)
{
	struct statvfs disk;

	return fstatvfs(fd, &disk) ? 0 : (uint64_t)disk.f_bavail * disk.f_frsize;
}

int quota_init(struct quota *quota, uint64_t limit, int fd, struct error *err)
{
	const char *reserve = getenv(RESERVE_VARIABLE);
	struct statvfs disk;

	/* More than there can be: the first who asks has it measured. */
	*quota = (struct quota){ .limit = limit, .given = UINT64_MAX };
	if (reserve && !strcmp(reserve, "0"))
		return 0;
	if (reserve)
		return size_parse(reserve, RESERVE_VARIABLE, &quota->reserve, err);
	if (fstatvfs(fd, &disk))
		return error_set(err, errno, "can't look at the domain's disk");
	quota->reserve = (uint64_t)disk.f_blocks * disk.f_frsize / RESERVE_PART;
	if (quota->reserve > RESERVE_MOST)
		quota->reserve = RESERVE_MOST;
	return 0;
}

static void measure(struct quota *quota, const struct objects *objects)
{
	quota->given = usage(objects) + quota->out;
	quota->is_measured = true;
}

static uint64_t more_of(uint64_t left)
{
	uint64_t more = left / MORE_PART;

	if (more < MORE_LEAST)
		more = left < MORE_LEAST ? left : MORE_LEAST;
	return more > MORE_MOST ? MORE_MOST : more;
}

/* Whether there are so many bytes, and how many with those. 0, -EDQUOT or -ENOSPC. */
static int room_find(struct quota *quota, const struct objects *objects, uint64_t bytes,
		     uint64_t *all)
{
	uint64_t left = UINT64_MAX, room = less(disk_free(objects->overlay), quota->reserve);

	if (quota->limit) {
		left = less(quota->limit, quota->given);
		/* What was given is more than what is used, after files got shorter above all. */
		if (bytes > left && !quota->is_measured) {
			measure(quota, objects);
			left = less(quota->limit, quota->given);
		}
		if (bytes > left)
			return -EDQUOT;
	}
	if (bytes > room)
		return -ENOSPC;
	*all = !quota->limit || left > room ? room : left;
	return 0;
}

static void give(struct quota *quota, uint64_t bytes)
{
	quota->given += quota->limit ? bytes : 0;
	/* It may be used for what has its disk already. */
	quota->is_measured = false;
}

int quota_take(struct quota *quota, const struct objects *objects, uint64_t bytes)
{
	uint64_t all;
	int error = room_find(quota, objects, bytes, &all);

	if (!error)
		give(quota, bytes);
	return error;
}

int quota_lend(struct quota *quota, const struct objects *objects, uint64_t bytes, uint64_t *more)
{
	uint64_t all;
	int error = room_find(quota, objects, bytes, &all);

	if (error)
		return error;
	*more = more_of(all - bytes);
	give(quota, bytes + *more);
	quota->out += quota->limit ? bytes + *more : 0;
	return 0;
}

void quota_settle(struct quota *quota, uint64_t bytes)
{
	quota->out = less(quota->out, bytes);
	if (bytes)
		quota->is_measured = false;
}

void quota_give_back(struct quota *quota, uint64_t bytes)
{
	quota->given = less(quota->given, bytes);
	quota->is_measured = false;
}

void quota_may_have_room(struct quota *quota)
{
	quota->is_measured = false;
}

bool quota_is_broken(struct quota *quota, const struct objects *objects, bool *measured)
{
	uint64_t most = quota->limit + QUOTA_SLACK, now = disk_free(objects->overlay), used;

	*measured = quota->looks++ % QUOTA_LOOKS_A_MEASURE == 0 ||
		    less(quota->seen_free, now) > quota->seen_left;
	if (!*measured)
		return false;
	used = usage(objects);
	quota->seen_free = now;
	quota->seen_left = less(most, used);
	/* Whatever a domain did not tell: it is not refused by what was true once. */
	quota_may_have_room(quota);
	return used > most;
}

int quota_tell(const struct quota *quota, const struct objects *objects, uint64_t *total,
	       uint64_t *left)
{
	struct statvfs disk;
	uint64_t own;

	if (fstatvfs(objects->overlay, &disk))
		return -errno;
	*total = (uint64_t)disk.f_blocks * disk.f_frsize;
	*left = less((uint64_t)disk.f_bavail * disk.f_frsize, quota->reserve);
	if (!quota->limit)
		return 0;
	own = less(quota->limit, usage(objects));
	*total = quota->limit;
	if (*left > own)
		*left = own;
	return 0;
}
