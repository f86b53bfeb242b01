/* SPDX-License-Identifier: MIT */
/*
 * What makes a directory a store: DIR/format, a line with a name and a version. It is written last,
 * so a store that was not finished has none, and is made again; one with anything in it has lost
 * the file. Locks: the writer's, while one is made.
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
#include "host/store/pages.h"

/* ---- A store whose format is missing ---- */

/* Whether anything lies in a folder: 1, 0 or -errno. */
static int folder_is_used(int root_fd, const char *name)
{
	int used = 0, fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		used = errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
		fd_close(&fd);
		return used;
	}
	while (!used && (entry = readdir(dir)))
		used = strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(dir);
	return used;
}

static int objects_are_used(int root_fd)
{
	char name[FILE_NAME_SIZE];
	int used = 0;

	for (unsigned i = 0; i < DISK_OBJECT_DIRS && !used; i++) {
		snprintf(name, sizeof(name), "objects/%02x", i);
		used = folder_is_used(root_fd, name);
	}
	return used;
}

/* What is no file there was not made with the store. */
static int tables_are_used(int root_fd)
{
	int used, fd = fd_open_file(root_fd, "tables/data.mdb", O_RDONLY, 0);

	if (fd < 0)
		return fd == -EUCLEAN ? 1 : fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	used = pages_are_used(fd);
	close(fd);
	return used;
}

/* Domains over directories need no store, so only a domain over an image tells of one. */
static int domains_are_used(int root_fd, struct error *err)
{
	struct disk disk = { .root_fd = root_fd };
	mapping_id last;
	int error = domains_last_mapping(&disk.store, &last, err);

	return error ? error : last > 0;
}

/* 1, 0 or -errno with *err filled. */
static int store_is_used(int root_fd, const char *path, struct error *err)
{
	static const char *const folders[] = { "new", "mappings", "lost" };
	int used = tables_are_used(root_fd);

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !used; i++)
		used = folder_is_used(root_fd, folders[i]);
	if (!used)
		used = objects_are_used(root_fd);
	if (used < 0)
		return error_set(err, -used, "%s", path);
	return used ? used : domains_are_used(root_fd, err);
}

int disk_format_check(int root_fd, const char *path, struct error *err)
{
	int used, error = store_format_check(root_fd, path, err);
	struct error none;

	if (error != -ENOENT)
		return error;
	none = *err;
	used = store_is_used(root_fd, path, err);
	if (used > 0)
		return store_part_damaged("format", "missing", path, err);
	if (!used)
		*err = none;
	return used ? used : error;
}

/* ---- Making one ---- */

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

int disk_format_write(int root_fd)
{
	char text[64];
	int size = snprintf(text, sizeof(text), STORE_FORMAT_LINE, STORE_FORMAT_VERSION);
	int error, fd = fd_open_file(root_fd, "format.new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		return fd;
	error = fd_pwrite_all(fd, text, (size_t)size, 0);
	close(fd);
	if (error || syncfs(root_fd) || renameat(root_fd, "format.new", root_fd, "format") ||
	    fsync(root_fd))
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
	error = disk_format_write(disk->root_fd);
	return error ? error_set(err, -error, "can't make an object store in %s", path) : 0;
}
