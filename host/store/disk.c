/* SPDX-License-Identifier: MIT */
/*
 * The store on disk: opening, and transactions, which join the tables' with what happens to the
 * object files. Locks between processes: disk_lock.c. Within a process a store belongs to one
 * thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/owner.h"
#include "host/base/store_format.h"
#include "host/store/disk.h"

/* ---- Transactions ---- */

/* A check keeps it until the store is closed. */
static void writer_unlock(struct disk *disk)
{
	if (!disk->is_checked)
		disk_unlock(disk->lock_fd, LOCK_WRITER);
}

static int disk_begin(struct store *store, struct error *err)
{
	struct disk *disk = disk_of(store);
	int error = disk_lock(disk->lock_fd, LOCK_WRITER, true, true);

	if (error)
		return error_set(err, -error, "can't lock the store");
	error = tables_begin(disk, err);
	if (!error) {
		error = files_recover(disk, err);
		if (error) {
			tables_abort(disk);
			files_abort(disk);
		}
	}
	if (error)
		writer_unlock(disk);
	else
		reserve_keep(disk);
	return error;
}

static void disk_abort(struct store *store)
{
	struct disk *disk = disk_of(store);

	tables_abort(disk);
	files_abort(disk);
	lock_claims_end(disk);
	writer_unlock(disk);
}

static int disk_commit(struct store *store, struct error *err)
{
	struct disk *disk = disk_of(store);
	int error = files_sync(disk, err);

	if (error) {
		disk_abort(store);
		return error;
	}
	error = tables_commit(disk, err);
	if (error)
		files_abort(disk);
	else
		files_finish(disk);
	if (!error)
		reserve_keep(disk);
	lock_claims_end(disk);
	writer_unlock(disk);
	return error;
}

static void disk_close(struct store *store)
{
	struct disk *disk = disk_of(store);

	disk_release(disk);
	free(disk);
}

const struct backend_operations disk_operations = {
	.close = disk_close,
	.view_begin = tables_view_begin,
	.view_end = tables_view_end,
	.begin = disk_begin,
	.commit = disk_commit,
	.abort = disk_abort,
	.row_get = tables_row_get,
	.row_next = tables_row_next,
	.row_put = tables_row_put,
	.row_remove = tables_row_remove,
	.file_create = file_create,
	.file_remove = file_remove,
	.file_copy = file_copy,
	.file_restore = file_restore,
	.file_settle = file_settle,
	.file_read = file_read,
	.file_write = file_write,
	.file_truncate = file_truncate,
	.file_sync = file_sync,
	.file_open = file_open,
	.file_size = file_size,
	.mapping_share = lock_mapping_share,
	.mapping_unshare = lock_mapping_unshare,
	.mapping_claim = lock_mapping_claim,
	.mapping_holder = domains_holder,
	.pins_keep = lock_pins_keep,
	.copy_put = copy_put,
	.copy_is_there = copy_is_there,
	.copy_remove = copy_remove,
	.reserve_use = reserve_use,
};

/* ---- Opening ---- */

void disk_release(struct disk *disk)
{
	tables_close(disk);
	file_forget(disk);
	free(disk->made.ids);
	free(disk->settled.ids);
	free(disk->restored.ids);
	free(disk->removed.ids);
	free(disk->claimed.ids);
	free(disk->copies.ids);
	free(disk->copies_removed.ids);
	fd_close(&disk->new_fd);
	fd_close(&disk->objects_fd);
	fd_close(&disk->lock_fd);
	fd_close(&disk->root_fd);
}

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Who makes a store holds the writer's lock; whoever waited for that finds it made. */
static int create_if_none(struct disk *disk, const char *path, struct error *err)
{
	struct error none;
	int error = disk_lock(disk->lock_fd, LOCK_WRITER, true, true);

	if (error)
		return error_set(err, -error, "can't lock the store");
	error = disk_format_check(disk->root_fd, path, &none);
	if (error == -ENOENT)
		error = disk_format_create(disk, path, err);
	else if (error)
		*err = none;
	disk_unlock(disk->lock_fd, LOCK_WRITER);
	return error;
}

static int open_root(struct disk *disk, const char *path, unsigned flags, struct error *err)
{
	bool create = flags & STORE_CREATE, read_only = flags & STORE_READ_ONLY;
	int error;

	if (create && mkdir(path, 0700) && errno != EEXIST)
		return error_set(err, errno, "can't make %s", path);
	disk->root_fd = open_dir(AT_FDCWD, path);
	if (disk->root_fd < 0)
		return error_set(err, errno, "%s", path);
	error = owner_check(disk->root_fd, path, err);
	if (error)
		return error;
	if (!create) {
		error = disk_format_check(disk->root_fd, path, err);
		if (error)
			return error;
	}
	if (disk->is_checked)
		return 0;
	disk->lock_fd = fd_open_file(disk->root_fd, "lock", (read_only ? O_RDONLY : O_RDWR) |
				     (create ? O_CREAT : 0), 0600);
	if (disk->lock_fd == -ENOENT || disk->lock_fd == -EUCLEAN)
		return store_part_damaged("lock", disk->lock_fd == -ENOENT ? "missing" : "no file",
					  path, err);
	if (disk->lock_fd < 0)
		return error_set(err, -disk->lock_fd, "%s/lock", path);
	return create ? create_if_none(disk, path, err) : 0;
}

static int part_error(int code, const char *path, struct error *err)
{
	if (code != ENOENT)
		return error_set(err, code, "%s", path);
	return error_set(err, EUCLEAN, "%s lacks a part: run `mezzo store fsck`", path);
}

int disk_open(struct disk *disk, const char *path, unsigned flags, int lock_fd, struct error *err)
{
	int error = -EINVAL;

	*disk = (struct disk){
		.root_fd = -1, .lock_fd = lock_fd, .objects_fd = -1, .new_fd = -1, .open_fd = -1,
		.is_checked = lock_fd >= 0,
	};
	disk->store.operations = &disk_operations;
	disk->store.read_only = flags & STORE_READ_ONLY;
	if ((flags & STORE_CREATE) && (flags & STORE_READ_ONLY))
		return error_set(err, 0, "%s: a store can't be made for reading only", path);
	error = open_root(disk, path, flags, err);
	if (!error) {
		disk->objects_fd = open_dir(disk->root_fd, "objects");
		disk->new_fd = open_dir(disk->root_fd, "new");
		if (disk->objects_fd < 0 || disk->new_fd < 0 ||
		    faccessat(disk->root_fd, "tables/data.mdb", R_OK, 0))
			error = part_error(errno, path, err);
	}
	if (!error)
		error = tables_open(disk, path, disk->store.read_only, err);
	if (error)
		disk_release(disk);
	return error;
}

int store_open_disk(const char *path, unsigned flags, struct store **out, struct error *err)
{
	struct disk *disk = malloc(sizeof(*disk));
	int error;

	if (!disk)
		return error_set(err, ENOMEM, "%s", path);
	error = disk_open(disk, path, flags, -1, err);
	if (error) {
		free(disk);
		return error;
	}
	*out = &disk->store;
	return 0;
}
