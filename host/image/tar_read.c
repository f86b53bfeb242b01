/* SPDX-License-Identifier: MIT */
/*
 * A tar as a stream; see tar_read.h. Two readers of libarchive stand one behind the other: the
 * first only unpacks, so that it is known how many bytes the archive has and where the second one
 * found its end. No locks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/interrupt.h"
#include "host/image/tar_read.h"

#define BUFFER_SIZE (1u << 20)
#define PADDING_MAX (64ull << 20)
#define GOES_ON "it goes on for more than 64 MiB behind the archive's end"
#define END_MARK_SIZE 1024u /* two blocks of zeros */

static la_ssize_t read_blob(struct archive *archive, void *data, const void **buffer)
{
	struct tar_stream *stream = data;
	ssize_t size = blob_read(stream->blob, stream->buffer, BUFFER_SIZE, &stream->failure);

	*buffer = stream->buffer;
	if (size < 0) {
		archive_set_error(archive, EIO, "%s", stream->failure.text);
		return -1;
	}
	if (stream->blob_hash)
		digest_add(&stream->blob_digest, stream->buffer, (size_t)size);
	stream->progress->at += (uint64_t)size;
	return size;
}

static la_ssize_t read_unpacked(struct archive *archive, void *data, const void **buffer)
{
	struct tar_stream *stream = data;
	la_int64_t offset;
	size_t size = 0;
	int result;

	do
		result = archive_read_data_block(stream->unpacked, buffer, &size, &offset);
	while (result == ARCHIVE_OK && !size);
	if (result == ARCHIVE_EOF)
		return 0;
	if (result != ARCHIVE_OK) {
		archive_set_error(archive, EIO, "%s", archive_error_string(stream->unpacked));
		return -1;
	}
	if (stream->content_hash)
		digest_add(&stream->content_digest, *buffer, size);
	stream->unpacked_size += size;
	return (la_ssize_t)size;
}

