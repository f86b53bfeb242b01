/* SPDX-License-Identifier: MIT */
/*
 * OCI image layouts: from index.json through nested indexes to the one manifest for linux/amd64,
 * its config and its layers. Each blob is used only where its bytes have the digest by which it is
 * named. No locks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/config.h"
#include "host/image/digest.h"
#include "host/image/json.h"
#include "host/image/oci_read.h"

#define INDEX_NESTING_MAX 8
#define INDEXES_MAX 1000u
#define BLOB_PATH_SIZE 96u
#define LAYERS_MAX 1000u

/* What names a blob. */
struct descriptor {
	const char *digest, *media_type;
	uint8_t hash[DIGEST_SIZE];
	uint64_t size;
	char path[BLOB_PATH_SIZE]; /* in the bundle */
};

/* The search for a manifest. */
struct choice {
	struct bundle *bundle;
	const char *select;
	struct json_object *manifest;  /* found; the caller's */
	char digest[DIGEST_TEXT_SIZE]; /* of it */
	size_t seen_count;
	uint8_t seen[INDEXES_MAX][DIGEST_SIZE]; /* hashes of the indexes that were read */
};

static int take_descriptor(struct json_object *from, struct descriptor *out, struct error *err)
{
	struct json_object *size = json_member(from, "size", json_type_int);
	int result;

	*out = (struct descriptor){ .digest = json_text(from, "digest"),
				    .media_type = json_text(from, "mediaType") };
	if (!out->digest || !size || json_object_get_int64(size) < 0)
		return error_set(err, 0, "a descriptor without digest or size");
	result = digest_parse(out->digest, out->hash, err);
	if (result)
		return result;
	out->size = (uint64_t)json_object_get_int64(size);
	snprintf(out->path, sizeof(out->path), "blobs/sha256/%s", out->digest + strlen("sha256:"));
	return 0;
}

static int open_blob(struct bundle *bundle, const struct descriptor *descriptor, struct blob *blob,
		     struct error *err)
{
	int result = bundle_find(bundle, descriptor->path, blob, err);

	if (result == -ENOENT)
		return error_set(err, 0, "%s: blob %s is missing", bundle->name,
				 descriptor->digest);
	if (!result && blob->size != descriptor->size) {
		blob_release(blob);
		return error_set(err, 0, "%s: blob %s has %llu bytes and should have %llu",
				 bundle->name, descriptor->digest, (unsigned long long)blob->size,
				 (unsigned long long)descriptor->size);
	}
	return result;
}

static int read_json(struct bundle *bundle, const struct descriptor *descriptor,
		     struct json_object **out, struct error *err)
{
	struct blob blob;
	int result = open_blob(bundle, descriptor, &blob, err);

	if (result)
		return result;
	result = json_read(&blob, descriptor->hash, out, err);
	blob_release(&blob);
	return result;
}

static bool fits_platform(struct json_object *descriptor)
{
	struct json_object *platform = json_member(descriptor, "platform", json_type_object);
	const char *system = json_text(platform, "os"),
		   *processor = json_text(platform, "architecture");

	return !platform ||
	       (system && processor && !strcmp(system, "linux") && !strcmp(processor, "amd64"));
}

static bool fits_name(struct json_object *descriptor, const char *select)
{
	struct json_object *notes = json_member(descriptor, "annotations", json_type_object);
	const char *tag = json_text(notes, "org.opencontainers.image.ref.name");
	const char *name = json_text(notes, "io.containerd.image.name");

	return !select || (tag && !strcmp(tag, select)) || (name && !strcmp(name, select));
}

static int choose(struct choice *choice, struct json_object *index, int depth, struct error *err);

/* 0, 1 where it was there already, or -errno. */
static int see_index(struct choice *choice, const struct descriptor *descriptor, struct error *err)
{
	for (size_t i = 0; i < choice->seen_count; i++) {
		if (!memcmp(choice->seen[i], descriptor->hash, DIGEST_SIZE))
			return 1;
	}
	if (choice->seen_count == INDEXES_MAX)
		return error_set(err, 0, "more than %u indexes: pick an image with --select NAME",
				 INDEXES_MAX);
	memcpy(choice->seen[choice->seen_count++], descriptor->hash, DIGEST_SIZE);
	return 0;
}

/*
 * Each index once, however often and from wherever it is named: a second look finds nothing new,
 * and a few that name each other often would be looked at without end.
 */
static int choose_nested(struct choice *choice, const struct descriptor *descriptor, int depth,
			 struct error *err)
{
	struct json_object *index;
	int result = see_index(choice, descriptor, err);

	if (result)
		return result > 0 ? 0 : result;
	if (depth == INDEX_NESTING_MAX)
		return error_set(err, 0, "index %s: indexes are nested more than %d deep",
				 descriptor->digest, INDEX_NESTING_MAX);
	result = read_json(choice->bundle, descriptor, &index, err);
	if (result)
		return result;
	result = choose(choice, index, depth + 1, err);
	json_object_put(index);
	return result;
}

static bool is_index(const char *media_type)
{
	return media_type && (strstr(media_type, "image.index.v1+json") ||
			      strstr(media_type, "manifest.list.v2+json"));
}

/*
 * A manifest; a second one makes the choice ambiguous, but below the first index where the first
 * one wins.
 */
static int choose_manifest(struct choice *choice, const struct descriptor *descriptor, int depth,
			   struct error *err)
{
	if (choice->manifest && (depth || !strcmp(choice->digest, descriptor->digest)))
		return 0;
	if (choice->manifest)
		return error_set(err, 0, "it holds several images: pick one with --select NAME");
	strcpy(choice->digest, descriptor->digest);
	return read_json(choice->bundle, descriptor, &choice->manifest, err);
}

