/* SPDX-License-Identifier: MIT */
/*
 * Writes an index (boundary/index.h) from a tree in memory. Equal trees give equal bytes, in
 * whatever order they grew.
 */
#ifndef HOST_IMAGE_INDEX_WRITE_H
#define HOST_IMAGE_INDEX_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/image/tree.h"

struct index_file {
	void *data; /* the whole file */
	size_t size;
	uint64_t *objects; /* the store's id of each local id, from 1 */
	uint64_t object_count;
	uint64_t files, bytes; /* inodes; bytes of regular files */
};

/*
 * Numbers the tree's inodes on the way. Returns 0 or -errno (-E2BIG: more than the format holds).
 */
int index_write(struct tree *tree, struct index_file *file, struct error *err);

void index_file_release(struct index_file *file);

#endif
