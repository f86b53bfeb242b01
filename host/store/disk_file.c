/* SPDX-License-Identifier: MIT */
/*
 * Object files. One that an open transaction made is DIR/new/ID; after the commit it moves to
 * DIR/objects/XX/ID, at the latest when the next transaction begins, so that whoever wants an
 * object looks in both places. No locks beyond the writer's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/disk.h"
#include "host/store/sparse.h"

void file_name(object_id id, char name[FILE_NAME_SIZE])
{
	snprintf(name, FILE_NAME_SIZE, "%02x/%016" PRIx64, (unsigned)(id & 0xff), id);
}

object_id file_name_id(const char *name)
{
	char again[FILE_NAME_SIZE];
	object_id id = strtoull(name, NULL, 16);

	file_name(id, again);
	return strcmp(name, again + FILE_NAME_NEW) ? 0 : id;
}

static int file_error(int code, object_id id, struct error *err)
{
	return error_set(err, code, "object %" PRIu64, id);
}

void file_forget(struct disk *disk)
{
	fd_close(&disk->open_fd);
	disk->open_id = 0;
}

static void file_remember(struct disk *disk, object_id id, int fd, bool writable)
{
	file_forget(disk);
	disk->open_id = id;
	disk->open_fd = fd;
	disk->open_writable = writable;
}

/* A descriptor or -errno. It may be moved from new/ between two looks, but never back. */
static int file_find(struct disk *disk, object_id id, int flags)
{
	char name[FILE_NAME_SIZE];
	int fd;

	file_name(id, name);
	fd = fd_open_file(disk->objects_fd, name, flags, 0);
	if (fd == -ENOENT)
		fd = fd_open_file(disk->new_fd, name + FILE_NAME_NEW, flags, 0);
	if (fd == -ENOENT)
		fd = fd_open_file(disk->objects_fd, name, flags, 0);
	return fd;
}

/* A descriptor that the store keeps, or -errno with a message. */
static int file_use(struct disk *disk, object_id id, bool writable, struct error *err)
{
	int fd;

	if (disk->open_id == id && (disk->open_writable || !writable))
		return disk->open_fd;
	fd = file_find(disk, id, writable ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return file_error(-fd, id, err);
	file_remember(disk, id, fd, writable);
	return fd;
}

/* A new file in new/, which is also noted in a list. */
static int new_file(struct disk *disk, struct id_list *list, object_id id, struct error *err)
{
	char name[FILE_NAME_SIZE];
	int fd;

	if (id_list_add(list, id))
		return file_error(ENOMEM, id, err);
	file_name(id, name);
	fd = openat(disk->new_fd, name + FILE_NAME_NEW, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return file_error(errno, id, err);
	disk->new_dirty = true;
	return fd;
}

int file_create(struct store *store, object_id id, struct error *err)
{
	struct disk *disk = disk_of(store);
	int fd = new_file(disk, &disk->made, id, err);

	if (fd < 0)
		return fd;
	file_remember(disk, id, fd, true);
	return 0;
}

int file_remove(struct store *store, object_id id, struct error *err)
{
	struct disk *disk = disk_of(store);
	char name[FILE_NAME_SIZE];
	struct key key;

	if (disk->open_id == id)
		file_forget(disk);
	/* Ids rise: the first one that was made tells which files are this transaction's own. */
	if (disk->made.count && id >= disk->made.ids[0]) {
		file_name(id, name);
		if (unlinkat(disk->new_fd, name + FILE_NAME_NEW, 0))
			return file_error(errno, id, err);
		return 0;
	}
	if (id_list_add(&disk->removed, id))
		return file_error(ENOMEM, id, err);
	key_set_id(&key, TABLE_DOOMED, id);
	return tables_row_put(store, &key, NULL, 0, err);
}

int file_copy(struct store *store, object_id from, object_id to, struct error *err)
{
	struct disk *disk = disk_of(store);
	int from_fd = file_find(disk, from, O_RDONLY);
	int error;

	if (from_fd < 0)
		return file_error(-from_fd, from, err);
	error = file_create(store, to, err);
	if (!error) {
		error = sparse_copy(from_fd, disk->open_fd);
		if (error)
			error = file_error(-error, to, err);
	}
	close(from_fd);
	return error;
}

/* An earlier transaction's wish to unlink what had this name must not meet the new file. */
static int file_spare(struct store *store, object_id id, struct error *err)
{
	struct slice value;
	struct key key;
	int error;

	key_set_id(&key, TABLE_DOOMED, id);
	error = tables_row_get(store, &key, &value, err);
	if (error)
		return error == -ENOENT ? 0 : error;
	return tables_row_remove(store, &key, err);
}

/* It is no file of `made`, whose ids rise. */
int file_restore(struct store *store, object_id from, object_id to, struct error *err)
{
	struct disk *disk = disk_of(store);
	int from_fd = file_find(disk, from, O_RDONLY), fd, error;

	if (from_fd < 0)
		return file_error(-from_fd, from, err);
	fd = new_file(disk, &disk->restored, to, err);
	error = fd < 0 ? fd : sparse_copy(from_fd, fd);
	if (fd >= 0 && error)
		error = file_error(-error, to, err);
	fd_close(&fd);
	close(from_fd);
	if (!error && id_list_add(&disk->settled, to))
		error = file_error(ENOMEM, to, err);
	return error ? error : file_spare(store, to, err);
}

/*
 * -EAGAIN where somebody can write the file. The kernel gives a read lease only on a file that
 * nobody can; one who opens it while we have the lease makes it send us a signal, which must be one
 * that is ignored.
 */
static int lease_test(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) || fcntl(fd, F_SETLEASE, F_RDLCK))
		return -errno;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return 0;
}