static int choose(struct choice *choice, struct json_object *index, int depth, struct error *err)
{
	struct json_object *list = json_member(index, "manifests", json_type_array);

	if (!list)
		return error_set(err, 0, "an index without a list of manifests");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		struct descriptor descriptor;
		int result;

		if (!fits_platform(item) || (!depth && !fits_name(item, choice->select)))
			continue;
		result = take_descriptor(item, &descriptor, err);
		if (!result && is_index(descriptor.media_type))
			result = choose_nested(choice, &descriptor, depth, err);
		else if (!result)
			result = choose_manifest(choice, &descriptor, depth, err);
		if (result)
			return result;
	}
	return 0;
}

static int find_manifest(struct choice *choice, struct error *err)
{
	struct json_object *index;
	struct blob blob;
	int result = bundle_find(choice->bundle, "index.json", &blob, err);

	if (result)
		return result;
	result = json_read(&blob, NULL, &index, err);
	blob_release(&blob);
	if (result)
		return result;
	result = choose(choice, index, 0, err);
	json_object_put(index);
	if (!result && !choice->manifest)
		result = choice->select
				 ? error_set(err, 0, "no image named '%.100s' for linux/amd64",
					     choice->select)
				 : error_set(err, 0, "no image for linux/amd64");
	return result;
}

int oci_feed_layer(struct builder *builder, struct bundle *bundle, const char *name,
		   const uint8_t *blob_hash, const uint8_t *content_hash, struct error *err)
{
	struct archive_entry *entry;
	struct tar_stream stream;
	struct blob blob;
	int result = bundle_find(bundle, name, &blob, err);

	if (result)
		return result;
	builder_next_layer(builder);
	result = tar_open(&stream, &blob, blob_hash, content_hash, builder->progress, err);
	if (!result)
		result = tar_next(&stream, &entry, err);
	if (result > 0)
		result = tar_feed(&stream, entry, builder, true, err);
	tar_close(&stream);
	blob_release(&blob);
	return result;
}

static bool is_layer(const char *media_type)
{
	return media_type &&
	       (strstr(media_type, "image.layer.") || strstr(media_type, "image.rootfs.")) &&
	       !strstr(media_type, "encrypted");
}

/* All descriptors are looked at, and their blobs found, before the first layer is read. */
static int take_layers(struct bundle *bundle, struct json_object *layers, struct descriptor *out,
		       struct progress *progress, struct error *err)
{
	for (size_t i = 0; i < json_object_array_length(layers); i++) {
		struct blob blob;
		int result = take_descriptor(json_object_array_get_idx(layers, i), &out[i], err);

		if (!result && !is_layer(out[i].media_type))
			result = error_set(err, 0, "layer %s: its type %.100s is not known",
					   out[i].digest,
					   out[i].media_type ? out[i].media_type : "");
		if (!result)
			result = open_blob(bundle, &out[i], &blob, err);
		if (result)
			return result;
		blob_release(&blob);
		progress->whole += out[i].size;
	}
	return 0;
}

static int feed_layers(struct builder *builder, struct bundle *bundle, struct json_object *layers,
		       struct error *err)
{
	size_t count = json_object_array_length(layers);
	struct descriptor *descriptors;
	int result;

	if (count > LAYERS_MAX)
		return error_set(err, 0, "an image of more than %u layers", LAYERS_MAX);
	descriptors = calloc(count + 1, sizeof(*descriptors));
	if (!descriptors)
		return error_set(err, ENOMEM, "layers");
	result = take_layers(bundle, layers, descriptors, builder->progress, err);
	for (size_t i = 0; i < count && !result; i++)
		result = oci_feed_layer(builder, bundle, descriptors[i].path, descriptors[i].hash,
					NULL, err);
	free(descriptors);
	return result;
}

static int feed_manifest(struct builder *builder, struct bundle *bundle,
			 struct json_object *manifest, struct oci_image *image, struct error *err)
{
	struct json_object *layers = json_member(manifest, "layers", json_type_array), *config;
	struct descriptor descriptor;
	int result;

	if (!layers)
		return error_set(err, 0, "a manifest without a list of layers");
	result = take_descriptor(json_member(manifest, "config", json_type_object), &descriptor,
				 err);
	if (!result)
		result = read_json(bundle, &descriptor, &config, err);
	if (result)
		return result;
	result = config_take(config, &image->config, &image->created_ns, err);
	json_object_put(config);
	return result ? result : feed_layers(builder, bundle, layers, err);
}

static int layout_feed(struct builder *builder, struct bundle *bundle, struct oci_image *image,
		       struct error *err)
{
	struct choice choice = { .bundle = bundle, .select = image->select };
	int result = find_manifest(&choice, err);

	if (!result)
		result = feed_manifest(builder, bundle, choice.manifest, image, err);
	json_object_put(choice.manifest);
	return result;
}

int oci_feed(struct builder *builder, struct bundle *bundle, struct oci_image *image,
	     struct error *err)
{
	int result;

	if (bundle_has(bundle, "index.json"))
		result = layout_feed(builder, bundle, image, err);
	else if (bundle_has(bundle, "manifest.json"))
		result = docker_feed(builder, bundle, image, err);
	else
		return error_set(err, 0,
				 "%s: neither index.json (OCI) nor manifest.json (docker save) is "
				 "in it; if it is a file tree, say --format dir, or tar for an "
				 "archive",
				 bundle->name);
	if (result && !strstr(err->text, bundle->name))
		error_context(err, "%s", bundle->name);
	return result;
}
