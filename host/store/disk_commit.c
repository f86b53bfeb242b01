/* SPDX-License-Identifier: MIT */
/*
 * Files in a transaction: what is made durable before the tables' commit, what is done after it,
 * and what the next writer does where one died in between. docs/object-format.md tells the order
 * and why. Under the writer's lock.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/disk.h"

#define SYNC_EACH_MAX 16u		/* with more the whole file system is synced at once */

static unsigned dir_of(object_id id)
{
	return (unsigned)(id % DISK_OBJECT_DIRS);
}

/* ---- Recovery ---- */

/* Whether the tables know of bytes of an object: 1, 0 or -errno. */
static int has_bytes(struct disk *disk, object_id id, struct error *err)
{
	struct object_row object;
	struct slice row;
	struct key key;
	int error;

	key_set_id(&key, TABLE_OBJECTS, id);
	error = tables_row_get(&disk->store, &key, &row, err);
	if (error)
		return error == -ENOENT ? 0 : error;
	return slice_copy(&row, &object, sizeof(object)) || !(object.flags & OBJECT_LOST);
}

/*
 * A file in new/ that the tables know is late in its move; any other is of a transaction that was
 * never committed.
 */
static int recover_new_file(struct disk *disk, object_id id, struct error *err)
{
	char name[FILE_NAME_SIZE];
	int known = has_bytes(disk, id, err);

	if (known < 0)
		return known;
	file_name(id, name);
	if (!known)
		unlinkat(disk->new_fd, name + FILE_NAME_NEW, 0);
	else if (!renameat(disk->new_fd, name + FILE_NAME_NEW, disk->objects_fd, name))
		disk->dirty_dirs[dir_of(id)] = true;
	disk->new_dirty = true;
	return 0;
}

static int recover_new(struct disk *disk, struct error *err)
{
	int error = 0, fd = openat(disk->new_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		error = error_set(err, errno, "the store's folder new");
		fd_close(&fd);
		return error;
	}
	while (!error && (entry = readdir(dir))) {
		object_id id = file_name_id(entry->d_name);
		mapping_id copy = entry->d_name[0] == 'm' ? copy_file_id(entry->d_name + 1) : 0;

		if (id)
			error = recover_new_file(disk, id, err);
		else if (copy)
			error = copy_recover(disk, copy, err);
	}
	closedir(dir);
	return error;
}

/* The row goes only with the file: unlinked now, and durably so before this transaction is. */
static int recover_doomed(struct disk *disk, struct error *err)
{
	char name[FILE_NAME_SIZE];
	struct walk walk;
	struct key key;
	int more;

	key_set_table(&key, TABLE_DOOMED);
	walk_init(&walk, &key);
	while ((more = walk_next(&disk->store, &walk, err)) > 0) {
		object_id id = key_id(&walk.at, 0);

		file_name(id, name);
		more = has_bytes(disk, id, err);
		if (more < 0)
			break;
		/* The row of one that is in use is damaged: its bytes are not to go with it. */
		if (!more && unlinkat(disk->objects_fd, name, 0) && errno != ENOENT)
			continue;
		disk->dirty_dirs[dir_of(id)] = true;
		more = tables_row_remove(&disk->store, &walk.at, err);
		if (more)
			break;
	}
	return more;
}

int files_recover(struct disk *disk, struct error *err)
{
	int error = recover_new(disk, err);

	/* A check looks at them itself: what new tables lack is not left over. */
	if (!error && !disk->copies_recovered && !disk->is_checked) {
		error = copies_recover(disk, err);
		disk->copies_recovered = !error;
	}
	return error ? error : recover_doomed(disk, err);
}

/* ---- Commit ---- */

static size_t sync_count(const struct disk *disk)
{
	size_t count = disk->made.count + disk->settled.count + disk->copies.count +
		       disk->new_dirty;

	for (unsigned i = 0; i < DISK_OBJECT_DIRS; i++)
		count += disk->dirty_dirs[i];
	return count;
}

/* One that is gone again was the twin of another, or was put. */
static int sync_at(int dir_fd, const char *name, int flags)
{
	int error, fd;

	fd = openat(dir_fd, name, flags | O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	error = fsync(fd) ? -errno : 0;
	close(fd);
	return error;
}

static int sync_dirs(struct disk *disk)
{
	char name[FILE_NAME_SIZE];
	int error = disk->new_dirty ? sync_at(disk->new_fd, ".", O_DIRECTORY) : 0;

	for (unsigned i = 0; i < DISK_OBJECT_DIRS && !error; i++) {
		if (!disk->dirty_dirs[i])
			continue;
		file_name(i, name);
		name[FILE_NAME_NEW - 1] = '\0';
		error = sync_at(disk->objects_fd, name, O_DIRECTORY);
	}
	return error;
}

static int sync_each(struct disk *disk)
{
	char name[FILE_NAME_SIZE];
	int error = 0;

	for (size_t i = 0; i < disk->made.count && !error; i++) {
		file_name(disk->made.ids[i], name);
		error = sync_at(disk->new_fd, name + FILE_NAME_NEW, 0);
	}
	for (size_t i = 0; i < disk->settled.count && !error; i++) {
		file_name(disk->settled.ids[i], name);
		error = sync_at(disk->objects_fd, name, 0);
		if (!error)
			error = sync_at(disk->new_fd, name + FILE_NAME_NEW, 0);
	}
	for (size_t i = 0; i < disk->copies.count && !error; i++) {
		char copy[COPY_NAME_SIZE];

		copy_file_name(disk->copies.ids[i], true, copy);
		error = sync_at(disk->root_fd, copy, 0);
	}
	return error ? error : sync_dirs(disk);
}

int files_sync(struct disk *disk, struct error *err)
{
	int error;

	file_forget(disk);
	if (sync_count(disk) <= SYNC_EACH_MAX)
		error = sync_each(disk);
	else
		error = syncfs(disk->objects_fd) ? -errno : 0;
	return error ? error_set(err, -error, "can't make the store's objects durable") : 0;
}

static void files_end(struct disk *disk)
{
	disk->made.count = 0;
	disk->restored.count = 0;
	disk->settled.count = 0;
	disk->removed.count = 0;
	memset(disk->dirty_dirs, 0, sizeof(disk->dirty_dirs));
	disk->new_dirty = false;
}

static void move_files(struct disk *disk, const struct id_list *list)
{
	char name[FILE_NAME_SIZE];

	for (size_t i = 0; i < list->count; i++) {
		file_name(list->ids[i], name);
		renameat(disk->new_fd, name + FILE_NAME_NEW, disk->objects_fd, name);
	}
}

void files_finish(struct disk *disk)
{
	char name[FILE_NAME_SIZE];

	move_files(disk, &disk->made);
	move_files(disk, &disk->restored);
	for (size_t i = 0; i < disk->removed.count; i++) {
		file_name(disk->removed.ids[i], name);
		unlinkat(disk->objects_fd, name, 0);
	}
	copies_finish(disk);
	files_end(disk);
}

static void drop_files(struct disk *disk, const struct id_list *list)
{
	char name[FILE_NAME_SIZE];

	for (size_t i = 0; i < list->count; i++) {
		file_name(list->ids[i], name);
		unlinkat(disk->new_fd, name + FILE_NAME_NEW, 0);
	}
}

void files_abort(struct disk *disk)
{
	file_forget(disk);
	drop_files(disk, &disk->made);
	drop_files(disk, &disk->restored);
	copies_abort(disk);
	files_end(disk);
}
