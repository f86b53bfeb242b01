/* SPDX-License-Identifier: MIT */
/*
 * What a check puts aside, DIR/lost/HASH, and takes back; see check.h. Names there have the 64
 * digits of the content's hash; mappings' copies are lost/mID, and what is no file has the name it
 * had. Under the writer's lock, but for aside_put().
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/store/check.h"
#include "host/store/hash.h"

#define FOLDER "lost"
#define ASIDE_NAME_SIZE (sizeof(FOLDER "/") + 2 * OBJECT_HASH_SIZE)
#define PLACE_NAME_SIZE (sizeof("objects/") + FILE_NAME_SIZE)

static void aside_name(const uint8_t hash[OBJECT_HASH_SIZE], char name[ASIDE_NAME_SIZE])
{
	size_t at = (size_t)snprintf(name, ASIDE_NAME_SIZE, FOLDER "/");

	for (unsigned i = 0; i < OBJECT_HASH_SIZE; i++, at += 2)
		snprintf(name + at, ASIDE_NAME_SIZE - at, "%02x", hash[i]);
}

static int list_add(struct check *check, struct aside **list, size_t *count, const char *name,
		    const uint8_t hash[OBJECT_HASH_SIZE])
{
	struct aside *items = check_add(*list, count, sizeof(*items));

	if (!items)
		return check_no_memory(check);
	*list = items;
	snprintf(items[*count - 1].name, FILE_NAME_SIZE, "%s", name);
	memcpy(items[*count - 1].hash, hash, OBJECT_HASH_SIZE);
	return 0;
}

int aside_note(struct check *check, const char *name, const uint8_t hash[OBJECT_HASH_SIZE])
{
	return list_add(check, &check->aside, &check->aside_count, name, hash);
}

int aside_note_copy(struct check *check, mapping_id id)
{
	return check_note(check, &check->copies_aside, id);
}

/* Whether the file has the bytes that its name says: 1, 0 or -errno. */
static int is_whole(struct check *check, const char *name, const uint8_t hash[OBJECT_HASH_SIZE])
{
	int fd = openat(check->disk.root_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t found[OBJECT_HASH_SIZE];
	struct stat status;
	int error;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(check->err, errno, "%s", name);
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		return 0;
	}
	error = file_hash(fd, (uint64_t)status.st_size, found, check->err);
	close(fd);
	if (error == -EIO)
		return 0;
	return error ? error : !memcmp(found, hash, sizeof(found));
}

/* It has both names until the commit: whatever happens, one is left. */
int aside_take(struct check *check, object_id id, const uint8_t hash[OBJECT_HASH_SIZE])
{
	char from[ASIDE_NAME_SIZE], to[FILE_NAME_SIZE];
	int result;

	aside_name(hash, from);
	result = is_whole(check, from, hash);
	if (result <= 0 || !check->repair)
		return result;
	file_name(id, to);
	if (linkat(check->disk.root_fd, from, check->disk.objects_fd, to, 0))
		return error_set(check->err, errno, "can't take back %s", from);
	check->disk.dirty_dirs[id % DISK_OBJECT_DIRS] = true;
	result = list_add(check, &check->taken, &check->taken_count, to, hash);
	return result ? result : 1;
}

static int put_aside(struct check *check, const struct aside *aside)
{
	char to[ASIDE_NAME_SIZE];

	aside_name(aside->hash, to);
	if (!renameat(check->disk.objects_fd, aside->name, check->disk.root_fd, to))
		return 0;
	return errno == ENOENT ? 0 : error_set(check->err, errno, "can't put aside objects/%s",
					       aside->name);
}

/* There may be another one of this mapping. */
static int copy_put_aside(struct check *check, mapping_id id)
{
	char from[COPY_NAME_SIZE], to[COPY_NAME_SIZE + 16];
	int fd = check->disk.root_fd;

	copy_file_name(id, false, from);
	snprintf(to, sizeof(to), FOLDER "/m%016" PRIx64, id);
	for (unsigned i = 2; renameat2(fd, from, fd, to, RENAME_NOREPLACE); i++) {
		if (errno != EEXIST)
			return error_set(check->err, errno, "can't put aside %s", from);
		snprintf(to, sizeof(to), FOLDER "/m%016" PRIx64 "-%u", id, i);
	}
	return 0;
}

int aside_put(struct check *check, int root_fd, int dir_fd, const char *name)
{
	char to[ASIDE_NAME_SIZE];
	struct stat status;

	if (mkdirat(root_fd, FOLDER, 0700) && errno != EEXIST)
		return error_set(check->err, errno, "can't make the store's folder " FOLDER);
	snprintf(to, sizeof(to), FOLDER "/%s", name);
	for (unsigned i = 1; !fstatat(root_fd, to, &status, AT_SYMLINK_NOFOLLOW); i++)
		snprintf(to, sizeof(to), FOLDER "/%s.%u", name, i);
	if (!renameat(dir_fd, name, root_fd, to) || errno == ENOENT)
		return 0;
	return error_set(check->err, errno, "can't put aside the store's %s", name);
}

int aside_finish(struct check *check)
{
	char name[ASIDE_NAME_SIZE];
	int error = 0;

	for (size_t i = 0; i < check->taken_count; i++) {
		aside_name(check->taken[i].hash, name);
		unlinkat(check->disk.root_fd, name, 0);
	}
	if (check->aside_count + check->copies_aside.count &&
	    mkdirat(check->disk.root_fd, FOLDER, 0700) && errno != EEXIST)
		return error_set(check->err, errno, "can't make the store's folder " FOLDER);
	for (size_t i = 0; i < check->aside_count && !error; i++)
		error = put_aside(check, &check->aside[i]);
	for (size_t i = 0; i < check->copies_aside.count && !error; i++)
		error = copy_put_aside(check, check->copies_aside.ids[i]);
	return error;
}
