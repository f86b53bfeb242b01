/* SPDX-License-Identifier: MIT */
/* See objects.h. Used by the monitor's main thread alone: no locks. */
#include <errno.h>
#include <unistd.h>

#include "boundary/abi.h"
#include "boundary/layout.h"
#include "boundary/overlay.h"
#include "host/base/fd.h"
#include "host/base/place.h"
#include "host/domain/overlay_file.h"
#include "host/image/record.h"
#include "host/monitor/objects.h"

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
	/* More than there can be: the first who asks has it measured. */
	objects->quota = (struct quota){ .limit = disk_limit, .given = UINT64_MAX };
	return 0;
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
