/* SPDX-License-Identifier: MIT */
/*
 * The system layer's file: found, read and checked before a domain is made from it. The file is
 * trusted (it is installed with mezzo); the checks are against a wrong or broken one.
 */
#ifndef HOST_LAUNCH_LAYER_H
#define HOST_LAUNCH_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "boundary/abi.h"
#include "host/base/error.h"

#define LAYER_SEGMENTS_MAX 8

struct layer_segment {
	uint64_t address;		/* page-aligned */
	uint64_t offset;		/* in the file, page-aligned */
	uint64_t size;
	int protection;			/* PROT_* */
};

struct layer {
	int fd;
	struct layer_header header;
	uint64_t data_offset;		/* of .data in the file */
	struct layer_segment segments[LAYER_SEGMENTS_MAX];	/* text and read-only data */
	size_t segment_count;
	char path[4096];
};

/*
 * Open and check a layer file. path may be NULL: then mezzo-system next to mezzo's own executable
 * or in
 * ../libexec/mezzo/ from there. Returns 0 or -errno; on success layer_release() is due.
 */
int layer_open(struct layer *layer, const char *path, struct error *err);

void layer_release(struct layer *layer);

#endif
