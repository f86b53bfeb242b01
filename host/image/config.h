/* SPDX-License-Identifier: MIT */
/*
 * An image's config: how its programs want to be started. It is kept as JSON, in the words of OCI.
 */
#ifndef HOST_IMAGE_CONFIG_H
#define HOST_IMAGE_CONFIG_H

#include <json.h>
#include <stdint.h>

#include "host/base/error.h"

#define CONFIG_NONE "{}"

/*
 * What Mezzo keeps of the config blob of an OCI or Docker image: Entrypoint, Cmd, Env, User,
 * WorkingDir, ExposedPorts, Labels, StopSignal, in this order, as one line of JSON, which the
 * caller frees; and when the image was created (*created_ns stays as it is where that is not told).
 * -EINVAL where the image is not for linux/amd64, or a member is of a wrong type.
 */
int config_take(struct json_object *blob, char **config, int64_t *created_ns, struct error *err);

/* The same from an object with such members; NULL is one without any. */
int config_form(struct json_object *members_of, char **config, struct error *err);

/*
 * The launch (launch.h) that such a config asks for, as bytes, which the caller frees. Variables
 * without a name or a value mean nothing and are left out, as Docker does.
 */
int config_launch(const char *config, char **launch, uint32_t *size, struct error *err);

#define TIME_TEXT_SIZE 40
/*
 * "2024-02-29T12:30:00.5Z", as RFC 3339 wants it; digits of the fraction only as they are needed.
 */
void time_print(int64_t time_ns, char text[TIME_TEXT_SIZE]);
/* Returns 0, or -EINVAL for what is no such time. */
int time_parse(const char *text, int64_t *time_ns);

#endif
