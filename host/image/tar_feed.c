/* SPDX-License-Identifier: MIT */
/* From a tar's entries to the builder; see tar_read.h. No locks. */
#include <errno.h>

#include "host/image/acl.h"
#include "host/image/paths.h"
#include "host/image/tar_read.h"

#define SECOND_NS 1000000000ll

static int64_t mtime_ns(struct archive_entry *entry)
{
	int64_t seconds = archive_entry_mtime(entry);

	if (seconds > INT64_MAX / SECOND_NS - 1)
		return INT64_MAX;
	if (seconds < INT64_MIN / SECOND_NS + 1)
		return INT64_MIN;
	return seconds * SECOND_NS + archive_entry_mtime_nsec(entry);
}

static int feed_xattrs(struct builder *builder, struct archive_entry *entry, struct error *err)
{
	const char *name;
	const void *value;
	size_t size;
	int result = acl_feed(builder, entry, err);

	archive_entry_xattr_reset(entry);
	while (!result && !archive_entry_xattr_next(entry, &name, &value, &size))
		result = builder_xattr(builder, name, value, size, err);
	return result;
}

static int feed_bytes(struct tar_stream *stream, struct builder *builder, uint64_t size,
		      struct error *err)
{
	const void *data;
	size_t piece;
	uint64_t offset;
	int result = builder_check_size(builder, size, err);

	if (result)
		return result;
	while ((result = tar_data(stream, &data, &piece, &offset, err)) > 0) {
		result = builder_write(builder, data, piece, offset, err);
		if (result)
			return result;
	}
	if (result) {
		error_context(err, "entry %.200s", builder->path);
		return result;
	}
	if (size < builder->written)
		size = builder->written;
	return builder_end(builder, size, err);
}

static int feed_ordinary(struct tar_stream *stream, struct archive_entry *entry, const char *path,
			 struct builder *builder, struct error *err)
{
	struct builder_attributes attributes = {
		.mode = archive_entry_filetype(entry) | (archive_entry_perm(entry) & 07777),
		.uid = (uint32_t)archive_entry_uid(entry),
		.gid = (uint32_t)archive_entry_gid(entry),
		.rdev_major = (uint32_t)archive_entry_rdevmajor(entry),
		.rdev_minor = (uint32_t)archive_entry_rdevminor(entry),
		.mtime_ns = mtime_ns(entry),
		.target = archive_entry_symlink(entry),
	};
	int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
	int result;

	if (archive_entry_uid(entry) != attributes.uid ||
	    archive_entry_gid(entry) != attributes.gid)
		return entry_error(err, ERANGE, path, "its owner");
	if (size < 0)
		return entry_error(err, ERANGE, path, "its size");
	if (!S_ISCHR(attributes.mode) && !S_ISBLK(attributes.mode))
		attributes.rdev_major = attributes.rdev_minor = 0;
	result = builder_add(builder, path, &attributes, err);
	if (!result)
		result = feed_xattrs(builder, entry, err);
	if (result)
		return result;
	return S_ISREG(attributes.mode) ? feed_bytes(stream, builder, (uint64_t)size, err)
					: builder_end(builder, 0, err);
}

/* Sockets live with the program that made them: they are passed over, as by tar itself. */
static int feed_entry(struct tar_stream *stream, struct archive_entry *entry,
		      struct builder *builder, bool layered, struct error *err)
{
	const char *path, *target = archive_entry_hardlink(entry);
	int result = tar_path(entry, &path, err);

	if (!result && layered)
		result = builder_whiteout(builder, path, err);
	if (result)
		return result < 0 ? result : 0;
	if (target)
		return builder_link(builder, path, target, err);
	if (archive_entry_filetype(entry) == AE_IFSOCK)
		return 0;
	return feed_ordinary(stream, entry, path, builder, err);
}

int tar_feed(struct tar_stream *stream, struct archive_entry *entry, struct builder *builder,
	     bool layered, struct error *err)
{
	int result;

	do {
		result = feed_entry(stream, entry, builder, layered, err);
		if (result) {
			error_context(err, "%s", stream->blob->name);
			return result;
		}
		result = tar_next(stream, &entry, err);
	} while (result > 0);
	return result;
}
