/* SPDX-License-Identifier: MIT */
/* Directories with all in them; see directory.h. No locks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/directory.h"

/* For an owner, who may always look into a directory and take out what is there. */
static void open_up(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	char link[40];

	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	/* Who can't hears of it from what comes next. */
	(void)!chmod(link, S_IRWXU);
	close(fd);
}

static DIR *open_to_empty(int parent_fd, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(parent_fd, name, flags), error;
	struct stat status;
	DIR *dir;

	if (fd < 0 && errno == EACCES) {
		open_up(parent_fd, name);
		fd = openat(parent_fd, name, flags);
	}
	if (fd >= 0 && !fstat(fd, &status) && (status.st_mode & S_IRWXU) != S_IRWXU)
		(void)!fchmod(fd, S_IRWXU);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir)
		return dir;
	error = errno;
	fd_close(&fd);
	errno = error;
	return NULL;
}

/* A tree of any depth is removed with two descriptors: what lies deep is brought up first. */
struct emptying {
	int top_fd;
	uint64_t brought_up;
	bool has_changed;		/* in this pass */
	int error;			/* the last one of this pass */
};

/* Into the top, under a name that is free. Returns 0 or -errno. */
static int bring_up(struct emptying *emptying, int from_fd, const char *name)
{
	bool opened_up = false;
	char to[32];

	for (;;) {
		snprintf(to, sizeof(to), "%016" PRIx64, emptying->brought_up++);
		/* It may replace an empty one, which is then removed as well. */
		if (!renameat(from_fd, name, emptying->top_fd, to))
			return 0;
		if (errno == EACCES && !opened_up) {
			open_up(from_fd, name);
			opened_up = true;
		} else if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) {
			return -errno;
		}
	}
}

static void directory_clear(struct emptying *emptying, const char *name);

static void entry_remove(struct emptying *emptying, int fd, const char *name)
{
	int error = 0;

	if (unlinkat(fd, name, 0) && errno != ENOENT)
		error = errno == EISDIR ? 1 : -errno;
	if (error == 1 && fd == emptying->top_fd) {
		directory_clear(emptying, name);
		return;
	}
	if (error == 1)
		error = bring_up(emptying, fd, name);
	if (error)
		emptying->error = error;
	else
		emptying->has_changed = true;
}

static void entries_remove(struct emptying *emptying, DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			entry_remove(emptying, dirfd(dir), entry->d_name);
	}
}

/* One that lies in the top itself. */
static void directory_clear(struct emptying *emptying, const char *name)
{
	DIR *dir = open_to_empty(emptying->top_fd, name);

	if (dir) {
		entries_remove(emptying, dir);
		closedir(dir);
	} else {
		emptying->error = -errno;
	}
	if (!unlinkat(emptying->top_fd, name, AT_REMOVEDIR))
		emptying->has_changed = true;
	else if (!emptying->error)
		emptying->error = -errno;
}

int directory_empty(int parent_fd, const char *name)
{
	DIR *top = open_to_empty(parent_fd, name);
	struct emptying emptying = { .has_changed = true };

	if (!top)
		return -errno;
	emptying.top_fd = dirfd(top);
	while (emptying.has_changed) {
		emptying.has_changed = false;
		emptying.error = 0;
		rewinddir(top);
		entries_remove(&emptying, top);
	}
	closedir(top);
	return emptying.error;
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
