/* SPDX-License-Identifier: MIT */
/* A commit: the merged tree of a domain becomes an image. Not in `mezzo`, as object_seal(). */
#ifndef HOST_CHANGE_COMMIT_H
#define HOST_CHANGE_COMMIT_H

#include "host/change/merged.h"
#include "host/image/progress.h"
#include "host/image/record.h"

struct commit {
	const char *name;		/* of the image, as image_name() gives it */
	const char *source;		/* what the image's record says of where it came from */
	const char *config;		/* JSON: see host/image/config.h */
	bool replace;
	uint64_t file_max;		/* bytes of one file */
	struct progress progress;
	/* Called for each file that the image has lost, and so the new one: with its path. */
	void (*tell_lost)(const char *path);
	uint64_t sockets;		/* out: that were left out, as an image holds none */
};

/*
 * Files that the domain did not change keep their objects, which are not read; what it wrote is
 * sealed. Begins and ends a transaction of merged->store; on failure the store is as before.
 * image_release() of *image is due on success.
 */
int commit_run(const struct merged *merged, struct commit *commit, struct image *image,
	       struct error *err);

/*
 * The config of the image that the domain was made from: a copy, or NULL with a message for want of
 * memory, or where the domain was made by a version that did not note it, and no image of the store
 * has the domain's mapping any more.
 */
char *commit_base_config(const struct merged *merged, struct error *err);

#endif
