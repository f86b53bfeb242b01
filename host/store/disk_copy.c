/* SPDX-License-Identifier: MIT */
/*
 * Copies of mappings in a transaction: made as DIR/new/mID, and DIR/mappings/ID after the commit.
 * Under the writer's lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/disk.h"

#define FOLDER "mappings"

void copy_file_name(mapping_id id, bool is_new, char name[COPY_NAME_SIZE])
{
	snprintf(name, COPY_NAME_SIZE, "%s%016" PRIx64, is_new ? "new/m" : FOLDER "/", id);
}

mapping_id copy_file_id(const char *name)
{
	char again[COPY_NAME_SIZE];
	mapping_id id = strtoull(name, NULL, 16);

	copy_file_name(id, false, again);
	return strcmp(name, again + sizeof(FOLDER)) ? 0 : id;
}

static int copy_error(int code, mapping_id id, struct error *err)
{
	return error_set(err, code, "the copy of mapping %" PRIu64, id);
}

/* Stores of older programs have no such folder. */
static int folder_make(struct disk *disk)
{
	if (mkdirat(disk->root_fd, FOLDER, 0700))
		return errno == EEXIST ? 0 : -errno;
	return fsync(disk->root_fd) ? -errno : 0;
}

int copy_put(struct store *store, mapping_id id, const void *data, size_t size, struct error *err)
{
	struct disk *disk = disk_of(store);
	char name[COPY_NAME_SIZE];
	int fd, error = folder_make(disk);

	if (!error)
		error = id_list_add(&disk->copies, id);
	if (error)
		return copy_error(-error, id, err);
	disk->new_dirty = true;
	copy_file_name(id, true, name);
	fd = fd_open_file(disk->root_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return copy_error(-fd, id, err);
	error = fd_pwrite_all(fd, data, size, 0);
	close(fd);
	return error ? copy_error(-error, id, err) : 0;
}

bool copy_is_there(struct store *store, mapping_id id)
{
	char name[COPY_NAME_SIZE];

	for (int is_new = 0; is_new < 2; is_new++) {
		copy_file_name(id, is_new, name);
		if (!faccessat(disk_of(store)->root_fd, name, F_OK, AT_SYMLINK_NOFOLLOW))
			return true;
	}
	return false;
}

int copy_remove(struct store *store, mapping_id id, struct error *err)
{
	return id_list_add(&disk_of(store)->copies_removed, id) ? copy_error(ENOMEM, id, err) : 0;
}

static void copies_end(struct disk *disk)
{
	disk->copies.count = 0;
	disk->copies_removed.count = 0;
}

void copies_finish(struct disk *disk)
{
	char from[COPY_NAME_SIZE], to[COPY_NAME_SIZE];

	for (size_t i = 0; i < disk->copies.count; i++) {
		copy_file_name(disk->copies.ids[i], true, from);
		copy_file_name(disk->copies.ids[i], false, to);
		renameat(disk->root_fd, from, disk->root_fd, to);
	}
	for (size_t i = 0; i < disk->copies_removed.count; i++) {
		for (int is_new = 0; is_new < 2; is_new++) {
			copy_file_name(disk->copies_removed.ids[i], is_new, to);
			unlinkat(disk->root_fd, to, 0);
		}
	}
	copies_end(disk);
}

void copies_abort(struct disk *disk)
{
	char name[COPY_NAME_SIZE];

	for (size_t i = 0; i < disk->copies.count; i++) {
		copy_file_name(disk->copies.ids[i], true, name);
		unlinkat(disk->root_fd, name, 0);
	}
	copies_end(disk);
}

int copy_recover(struct disk *disk, mapping_id id, struct error *err)
{
	char from[COPY_NAME_SIZE], to[COPY_NAME_SIZE];
	struct slice row;
	struct key key;
	int error;

	key_set_id(&key, TABLE_MAPPINGS, id);
	error = tables_row_get(&disk->store, &key, &row, err);
	if (error && error != -ENOENT)
		return error;
	copy_file_name(id, true, from);
	copy_file_name(id, false, to);
	if (error)
		unlinkat(disk->root_fd, from, 0);
	else
		renameat(disk->root_fd, from, disk->root_fd, to);
	return 0;
}
