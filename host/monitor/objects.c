/* SPDX-License-Identifier: MIT */
/* See objects.h. Used by the monitor's main thread alone: no locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boundary/abi.h"
#include "boundary/layout.h"
#include "boundary/overlay.h"
#include "host/base/fd.h"
#include "host/base/place.h"
#include "host/domain/overlay_file.h"
#include "host/image/record.h"
#include "host/monitor/objects.h"

#define PIECES_MAX 1024		/* of a file that are looked at to find out what it lacks */

/* The index of the mapping, which must be one that layers of this version can read. */
static int index_grant(struct objects *objects, struct error *err)
{
	struct index index;
	object_id object;
	int error = mapping_get(objects->store, objects->mapping, IMAGE_INDEX_LOCAL, &object, err);

	if (error)
		return error;
	objects->index = object_open(objects->store, object, false, err);
	if (objects->index < 0)
		return objects->index;
	error = index_open(&index, objects->index, err);
	if (error)
		return error;
	objects->index_size = index.size;
	index_release(&index);
	if (objects->index_size > INDEX_SIZE_MAX)
		return error_set(err, EFBIG, "an index of %llu bytes is too large for a domain",
				 (unsigned long long)objects->index_size);
	return 0;
}

/* A mapping that is there whatever the image's name stands for by now, unless it was removed. */
static int mapping_find(struct objects *objects, const char *image, mapping_id mapping,
			struct error *err)
{
	int error;

	objects->mapping = mapping;
	error = mapping_pin(objects->store, mapping, err);
	if (!error)
		error = index_grant(objects, err);
	if (error == -ENOENT)
		error_set(err, 0, "image %s, as the domain was made from it, is no longer in the "
			  "store", image);
	return error;
}

int objects_open(struct objects *objects, const char *store, const char *image, mapping_id mapping,
		 struct error *err)
{
	char path[PLACE_SIZE];
	int error = place_store(store, path, err);

	*objects = (struct objects){ .index = -1, .overlay = -1, .own = { .fd = -1 } };
	if (!error)
		error = store_open_disk(path, STORE_READ_ONLY, &objects->store, err);
	if (error == -ENOENT)
		error_set(err, 0, "there is no image %s, since there is no store in %s: see "
			  "`mezzo image import --help`", image, path);
	if (!error)
		error = mapping_find(objects, image, mapping, err);
	if (error)
		objects_release(objects);
	return error;
}

void objects_release(struct objects *objects)
{
	if (!objects->store)
		return;
	/* Nobody is left who could write them. */
	while (objects->going_count)
		own_objects_delete(&objects->own, objects->going[--objects->going_count]);
	free(objects->going);
	store_close(objects->store);
	fd_close(&objects->index);
	fd_close(&objects->overlay);
	own_objects_release(&objects->own);
	objects->store = NULL;
}

int objects_open_kept(struct objects *objects, int folder_fd, uint64_t disk_limit,
		      struct error *err)
{
	struct index_header header;
	int error;

