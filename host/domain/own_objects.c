/* SPDX-License-Identifier: MIT */
/* See own_objects.h. No locks: the holder of the domain's lock uses it, in one thread. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boundary/overlay.h"
#include "host/base/fd.h"
#include "host/domain/own_objects.h"

#define NAME_SIZE 17
#define JOINING "joining"		/* for a moment the other name of a file */

static void id_name(uint64_t id, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%016" PRIx64, id);
}

/* 0 for a name that is none. */
static uint64_t name_id(const char *name)
{
	char again[NAME_SIZE];
	uint64_t id;

	if (strlen(name) != NAME_SIZE - 1 || strspn(name, "0123456789abcdef") != NAME_SIZE - 1)
		return 0;
	id = strtoull(name, NULL, 16);
	id_name(id, again);
	return id >= OVERLAY_OWN_OBJECT && !strcmp(name, again) ? id : 0;
}

/* Calls visit with each id, in no order. 0 or -errno. */
static int ids_visit(int fd, void (*visit)(uint64_t id, void *data), void *data)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir) {
		int error = errno;

		fd_close(&copy);
		return -error;
	}
	while ((entry = readdir(dir))) {
		uint64_t id = name_id(entry->d_name);

		if (id)
			visit(id, data);
	}
	closedir(dir);
	return 0;
}

/* What they take on disk, as far as they can be looked at. */
struct usage {
	int fd;
	uint64_t bytes;
};

static uint64_t bytes_of(const struct stat *status)
{
	uint64_t bytes = (uint64_t)status->st_blocks * 512;

	return bytes < OWN_OBJECT_LEAST ? OWN_OBJECT_LEAST : bytes;
}

static void usage_add(uint64_t id, void *data)
{
	struct usage *usage = data;
	char name[NAME_SIZE];
	struct stat status;

	id_name(id, name);
	if (!fstatat(usage->fd, name, &status, AT_SYMLINK_NOFOLLOW))
		usage->bytes += bytes_of(&status);
}

uint64_t own_objects_usage(const struct own_objects *objects)
{
	struct usage usage = { .fd = objects->fd };

	ids_visit(objects->fd, usage_add, &usage);
	return usage.bytes;
}

static void last_note(uint64_t id, void *data)
{
	uint64_t *last = data;

	if (id > *last)
		*last = id;
}

int own_objects_open(struct own_objects *objects, int folder_fd, struct error *err)
{
	int error = 0;

	*objects = (struct own_objects){ .last = OVERLAY_OWN_OBJECT - 1 };
	if (mkdirat(folder_fd, "objects", 0700) && errno != EEXIST)
		error = -errno;
	objects->fd = openat(folder_fd, "objects",
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (objects->fd < 0)
		error = error ? error : -errno;
	else
		error = ids_visit(objects->fd, last_note, &objects->last);
	if (!error)
		return 0;
	fd_close(&objects->fd);
	return error_set(err, -error, "can't open this domain's objects");
}

void own_objects_release(struct own_objects *objects)
{
	fd_close(&objects->fd);
}

/* The sign of who may write. Only the holder of the domain's lock ever has it alone: no waiting. */
static int note_writer(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB) ? -errno : 0;
}

/* Returns the descriptor, or with an error, after closing it, that. */
static int keep_unless(int fd, int error)
{
	if (error)
		close(fd);
	return error ? error : fd;
}