int file_settle(struct store *store, object_id id, struct error *err)
{
	struct disk *disk = disk_of(store);
	int fd;

	file_forget(disk);
	fd = file_use(disk, id, false, err);
	if (fd < 0)
		return fd;
	/* Where there are no leases, the caller's word must do. */
	if (lease_test(fd) == -EAGAIN)
		return error_set(err, EBUSY, "object %" PRIu64 " is open for writing", id);
	if (disk->made.count && id >= disk->made.ids[0])
		return 0;
	return id_list_add(&disk->settled, id) ? file_error(ENOMEM, id, err) : 0;
}

ssize_t file_read(struct store *store, object_id id, void *to, size_t size, uint64_t offset,
		  struct error *err)
{
	int fd = file_use(disk_of(store), id, false, err);
	size_t done = 0;

	if (fd < 0)
		return fd;
	while (done < size) {
		ssize_t got = pread(fd, (char *)to + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return file_error(errno, id, err);
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

ssize_t file_write(struct store *store, object_id id, const void *from, size_t size,
		   uint64_t offset, struct error *err)
{
	int error, fd = file_use(disk_of(store), id, true, err);

	if (fd < 0)
		return fd;
	error = fd_pwrite_all(fd, from, size, (long)offset);
	return error ? file_error(-error, id, err) : (ssize_t)size;
}

int file_truncate(struct store *store, object_id id, uint64_t size, struct error *err)
{
	int fd = file_use(disk_of(store), id, true, err);

	if (fd < 0)
		return fd;
	return ftruncate(fd, (off_t)size) ? file_error(errno, id, err) : 0;
}

int file_sync(struct store *store, object_id id, struct error *err)
{
	int fd = file_use(disk_of(store), id, false, err);

	if (fd < 0)
		return fd;
	return fsync(fd) ? file_error(errno, id, err) : 0;
}

int file_open(struct store *store, object_id id, bool writable, struct error *err)
{
	int fd = file_find(disk_of(store), id, writable ? O_RDWR : O_RDONLY);

	return fd < 0 ? file_error(-fd, id, err) : fd;
}

int file_size(struct store *store, object_id id, uint64_t *size, uint64_t *disk_size,
	      struct error *err)
{
	struct disk *disk = disk_of(store);
	struct stat status;
	int fd;

	if (disk->open_id == id) {
		if (fstat(disk->open_fd, &status))
			return file_error(errno, id, err);
	} else {
		fd = file_find(disk, id, O_PATH);
		if (fd < 0)
			return file_error(-fd, id, err);
		fstat(fd, &status);
		close(fd);
	}
	*size = (uint64_t)status.st_size;
	*disk_size = (uint64_t)status.st_blocks * 512;
	return 0;
}
