/* SPDX-License-Identifier: MIT */
/*
 * JSON of a source, which is hostile until it is looked at: reading it whole, and taking members of
 * a certain type.
 */
#ifndef HOST_IMAGE_JSON_H
#define HOST_IMAGE_JSON_H

#include <json.h>

#include "host/base/error.h"
#include "host/image/blob.h"

#define JSON_SIZE_MAX (4u << 20)

/*
 * Reads a blob that is one JSON value. hash: what its SHA-256 must be, NULL: nothing is asked.
 * Returns 0 or -errno; json_object_put() is due.
 */
int json_read(struct blob *blob, const uint8_t *hash, struct json_object **out, struct error *err);

/* A member of an object; NULL where there is none of this type, or where object is NULL. */
struct json_object *json_member(struct json_object *object, const char *name, enum json_type type);
/* The same for a string; NULL where there is none, or one with a NUL in it. */
const char *json_text(struct json_object *object, const char *name);
/* An element of an array, as a string, by the same rules. */
const char *json_text_at(struct json_object *array, size_t place);

#endif
