/* SPDX-License-Identifier: MIT */
/* The last step of all that makes images: what a builder was fed becomes an image in the store. */
#ifndef HOST_IMAGE_KEEP_H
#define HOST_IMAGE_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/image/builder.h"
#include "host/image/record.h"

/*
 * In the transaction in which the builder was fed: saves the image under a name, in place of one
 * that is there where replace says so. image has its source, config and times; the rest is filled
 * in here.
 */
int keep_image(struct store *store, const char *name, bool replace, struct builder *builder,
	       struct image *image, struct error *err);

/* Nanoseconds since the epoch. */
int64_t keep_now_ns(void);

#endif
