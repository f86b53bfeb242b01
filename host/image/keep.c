/* SPDX-License-Identifier: MIT */
/* From a builder to an image in the store; see keep.h. No locks but the store's transaction. */
#include <errno.h>
#include <time.h>

#include "host/image/config.h"
#include "host/image/keep.h"

/* The index as an object, at 0 of the mapping. */
static int keep_index(struct store *store, mapping_id mapping, const struct index_file *file,
		      struct error *err)
{
	object_id object, sealed;
	size_t at = 0;
	int result = object_create(store, &object, err);

	while (at < file->size && !result) {
		ssize_t done = object_write(store, object, (const char *)file->data + at,
					    file->size - at, at, err);

		if (done <= 0)
			result = done ? (int)done : error_set(err, EIO, "index");
		else
			at += (size_t)done;
	}
	if (!result)
		result = object_seal(store, object, &sealed, err);
	return result ? result : mapping_set(store, mapping, IMAGE_INDEX_LOCAL, sealed, err);
}

/* Moves the references on the image's objects into a mapping. */
static int keep_objects(struct store *store, const struct index_file *file, mapping_id *mapping,
			struct error *err)
{
	int result = mapping_create(store, 0, mapping, err);

	for (uint64_t i = 0; i < file->object_count && !result; i++)
		result = mapping_set(store, *mapping, i + 1, file->objects[i], err);
	return result ? result : keep_index(store, *mapping, file, err);
}

int64_t keep_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int keep_image(struct store *store, const char *name, bool replace, struct builder *builder,
	       struct image *image, struct error *err)
{
	struct index_file file;
	int result = config_launch(image->config, &image->launch, &image->head.launch_size, err);

	if (!result)
		result = builder_finish(builder, &file, err);
	if (result)
		return result;
	image->head.objects = file.object_count;
	image->head.files = file.files;
	image->head.bytes = file.bytes;
	result = keep_objects(store, &file, &image->head.mapping, err);
	index_file_release(&file);
	if (!result && replace && record_get(store, RECORD_IMAGE, name, NULL, 0, err) >= 0)
		result = image_delete(store, name, err);
	return result ? result : image_save(store, name, image, replace, err);
}
