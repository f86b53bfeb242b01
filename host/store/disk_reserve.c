/* SPDX-License-Identifier: MIT */
/*
 * DIR/reserve: blocks of the disk that are kept for deletions. The tables are written to new pages
 * before the former ones are free, so that even a transaction that only deletes needs room: as
 * measured up to a quarter of what the tables have, where no transaction before has left free pages
 * in them. Under the writer's lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/disk.h"

#define RESERVE_UNIT (1ll << 20)

/* A third of the tables, whole megabytes. */
static off_t reserve_wanted(const struct disk *disk)
{
	struct stat status;

	if (fstatat(disk->root_fd, "tables/data.mdb", &status, 0))
		return 0;
	return (status.st_size / 3 / RESERVE_UNIT + 1) * RESERVE_UNIT;
}

void reserve_keep(struct disk *disk)
{
	off_t wanted = reserve_wanted(disk);
	struct stat status = { 0 };
	int fd;

	if (!fstatat(disk->root_fd, "reserve", &status, AT_SYMLINK_NOFOLLOW) &&
	    status.st_size >= wanted)
		return;
	fd = fd_open_file(disk->root_fd, "reserve", O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return;
	/*
	 * Where it can't grow it stays as it was, and the next transaction tries again; where the
	 * file system knows no such call there is none.
	 */
	if (fallocate(fd, 0, 0, wanted) && ftruncate(fd, status.st_size))
		unlinkat(disk->root_fd, "reserve", 0);
	close(fd);
}

int reserve_use(struct store *store, struct error *err)
{
	struct disk *disk = disk_of(store);
	struct statvfs status;

	if (fstatvfs(disk->root_fd, &status))
		return error_set(err, errno, "can't look at the store's disk");
	if ((off_t)(status.f_bavail * status.f_frsize) >= reserve_wanted(disk))
		return 0;
	if (unlinkat(disk->root_fd, "reserve", 0) && errno != ENOENT)
		return error_set(err, errno, "the store's reserve");
	return 0;
}
