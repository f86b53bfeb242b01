/* SPDX-License-Identifier: MIT */
/* Volumes of a store; see volumes.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/directory.h"
#include "host/domain/name.h"
#include "host/domain/part.h"
#include "host/domain/volumes.h"
#include "host/domain/workshop.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

/* ---- All of them ---- */

int store_volumes_open(struct store_volumes *volumes, const char *option, bool make,
		       struct error *err)
{
	return part_open(option, "volumes", make, volumes->store, &volumes->fd, err);
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

/* Whether the name still leads to what was opened. */
static bool is_current(const struct store_volumes *volumes, const char *name, int fd)
{
	struct stat own, named;

	return !fstat(fd, &own) && !fstatat(volumes->fd, name, &named, AT_SYMLINK_NOFOLLOW) &&
	       own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

/*
 * 0: it is a volume. -ENOENT: nothing has its name. -EUCLEAN with a message: what has it is no
 * volume, and never was one that is removed meanwhile, whose name is gone before its files.
 */
static int look(const struct store_volumes *volumes, const char *name, struct error *err)
{
	bool is_volume, is_known;
	struct stat status;

	do {
		int fd = openat(volumes->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return error_set(err, errno, "volume %s", name);
		is_volume = !fstatat(fd, "data", &status, AT_SYMLINK_NOFOLLOW) &&
			    S_ISDIR(status.st_mode);
		is_known = is_volume || is_current(volumes, name, fd);
		close(fd);
	} while (!is_known);
	if (is_volume)
		return 0;
	error_set(err, 0, "volume %s is damaged, as it has no directory data: see %s/volumes/%s; "
		  "`mezzo volume rm %s` removes it", name, volumes->store, name, name);
	err->code = EUCLEAN;
	return -EUCLEAN;
}

static int workshop_of(const struct store_volumes *volumes, struct error *err)
{
	char what[PLACE_SIZE + sizeof("/volumes")];

	snprintf(what, sizeof(what), "%s/volumes", volumes->store);
	return workshop_enter(volumes->fd, what, err);
}

static int make_aside(const struct store_volumes *volumes, const char *aside)
{
	char path[WORKSHOP_NAME_SIZE + sizeof("/data")];

	snprintf(path, sizeof(path), "%s/data", aside);
	if (mkdirat(volumes->fd, aside, 0700) || mkdirat(volumes->fd, path, 0755))
		return -errno;
	/* Whatever the caller's umask is: those who are others in the domain are to see it. */
	return fchmodat(volumes->fd, path, 0755, 0) ? -errno : 0;
}

int store_volume_make(const struct store_volumes *volumes, const char *name, struct error *err)
{
	char aside[WORKSHOP_NAME_SIZE];
	int lock_fd, found, error = store_volume_check_name(name, err);

	if (error)
		return error;
	error = look(volumes, name, err);
	if (error != -ENOENT)
		return error;
	error = workshop_name(aside, err);
	if (error)
		return error;
	lock_fd = workshop_of(volumes, err);
	if (lock_fd < 0)
		return lock_fd;
	error = make_aside(volumes, aside);
	if (!error && renameat(volumes->fd, aside, volumes->fd, name))
		error = -errno;
	if (error)
		directory_remove(volumes->fd, aside);
	close(lock_fd);
	if (!error)
		return 0;
	/* Another one may have made it meanwhile. */
	found = look(volumes, name, err);
	return found != -ENOENT ? found : error_set(err, -error, "can't make volume %s", name);
}

int store_volume_find(const struct store_volumes *volumes, const char *name,
		      char path[PLACE_SIZE], int64_t *created_ns, struct error *err)
{
	struct stat status;
	int error = store_volume_check_name(name, err);

	if (error)
		return error;
	error = volumes->fd < 0 ? -ENOENT : look(volumes, name, err);
	if (error == -ENOENT) {
		error_set(err, 0, "there is no volume %s in %s: see `mezzo volume ls`", name,
			  volumes->store);
		return -ENOENT;
	}
	if (error)
		return error;
	if (fstatat(volumes->fd, name, &status, AT_SYMLINK_NOFOLLOW))
		return error_set(err, errno, "volume %s", name);
	/* Nothing else ever changes in there. */
	*created_ns = status.st_mtim.tv_sec * 1000000000ll + status.st_mtim.tv_nsec;
	if (snprintf(path, PLACE_SIZE, "%s/volumes/%s/data", volumes->store, name) >= PLACE_SIZE)
		return error_set(err, ENAMETOOLONG, "volume %s", name);
	return 0;
}

/* ---- Who uses one ---- */

/* The folder with a lock of this kind, or -errno: -ENOENT where the name is another's by then. */
static int lock(const struct store_volumes *volumes, const char *name, int kind)
{
	int error = 0, fd = openat(volumes->fd, name, DIRECTORY);

	if (fd < 0)
		return -errno;
	while (!error && flock(fd, kind))
		error = errno == EINTR ? 0 : -errno;
	if (!error && !is_current(volumes, name, fd))
		error = -ENOENT;
	if (!error)
		return fd;
	close(fd);
	return error;
}

int store_volume_use(const struct store_volumes *volumes, const char *name, struct error *err)
{
	int fd;

	/* One that was removed just now is made anew. */
	do {
		int error = store_volume_make(volumes, name, err);

		if (error)
			return error;
		fd = lock(volumes, name, LOCK_SH);
	} while (fd == -ENOENT);
	return fd < 0 ? error_set(err, -fd, "can't use volume %s", name) : fd;
}

int store_volume_claim(const struct store_volumes *volumes, const char *name, struct error *err)
{
	int fd = lock(volumes, name, LOCK_EX | LOCK_NB);

	/* What is no folder is used by nobody. */
	if (fd == -ENOTDIR || fd == -ELOOP) {
		fd = openat(volumes->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	}
	if (fd >= 0)
		return fd;
	if (fd == -EWOULDBLOCK)
		error_set(err, 0, "volume %s is used by a domain that runs", name);
	else
		error_set(err, -fd, "volume %s", name);
	return fd;
}

/* A link or a file in place of a volume goes as what it is, never what it leads to. */
static int remove_aside(const struct store_volumes *volumes, const char *aside)
{
	if (!unlinkat(volumes->fd, aside, 0))
		return 0;
	return errno == EISDIR ? directory_remove(volumes->fd, aside) : -errno;
}

int store_volume_remove(const struct store_volumes *volumes, const char *name, struct error *err)
{
	char aside[WORKSHOP_NAME_SIZE];
	int lock_fd, error = workshop_name(aside, err);

	if (error)
		return error;
	lock_fd = workshop_of(volumes, err);
	if (lock_fd < 0)
		return lock_fd;
	if (renameat(volumes->fd, name, volumes->fd, aside)) {
		error = error_set(err, errno, "can't remove volume %s", name);
	} else {
		error = remove_aside(volumes, aside);
		if (error)
			error_set(err, -error, "volume %s is gone, but not all that was in it: see "
				  "%s/volumes/%s", name, volumes->store, aside);
	}
	close(lock_fd);
	return error;
}
