/* SPDX-License-Identifier: MIT */
/* The usage of a domain's folder; see folder_usage.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/domain/directory.h"
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

/* A domain's own objects are all that is in its folder objects/. */
static int count_object(int parent, const char *name, const struct stat *status, void *data)
{
	struct folder_usage *usage = data;

	(void)parent;
	(void)name;
	usage->objects += S_ISREG(status->st_mode);
	return 0;
}

static int count_entry(int parent, const char *name, const struct stat *status, void *data)
{
	struct folder_usage *usage = data;

	usage->disk_bytes += (uint64_t)status->st_blocks * 512;
	return S_ISREG(status->st_mode) ? count_cache(usage, parent, name) : 0;
}

int folder_usage_read(struct folder_usage *usage, int folder_fd, struct error *err)
{
	struct stat status;
	int error;

	*usage = (struct folder_usage){ .cache_is_known = true };
	if (fstat(folder_fd, &status))
		return error_set(err, errno, "a domain's folder");
	usage->disk_bytes = (uint64_t)status.st_blocks * 512;
	error = directory_walk(folder_fd, ".", count_entry, usage);
	if (!error)
		error = directory_walk(folder_fd, "objects", count_object, usage);
	if (!usage->cache_is_known)
		usage->cache_bytes = 0;
	return error ? error_set(err, -error, "a domain's folder") : 0;
}
