/* SPDX-License-Identifier: MIT */
/* The usage of a domain's folder; see folder_usage.h. No locks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/stats/cache.h"
#include "host/stats/folder_usage.h"

static int count_cache(struct folder_usage *usage, int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint64_t bytes = 0;
	int error;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	error = cache_bytes(fd, &bytes);
	close(fd);
	if (error == -EPERM) {
		usage->cache_is_known = false;
		return 0;
	}
	usage->cache_bytes += bytes;
	return error;
}

static int count_directory(struct folder_usage *usage, int parent, const char *name,
			   bool is_objects);

static int count_entry(struct folder_usage *usage, int parent, const char *name, bool is_objects)
{
	struct stat status;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	usage->disk_bytes += (uint64_t)status.st_blocks * 512;
	if (S_ISDIR(status.st_mode))
		return count_directory(usage, parent, name, !strcmp(name, "objects"));
	if (!S_ISREG(status.st_mode))
		return 0;
	usage->objects += is_objects;
	return count_cache(usage, parent, name);
}

static int count_directory(struct folder_usage *usage, int parent, const char *name,
			   bool is_objects)
{
	int error = 0, fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		error = -errno;
		fd_close(&fd);
		return error == -ENOENT ? 0 : error;
	}
	while (!error && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			error = count_entry(usage, fd, entry->d_name, is_objects);
	}
	closedir(dir);
	return error;
}

int folder_usage_read(struct folder_usage *usage, int folder_fd, struct error *err)
{
	struct stat status;
	int error;

	*usage = (struct folder_usage){ .cache_is_known = true };
	if (fstat(folder_fd, &status))
		return error_set(err, errno, "a domain's folder");
	usage->disk_bytes = (uint64_t)status.st_blocks * 512;
	error = count_directory(usage, folder_fd, ".", false);
	if (!usage->cache_is_known)
		usage->cache_bytes = 0;
	return error ? error_set(err, -error, "a domain's folder") : 0;
}
