/* SPDX-License-Identifier: MIT */
/*
 * A tar on standard input is told to a sink; see copy.h. Its names may be anybody's: those that go
 * up are refused. No locks: one thread.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/change/copy.h"
#include "host/image/tar_read.h"

#define SECOND_NS	1000000000ll
#define ATTRIBUTES_MAX	256u

struct tar_copy {
	struct tar_stream stream;
	struct copy_sink *sink;
	struct copy_failures *failures;
	struct error *err;
	char path[PATH_MAX], link[PATH_MAX];	/* as the sink is told */
	struct merged_attribute attributes[ATTRIBUTES_MAX];
};

/* A part of the copy comes to nothing, and the rest goes on. Always 0. */
static int part_failed(struct tar_copy *copy, const char *path, int error)
{
	struct error err;

	error_set(&err, error, "entry %.300s", path);
	copy->failures->tell(&err);
	copy->failures->count++;
	return 0;
}

/* "./a/b" of "/a//b/" and the like. Returns 0 or -errno. */
static int path_set(char to[PATH_MAX], const char *from)
{
	size_t used = 1, size;

	strcpy(to, ".");
	for (; *from; from += size) {
		size = strcspn(from, "/");
		if (size && !(size == 1 && *from == '.')) {
			if (size == 2 && !strncmp(from, "..", 2))
				return -EINVAL;
			if (used + size + 2 > PATH_MAX)
				return -ENAMETOOLONG;
			to[used++] = '/';
			memcpy(to + used, from, size);
			used += size;
			to[used] = '\0';
		}
		size += from[size] == '/';
	}
	return 0;
}

static int64_t mtime_ns(struct archive_entry *from)
{
	int64_t seconds = archive_entry_mtime(from);

	if (seconds > INT64_MAX / SECOND_NS - 1 || seconds < INT64_MIN / SECOND_NS + 1)
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return seconds * SECOND_NS + archive_entry_mtime_nsec(from);
}

static void attributes_take(struct tar_copy *copy, struct archive_entry *from,
			    struct copy_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;

	entry->attributes = copy->attributes;
	archive_entry_xattr_reset(from);
	while (entry->attribute_count < ATTRIBUTES_MAX &&
	       archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK)
		copy->attributes[entry->attribute_count++] = (struct merged_attribute){
			name, value, (uint32_t)strlen(name), (uint32_t)size };
}

static int copy_bytes(struct tar_copy *copy)
{
	const void *data;
	uint64_t offset;
	size_t size;
	int result;

	while ((result = tar_data(&copy->stream, &data, &size, &offset, copy->err)) > 0) {
		result = copy->sink->bytes(copy->sink, data, size, offset, copy->err);
		if (result)
			return result;
	}
	return result ? result : copy->sink->end(copy->sink, copy->err);
}

static int copy_entry(struct tar_copy *copy, struct archive_entry *from)
{
	struct copy_entry entry = {
		.path = copy->path, .target = archive_entry_symlink(from),
		.mode = archive_entry_filetype(from) | (archive_entry_perm(from) & 07777),
		.uid = (uint32_t)archive_entry_uid(from), .gid = (uint32_t)archive_entry_gid(from),
		.rdev_major = (uint32_t)archive_entry_rdevmajor(from),
		.rdev_minor = (uint32_t)archive_entry_rdevminor(from),
		.size = (uint64_t)archive_entry_size(from), .mtime_ns = mtime_ns(from),
	};
	const char *path, *hard_link = archive_entry_hardlink(from);
	int result = tar_path(from, &path, copy->err);

	if (result)
		return result;
	result = path_set(copy->path, path);
	if (!result && hard_link)
		result = path_set(copy->link, hard_link);
	if (result)
		return part_failed(copy, path, -result);
	if (hard_link) {
		entry.hard_link = copy->link;
		entry.mode = S_IFREG;
		return copy->sink->add(copy->sink, &entry, copy->err);
	}
	attributes_take(copy, from, &entry);
	result = copy->sink->add(copy->sink, &entry, copy->err);
	return result || !S_ISREG(entry.mode) ? result : copy_bytes(copy);
}

int copy_tar(struct copy_sink *sink, struct copy_failures *failures, struct progress *progress,
	     struct error *err)
{
	static struct tar_copy copy;
	struct archive_entry *entry;
	struct blob blob;
	int result = blob_open(&blob, "-", err);

	if (result)
		return result;
	copy.sink = sink;
	copy.failures = failures;
	copy.err = err;
	result = tar_open(&copy.stream, &blob, NULL, NULL, progress, err);
	while (!result && (result = tar_next(&copy.stream, &entry, err)) > 0)
		result = copy_entry(&copy, entry);
	tar_close(&copy.stream);
	blob_release(&blob);
	if (!result)
		return sink->finish(sink, err);
	error_context(err, "standard input");
	return result;
}
