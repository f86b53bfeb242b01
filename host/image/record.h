/* SPDX-License-Identifier: MIT */
/*
 * An image's record in the store: its name leads to a mapping, which holds one reference on each
 * object of the image (local ids are those of the index; the index itself is at 0), and to what is
 * told about it. The record begins with struct record_head, so that it is read without a parser;
 * only the config in it is JSON. How to start it stands there once more as a launch (launch.h).
 */
#ifndef HOST_IMAGE_RECORD_H
#define HOST_IMAGE_RECORD_H

#include <stdint.h>

#include "host/base/error.h"
#include "host/image/index_read.h"
#include "host/store/store.h"

#define IMAGE_INDEX_LOCAL 0u /* where the mapping names the index */
#define IMAGE_NAME_SIZE (RECORD_NAME_MAX + 1)
#define RECORD_MAGIC "mezzo-im"
#define RECORD_VERSION 2u /* 1 had no launch, and is read as well */

/* Followed by source and config, which do not end with NUL, and launch. */
struct record_head {
	char magic[8];
	uint32_t version;
	uint32_t source_size, config_size;
	uint32_t launch_size;  /* 0 in version 1 */
	uint64_t mapping;
	uint64_t objects;      /* beside the index */
	uint64_t files, bytes; /* inodes; bytes of regular files */
	int64_t created_ns;    /* the content, since the epoch */
	int64_t imported_ns;
};

struct image {
	struct record_head head;
	char *source; /* where it came from, for people */
	char *config; /* JSON: see config.h */
	char *launch; /* head.launch_size bytes for launch_decode() */
};

/*
 * The form of a name in the store: NAME[:TAG] of letters, digits and "._-/", where ":latest" is
 * left out. -EINVAL with a message for what is no name.
 */
int image_name(const char *text, char name[IMAGE_NAME_SIZE], struct error *err);

/* -ENOENT with a message that helps. image_release() is due. */
int image_load(struct store *store, const char *name, struct image *image, struct error *err);
/* From the bytes of a record. -EUCLEAN. */
int image_decode(const void *value, size_t size, struct image *image, struct error *err);
void image_release(struct image *image);

/*
 * In a transaction: the record of an image, head.mapping and head.launch_size included. -EEXIST
 * where there is one and not replace.
 */
int image_save(struct store *store, const char *name, const struct image *image, bool replace,
	       struct error *err);
/* -ENOENT with a message that helps, where there is no image of this name. */
int image_check_there(struct store *store, const char *name, struct error *err);
/* -EEXIST with a message that helps, where there is an image of this name. */
int image_check_free(struct store *store, const char *name, struct error *err);
/* In a transaction: the record, and all references of the image. */
int image_delete(struct store *store, const char *name, struct error *err);
/* In a transaction: a second image of the same content. */
int image_copy(struct store *store, const char *from, const char *to, bool replace,
	       struct error *err);

/* The index of the image with this mapping, mapped; index_release() is due. */
int image_index(struct store *store, mapping_id mapping, struct index *index,
		struct error *err);

#endif
