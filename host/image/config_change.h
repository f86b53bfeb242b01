/* SPDX-License-Identifier: MIT */
/* Changes of an image's config, in words of a Dockerfile. */
#ifndef HOST_IMAGE_CONFIG_CHANGE_H
#define HOST_IMAGE_CONFIG_CHANGE_H

#include <json.h>

#include "host/base/error.h"

/* The words of the help. */
#define CONFIG_CHANGES "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, WORKDIR"

/*
 * Changes a config (config.h) as these lines of a Dockerfile tell: CMD and ENTRYPOINT
 * with a JSON array or with text for /bin/sh, ENV and LABEL with NAME=VALUE pairs or a NAME and the
 * rest of the line; quotes, backslashes and variables are as in words.h, but for the commands.
 * A new ENTRYPOINT takes the former CMD away, if no line before it sets one. Returns 0, or -EINVAL
 * for what is none.
 */
int config_change(struct json_object *config, char **lines, size_t count, struct error *err);

#endif
