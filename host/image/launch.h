/* SPDX-License-Identifier: MIT */
/*
 * How an image wants its command to be started, in a form that needs no parser of JSON: what
 * `mezzo` reads of an image's record. mezzo-image makes it from the config (config.h) at import.
 *
 * As bytes: struct launch_head, then one string behind the other, each ended with NUL: entrypoint,
 * cmd, env, user, workdir.
 */
#ifndef HOST_IMAGE_LAUNCH_H
#define HOST_IMAGE_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"

struct launch_head {
	uint32_t entrypoint_count, cmd_count, env_count;
	uint32_t text_size; /* of all strings, with their ends */
};

struct image_launch {
	char **entrypoint, **cmd; /* each list ends with NULL */
	char **env;		  /* NAME=VALUE, with a name */
	char *user;		  /* "" where it is not told */
	char *workdir;		  /* "" where it is not told */
	void *memory;		  /* of decode: what all of these are part of */
};

/*
 * The bytes of a launch, which free() ends. -E2BIG, -ENOMEM; the caller has made sure of the form
 * of env.
 */
int launch_encode(const struct image_launch *launch, char **data, size_t *size, struct error *err);

/*
 * From bytes of a record, of which nothing is believed. -EUCLEAN for damaged ones. No bytes at all
 * are a launch that tells nothing. launch_release() is due.
 */
int launch_decode(const void *data, size_t size, struct image_launch *launch, struct error *err);
void launch_release(struct image_launch *launch);

#endif
