/* SPDX-License-Identifier: MIT */
/*
 * What `docker save` writes: manifest.json names config and layers by path. The config's name is
 * its digest, and the config holds the digests of the layers' content. No locks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/config.h"
#include "host/image/digest.h"
#include "host/image/json.h"
#include "host/image/oci_read.h"

#define HEX_DIGITS 64u

static bool has_tag(struct json_object *item, const char *tag)
{
	struct json_object *tags = json_member(item, "RepoTags", json_type_array);

	for (size_t i = 0; tags && i < json_object_array_length(tags); i++) {
		const char *text = json_text_at(tags, i);

		if (text && !strcmp(text, tag))
			return true;
	}
	return false;
}

static int choose(struct json_object *list, const char *select, struct json_object **out,
		  struct error *err)
{
	size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list)
								  : 0;

	if (!count)
		return error_set(err, 0, "manifest.json names no image");
	if (!select && count > 1)
		return error_set(err, 0, "it holds several images: pick one with --select NAME");
	for (size_t i = 0; i < count; i++) {
		*out = json_object_array_get_idx(list, i);
		if (!select || has_tag(*out, select))
			return 0;
	}
	return error_set(err, 0, "no image named '%.100s'", select);
}

/* The digest in a name like "0123.json" or "blobs/sha256/0123". False where there is none. */
static bool hash_of_name(const char *name, uint8_t hash[DIGEST_SIZE])
{
	const char *slash = strrchr(name, '/'), *digits = slash ? slash + 1 : name;
	char text[DIGEST_TEXT_SIZE];
	struct error ignored;

	if (strspn(digits, "0123456789abcdef") != HEX_DIGITS)
		return false;
	snprintf(text, sizeof(text), "sha256:%.64s", digits);
	return !digest_parse(text, hash, &ignored);
}

static int read_config(struct bundle *bundle, struct json_object *item, struct json_object **out,
		       struct error *err)
{
	const char *name = json_text(item, "Config");
	uint8_t hash[DIGEST_SIZE];
	struct blob blob;
	int result;

	if (!name)
		return error_set(err, 0, "manifest.json names no config");
	result = bundle_find(bundle, name, &blob, err);
	if (result)
		return result;
	result = json_read(&blob, hash_of_name(name, hash) ? hash : NULL, out, err);
	blob_release(&blob);
	return result;
}

static int feed_layers(struct builder *builder, struct bundle *bundle, struct json_object *item,
		       struct json_object *config, struct error *err)
{
	struct json_object *names = json_member(item, "Layers", json_type_array);
	struct json_object *hashes = json_member(json_member(config, "rootfs", json_type_object),
						 "diff_ids", json_type_array);
	int result = 0;

	if (!names || !hashes ||
	    json_object_array_length(names) != json_object_array_length(hashes))
		return error_set(err, 0,
				 "manifest.json and the config do not tell the same number of "
				 "layers");
	for (size_t i = 0; i < json_object_array_length(names) && !result; i++) {
		const char *name = json_text_at(names, i), *text = json_text_at(hashes, i);
		uint8_t hash[DIGEST_SIZE];

		if (!name || !text)
			return error_set(err, 0, "layer %zu has no name, or no digest", i + 1);
		result = digest_parse(text, hash, err);
		if (!result)
			result = oci_feed_layer(builder, bundle, name, NULL, hash, err);
	}
	return result;
}

static int feed_item(struct builder *builder, struct bundle *bundle, struct json_object *item,
		     struct oci_image *image, struct error *err)
{
	struct json_object *config;
	int result = read_config(bundle, item, &config, err);

	if (result)
		return result;
	result = config_take(config, &image->config, &image->created_ns, err);
	if (!result)
		result = feed_layers(builder, bundle, item, config, err);
	json_object_put(config);
	return result;
}

int docker_feed(struct builder *builder, struct bundle *bundle, struct oci_image *image,
		struct error *err)
{
	struct json_object *list, *item = NULL;
	struct blob blob;
	int result = bundle_find(bundle, "manifest.json", &blob, err);

	if (result)
		return result;
	result = json_read(&blob, NULL, &list, err);
	blob_release(&blob);
	if (result)
		return result;
	result = choose(list, image->select, &item, err);
	if (!result)
		result = feed_item(builder, bundle, item, image, err);
	json_object_put(list);
	return result;
}
