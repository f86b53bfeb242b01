/* SPDX-License-Identifier: MIT */
/* Import; see import.h. No locks but the store's transaction. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/builder.h"
#include "host/image/bundle.h"
#include "host/image/config.h"
#include "host/image/directory.h"
#include "host/image/import.h"
#include "host/image/interrupt.h"
#include "host/image/keep.h"
#include "host/image/oci_read.h"

/* What the source was said to be, it must be: what it has in place of that tells nothing. */
static int check_format(const struct import *import, struct bundle *bundle, struct error *err)
{
	bool is_layout = bundle_has(bundle, "index.json");
	bool is_saved = bundle_has(bundle, "manifest.json");

	if (import->format == IMPORT_OCI && !is_layout && !is_saved)
		return error_set(err, 0, "%s: no OCI image layout: index.json is not in it; if it "
				 "is a file tree, say --format dir, or tar for an archive",
				 bundle->name);
	if (import->format == IMPORT_DOCKER && !is_saved)
		return error_set(err, 0, "%s: not of `docker save`: manifest.json is not in it; if "
				 "it is a file tree, say --format dir, or tar for an archive",
				 bundle->name);
	return 0;
}

static int feed_bundle(struct import *import, struct builder *builder, struct bundle *bundle,
		       struct oci_image *told, struct error *err)
{
	int result = check_format(import, bundle, err);

	told->select = import->select;
	import->progress.at = import->progress.whole = 0;
	if (!result && import->format == IMPORT_DOCKER)
		result = docker_feed(builder, bundle, told, err);
	else if (!result)
		result = oci_feed(builder, bundle, told, err);
	bundle_release(bundle);
	return result;
}

static int feed_entries(struct import *import, struct builder *builder, struct tar_stream *stream,
			struct oci_image *told, struct error *err)
{
	struct archive_entry *entry;
	struct bundle bundle;
	bool is_bundle = import->format != IMPORT_TAR;
	const char *path;
	int result = tar_next(stream, &entry, err);

	if (result <= 0)
		return result;
	if (import->format == IMPORT_AUTO) {
		result = tar_path(entry, &path, err);
		if (result < 0)
			return result;
		is_bundle = bundle_is_likely(path);
	}
	if (!is_bundle)
		return tar_feed(stream, entry, builder, false, err);
	result = bundle_spool(&bundle, stream, entry, err);
	return result ? result : feed_bundle(import, builder, &bundle, told, err);
}

static int feed_archive(struct import *import, struct builder *builder, struct oci_image *told,
			struct error *err)
{
	struct tar_stream stream;
	struct blob blob;
	int result = blob_open(&blob, import->source, err);

	if (result)
		return result;
	if (blob.size != BLOB_SIZE_UNKNOWN)
		import->progress.whole = blob.size;
	result = tar_open(&stream, &blob, NULL, NULL, &import->progress, err);
	if (!result)
		result = feed_entries(import, builder, &stream, told, err);
	tar_close(&stream);
	blob_release(&blob);
	return result;
}

static int feed_directory(struct import *import, struct builder *builder, struct oci_image *told,
			  struct error *err)
{
	struct bundle bundle;
	bool is_bundle = import->format == IMPORT_OCI || import->format == IMPORT_DOCKER;
	int result;

	if (import->format == IMPORT_DIRECTORY)
		return directory_feed(builder, import->source, import->except, err);
	result = bundle_open(&bundle, import->source, err);
	if (result)
		return result;
	if (is_bundle || bundle_has(&bundle, "oci-layout"))
		return feed_bundle(import, builder, &bundle, told, err);
	bundle_release(&bundle);
	return directory_feed(builder, import->source, import->except, err);
}

static int feed(struct import *import, struct builder *builder, struct oci_image *told,
		struct error *err)
{
	struct stat status;

	if (strcmp(import->source, "-") && stat(import->source, &status))
		return error_set(err, errno, "%s", import->source);
	if (strcmp(import->source, "-") && S_ISSOCK(status.st_mode))
		return error_set(err, 0, "%s: it is a socket, and no archive", import->source);
	if (import->format == IMPORT_DIRECTORY ||
	    (strcmp(import->source, "-") && import->format != IMPORT_TAR &&
	     S_ISDIR(status.st_mode)))
		return feed_directory(import, builder, told, err);
	return feed_archive(import, builder, told, err);
}

static int import_in_transaction(struct store *store, struct import *import, struct image *image,
				 struct error *err)
{
	struct oci_image told = { .created_ns = keep_now_ns() };
	struct builder builder;
	int result = builder_init(&builder, store, &import->progress, import->file_max, err);

	if (result)
		return result;
	result = feed(import, &builder, &told, err);
	image->head.created_ns = told.created_ns;
	image->head.imported_ns = keep_now_ns();
	image->config = told.config ? told.config
				    : strdup(import->config ? import->config : CONFIG_NONE);
	image->source = strdup(import->source_text ? import->source_text : import->source);
	if (!result && (!image->config || !image->source))
		result = error_set(err, ENOMEM, "image %s", import->name);
	if (!result)
		result = keep_image(store, import->name, import->replace, &builder, image, err);
	builder_release(&builder);
	return result;
}

int import_run(struct store *store, struct import *import, struct image *image, struct error *err)
{
	int result = store_begin(store, err);

	if (result)
		return result;
	*image = (struct image){ 0 };
	/* From here on there are files in the store that would be left behind. */
	interrupt_catch();
	if (!import->replace)
		result = image_check_free(store, import->name, err);
	if (!result)
		result = import_in_transaction(store, import, image, err);
	if (result)
		store_abort(store);
	else
		result = store_commit(store, err);
	interrupt_release();
	progress_end(&import->progress);
	if (result)
		image_release(image);
	return result;
}
