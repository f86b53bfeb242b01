/* SPDX-License-Identifier: MIT */
/* The usage of images; see image_usage.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/image/record.h"
#include "host/stats/cache.h"
#include "host/stats/image_usage.h"

struct reading {
	struct image_usage *image;
	struct store *store;
	struct error *err;
};

static int add_object(struct image_usage *image, uint64_t local, object_id id)
{
	if (image->count == image->room) {
		size_t room = image->room ? 2 * image->room : 256;
		struct image_object *objects =
			realloc(image->objects, room * sizeof(*objects));

		if (!objects)
			return -ENOMEM;
		image->objects = objects;
		image->room = room;
	}
	image->objects[image->count++] = (struct image_object){ .local = local, .id = id };
	return 0;
}

static int note_object(uint64_t local, object_id id, void *data)
{
	struct reading *reading = data;
	int error = add_object(reading->image, local, id);

	return error ? error_set(reading->err, -error, "objects of an image") : 0;
}

/* How the kernel's maps name the file: all files of a store are on one device. */
static int identify(struct image_usage *image, struct image_object *object, int fd,
		    uint64_t inode)
{
	struct file_id *first = &image->objects[0].file;
	int error = 0;

	if (first->inode)
		object->file = *first;
	else
		error = smaps_identify(fd, &object->file);
	object->file.inode = inode;
	return error;
}

static int read_object(struct reading *reading, struct image_object *object)
{
	struct image_usage *image = reading->image;
	struct stat status;
	int error = object_is_lost(reading->store, object->id, reading->err), fd;

	/* It takes nothing, nowhere. */
	if (error)
		return error < 0 ? error : 0;
	fd = object_open(reading->store, object->id, false, reading->err);
	if (fd < 0)
		return fd;
	error = fstat(fd, &status) ? -errno : identify(image, object, fd, status.st_ino);
	if (!error)
		error = cache_bytes(fd, &object->cache_bytes);
	if (error == -EPERM) {
		image->cache_is_known = false;
		error = 0;
	}
	object->size_bytes = (uint64_t)status.st_size;
	object->disk_bytes = (uint64_t)status.st_blocks * 512;
	close(fd);
	return error ? error_set(reading->err, -error, "object %llu",
				 (unsigned long long)object->id) : 0;
}

static int compare_ids(const void *one, const void *other)
{
	object_id a = (*(const struct image_object *const *)one)->id;
	object_id b = (*(const struct image_object *const *)other)->id;

	return (a > b) - (a < b);
}

/* Equal files of an image are one object, whatever number of local ids it has. */
static int add_up(struct image_usage *image)
{
	const struct image_object **by_id = malloc((image->count + 1) * sizeof(*by_id));

	if (!by_id)
		return -ENOMEM;
	for (size_t i = 0; i < image->count; i++)
		by_id[i] = &image->objects[i];
	qsort(by_id, image->count, sizeof(*by_id), compare_ids);
	for (size_t i = 0; i < image->count; i++) {
		if (i && by_id[i]->id == by_id[i - 1]->id)
			continue;
		image->disk_bytes += by_id[i]->disk_bytes;
		image->cache_bytes += by_id[i]->cache_bytes;
	}
	free(by_id);
	return 0;
}

static int read_all(struct reading *reading)
{
	struct image_usage *image = reading->image;
	int error = 0;

	for (size_t i = 0; !error && i < image->count; i++)
		error = read_object(reading, &image->objects[i]);
	if (error)
		return error;
	if (!image->cache_is_known) {
		for (size_t i = 0; i < image->count; i++)
			image->objects[i].cache_bytes = 0;
	}
	error = add_up(image);
	return error ? error_set(reading->err, -error, "objects of an image") : 0;
}

int image_usage_read(struct image_usage *image, struct store *store, mapping_id mapping,
		     const char *name, struct error *err)
{
	struct reading reading = { .image = image, .store = store, .err = err };
	int error;

	*image = (struct image_usage){
		.mapping = mapping, .name = strdup(name), .cache_is_known = true,
	};
	if (!image->name)
		return error_set(err, ENOMEM, "image %s", name);
	error = mapping_visit(store, mapping, note_object, &reading, err);
	if (error == -ENOENT) {
		image->is_gone = true;
		image->cache_is_known = false;
		return 0;
	}
	if (!error)
		error = read_all(&reading);
	if (error)
		error_context(err, "image %s", name);
	return error;
}

void image_usage_release(struct image_usage *image)
{
	for (size_t i = 0; i < image->count; i++)
		free(image->objects[i].path);
	free(image->objects);
	free(image->name);
	*image = (struct image_usage){ 0 };
}

/* ---- Names ---- */

struct naming {
	struct image_usage *image;
	const struct index *index;
	bool (*wanted)(const struct image_object *object);
};

static int compare_locals(const void *one, const void *other)
{
	uint64_t a = ((const struct image_object *)one)->local;
	uint64_t b = ((const struct image_object *)other)->local;

	return (a > b) - (a < b);
}

static int note_path(const char *path, const struct index_name *name, void *data)
{
	struct naming *naming = data;
	const struct index_inode *inode = index_inode(naming->index, name->inode);
	struct image_object *object, key = { 0 };

	if (!inode || (inode->mode & INDEX_TYPE_MASK) != 0100000u || !inode->object)
		return 0;
	key.local = inode->object;
	object = bsearch(&key, naming->image->objects, naming->image->count, sizeof(key),
			 compare_locals);
	if (!object || object->path || !naming->wanted(object))
		return 0;
	object->path = malloc(strlen(path) + 2);
	if (!object->path)
		return -ENOMEM;
	object->path[0] = '/';
	strcpy(object->path + 1, path);
	return 0;
}

int image_usage_name(struct image_usage *image, struct store *store,
		     bool (*wanted)(const struct image_object *object), struct error *err)
{
	struct naming naming = { .image = image, .wanted = wanted };
	struct index index;
	int error, fd = -1;

	if (!image->count || image->objects[0].local != IMAGE_INDEX_LOCAL)
		return 0;
	fd = object_open(store, image->objects[0].id, false, err);
	if (fd < 0)
		return fd;
	error = index_open(&index, fd, err);
	fd_close(&fd);
	if (error)
		return error;
	naming.index = &index;
	error = index_walk(&index, INDEX_ROOT, note_path, &naming);
	index_release(&index);
	return error ? error_set(err, -error, "index of image %s", image->name) : 0;
}
