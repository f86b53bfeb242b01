/* SPDX-License-Identifier: MIT */
/* Reading JSON of a source; see json.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/digest.h"
#include "host/image/json.h"

#define DEPTH_MAX 32

static int parse(struct blob *blob, const char *text, size_t size, struct json_object **out,
		 struct error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *value;
	enum json_tokener_error problem;

	if (!tokener)
		return error_set(err, ENOMEM, "%s", blob->name);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tokener, text, (int)size + 1);
	problem = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	if (problem != json_tokener_success)
		return error_set(err, 0, "%s: bad JSON: %s", blob->name,
				 json_tokener_error_desc(problem));
	*out = value;
	return 0;
}

static int check_hash(const struct blob *blob, const char *text, size_t size, const uint8_t *hash,
		      struct error *err)
{
	char is_text[DIGEST_TEXT_SIZE];
	uint8_t is[DIGEST_SIZE];
	int result = digest_of(text, size, is, err);

	if (result || !memcmp(is, hash, sizeof(is)))
		return result;
	digest_print(is, is_text);
	return error_set(err, 0, "%s: wrong digest: the content has %s", blob->name, is_text);
}

int json_read(struct blob *blob, const uint8_t *hash, struct json_object **out, struct error *err)
{
	size_t used = 0;
	char *text;
	int result = 0;

	if (blob->size > JSON_SIZE_MAX)
		return error_set(err, EFBIG, "%s: JSON of more than %u bytes", blob->name,
				 JSON_SIZE_MAX);
	text = malloc(blob->size + 1);
	if (!text)
		return error_set(err, ENOMEM, "%s", blob->name);
	while (used < blob->size && !result) {
		ssize_t done = blob_read(blob, text + used, blob->size - used, err);

		if (done <= 0)
			result = done ? (int)done : error_set(err, EIO, "%s", blob->name);
		else
			used += (size_t)done;
	}
	text[used] = '\0';
	if (!result && hash)
		result = check_hash(blob, text, used, hash, err);
	if (!result)
		result = parse(blob, text, used, out, err);
	free(text);
	return result;
}

struct json_object *json_member(struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

static const char *text_of(struct json_object *value)
{
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

const char *json_text(struct json_object *object, const char *name)
{
	return text_of(json_member(object, name, json_type_string));
}

const char *json_text_at(struct json_object *array, size_t place)
{
	return text_of(json_object_array_get_idx(array, place));
}
