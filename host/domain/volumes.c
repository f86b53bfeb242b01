/* SPDX-License-Identifier: MIT */
/* Volumes of a store; see volumes.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/directory.h"
#include "host/domain/name.h"
#include "host/domain/volumes.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

/* ---- All of them ---- */

int store_volumes_open(struct store_volumes *volumes, const char *option, bool make,
		       struct error *err)
{
	char path[PLACE_SIZE + sizeof("/volumes")], given[PLACE_SIZE];
	int error = place_store(option, given, err);

	volumes->fd = -1;
	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/volumes", given);
	if (make && place_make_parents(path, err))
		return -err->code;
	if (make && mkdir(path, 0700) && errno != EEXIST)
		return error_set(err, errno, "can't make %s", path);
	if (!realpath(given, volumes->store)) {
		snprintf(volumes->store, sizeof(volumes->store), "%s", given);
		return errno == ENOENT ? 0 : error_set(err, errno, "store %s", given);
	}
	snprintf(path, sizeof(path), "%s/volumes", volumes->store);
	volumes->fd = open(path, DIRECTORY);
	if (volumes->fd < 0 && errno != ENOENT)
		return error_set(err, errno, "%s", path);
	return 0;
}

void store_volumes_close(struct store_volumes *volumes)
{
	fd_close(&volumes->fd);
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int store_volumes_visit(const struct store_volumes *volumes,
			int (*visit)(const char *name, void *data), void *data, struct error *err)
{
	char path[PLACE_SIZE + sizeof("/volumes")];
	struct dirent **entries;
	int count, result = 0;

	if (volumes->fd < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/volumes", volumes->store);
	count = scandir(path, &entries, is_shown, alphasort);
	if (count < 0)
		return error_set(err, errno, "%s", path);
	for (int i = 0; i < count; i++) {
		if (!result)
			result = visit(entries[i]->d_name, data);
		free(entries[i]);
	}
	free(entries);
	return result;
}

/* ---- One ---- */

int store_volume_check_name(const char *name, struct error *err)
{
	struct error rule;

	if (!domain_name_check(name, &rule))
		return 0;
	return error_set(err, 0, "'%.100s' is no name of a volume: want a letter or digit, then "
			 "letters, digits and _.-, at most %u bytes; a directory is to begin with "
			 "/ or .", name, DOMAIN_NAME_MAX);
}

/* A name beside those that are shown, that nobody has. */
static int make_aside_name(char name[24], struct error *err)
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return error_set(err, errno, "can't make a name");
	snprintf(name, 24, ".%016llx", (unsigned long long)bits);
	return 0;
}

static bool is_there(const struct store_volumes *volumes, const char *name)
{
	char path[DOMAIN_NAME_MAX + sizeof("/data")];
	struct stat status;

	snprintf(path, sizeof(path), "%s/data", name);
	return !fstatat(volumes->fd, path, &status, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(status.st_mode);
}

static int make_aside(const struct store_volumes *volumes, const char *aside)
{
	char path[24 + sizeof("/data")];

	snprintf(path, sizeof(path), "%s/data", aside);
	if (mkdirat(volumes->fd, aside, 0700) || mkdirat(volumes->fd, path, 0755))
		return -errno;
	/* Whatever the caller's umask is: those who are others in the domain are to see it. */
	return fchmodat(volumes->fd, path, 0755, 0) ? -errno : 0;
}

int store_volume_make(const struct store_volumes *volumes, const char *name, struct error *err)
{
	char aside[24];
	int error = store_volume_check_name(name, err);

	if (error)
		return error;
	if (is_there(volumes, name))
		return 0;
	error = make_aside_name(aside, err);
	if (error)
		return error;
	error = make_aside(volumes, aside);
	if (!error && renameat(volumes->fd, aside, volumes->fd, name))
		error = -errno;
	if (error)
		directory_remove(volumes->fd, aside);
	/* Another one may have made it meanwhile. */
	if (error && is_there(volumes, name))
		error = 0;
	return error ? error_set(err, -error, "can't make volume %s", name) : 0;
}

int store_volume_find(const struct store_volumes *volumes, const char *name,
		      char path[PLACE_SIZE], int64_t *created_ns, struct error *err)
{
	struct stat status;
	int error = store_volume_check_name(name, err);

	if (error)
		return error;
	if (volumes->fd < 0 || !is_there(volumes, name))
		return error_set(err, ENOENT, "volume %s", name);
	if (fstatat(volumes->fd, name, &status, AT_SYMLINK_NOFOLLOW))
		return error_set(err, errno, "volume %s", name);
	/* Nothing else ever changes in there. */
	*created_ns = status.st_mtim.tv_sec * 1000000000ll + status.st_mtim.tv_nsec;
	if (snprintf(path, PLACE_SIZE, "%s/volumes/%s/data", volumes->store, name) >= PLACE_SIZE)
		return error_set(err, ENAMETOOLONG, "volume %s", name);
	return 0;
}

int store_volume_remove(const struct store_volumes *volumes, const char *name, struct error *err)
{
	char aside[24];
	int error = make_aside_name(aside, err);

	if (error)
		return error;
	if (renameat(volumes->fd, name, volumes->fd, aside))
		return error_set(err, errno, "can't remove volume %s", name);
	error = directory_remove(volumes->fd, aside);
	return error ? error_set(err, -error, "volume %s is gone, but not all that was in it", name)
		     : 0;
}
