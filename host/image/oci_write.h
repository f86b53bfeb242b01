/* SPDX-License-Identifier: MIT */
/*
 * Writes an image as an OCI image layout, packed into a tar: one layer, its config, the manifest
 * and the index.
 */
#ifndef HOST_IMAGE_OCI_WRITE_H
#define HOST_IMAGE_OCI_WRITE_H

#include "host/base/error.h"
#include "host/image/progress.h"
#include "host/image/record.h"

/* To fd, which stays the caller's. The same image under the same name gives the same bytes. */
int oci_write(int fd, struct store *store, const char *name, const struct image *image,
	      struct progress *progress, struct error *err);

#endif
