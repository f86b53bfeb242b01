/* SPDX-License-Identifier: MIT */
/*
 * Where the copy goes; see receive.h. Links in the path are followed: it is the user's. No locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/receive/receive.h"

/* The directory that a path is in, and the path's last name, which must be one. */
static int open_parent(const char *path, struct destination *to)
{
	size_t size = strlen(path);
	char *parent = strdup(path), *slash;
	int result = 0;

	if (!parent)
		return -ENOMEM;
	while (size > 1 && parent[size - 1] == '/')
		parent[--size] = '\0';
	slash = strrchr(parent, '/');
	if (snprintf(to->name, sizeof(to->name), "%s", slash ? slash + 1 : parent) >=
	    (int)sizeof(to->name))
		result = -ENAMETOOLONG;
	else if (!to->name[0] || !strcmp(to->name, ".") || !strcmp(to->name, ".."))
		result = -ENOENT;
	if (slash)
		slash[slash == parent] = '\0';
	if (!result) {
		to->directory = open(slash ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		result = to->directory < 0 ? -errno : 0;
	}
	free(parent);
	return result;
}

/* A file takes the place of the one that a link leads to, not of the link. */
static int open_file(const char *path, const struct stat *status, enum stream_kind kind,
		     struct destination *to)
{
	char real[PATH_MAX];

	if (kind != STREAM_OF_FILE)
		return -ENOTDIR;
	if (!S_ISREG(status->st_mode))
		return -EEXIST;
	return realpath(path, real) ? open_parent(real, to) : -errno;
}

static int open_existing(const char *path, const struct stat *status, enum stream_kind kind,
			 const char *name, struct destination *to)
{
	if (!S_ISDIR(status->st_mode))
		return open_file(path, status, kind, to);
	if (kind == STREAM_OF_FILE || kind == STREAM_OF_DIRECTORY) {
		strcpy(to->name, name);
		snprintf(to->shown, sizeof(to->shown), "%s%s%s", path,
			 path[strlen(path) - 1] == '/' ? "" : "/", name);
	}
	to->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return to->directory < 0 ? -errno : 0;
}

static int open_any(const char *path, enum stream_kind kind, const char *name,
		    struct destination *to)
{
	struct stat status;

	if (!stat(path, &status))
		return open_existing(path, &status, kind, name, to);
	if (errno != ENOENT || kind == STREAM_OF_ARCHIVE ||
	    (kind == STREAM_OF_FILE && path[strlen(path) - 1] == '/'))
		return -errno;
	return open_parent(path, to);
}

int destination_open(const char *path, enum stream_kind kind, const char *name,
		     struct destination *to)
{
	int result;

	*to = (struct destination){ .directory = -1 };
	snprintf(to->shown, sizeof(to->shown), "%s", path);
	result = open_any(path, kind, name, to);
	if (result) {
		answer_error(path, "can't copy there", result);
		return result;
	}
	return 0;
}
