/* SPDX-License-Identifier: MIT */
/* The files' side of store_check(); see check.h. Under the writer's lock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/check.h"
#include "host/store/hash.h"

int check_bytes(struct check *check, object_id id, uint64_t *size, uint8_t hash[OBJECT_HASH_SIZE])
{
	struct store *store = &check->disk.store;
	uint64_t disk_size;
	int error = file_size(store, id, size, &disk_size, check->err);

	/* What is no file is told of by who looks at names. */
	if (error)
		return error == -ENOENT || error == -EUCLEAN ? BYTES_NONE : error;
	error = object_hash(store, id, *size, hash, check->err);
	if (error == -EIO)
		return BYTES_UNREADABLE;
	return error ? error : BYTES_THERE;
}

/* Whether an object has the file, or a later transaction will remove it. */
static int file_is_of_table(struct check *check, object_id id)
{
	struct slice value;
	struct key key;
	int error;

	key_set_id(&key, TABLE_DOOMED, id);
	error = tables_row_get(&check->disk.store, &key, &value, check->err);
	if (error == -ENOENT && !check_list_has(&check->gone, id)) {
		key_set_id(&key, TABLE_OBJECTS, id);
		error = tables_row_get(&check->disk.store, &key, &value, check->err);
	}
	return error == -ENOENT ? 0 : error ? error : 1;
}

static int file_known(struct check *check, object_id id)
{
	struct known known = { .id = id, .row.flags = OBJECT_SEALED };
	int result = file_is_of_table(check, id);
	struct known *list;

	if (result)
		return result < 0 ? result : 0;
	result = check_bytes(check, id, &known.row.size, known.row.hash);
	if (result == BYTES_UNREADABLE)
		check_finding(check, false, "object %" PRIu64 ": its row is lost, and its bytes "
			      "can't be read: left where they are", id);
	if (result != BYTES_THERE)
		return result < 0 ? result : 0;
	list = check_add(check->known, &check->known_count, sizeof(*list));
	if (!list)
		return check_no_memory(check);
	check->known = list;
	list[check->known_count - 1] = known;
	return 0;
}

/* The name of an object's file, but not where that object's file would be. */
static int file_misplaced(struct check *check, int dir_fd, unsigned dir, const char *name)
{
	uint8_t hash[OBJECT_HASH_SIZE];
	char place[FILE_NAME_SIZE], folder[FILE_NAME_SIZE];
	struct stat status;
	int error, fd;

	if (!check_finding(check, true, "objects/%02x/%s belongs to no object: put aside in lost/",
			   dir, name))
		return 0;
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status))
		error = error_set(check->err, errno, "objects/%02x/%s", dir, name);
	else
		error = file_hash(fd, (uint64_t)status.st_size, hash, check->err);
	fd_close(&fd);
	if (error == -EIO) {
		check_finding(check, false, "objects/%02x/%s can't be read: left where it is", dir,
			      name);
		return 0;
	}
	file_name(file_name_id(name), place);
	/* The folder's name is that of an id which is as small. */
	file_name(dir, folder);
	memcpy(place, folder, FILE_NAME_NEW);
	return error ? error : aside_note(check, place, hash);
}

static int check_file(struct check *check, int dir_fd, unsigned dir, const char *name)
{
	object_id id = file_name_id(name);
	struct stat status;

	if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_set(check->err, errno, "objects/%02x/%s", dir,
						       name);
	if (!id) {
		check_finding(check, false, "objects/%02x/%s is no object's file", dir, name);
		return 0;
	}
	if (!S_ISREG(status.st_mode))
		return check_finding(check, true, "objects/%02x/%s is no file: put aside in lost/",
				     dir, name)
			       ? aside_put(check, check->disk.root_fd, dir_fd, name) : 0;
	if (id % DISK_OBJECT_DIRS != dir)
		return file_misplaced(check, dir_fd, dir, name);
	return file_known(check, id);
}

static int check_dir(struct check *check, unsigned number)
{
	char name[FILE_NAME_SIZE];
	struct dirent *entry;
	int fd, error = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "%02x", number);
	fd = openat(check->disk.objects_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		fd_close(&fd);
		return error_set(check->err, errno, "objects/%s", name);
	}
	while (!error && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			error = check_file(check, dirfd(dir), number, entry->d_name);
	}
	closedir(dir);
	return error;
}

int check_files(struct check *check)
{
	int error = 0;

	for (unsigned i = 0; i < DISK_OBJECT_DIRS && !error; i++)
		error = check_dir(check, i);
	return error;
}
