/* SPDX-License-Identifier: MIT */
/* The bytes of files of the merged tree; see merged.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/change/merged.h"

int merged_target(const struct merged *merged, const struct merged_inode *inode,
		  char target[INDEX_TARGET_MAX + 1], struct error *err)
{
	const char *from = merged->changes.data + inode->data;
	uint32_t size = (uint32_t)inode->size;
	int result = 0;

	if (inode->place != MERGED_PIECE)
		result = index_target(&merged->index, (uint32_t)inode->ino, &from, &size);
	if (result || memchr(from, 0, size))
		return error_set(err, EUCLEAN, "inode %" PRIu64 " of this domain: its target",
				 inode->ino);
	memcpy(target, from, size);
	target[size] = '\0';
	return 0;
}

static int image_object_open(const struct merged *merged, uint64_t local, struct error *err)
{
	object_id object;
	int result = mapping_get(merged->store, merged->mapping, local, &object, err);

	return result ? result : object_open(merged->store, object, false, err);
}

int merged_file_open(const struct merged *merged, const struct merged_inode *inode,
		     struct merged_file *file, struct error *err)
{
	int fd = -1;

	*file = (struct merged_file){ .fd = -1, .size = inode->size };
	switch (inode->place) {
	case MERGED_NOWHERE:
		return 0;
	case MERGED_PIECE:
		file->memory = merged->changes.data + inode->data;
		return 0;
	case MERGED_IMAGE:
		fd = image_object_open(merged, inode->data, err);
		break;
	case MERGED_OWN:
		fd = own_objects_get(&merged->own, inode->data, false);
		if (fd < 0)
			error_set(err, -fd, "an object of this domain");
		break;
	}
	file->fd = fd;
	return fd < 0 ? fd : 0;
}

void merged_file_close(struct merged_file *file)
{
	fd_close(&file->fd);
}

/* Reads until buffer is full, or the end. */
static ssize_t read_piece(int fd, char *buffer, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = pread(fd, buffer + done, size - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (!count)
			break;
		done += (size_t)count;
	}
	return (ssize_t)done;
}

int merged_file_read(const struct merged_file *file, char *buffer,
		     int (*take)(const void *data, size_t size, uint64_t offset, void *user),
		     void *user, struct error *err)
{
	uint64_t at = 0;

	if (file->memory)
		return file->size ? take(file->memory, file->size, 0, user) : 0;
	while (file->fd >= 0 && at < file->size) {
		off_t data = lseek(file->fd, (off_t)at, SEEK_DATA);
		size_t wanted = MERGED_BUFFER;
		ssize_t count;
		int result;

		/* There is nothing but a hole left; or the file is shorter by now. */
		if (data < 0 && errno == ENXIO)
			return 0;
		if (data < 0)
			return error_set(err, errno, "bytes of a file");
		at = (uint64_t)data;
		if (at >= file->size)
			return 0;
		if (wanted > file->size - at)
			wanted = (size_t)(file->size - at);
		count = read_piece(file->fd, buffer, wanted, at);
		if (count < 0)
			return error_set(err, (int)-count, "bytes of a file");
		if (!count)
			return 0;
		result = take(buffer, (size_t)count, at, user);
		if (result)
			return result;
		at += (uint64_t)count;
	}
	return 0;
}
