/* SPDX-License-Identifier: MIT */
/*
 * Entries become files; see receive.h. Below the destination no link is followed, whoever has put
 * one there, and a file takes the place of what is no directory. No locks: one thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/time.h"
#include "host/receive/receive.h"


/* ---- Failing ---- */

/* After one of these each other file would fail in the same way. */
static bool is_final(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EROFS || error == -EIO ||
	       error == -ENOMEM;
}

static void entry_fail(struct maker *maker, const char *path, const char *what, int error)
{
	char *shown;

	if (asprintf(&shown, "%s%s", maker->to.shown, path + 1) < 0)
		shown = NULL;
	answer_error(shown ? shown : path, what, error);
	free(shown);
	maker->failed++;
	maker->is_full |= is_final(error);
	free(maker->lost);
	maker->lost = strdup(path);
}

static bool is_lost(const struct maker *maker, const char *path)
{
	size_t size = maker->lost ? strlen(maker->lost) : 0;

	return size && !strncmp(path, maker->lost, size) && path[size] == '/';
}

/* ---- Where an entry belongs ---- */

static int open_directory(const struct maker *maker, int parent, const char *name)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);

	if (fd < 0 && errno == ENOENT && maker->makes_parents && !mkdirat(parent, name, 0755))
		fd = openat(parent, name, flags);
	return fd < 0 ? -errno : fd;
}

/* A name of a path, which goes neither up nor nowhere. */
static bool is_name(const char *name, size_t size)
{
	return size && size <= STREAM_NAME_MAX && !(size == 1 && name[0] == '.') &&
	       !(size == 2 && name[0] == '.' && name[1] == '.');
}

/*
 * The directory that an entry is in, and its name there, "" for the destination itself. Returns a
 * descriptor or -errno.
 */
static int open_parent(const struct maker *maker, const char *path, char *name)
{
	int fd = fcntl(maker->to.directory, F_DUPFD_CLOEXEC, 0), next;
	const char *rest = path[1] ? path + 2 : path + 1;
	size_t size;

	strcpy(name, maker->to.name);
	for (; *rest && fd >= 0; rest += size + (rest[size] == '/')) {
		size = strcspn(rest, "/");
		if (*name) {
			next = open_directory(maker, fd, name);
			close(fd);
			fd = next;
		}
		if (!is_name(rest, size)) {
			if (fd >= 0)
				close(fd);
			return -EINVAL;
		}
		memcpy(name, rest, size);
		name[size] = '\0';
	}
	return fd;
}

/* ---- Attributes ---- */

static int times_set(int parent, const char *name, int64_t mtime_ns)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of_ns(mtime_ns) };

	return utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

/* Below /proc/self/fd, as no call takes a directory and a name. */
static int attributes_set(int parent, const char *name, const struct entry *entry)
{
	const char *at = entry->attributes, *end = at + entry->record.attributes_size;
	char place[64 + STREAM_NAME_MAX], text[STREAM_NAME_MAX + 1];
	struct stream_attribute attribute;

	snprintf(place, sizeof(place), "/proc/self/fd/%d/%s", parent, name);
	while ((size_t)(end - at) >= sizeof(attribute)) {
		memcpy(&attribute, at, sizeof(attribute));
		at += sizeof(attribute);
		if (attribute.name_size > STREAM_NAME_MAX ||
		    (uint64_t)attribute.name_size + attribute.value_size > (size_t)(end - at))
			return -EINVAL;
		memcpy(text, at, attribute.name_size);
		text[attribute.name_size] = '\0';
		at += attribute.name_size;
		if (lsetxattr(place, text, at, attribute.value_size, 0))
			return -errno;
		at += attribute.value_size;
	}
	return 0;
}

