/* SPDX-License-Identifier: MIT */
/*
 * Copies of mappings in a transaction: made as DIR/new/mID, and DIR/mappings/ID after the commit.
 * Under the writer's lock.
 */
#include <dirent.h>
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
/* A mapping has no more entries than an index has files. */
#define COPY_SIZE_MAX (UINT32_MAX * (uint64_t)sizeof(struct copy_entry))

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

/* ---- Reading them ---- */

/* Both of what is no copy at all, and of one that a newer program has made. */
static int head_error(const struct copy_head *head, size_t size, mapping_id id, struct error *err)
{
	bool is_newer = size >= sizeof(*head) &&
			!memcmp(head->magic, COPY_MAGIC, sizeof(head->magic)) &&
			head->version > COPY_VERSION;

	return copy_error(is_newer ? EPROTO : EUCLEAN, id, err);
}

static int bytes_read(int fd, mapping_id id, struct copy_head **out, struct error *err)
{
	struct copy_head *head;
	struct stat status;
	size_t size;
	int error;

	if (fstat(fd, &status))
		return copy_error(errno, id, err);
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > COPY_SIZE_MAX)
		return copy_error(EUCLEAN, id, err);
	size = (size_t)status.st_size;
	head = malloc(size + sizeof(*head));
	if (!head)
		return copy_error(ENOMEM, id, err);
	error = fd_pread_all(fd, head, size, 0);
	if (error)
		error = copy_error(-error, id, err);
	else if (!copy_is_whole(head, size) || head->mapping != id)
		error = head_error(head, size, id, err);
	if (error)
		free(head);
	else
		*out = head;
	return error;
}

int copy_read(struct disk *disk, mapping_id id, struct copy_head **head, struct error *err)
{
	char name[COPY_NAME_SIZE];
	int error, fd;

	copy_file_name(id, false, name);
	fd = openat(disk->root_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return copy_error(errno, id, err);
	error = bytes_read(fd, id, head, err);
	close(fd);
	return error;
}

void copy_record_key(const struct copy_head *head, struct key *key)
{
	char name[RECORD_NAME_MAX + 1];

	memcpy(name, copy_name(head), head->name_size);
	name[head->name_size] = '\0';
	key_set_name(key, TABLE_RECORDS, head->kind, name);
}

bool copy_has_value(const struct copy_head *head, const struct slice *value)
{
	return value->size == head->value_size &&
	       !memcmp(value->data, copy_value(head), value->size);
}

/* ---- Those that are left over ---- */

static int has_rows(struct disk *disk, enum table table, mapping_id id, struct error *err)
{
	struct walk walk;
	struct key key;

	key_set_id(&key, table, id);
	walk_init(&walk, &key);
	return walk_next(&disk->store, &walk, err);
}

static int has_record(struct disk *disk, const struct copy_head *head, struct error *err)
{
	struct slice value;
	struct key key;
	int error;

	copy_record_key(head, &key);
	error = tables_row_get(&disk->store, &key, &value, err);
	if (error)
		return error == -ENOENT ? 0 : error;
	return copy_has_value(head, &value);
}

int copy_is_left_over(struct disk *disk, const struct copy_head *head, struct error *err)
{
	int there = has_rows(disk, TABLE_MAPPINGS, head->mapping, err);

	if (!there)
		there = has_rows(disk, TABLE_ENTRIES, head->mapping, err);
	if (!there)
		there = has_record(disk, head, err);
	return there < 0 ? there : !there;
}

/* One that can't be read is for a check to tell of. */
static int left_over_remove(struct disk *disk, mapping_id id, struct error *err)
{
	int result = has_rows(disk, TABLE_MAPPINGS, id, err);
	char name[COPY_NAME_SIZE];
	struct copy_head *head;
	struct error unread;

	if (result)
		return result < 0 ? result : 0;
	if (copy_read(disk, id, &head, &unread))
		return 0;
	result = copy_is_left_over(disk, head, err);
	free(head);
	copy_file_name(id, false, name);
	if (result > 0)
		unlinkat(disk->root_fd, name, 0);
	return result < 0 ? result : 0;
}

int copies_recover(struct disk *disk, struct error *err)
{
	int error = 0, fd = openat(disk->root_fd, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		error = errno == ENOENT ? 0 : error_set(err, errno, FOLDER);
		fd_close(&fd);
		return error;
	}
	while (!error && (entry = readdir(dir))) {
		mapping_id id = copy_file_id(entry->d_name);

		if (id)
			error = left_over_remove(disk, id, err);
	}
	closedir(dir);
	return error;
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
