/* SPDX-License-Identifier: MIT */
/*
 * Writes tars: of an image, in the order of its index, and of plain files. The same image gives the
 * same bytes.
 */
#ifndef HOST_IMAGE_TAR_WRITE_H
#define HOST_IMAGE_TAR_WRITE_H

#include <stdbool.h>

#include "host/base/error.h"
#include "host/image/digest.h"
#include "host/image/pax.h"
#include "host/image/progress.h"
#include "host/image/record.h"

struct tar_output {
	int fd;
	struct digest *digest; /* of the bytes that are written, begun; NULL: none */
	uint64_t size;	       /* all that was told */
	struct pax pax;	       /* the next header */
	char *buffer;	       /* what was not written yet */
	size_t used;
};

/*
 * A tar that goes to fd, which stays the caller's. Returns 0 or -errno; tar_output_release() is
 * due.
 */
int tar_output_open(struct tar_output *output, int fd, struct digest *digest, struct error *err);
/* The end mark, and what was held back. */
int tar_output_end(struct tar_output *output, struct error *err);
void tar_output_release(struct tar_output *output);

/* The header of an entry, with the extended attributes that output->pax was told. */
int tar_output_header(struct tar_output *output, const struct pax_entry *entry, struct error *err);
/* Bytes of a file. After the last of them the rest of its block is filled by tar_output_pad(). */
int tar_output_bytes(struct tar_output *output, const void *data, size_t size, struct error *err);
int tar_output_pad(struct tar_output *output, struct error *err);

/* All of an image. layer: refuses names that a layer would take for whiteouts. */
int tar_output_image(struct tar_output *output, struct store *store, const struct image *image,
		     bool layer, struct progress *progress, struct error *err);

#endif
