/* SPDX-License-Identifier: MIT */
/* Import: from a source to an image in the store, in one transaction. */
#ifndef HOST_IMAGE_IMPORT_H
#define HOST_IMAGE_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/image/progress.h"
#include "host/image/record.h"

enum import_format { IMPORT_AUTO, IMPORT_DIRECTORY, IMPORT_TAR, IMPORT_DOCKER, IMPORT_OCI };

struct import {
	const char *name;	 /* as image_name() gives it */
	const char *source;	 /* a path, "-" for standard input */
	const char *source_text; /* what the record says of it; NULL: source */
	const char *except;	 /* left out of a directory: where the store is */
	const char *select;	 /* which image of several; NULL */
	const char *config;	 /* JSON, where the source has none; NULL: an empty one */
	enum import_format format;
	bool replace;
	uint64_t file_max;
	struct progress progress;
};

/*
 * Begins and ends the transaction; on failure the store is as before. image_release() of *image is
 * due.
 */
int import_run(struct store *store, struct import *import, struct image *image, struct error *err);

#endif
