/* SPDX-License-Identifier: MIT */
/*
 * A blob: bytes of a source, of which some other file may be a part: an archive, a layer, a
 * manifest.
 */
#ifndef HOST_IMAGE_BLOB_H
#define HOST_IMAGE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/base/error.h"

#define BLOB_SIZE_UNKNOWN UINT64_MAX /* a stream, read to its end */

struct blob {
	const char *name; /* for messages; outlives the blob */
	int fd;
	bool owned;	      /* the blob closes fd */
	uint64_t start, size; /* in fd; a stream begins where it stands */
	uint64_t at;	      /* how much was read */
};

/* A file, or standard input for "-". Returns 0 or -errno; blob_release() is due. */
int blob_open(struct blob *blob, const char *path, struct error *err);
/* The next bytes; 0 at the end. A file that ends before its size fails with -EIO. */
ssize_t blob_read(struct blob *blob, void *to, size_t size, struct error *err);
void blob_release(struct blob *blob);

#endif
