/* SPDX-License-Identifier: MIT */
/*
 * Reads tar archives, packed as gzip or in any way that libarchive unpacks by itself, as a stream
 * of entries. An archive that ends without its end mark is truncated and refused, which libarchive
 * alone would not do, and so is one with something else behind what is packed.
 */
#ifndef HOST_IMAGE_TAR_READ_H
#define HOST_IMAGE_TAR_READ_H

#include <archive.h>
#include <archive_entry.h>

#include "host/base/error.h"
#include "host/image/blob.h"
#include "host/image/builder.h"
#include "host/image/digest.h"
#include "host/image/gunzip.h"

struct tar_stream {
	struct blob *blob;
	struct progress *progress; /* its at is moved on by what is read */
	struct archive *unpacked;  /* the blob without its compression */
	struct archive *tar;
	uint64_t unpacked_size; /* that came out so far */
	struct gunzip gunzip;	/* between the blob and libarchive, where that begins as gzip */
	char *buffer;
	size_t peeked;		    /* bytes in it that were looked at, and not taken yet */
	uint64_t taken, taken_used; /* by libarchive; up to the last byte that is no zero */
	struct digest blob_digest, content_digest;
	const uint8_t *blob_hash, *content_hash;
	struct error failure; /* of a callback */
};

/*
 * blob and progress outlive the stream. Where blob_hash is not NULL the blob's bytes must have that
 * SHA-256, where content_hash is not NULL what it unpacks to; that is looked at when the last entry
 * was read. Returns 0 or -errno; tar_close() is due in both cases.
 */
int tar_open(struct tar_stream *stream, struct blob *blob, const uint8_t *blob_hash,
	     const uint8_t *content_hash, struct progress *progress, struct error *err);
/*
 * 1 with the next entry, valid until the next call; 0 at the end, where all was right; or -errno.
 */
int tar_next(struct tar_stream *stream, struct archive_entry **entry, struct error *err);
/* 1 with the next bytes of the entry, 0 at its end, or -errno. */
int tar_data(struct tar_stream *stream, const void **data, size_t *size, uint64_t *offset,
	     struct error *err);
void tar_close(struct tar_stream *stream);

/* The path of an entry, -EINVAL where it has none. */
int tar_path(struct archive_entry *entry, const char **path, struct error *err);

/* Feeds this entry and all that follow to the builder. layered: whiteouts are applied. */
int tar_feed(struct tar_stream *stream, struct archive_entry *entry, struct builder *builder,
	     bool layered, struct error *err);

#endif
