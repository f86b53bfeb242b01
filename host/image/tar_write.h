/* SPDX-License-Identifier: MIT */
/* Writes an image as a tar (pax), in the order of its index: the same image gives the same bytes. */
#ifndef HOST_IMAGE_TAR_WRITE_H
#define HOST_IMAGE_TAR_WRITE_H

#include <archive.h>

#include "host/base/error.h"
#include "host/image/digest.h"
#include "host/image/progress.h"
#include "host/image/record.h"

struct tar_output {
	int fd;
	struct digest *digest;		/* of the bytes that are written, begun; NULL: none */
	uint64_t size;			/* written */
	struct archive *archive;
};

/* A tar that goes to fd, which stays the caller's. Returns 0 or -errno; tar_output_end() or _release() is due. */
int tar_output_open(struct tar_output *output, int fd, struct digest *digest, struct error *err);
/* The end mark, and what was held back. */
int tar_output_end(struct tar_output *output, struct error *err);
void tar_output_release(struct tar_output *output);

/* A plain file of owner 0 and time 0; size bytes follow by tar_output_bytes(). */
int tar_output_file(struct tar_output *output, const char *path, uint64_t size, struct error *err);
int tar_output_bytes(struct tar_output *output, const void *data, size_t size, struct error *err);

/* All of an image. layer: refuses names that a layer would take for whiteouts. */
int tar_output_image(struct tar_output *output, struct store *store, const struct image *image, bool layer,
		     struct progress *progress, struct error *err);

#endif
