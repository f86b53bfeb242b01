/* SPDX-License-Identifier: MIT */
/* Changes of an image's config, in words of a Dockerfile. */
#ifndef HOST_IMAGE_CONFIG_CHANGE_H
#define HOST_IMAGE_CONFIG_CHANGE_H

#include <json.h>

#include "host/base/error.h"

/* The words of the help. */
#define CONFIG_CHANGES "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, WORKDIR"

/*
 * Makes one change of a config (config.h), as a line of a Dockerfile tells it: CMD and ENTRYPOINT
 * with a JSON array or with text for /bin/sh, ENV and LABEL with NAME=VALUE. Returns 0, or -EINVAL
 * for what is none.
 */
int config_change(struct json_object *config, const char *line, struct error *err);

#endif
