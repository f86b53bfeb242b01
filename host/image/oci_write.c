/* SPDX-License-Identifier: MIT */
/*
 * Writing an OCI image layout; see oci_write.h. A blob's name is its digest and stands before it in
 * the archive: so the layer is written to an unlinked temporary file first. No locks.
 */
#include <errno.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/fd.h"
#include "host/image/blob.h"
#include "host/image/bundle.h"
#include "host/image/config.h"
#include "host/image/digest.h"
#include "host/image/oci_write.h"
#include "host/image/tar_write.h"

#define BUFFER_SIZE (1u << 20)
#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"

/* A blob that is known by now. */
struct part {
	uint64_t size;
	char digest[DIGEST_TEXT_SIZE];
};

static int write_layer(int spool, struct store *store, const struct image *image,
		       struct progress *progress, struct part *layer, struct error *err)
{
	uint8_t hash[DIGEST_SIZE];
	struct tar_output output;
	struct digest digest;
	int result = digest_init(&digest, err);

	if (result)
		return result;
	result = tar_output_open(&output, spool, &digest, err);
	if (!result)
		result = tar_output_image(&output, store, image, true, progress, err);
	if (!result)
		result = tar_output_end(&output, err);
	tar_output_release(&output);
	digest_end(&digest, hash);
	digest_release(&digest);
	digest_print(hash, layer->digest);
	layer->size = output.size;
	return result;
}

static struct json_object *descriptor(const char *type, const struct part *part)
{
	struct json_object *out = json_object_new_object();

	json_object_object_add(out, "mediaType", json_object_new_string(type));
	json_object_object_add(out, "digest", json_object_new_string(part->digest));
	json_object_object_add(out, "size", json_object_new_int64((int64_t)part->size));
	return out;
}

static struct json_object *array_of(struct json_object *value)
{
	struct json_object *out = json_object_new_array();

	json_object_array_add(out, value);
	return out;
}

static struct json_object *make_config(const struct image *image, const struct part *layer)
{
	struct json_object *out = json_object_new_object(), *rootfs = json_object_new_object();
	char created[TIME_TEXT_SIZE];

	time_print(image->head.created_ns, created);
	json_object_object_add(out, "created", json_object_new_string(created));
	json_object_object_add(out, "architecture", json_object_new_string("amd64"));
	json_object_object_add(out, "os", json_object_new_string("linux"));
	json_object_object_add(out, "config", json_tokener_parse(image->config));
	json_object_object_add(rootfs, "type", json_object_new_string("layers"));
	json_object_object_add(rootfs, "diff_ids", array_of(json_object_new_string(layer->digest)));
	json_object_object_add(out, "rootfs", rootfs);
	return out;
}

static struct json_object *make_manifest(const struct part *config, const struct part *layer)
{
	struct json_object *out = json_object_new_object();

	json_object_object_add(out, "schemaVersion", json_object_new_int(2));
	json_object_object_add(out, "mediaType", json_object_new_string(TYPE_MANIFEST));
	json_object_object_add(out, "config", descriptor(TYPE_CONFIG, config));
	json_object_object_add(out, "layers", array_of(descriptor(TYPE_LAYER, layer)));
	return out;
}

static struct json_object *make_index(const char *name, const struct part *manifest)
{
	struct json_object *out = json_object_new_object(),
			   *entry = descriptor(TYPE_MANIFEST, manifest);
	struct json_object *platform = json_object_new_object(), *notes = json_object_new_object();

	json_object_object_add(platform, "architecture", json_object_new_string("amd64"));
	json_object_object_add(platform, "os", json_object_new_string("linux"));
	json_object_object_add(entry, "platform", platform);
	json_object_object_add(notes, "org.opencontainers.image.ref.name",
			       json_object_new_string(name));
	json_object_object_add(entry, "annotations", notes);
	json_object_object_add(out, "schemaVersion", json_object_new_int(2));
	json_object_object_add(out, "mediaType", json_object_new_string(TYPE_INDEX));
	json_object_object_add(out, "manifests", array_of(entry));
	return out;
}

static int write_file(struct tar_output *output, const char *path, uint64_t size, struct error *err)
{
	struct pax_entry entry = { .type = PAX_FILE, .path = path, .mode = 0644, .size = size };

	return tar_output_header(output, &entry, err);
}

static int write_text(struct tar_output *output, const char *path, const char *text,
		      struct error *err)
{
	int result = write_file(output, path, strlen(text), err);

	if (!result)
		result = tar_output_bytes(output, text, strlen(text), err);
	return result ? result : tar_output_pad(output, err);
}

/* Takes json. path NULL: it is a blob, and *part becomes what names it. */
static int write_json(struct tar_output *output, const char *path, struct json_object *json,
		      struct part *part, struct error *err)
{
	const char *text = json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char blob_path[sizeof("blobs/sha256/") + 2 * DIGEST_SIZE];
	uint8_t hash[DIGEST_SIZE];
	int result = 0;

	if (!path) {
		result = digest_of(text, strlen(text), hash, err);
		digest_print(hash, part->digest);
		part->size = strlen(text);
		snprintf(blob_path, sizeof(blob_path), "blobs/sha256/%s",
			 part->digest + strlen("sha256:"));
		path = blob_path;
	}
	if (!result)
		result = write_text(output, path, text, err);
	json_object_put(json);
	return result;
}

static int copy_layer(struct tar_output *output, int spool, const struct part *layer,
		      struct error *err)
{
	struct blob blob = { .name = "the temporary file", .fd = spool, .size = layer->size };
	char path[sizeof("blobs/sha256/") + 2 * DIGEST_SIZE], *buffer = malloc(BUFFER_SIZE);
	ssize_t size = 0;
	int result;

	if (!buffer)
		return error_set(err, ENOMEM, "layer");
	snprintf(path, sizeof(path), "blobs/sha256/%s", layer->digest + strlen("sha256:"));
	result = write_file(output, path, layer->size, err);
	while (!result && (size = blob_read(&blob, buffer, BUFFER_SIZE, err)) > 0)
		result = tar_output_bytes(output, buffer, (size_t)size, err);
	free(buffer);
	if (size < 0)
		return (int)size;
	return result ? result : tar_output_pad(output, err);
}

static int write_parts(struct tar_output *output, int spool, const char *name,
		       const struct image *image, const struct part *layer, struct error *err)
{
	struct part config, manifest;
	int result = write_text(output, "oci-layout", LAYOUT, err);

	if (!result)
		result = copy_layer(output, spool, layer, err);
	if (!result)
		result = write_json(output, NULL, make_config(image, layer), &config, err);
	if (!result)
		result = write_json(output, NULL, make_manifest(&config, layer), &manifest, err);
	return result ? result
		      : write_json(output, "index.json", make_index(name, &manifest), NULL, err);
}

int oci_write(int fd, struct store *store, const char *name, const struct image *image,
	      struct progress *progress, struct error *err)
{
	struct tar_output output;
	struct part layer;
	int spool = bundle_open_spool(err), result;

	if (spool < 0)
		return spool;
	result = write_layer(spool, store, image, progress, &layer, err);
	if (!result)
		result = tar_output_open(&output, fd, NULL, err);
	if (!result) {
		result = write_parts(&output, spool, name, image, &layer, err);
		if (!result)
			result = tar_output_end(&output, err);
		tar_output_release(&output);
	}
	fd_close(&spool);
	return result;
}