/* Owner first, since that takes bits off the mode, and capabilities away. */
static int owner_set(int parent, const char *name, const struct entry *entry)
{
	if (fchownat(parent, name, entry->record.uid, entry->record.gid, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return entry->record.attributes_size ? attributes_set(parent, name, entry) : 0;
}

/* ---- Kinds of entries ---- */

static int directory_make(struct maker *maker, int parent, const char *name,
			  const struct entry *entry)
{
	struct made_directory *larger;
	struct stat status;
	int result;

	if (mkdirat(parent, name, 0700) && errno != EEXIST)
		return -errno;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	result = owner_set(parent, name, entry);
	if (result)
		return result;
	larger = reallocarray(maker->directories, maker->directory_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	maker->directories = larger;
	larger += maker->directory_count;
	*larger = (struct made_directory){ strdup(entry->path), entry->record.mode & 07777,
					   entry->record.mtime_ns };
	maker->directory_count += larger->path != NULL;
	return larger->path ? 0 : -ENOMEM;
}

static int link_make(const struct maker *maker, int parent, const char *name,
		     const struct entry *entry)
{
	char from_name[STREAM_NAME_MAX + 1];
	int from = open_parent(maker, entry->target, from_name), result;

	if (from < 0)
		return from;
	result = linkat(from, from_name, parent, name, 0) ? -errno : 0;
	close(from);
	return result;
}

static int special_make(int parent, const char *name, const struct entry *entry)
{
	const struct stream_record *record = &entry->record;
	int result;

	if (S_ISLNK(record->mode))
		result = symlinkat(entry->target, parent, name);
	else
		result = mknodat(parent, name, record->mode & (S_IFMT | 07777),
				 makedev(record->rdev_major, record->rdev_minor));
	if (result)
		return -errno;
	result = owner_set(parent, name, entry);
	return result ? result : times_set(parent, name, record->mtime_ns);
}

/* Its attributes come with its end. The entry's strings stay until then. */
static int file_make(struct maker *maker, int parent, const char *name, const struct entry *entry)
{
	maker->file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			     0600);
	if (maker->file < 0)
		return -errno;
	maker->parent = fcntl(parent, F_DUPFD_CLOEXEC, 0);
	if (maker->parent < 0) {
		int error = -errno;

		close(maker->file);
		maker->file = -1;
		unlinkat(parent, name, 0);
		return error;
	}
	strcpy(maker->name, name);
	maker->entry = *entry;
	return 0;
}

static int entry_make(struct maker *maker, int parent, const char *name, const struct entry *entry)
{
	if (S_ISDIR(entry->record.mode))
		return directory_make(maker, parent, name, entry);
	if (unlinkat(parent, name, 0) && errno != ENOENT)
		return -errno;
	if (entry->record.is_hard_link)
		return link_make(maker, parent, name, entry);
	if (S_ISREG(entry->record.mode))
		return file_make(maker, parent, name, entry);
	return special_make(parent, name, entry);
}

void maker_add(struct maker *maker, const struct entry *entry)
{
	char name[STREAM_NAME_MAX + 1];
	int parent, result;

	if (is_lost(maker, entry->path))
		return;
	parent = open_parent(maker, entry->path, name);
	result = parent < 0 ? parent : 0;
	/* The directory that is there already, into which all goes. */
	if (!result && *name)
		result = entry_make(maker, parent, name, entry);
	if (parent >= 0)
		close(parent);
	if (result)
		entry_fail(maker, entry->path, "can't make it", result);
	else if (maker->file < 0)
		maker->made++;
}

/* ---- The file that is told ---- */

static void file_close(struct maker *maker)
{
	close(maker->file);
	close(maker->parent);
	maker->file = maker->parent = -1;
}

void maker_break_off(struct maker *maker)
{
	if (maker->file < 0)
		return;
	unlinkat(maker->parent, maker->name, 0);
	file_close(maker);
}

static void file_fail(struct maker *maker, int error)
{
	maker_break_off(maker);
	entry_fail(maker, maker->entry.path, "can't write", error);
}

void maker_bytes(struct maker *maker, const char *bytes, size_t size, uint64_t offset)
{
	while (maker->file >= 0 && size) {
		ssize_t done = pwrite(maker->file, bytes, size, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			file_fail(maker, done ? -errno : -EIO);
			return;
		}
		bytes += done;
		offset += (uint64_t)done;
		size -= (size_t)done;
	}
}

void maker_end(struct maker *maker)
{
	const struct stream_record *record = &maker->entry.record;
	int result = 0;

	if (maker->file < 0)
		return;
	if (ftruncate(maker->file, (off_t)record->size))
		result = -errno;
	if (!result)
		result = owner_set(maker->parent, maker->name, &maker->entry);
	if (!result && fchmod(maker->file, record->mode & 07777))
		result = -errno;
	if (!result)
		result = times_set(maker->parent, maker->name, record->mtime_ns);
	if (result) {
		file_fail(maker, result);
		return;
	}
	file_close(maker);
	maker->made++;
}

/* ---- The end ---- */

static int directory_settle(const struct maker *maker, const struct made_directory *made)
{
	char name[STREAM_NAME_MAX + 1];
	int parent = open_parent(maker, made->path, name), result;

	if (parent < 0)
		return parent;
	result = fchmodat(parent, name, made->mode, 0) ? -errno
						       : times_set(parent, name, made->mtime_ns);
	close(parent);
	return result;
}

/* Those that are deeper first, as they were made later: their own times must not change again. */
void maker_settle(struct maker *maker)
{
	while (maker->directory_count) {
		struct made_directory *made = &maker->directories[--maker->directory_count];
		int result = directory_settle(maker, made);

		if (result)
			entry_fail(maker, made->path, "its mode and time", result);
		free(made->path);
	}
}
