/* SPDX-License-Identifier: MIT */
/* Directories with all in them; see directory.h. No locks. */
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

/* ---- Looking ---- */

typedef int entry_visit(int parent_fd, const char *name, const struct stat *status, void *data);

static int visit_entry(int parent_fd, const char *name, entry_visit *visit, void *data)
{
	struct stat status;
	int result;

	if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	result = visit(parent_fd, name, &status, data);
	return result || !S_ISDIR(status.st_mode) ? result :
						    directory_walk(parent_fd, name, visit, data);
}

int directory_walk(int parent_fd, const char *name, entry_visit *visit, void *data)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!dir) {
		result = errno == ENOENT ? 0 : -errno;
		fd_close(&fd);
		return result;
	}
	while (!result && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			result = visit_entry(fd, entry->d_name, visit, data);
	}
	closedir(dir);
	return result;
}

static int add_blocks(int parent_fd, const char *name, const struct stat *status, void *data)
{
	(void)parent_fd;
	(void)name;
	*(uint64_t *)data += (uint64_t)status->st_blocks * 512;
	return 0;
}

int directory_bytes(int parent_fd, const char *name, uint64_t *bytes)
{
	struct stat status;

	*bytes = 0;
	if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	*bytes = (uint64_t)status.st_blocks * 512;
	return directory_walk(parent_fd, name, add_blocks, bytes);
}
