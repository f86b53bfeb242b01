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
	uint32_t size = (uint32_t)inode->size;
	const char *from;
	int result = 0;

	if (inode->place == MERGED_PIECE)
		from = merged->changes.data + inode->data;
	else
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

static int own_object_open(const struct merged *merged, uint64_t id, struct error *err)
{
	int fd = own_objects_read(&merged->own, id, merged->is_live);

	return fd < 0 ? error_set(err, -fd, "an object of this domain") : fd;
}

static int layer_open(const struct merged *merged, const struct merged_inode *inode,
		      struct merged_file *file, struct error *err)
{
	file->layer = inode->layer;
	file->layer_bits = (const uint64_t *)(merged->changes.data +
					      OVERLAY_PIECE_OFFSET(inode->layer->layer_bits));
	/* One without bytes in the image is not asked for any. */
	if (inode->layer->layer_end)
		file->ground = image_object_open(merged, inode->ground, err);
	return file->ground < 0 && inode->layer->layer_end ? file->ground : 0;
}

int merged_file_open(const struct merged *merged, const struct merged_inode *inode,
		     struct merged_file *file, struct error *err)
{
	int result = 0;

	*file = (struct merged_file){ .fd = -1, .ground = -1, .size = inode->size };
	switch (inode->place) {
	case MERGED_NOWHERE:
		return 0;
	case MERGED_PIECE:
		file->memory = merged->changes.data + inode->data;
		return 0;
	case MERGED_IMAGE:
		file->fd = image_object_open(merged, inode->data, err);
		break;
	case MERGED_LAYERED:
		result = layer_open(merged, inode, file, err);
		if (result)
			return result;
		/* fall through */
	case MERGED_OWN:
		file->fd = own_object_open(merged, inode->data, err);
		break;
	}
	if (file->fd >= 0)
		return 0;
	result = file->fd;
	fd_close(&file->ground);
	return result;
}

void merged_file_close(struct merged_file *file)
{
	fd_close(&file->fd);
	fd_close(&file->ground);
}

/* ---- Reading ---- */

/* A host file that is being read, and who gets its bytes. */
struct reader {
	char *buffer;
	int (*take)(const void *data, size_t size, uint64_t offset, void *user);
	void *user;
	struct error *err;
};

/* Reads until the buffer is full, or the end. */
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

/* [at, end) of a host file without its holes. What is behind its end is a hole, too. */
static int read_range(const struct reader *reader, int fd, uint64_t at, uint64_t end)
{
	int result = 0;

	while (at < end && !result) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		ssize_t count;

		if (data < 0 && errno != ENXIO)
			return error_set(reader->err, errno, "bytes of a file");
		if (data < 0 || (uint64_t)data >= end)
			return 0;
		at = (uint64_t)data;
		count = read_piece(fd, reader->buffer,
				   end - at < MERGED_BUFFER ? (size_t)(end - at) : MERGED_BUFFER,
				   at);
		if (count < 0)
			return error_set(reader->err, (int)-count, "bytes of a file");
		if (!count)
			return 0;
		result = reader->take(reader->buffer, (size_t)count, at, reader->user);
		at += (uint64_t)count;
	}
	return result;
}

/* Whether a chunk is in the file itself; a hole in place of it was left by a power failure. */
static bool chunk_is_own(const struct merged_file *file, uint64_t chunk)
{
	uint64_t start = chunk << file->layer->layer_shift, end = start;
	off_t data;

	if (start >= file->layer->layer_end ||
	    chunk >= 8 * OVERLAY_PIECE_CAPACITY(file->layer->layer_bits))
		return true;
	if (!(file->layer_bits[chunk / 64] >> chunk % 64 & 1))
		return false;
	end += 1ull << file->layer->layer_shift;
	data = lseek(file->fd, (off_t)start, SEEK_DATA);
	return data >= 0 && (uint64_t)data < end;
}

static int read_layered(const struct reader *reader, const struct merged_file *file)
{
	uint64_t at = 0, unit = 1ull << file->layer->layer_shift;
	int result = 0;

	/* Behind the layer's end all is in the file itself. */
	while (at < file->size && at < file->layer->layer_end && !result) {
		uint64_t from = at;
		bool is_own = chunk_is_own(file, at / unit);

		do {
			at += unit;
		} while (at < file->size && at < file->layer->layer_end &&
			 chunk_is_own(file, at / unit) == is_own);
		/* The ground's last chunk may be cut; own bytes are not. */
		if (!is_own && at > file->layer->layer_end)
			at = file->layer->layer_end;
		if (at > file->size)
			at = file->size;
		result = read_range(reader, is_own ? file->fd : file->ground, from, at);
		if (!result && at == file->layer->layer_end)
			break;
	}
	return result ? result : read_range(reader, file->fd, at, file->size);
}

int merged_file_read(const struct merged_file *file, char *buffer,
		     int (*take)(const void *data, size_t size, uint64_t offset, void *user),
		     void *user, struct error *err)
{
	const struct reader reader = { .buffer = buffer, .take = take, .user = user, .err = err };

	if (file->memory)
		return file->size ? take(file->memory, file->size, 0, user) : 0;
	if (file->fd < 0)
		return 0;
	if (file->layer)
		return read_layered(&reader, file);
	return read_range(&reader, file->fd, 0, file->size);
}
