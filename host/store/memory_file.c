/* SPDX-License-Identifier: MIT */
/* Bytes of an object in memory; see memory_file.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/memory_file.h"
#include "host/store/sparse.h"

#define HEAP_MAX (1u << 20)		/* larger ones may be sparse, and are memfds */

void memory_file_release(struct memory_file *file)
{
	fd_close(&file->fd);
	free(file->bytes);
	*file = MEMORY_FILE_INIT;
}

static int become_memfd(struct memory_file *file)
{
	int fd = memfd_create("object", MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = fd_pwrite_all(fd, file->bytes, file->size, 0);
	if (error) {
		close(fd);
		return error;
	}
	memory_file_release(file);
	file->fd = fd;
	return 0;
}

/* Sees to it that a file of this size has a place. */
static int make_room(struct memory_file *file, uint64_t size)
{
	size_t room = file->room ? file->room : 64;
	char *bytes;

	if (file->fd >= 0 || size <= file->room)
		return 0;
	if (size > HEAP_MAX)
		return become_memfd(file);
	while (room < size)
		room *= 2;
	bytes = realloc(file->bytes, room);
	if (!bytes)
		return -ENOMEM;
	memset(bytes + file->size, 0, room - file->size);
	file->bytes = bytes;
	file->room = room;
	return 0;
}

ssize_t memory_file_read(struct memory_file *file, void *to, size_t size, uint64_t offset)
{
	ssize_t done;

	if (file->fd >= 0) {
		done = pread(file->fd, to, size, (off_t)offset);
		return done < 0 ? -errno : done;
	}
	if (offset >= file->size || !size)
		return 0;
	if (size > file->size - offset)
		size = file->size - offset;
	memcpy(to, file->bytes + offset, size);
	return (ssize_t)size;
}

ssize_t memory_file_write(struct memory_file *file, const void *from, size_t size, uint64_t offset)
{
	int error;

	if (!size)
		return 0;
	error = make_room(file, offset + size);
	if (error)
		return error;
	if (file->fd >= 0) {
		error = fd_pwrite_all(file->fd, from, size, (long)offset);
		return error ? error : (ssize_t)size;
	}
	memcpy(file->bytes + offset, from, size);
	if (file->size < offset + size)
		file->size = offset + size;
	return (ssize_t)size;
}

int memory_file_truncate(struct memory_file *file, uint64_t size)
{
	int error = make_room(file, size);

	if (error)
		return error;
	if (file->fd >= 0)
		return ftruncate(file->fd, (off_t)size) ? -errno : 0;
	if (size < file->size)
		memset(file->bytes + size, 0, file->size - size);
	file->size = size;
	return 0;
}

int memory_file_size(struct memory_file *file, uint64_t *size, uint64_t *disk_size)
{
	struct stat status;

	if (file->fd < 0) {
		*size = file->size;
		*disk_size = file->room;
		return 0;
	}
	if (fstat(file->fd, &status))
		return -errno;
	*size = (uint64_t)status.st_size;
	*disk_size = (uint64_t)status.st_blocks * 512;
	return 0;
}

int memory_file_copy(struct memory_file *from, struct memory_file *to)
{
	ssize_t done;
	int error;

	if (from->fd < 0) {
		done = memory_file_write(to, from->bytes, from->size, 0);
		return done < 0 ? (int)done : 0;
	}
	error = become_memfd(to);
	return error ? error : sparse_copy(from->fd, to->fd);
}

int memory_file_open(struct memory_file *file, bool writable)
{
	char path[64];
	int fd, error = file->fd < 0 ? become_memfd(file) : 0;

	if (error)
		return error;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