	if (pread(objects->index, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return error_set(err, errno ? errno : EIO, "the image's index");
	objects->overlay =
		overlay_file_open(folder_fd, header.hash, &objects->overlay_size, err);
	if (objects->overlay < 0)
		return objects->overlay;
	error = own_objects_open(&objects->own, folder_fd, err);
	if (error) {
		fd_close(&objects->overlay);
		return error;
	}
	/* Where it stays, its object is one that is shared: no harm is done. */
	own_objects_sweep(&objects->own);
	return quota_init(&objects->quota, disk_limit, objects->overlay, err);
}

/* ---- What is deleted ---- */

/* Where an id is among them, or would be. */
static size_t going_find(const struct objects *objects, uint64_t id)
{
	size_t from = 0, to = objects->going_count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (objects->going[middle] < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Once, however often it is deleted. Without memory it stays and counts, too. */
static void going_add(struct objects *objects, uint64_t id)
{
	size_t at = going_find(objects, id);

	if (at < objects->going_count && objects->going[at] == id)
		return;
	if (objects->going_count == objects->going_room) {
		size_t room = objects->going_room ? 2 * objects->going_room : 64;
		uint64_t *going = realloc(objects->going, room * sizeof(*going));

		if (!going)
			return;
		objects->going = going;
		objects->going_room = room;
	}
	memmove(objects->going + at + 1, objects->going + at,
		(objects->going_count - at) * sizeof(id));
	objects->going[at] = id;
	objects->going_count++;
}

/* False: it can still be written. What can't be looked at does not exist. */
static bool delete_idle(struct objects *objects, uint64_t id)
{
	uint64_t bytes = 0;
	bool is_idle = true;

	if (own_objects_look(&objects->own, id, &bytes, &is_idle))
		return true;
	if (!is_idle)
		return false;
	/* What stays by an error is found unused when the domain starts again. */
	if (!own_objects_delete(&objects->own, id))
		quota_give_back(&objects->quota, bytes);
	return true;
}

void objects_delete(struct objects *objects, uint64_t id)
{
	if (!objects->quota.limit) {
		own_objects_delete(&objects->own, id);
		return;
	}
	if (delete_idle(objects, id))
		return;
	if (!own_objects_empty(&objects->own, id))
		quota_may_have_room(&objects->quota);
	going_add(objects, id);
}

void objects_sweep(struct objects *objects)
{
	size_t left = 0;

	for (size_t i = 0; i < objects->going_count; i++) {
		if (!delete_idle(objects, objects->going[i]))
			objects->going[left++] = objects->going[i];
	}
	objects->going_count = left;
}

/* ---- What grows ---- */

/* Bytes of [at, end) of a file that may have no disk yet. */
static uint64_t space_missing(int fd, off_t at, off_t end)
{
	uint64_t missing = 0;

	for (int i = 0; i < PIECES_MAX && at < end; i++) {
		off_t hole = lseek(fd, at, SEEK_HOLE), data;

		/* Behind its end there is nothing. */
		if (hole < 0)
			break;
		if (hole >= end)
			return missing;
		data = lseek(fd, hole, SEEK_DATA);
		at = data < 0 || data > end ? end : data;
		missing += (uint64_t)(at - hole);
	}
	return missing + (uint64_t)(end - at);
}

int objects_allocate(struct objects *objects, const struct object_space *space)
{
	const off_t offset = (off_t)space->offset, size = (off_t)space->size;
	bool shared;
	int fd = own_objects_get(&objects->own, space->id, &shared), error;

	if (fd < 0)
		return fd;
	error = shared ? -EIO : quota_take(&objects->quota, objects,
					   space_missing(fd, offset, offset + size));
	if (!error && fallocate(fd, (int)space->mode, offset, size))
		error = -errno;
	close(fd);
	return error;
}

int objects_grow_overlay(struct objects *objects, uint64_t size)
{
	int error;

	if (size > OVERLAY_SIZE_MAX)
		return -EFBIG;
	if (size <= objects->overlay_size)
		return 0;
	error = quota_take(&objects->quota, objects, size - objects->overlay_size);
	if (!error)
		error = overlay_file_grow(objects->overlay, size);
	if (!error)
		objects->overlay_size = size;
	return error;
}

int objects_fill_overlay(struct objects *objects, uint64_t offset, uint64_t size)
{
	int error;

	if (offset > objects->overlay_size || size > objects->overlay_size - offset)
		return -EFBIG;
	error = quota_take(&objects->quota, objects, size);
	return error ? error : overlay_file_fill(objects->overlay, offset, size);
}

int objects_grant(const struct objects *objects, uint64_t id, int32_t *told)
{
	struct error err;
	object_id object;
	bool shared;
	int result;

	*told = 0;
	if (id >= OVERLAY_OWN_OBJECT && objects->overlay >= 0) {
		result = own_objects_get(&objects->own, id, &shared);
		*told = result >= 0 && shared ? OBJECT_SHARED : 0;
		return result;
	}
	/* The index is mapped already, and nothing else is at 0. */
	if (!objects->store || id == IMAGE_INDEX_LOCAL)
		return -ENOENT;
	result = mapping_get(objects->store, objects->mapping, id, &object, &err);
	if (result)
		return result == -ENOENT ? result : -EIO;
	return object_open(objects->store, object, false, &err);
}
