/* SPDX-License-Identifier: MIT */
/* See part.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/owner.h"
#include "host/base/store_format.h"
#include "host/domain/part.h"

#define PATH_SIZE (PLACE_SIZE + 16)

/* Domains over directories need no store; and one that is damaged is fsck's to tell of. */
static int check_format(int store_fd, const char *store, struct error *err)
{
	int error = store_format_check(store_fd, store, err);

	return error == -EPROTO ? error : 0;
}

static int open_in(int store_fd, const char *store, const char *name, bool make, int *fd,
		   struct error *err)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", store, name);
	if (make && mkdirat(store_fd, name, 0700) && errno != EEXIST)
		return error_set(err, errno, "can't make %s", path);
	*fd = openat(store_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "%s", path);
	return owner_check(*fd, path, err);
}

int part_open(const char *option, const char *name, bool make, char store[PLACE_SIZE], int *fd,
	      struct error *err)
{
	char given[PLACE_SIZE], below[PATH_SIZE];
	int store_fd, error = place_store(option, given, err);

	*fd = -1;
	snprintf(below, sizeof(below), "%s/%s", given, name);
	if (error)
		return error;
	if (make && place_make_parents(below, err))
		return -err->code;
	if (!realpath(given, store)) {
		snprintf(store, PLACE_SIZE, "%s", given);
		return errno == ENOENT ? 0 : error_set(err, errno, "store %s", given);
	}
	store_fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (store_fd < 0)
		return error_set(err, errno, "store %s", given);
	error = owner_check(store_fd, store, err);
	if (!error)
		error = check_format(store_fd, store, err);
	if (!error)
		error = open_in(store_fd, store, name, make, fd, err);
	close(store_fd);
	if (error)
		fd_close(fd);
	return error;
}
