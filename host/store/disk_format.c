/* SPDX-License-Identifier: MIT */
/*
 * What makes a directory a store: DIR/format, a line with a name and a version. It is written last,
 * so a store that was not finished has none, and is made again. Locks: the writer's, while one is
 * made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/store_format.h"
#include "host/store/disk.h"

/* A directory with files of others is not taken for an unfinished store. */
static int check_is_free(struct disk *disk, const char *path, struct error *err)
{
	static const char *const own[] = { ".",		 "..",	    "lock",    "format.new",
					   "tables",	 "objects", "new",     "mappings",
					   "lost",	 "domains", "volumes", "reserve",
					   "lost+found" };
	int fd = openat(disk->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *foreign = NULL;
	struct dirent *entry;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fd_close(&fd);
		return error_set(err, errno, "%s", path);
	}
	while (!foreign && (entry = readdir(dir))) {
		foreign = entry->d_name;
		for (size_t i = 0; foreign && i < sizeof(own) / sizeof(own[0]); i++) {
			if (!strcmp(foreign, own[i]))
				foreign = NULL;
		}
	}
	closedir(dir);
	return foreign ? error_set(err, ENOTEMPTY, "%s is no object store", path) : 0;
}

static int make_dir(int dir_fd, const char *name)
{
	return mkdirat(dir_fd, name, 0700) && errno != EEXIST ? -errno : 0;
}

static int make_dirs(struct disk *disk)
{
	char name[FILE_NAME_SIZE + 8] = "objects/";
	int error = make_dir(disk->root_fd, "tables");

	if (!error)
		error = make_dir(disk->root_fd, "new");
	if (!error)
		error = make_dir(disk->root_fd, "objects");
	for (unsigned i = 0; i < DISK_OBJECT_DIRS && !error; i++) {
		snprintf(name, sizeof(name), "objects/%02x", i);
		error = make_dir(disk->root_fd, name);
	}
	return error;
}

static int write_format(struct disk *disk)
{
	char text[64];
	int size = snprintf(text, sizeof(text), STORE_FORMAT_LINE, STORE_FORMAT_VERSION);
	int error, fd = openat(disk->root_fd, "format.new",
			       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	error = fd_pwrite_all(fd, text, (size_t)size, 0);
	close(fd);
	if (error || syncfs(disk->root_fd) ||
	    renameat(disk->root_fd, "format.new", disk->root_fd, "format") || fsync(disk->root_fd))
		return error ? error : -errno;
	return 0;
}

int disk_format_create(struct disk *disk, const char *path, struct error *err)
{
	int error = check_is_free(disk, path, err);

	if (error)
		return error;
	error = make_dirs(disk);
	if (!error && unlinkat(disk->root_fd, "tables/data.mdb", 0) && errno != ENOENT)
		error = -errno;
	if (error)
		return error_set(err, -error, "can't make an object store in %s", path);
	error = tables_open(disk, path, false, err);
	if (error)
		return error;
	tables_close(disk);
	error = write_format(disk);
	return error ? error_set(err, -error, "can't make an object store in %s", path) : 0;
}
