/* SPDX-License-Identifier: MIT */
/* What an image's objects take: disk, and the page cache that all domains over it share. */
#ifndef HOST_STATS_IMAGE_USAGE_H
#define HOST_STATS_IMAGE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/base/smaps.h"
#include "host/store/store.h"

struct image_object {
	uint64_t local;			/* its id in the image's index; 0: the index itself */
	object_id id;			/* in the store: images may share objects */
	struct file_id file;
	uint64_t size_bytes, disk_bytes, cache_bytes;
	char *path;			/* its first name in the image, or NULL: not asked for */
	size_t domains;			/* that have it mapped; counted by stats.c */
};

struct image_usage {
	mapping_id mapping;
	char *name;			/* when the first of its domains was made */
	bool is_gone;			/* from the store: nothing is known */
	bool cache_is_known;		/* else all cache_bytes are 0 */
	struct image_object *objects;	/* by rising local id */
	size_t count, room;
	uint64_t disk_bytes, cache_bytes;	/* of all; one that has two local ids once */
	size_t domains;			/* that are over it; counted by stats.c */
};

/* Of a mapping. Returns 0 or -errno; image_usage_release() is due after either. */
int image_usage_read(struct image_usage *image, struct store *store, mapping_id mapping,
		     const char *name, struct error *err);
void image_usage_release(struct image_usage *image);

/*
 * Look at the index for the paths of objects: those for which wanted says so, and which have none
 * yet. Returns 0 or -errno.
 */
int image_usage_name(struct image_usage *image, struct store *store,
		     bool (*wanted)(const struct image_object *object), struct error *err);

#endif