/* No filter that would start another program. */
static void support_filters(struct archive *archive)
{
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_compress(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_lzip(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_zstd(archive);
}

/* What libarchive says of a failure, which may be nothing. A signal is no fault of the archive. */
static int archive_failure(const struct tar_stream *stream, struct archive *archive,
			   struct error *err)
{
	const char *text = archive_error_string(archive);
	int result = interrupt_check(err);

	return result ? result : error_set(err, 0, "%s: damaged, or no tar: %s", stream->blob->name,
			 text ? text : "no reason is known");
}

static int open_unpacked(struct tar_stream *stream, struct error *err)
{
	struct archive_entry *entry;
	int result;

	support_filters(stream->unpacked);
	archive_read_support_format_raw(stream->unpacked);
	archive_read_support_format_empty(stream->unpacked);
	if (archive_read_open(stream->unpacked, stream, NULL, read_blob, NULL))
		return archive_failure(stream, stream->unpacked, err);
	result = archive_read_next_header(stream->unpacked, &entry);
	if (result == ARCHIVE_EOF)
		return error_set(err, 0, "%s: an empty file, no tar", stream->blob->name);
	return result == ARCHIVE_OK ? 0 : archive_failure(stream, stream->unpacked, err);
}

int tar_open(struct tar_stream *stream, struct blob *blob, const uint8_t *blob_hash,
	     const uint8_t *content_hash, struct progress *progress, struct error *err)
{
	int result = 0;

	*stream = (struct tar_stream){ .blob = blob,
				       .progress = progress,
				       .blob_hash = blob_hash,
				       .content_hash = content_hash };
	stream->buffer = malloc(BUFFER_SIZE);
	stream->unpacked = archive_read_new();
	stream->tar = archive_read_new();
	if (!stream->buffer || !stream->unpacked || !stream->tar)
		return error_set(err, ENOMEM, "%s", blob->name);
	if (blob_hash)
		result = digest_init(&stream->blob_digest, err);
	if (content_hash && !result)
		result = digest_init(&stream->content_digest, err);
	if (!result)
		result = open_unpacked(stream, err);
	if (result)
		return result;
	archive_read_support_format_tar(stream->tar);
	if (archive_read_open(stream->tar, stream, NULL, read_unpacked, NULL))
		return archive_failure(stream, stream->tar, err);
	return 0;
}

static int compare(const struct tar_stream *stream, struct digest *digest, const uint8_t *expected,
		   const char *what, struct error *err)
{
	char is[DIGEST_TEXT_SIZE], should[DIGEST_TEXT_SIZE];
	uint8_t hash[DIGEST_SIZE];

	if (!expected)
		return 0;
	digest_end(digest, hash);
	if (!memcmp(hash, expected, DIGEST_SIZE))
		return 0;
	digest_print(hash, is);
	digest_print(expected, should);
	return error_set(err, 0, "%s: %s has the digest %s and should have %s", stream->blob->name,
			 what, is, should);
}

/* Reads what is behind the end mark, which tools fill up with zeros, but not without an end. */
static int read_padding(struct tar_stream *stream, uint64_t mark, struct error *err)
{
	const void *rest;
	la_ssize_t size;

	while ((size = read_unpacked(stream->tar, stream, &rest)) > 0) {
		if (stream->unpacked_size - mark > PADDING_MAX)
			return error_set(err, 0, "%s: %s", stream->blob->name, mark ?
					 GOES_ON : "no archive: it begins with zeros, and goes on "
					 "for more than 64 MiB");
	}
	return size < 0 ? archive_failure(stream, stream->tar, err) : 0;
}

/* Reads what is behind the packed archive, whose digest counts that, too. */
static int read_rest(struct tar_stream *stream, struct error *err)
{
	uint64_t whole = 0;
	const void *rest;
	la_ssize_t size;

	while ((size = read_blob(stream->unpacked, stream, &rest)) > 0) {
		whole += (uint64_t)size;
		if (whole > PADDING_MAX)
			return error_set(err, 0, "%s: " GOES_ON, stream->blob->name);
	}
	return size < 0 ? archive_failure(stream, stream->unpacked, err) : 0;
}

/* Behind the last entry: the end mark, the rest of the blob, and the digests. */
static int check_end(struct tar_stream *stream, struct error *err)
{
	uint64_t mark = (uint64_t)archive_read_header_position(stream->tar);
	int result = read_padding(stream, mark, err);

	if (result)
		return result;
	if (stream->unpacked_size < END_MARK_SIZE || mark > stream->unpacked_size - END_MARK_SIZE)
		return error_set(err, 0, "%s: truncated: it ends without the end mark of a tar",
				 stream->blob->name);
	result = read_rest(stream, err);
	if (!result)
		result = compare(stream, &stream->blob_digest, stream->blob_hash, "the blob", err);
	return result ? result
		      : compare(stream, &stream->content_digest, stream->content_hash,
				"its content", err);
}

int tar_next(struct tar_stream *stream, struct archive_entry **entry, struct error *err)
{
	switch (archive_read_next_header(stream->tar, entry)) {
	case ARCHIVE_OK:
	case ARCHIVE_WARN:
		return 1;
	case ARCHIVE_EOF:
		return check_end(stream, err);
	}
	return archive_failure(stream, stream->tar, err);
}

int tar_data(struct tar_stream *stream, const void **data, size_t *size, uint64_t *offset,
	     struct error *err)
{
	la_int64_t at;

	switch (archive_read_data_block(stream->tar, data, size, &at)) {
	case ARCHIVE_OK:
	case ARCHIVE_WARN:
		*offset = (uint64_t)at;
		return 1;
	case ARCHIVE_EOF:
		return 0;
	}
	at = interrupt_check(err);
	return at ? (int)at : error_set(err, 0, "damaged: %s", archive_error_string(stream->tar));
}

int tar_path(struct archive_entry *entry, const char **path, struct error *err)
{
	*path = archive_entry_pathname(entry);
	if (!*path)
		*path = archive_entry_pathname_utf8(entry);
	return *path ? 0
		     : error_set(err, 0, "an entry without a name, or with one that is no text");
}

void tar_close(struct tar_stream *stream)
{
	if (stream->tar)
		archive_read_free(stream->tar);
	if (stream->unpacked)
		archive_read_free(stream->unpacked);
	digest_release(&stream->blob_digest);
	digest_release(&stream->content_digest);
	free(stream->buffer);
	*stream = (struct tar_stream){ 0 };
}
