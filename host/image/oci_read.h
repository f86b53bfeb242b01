/* SPDX-License-Identifier: MIT */
/* Bundles as sources of an image: OCI image layouts, and what `docker save` writes. */
#ifndef HOST_IMAGE_OCI_READ_H
#define HOST_IMAGE_OCI_READ_H

#include "host/image/builder.h"
#include "host/image/bundle.h"

/* What a bundle is asked for and tells beside its files. */
struct oci_image {
	const char *select; /* the name of the image in the bundle; NULL: there is only one */
	char *config;	    /* out: see config_take(); the caller's to free */
	int64_t created_ns; /* out */
};

/* Whichever of the two the bundle is. Feeds its layers to the builder. */
int oci_feed(struct builder *builder, struct bundle *bundle, struct oci_image *image,
	     struct error *err);

/* A layer: a tar whose own or whose content's SHA-256 is known (the other is NULL). */
int oci_feed_layer(struct builder *builder, struct bundle *bundle, const char *name,
		   const uint8_t *blob_hash, const uint8_t *content_hash, struct error *err);
/* `docker save`: manifest.json, configs and layers by name. */
int docker_feed(struct builder *builder, struct bundle *bundle, struct oci_image *image,
		struct error *err);

#endif
