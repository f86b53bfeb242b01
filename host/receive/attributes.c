/* SPDX-License-Identifier: MIT */
/* What an entry says of its file beside the bytes; see receive.h. No locks: one thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/base/time.h"
#include "host/receive/receive.h"

/* ---- Extended attributes ---- */

/* A file: by its descriptor, or, of what can't be opened, by its path. */
struct attributed {
	int fd;				/* or -1 */
	const char *path;
};

static int attribute_set(const struct attributed *to, const char *name, const void *value,
			 size_t size)
{
	int error = to->fd < 0 ? lsetxattr(to->path, name, value, size, 0)
			       : fsetxattr(to->fd, name, value, size, 0);

	return error ? -errno : 0;
}

static int extended_set(const struct attributed *to, const struct entry *entry)
{
	const char *at = entry->attributes, *end = at + entry->record.attributes_size;
	char name[STREAM_NAME_MAX + 1];
	struct stream_attribute attribute;
	int result = 0;

	while (!result && (size_t)(end - at) >= sizeof(attribute)) {
		memcpy(&attribute, at, sizeof(attribute));
		at += sizeof(attribute);
		if (attribute.name_size > STREAM_NAME_MAX ||
		    (uint64_t)attribute.name_size + attribute.value_size > (size_t)(end - at))
			return -EINVAL;
		memcpy(name, at, attribute.name_size);
		name[attribute.name_size] = '\0';
		at += attribute.name_size;
		result = attribute_set(to, name, at, attribute.value_size);
		at += attribute.value_size;
	}
	return result;
}

/* ---- All ---- */

int attributes_set(int parent, const char *name, const struct entry *entry)
{
	/* No call takes a directory and a name. */
	char path[64 + STREAM_NAME_MAX];
	struct attributed to = { -1, path };

	if (fchownat(parent, name, entry->record.uid, entry->record.gid, AT_SYMLINK_NOFOLLOW))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", parent, name);
	return extended_set(&to, entry);
}

int attributes_set_time(int parent, const char *name, int64_t mtime_ns)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of_ns(mtime_ns) };

	return utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

int attributes_set_file(int fd, const struct entry *entry)
{
	const struct stream_record *record = &entry->record;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of_ns(record->mtime_ns) };
	struct attributed to = { fd, NULL };
	int result;

	if (fchown(fd, record->uid, record->gid))
		return -errno;
	result = extended_set(&to, entry);
	if (result)
		return result;
	return fchmod(fd, record->mode & 07777) || futimens(fd, times) ? -errno : 0;
}
