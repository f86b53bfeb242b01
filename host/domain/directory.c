/* SPDX-License-Identifier: MIT */
/* Removing directories; see directory.h. No locks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/directory.h"

static int entry_remove(int parent_fd, const char *name)
{
	if (!unlinkat(parent_fd, name, 0) || errno == ENOENT)
		return 0;
	return errno == EISDIR || errno == EPERM ? directory_remove(parent_fd, name) : -errno;
}

int directory_empty(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!dir) {
		error = -errno;
		fd_close(&fd);
		return error;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			error = entry_remove(dirfd(dir), entry->d_name) ?: error;
	}
	closedir(dir);
	return error;
}

int directory_remove(int parent_fd, const char *name)
{
	int error = directory_empty(parent_fd, name);

	if (unlinkat(parent_fd, name, AT_REMOVEDIR) && errno != ENOENT)
		return error ? error : -errno;
	return 0;
}