int own_objects_create(struct own_objects *objects, uint64_t *id)
{
	char name[NAME_SIZE];
	int fd, error;

	id_name(objects->last + 1, name);
	fd = openat(objects->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	error = note_writer(fd);
	if (error)
		unlinkat(objects->fd, name, 0);
	else
		*id = ++objects->last;
	return keep_unless(fd, error);
}

static int file_look(const struct own_objects *objects, const char *name, struct stat *status)
{
	if (fstatat(objects->fd, name, status, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return S_ISREG(status->st_mode) ? 0 : -EIO;
}

static int file_open(const struct own_objects *objects, const char *name, int access)
{
	int fd = openat(objects->fd, name, access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int own_objects_get(const struct own_objects *objects, uint64_t id, bool *shared)
{
	char name[NAME_SIZE];
	struct stat status;
	int fd;

	id_name(id, name);
	fd = file_look(objects, name, &status);
	if (fd)
		return fd;
	/* Who gives a file another name holds the domain's lock: it does not run then. */
	*shared = status.st_nlink > 1;
	fd = file_open(objects, name, *shared ? O_RDONLY : O_RDWR);
	return fd < 0 || *shared ? fd : keep_unless(fd, note_writer(fd));
}

/* There can be no new one: the domain's lock is held. */
static int await_writers(int fd)
{
	return flock(fd, LOCK_EX) || flock(fd, LOCK_UN) ? -errno : 0;
}

int own_objects_read(const struct own_objects *objects, uint64_t id, bool is_live)
{
	char name[NAME_SIZE];
	struct stat status;
	int fd;

	id_name(id, name);
	fd = file_look(objects, name, &status);
	if (!fd)
		fd = file_open(objects, name, O_RDONLY);
	return fd < 0 || is_live ? fd : keep_unless(fd, await_writers(fd));
}

int own_objects_look(const struct own_objects *objects, uint64_t id, uint64_t *bytes,
		     bool *is_idle)
{
	struct stat status;
	int fd = own_objects_read(objects, id, true);

	if (fd < 0)
		return fd;
	if (fstat(fd, &status)) {
		close(fd);
		return -EIO;
	}
	*bytes = bytes_of(&status);
	/* One with other names was granted to be read. A lease to read says that nobody writes. */
	*is_idle = status.st_nlink > 1 || !fcntl(fd, F_SETLEASE, F_RDLCK);
	close(fd);
	return 0;
}

int own_objects_empty(const struct own_objects *objects, uint64_t id)
{
	bool shared;
	int fd = own_objects_get(objects, id, &shared), error = 0;

	if (fd < 0)
		return fd;
	if (shared || ftruncate(fd, 0))
		error = shared ? -EIO : -errno;
	close(fd);
	return error;
}

int own_objects_delete(const struct own_objects *objects, uint64_t id)
{
	char name[NAME_SIZE];

	id_name(id, name);
	return unlinkat(objects->fd, name, 0) ? -errno : 0;
}

int own_objects_join(const struct own_objects *objects, uint64_t id, int fd)
{
	char name[NAME_SIZE], path[sizeof("/proc/self/fd/") + 11];
	int error = 0;

	id_name(id, name);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, objects->fd, JOINING, AT_SYMLINK_FOLLOW))
		return -errno;
	if (renameat(objects->fd, JOINING, objects->fd, name)) {
		error = -errno;
		own_objects_sweep(objects);
	}
	return error;
}

int own_objects_sweep(const struct own_objects *objects)
{
	return unlinkat(objects->fd, JOINING, 0) && errno != ENOENT ? -errno : 0;
}

int own_objects_sync(const struct own_objects *objects)
{
	return syncfs(objects->fd) ? -errno : 0;
}

/* The lowest ids from a number on, in rising order. */
struct listing {
	uint64_t from;
	uint64_t *ids;
	int count, max;
	bool more;
};

static void listing_add(uint64_t id, void *data)
{
	struct listing *listing = data;
	int at = listing->count;

	if (id < listing->from)
		return;
	if (listing->count == listing->max) {
		listing->more = true;
		if (id > listing->ids[listing->max - 1])
			return;
		at--;
	} else {
		listing->count++;
	}
	while (at > 0 && listing->ids[at - 1] > id) {
		listing->ids[at] = listing->ids[at - 1];
		at--;
	}
	listing->ids[at] = id;
}

int own_objects_list(const struct own_objects *objects, uint64_t *from, uint64_t *ids, int max)
{
	struct listing listing = { .from = *from, .ids = ids, .max = max };
	int error = ids_visit(objects->fd, listing_add, &listing);

	if (error)
		return error;
	*from = listing.more ? ids[listing.count - 1] + 1 : 0;
	return listing.count;
}
