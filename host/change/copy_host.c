/* SPDX-License-Identifier: MIT */
/*
 * A tree of the host is told to a sink; see copy.h. What can't be read is said and passed over. No
 * locks: one thread; the tree may change meanwhile, and what is told is what was found.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/change/copy.h"

#define SECOND_NS	1000000000
#define PIECE_SIZE	(256u << 10)
#define NAMES_SIZE	65536u
#define VALUES_SIZE	(1u << 20)
#define ATTRIBUTES_MAX	256u

/* A file with several names, by which it is known again. */
struct known_file {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct host_copy {
	struct copy_sink *sink;
	struct copy_failures *failures;
	bool archive;
	void *known;			/* tree of struct known_file */
	char path[PATH_MAX];		/* of the entry, as the sink is told */
	char *piece, *names, *values;
	struct merged_attribute attributes[ATTRIBUTES_MAX];
	struct error *err;
};

static int copy_at(struct host_copy *copy, int parent, const char *name);

/* ---- Failing ---- */

/* A part of the copy comes to nothing, and the rest goes on. Always 0. */
static int part_failed(struct host_copy *copy, int error, const char *what)
{
	struct error err;

	error_set(&err, error, "%s", what);
	error_context(&err, "%.300s", copy->path[1] ? copy->path + 2 : copy->failures->source);
	copy->failures->tell(&err);
	copy->failures->count++;
	return 0;
}

/* ---- Bytes ---- */

/* The file's size may be another than before: it is told again as it is found. */
static int send_bytes(struct host_copy *copy, int fd, off_t size)
{
	off_t at = 0;

	while (at < size) {
		off_t data = lseek(fd, at, SEEK_DATA);
		ssize_t got;

		if (data < 0 && errno == ENXIO)
			return 0;
		/* Where the file system knows of no holes all of it is data. */
		if (data > at)
			at = data;
		got = pread(fd, copy->piece, PIECE_SIZE, at);
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
		if (got > size - at)
			got = size - at;
		if (copy->sink->bytes(copy->sink, copy->piece, (size_t)got, (uint64_t)at,
				      copy->err))
			return 1;
		at += got;
	}
	return 0;
}

/* 1: the sink failed. */
static int copy_file(struct host_copy *copy, const struct copy_entry *entry, int fd)
{
	int result;

	if (copy->sink->add(copy->sink, entry, copy->err))
		return 1;
	result = send_bytes(copy, fd, (off_t)entry->size);
	if (result < 0)
		return part_failed(copy, -result, "can't read");
	return result || copy->sink->end(copy->sink, copy->err) ? 1 : 0;
}

/* ---- Extended attributes ---- */

/* Others are the host's own: of its security modules, of its file systems. */
static bool is_for_domains(const char *name)
{
	return !strncmp(name, "user.", 5) || !strcmp(name, "security.capability") ||
	       !strncmp(name, "system.posix_acl_", 17);
}

static void attributes_read(struct host_copy *copy, int parent, const char *name,
			    struct copy_entry *entry)
{
	char place[64 + NAME_MAX];
	ssize_t size, value;
	size_t used = 0;

	snprintf(place, sizeof(place), "/proc/self/fd/%d/%s", parent, name);
	size = llistxattr(parent == AT_FDCWD ? name : place, copy->names, NAMES_SIZE);
	entry->attributes = copy->attributes;
	for (char *next = copy->names; size > 0 && next < copy->names + size;
	     next += strlen(next) + 1) {
		if (!is_for_domains(next) || entry->attribute_count == ATTRIBUTES_MAX)
			continue;
		value = lgetxattr(parent == AT_FDCWD ? name : place, next, copy->values + used,
				  VALUES_SIZE - used);
		if (value < 0) {
			part_failed(copy, errno, "an extended attribute");
			continue;
		}
		copy->attributes[entry->attribute_count++] = (struct merged_attribute){
			next, copy->values + used, (uint32_t)strlen(next), (uint32_t)value };
		used += (size_t)value;
	}
}

/* ---- Hard links ---- */

static int known_compare(const void *one, const void *other)
{
	const struct known_file *a = one, *b = other;

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return a->dev == b->dev ? 0 : a->dev < b->dev ? -1 : 1;
}

static void known_free(void *file)
{
	free(((struct known_file *)file)->path);
	free(file);
}

/* The path that this file was told by, or NULL. */
static const char *known_path(struct host_copy *copy, const struct stat *status)
{
	struct known_file wanted = { status->st_dev, status->st_ino, NULL };
	struct known_file **found = tfind(&wanted, &copy->known, known_compare);

	return found ? (*found)->path : NULL;
}

static int known_add(struct host_copy *copy, const struct stat *status)
{
	struct known_file *file = malloc(sizeof(*file));

	if (file) {
		*file = (struct known_file){ status->st_dev, status->st_ino, strdup(copy->path) };
		if (file->path && tsearch(file, &copy->known, known_compare))
			return 0;
		known_free(file);
	}
	error_set(copy->err, ENOMEM, "copy");
	return 1;
}

/* ---- Directories ---- */

static int copy_content(struct host_copy *copy, int fd)
{
	DIR *directory = fdopendir(fd);
	size_t size = strlen(copy->path);
	struct dirent *entry;
	int result = 0;

	if (!directory) {
		close(fd);
		return part_failed(copy, ENOMEM, "can't read the directory");
	}
	while (!result && (errno = 0, entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (size + strlen(entry->d_name) + 2 > sizeof(copy->path)) {
			part_failed(copy, ENAMETOOLONG, "what is in it");
			continue;
		}
		sprintf(copy->path + size, "/%s", entry->d_name);
		result = copy_at(copy, dirfd(directory), entry->d_name);
		copy->path[size] = '\0';
	}
	if (!result && errno)
		part_failed(copy, errno, "can't read the directory");
	closedir(directory);
	return result;
}

/* ---- Entries ---- */

/* Opened before it is told: what can't be read is not there. -1: nothing to open; -errno. */
static int open_entry(int parent, const char *name, const struct stat *status)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
	struct stat opened;
	int fd = openat(parent, name, flags);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &opened) || ((opened.st_mode ^ status->st_mode) & S_IFMT)) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

static void entry_fill(struct copy_entry *entry, const struct stat *status)
{
	entry->mode = status->st_mode;
	entry->uid = status->st_uid;
	entry->gid = status->st_gid;
	entry->rdev_major = major(status->st_rdev);
	entry->rdev_minor = minor(status->st_rdev);
	entry->size = S_ISREG(status->st_mode) ? (uint64_t)status->st_size : 0;
	entry->mtime_ns = status->st_mtim.tv_sec * (int64_t)SECOND_NS + status->st_mtim.tv_nsec;
}

/* What has bytes or names: fd is taken over. */
static int copy_opened(struct host_copy *copy, const struct copy_entry *entry, int fd)
{
	int result;

	if (S_ISREG(entry->mode)) {
		result = copy_file(copy, entry, fd);
		close(fd);
		return result;
	}
	if (!copy->sink->add(copy->sink, entry, copy->err))
		return copy_content(copy, fd);
	close(fd);
	return 1;
}

static int copy_new(struct host_copy *copy, int parent, const char *name,
		    const struct stat *status)
{
	struct copy_entry entry = { .path = copy->path };
	char target[PATH_MAX];
	int fd;

	entry_fill(&entry, status);
	if (copy->archive)
		attributes_read(copy, parent, name, &entry);
	if (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode)) {
		fd = open_entry(parent, name, status);
		return fd < 0 ? part_failed(copy, -fd, "can't read")
			      : copy_opened(copy, &entry, fd);
	}
	if (S_ISLNK(status->st_mode)) {
		ssize_t size = readlinkat(parent, name, target, sizeof(target) - 1);

		if (size < 0)
			return part_failed(copy, errno, "can't read the link");
		target[size] = '\0';
		entry.target = target;
	}
	return copy->sink->add(copy->sink, &entry, copy->err) ? 1 : 0;
}

/* 0, also where it came to nothing, or 1: the sink failed. */
static int copy_at(struct host_copy *copy, int parent, const char *name)
{
	struct copy_entry entry = { .path = copy->path };
	struct stat status;
	uint64_t failed = copy->failures->count;
	int result;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
		return part_failed(copy, errno, "can't read");
	entry.hard_link = S_ISDIR(status.st_mode) || status.st_nlink < 2
				  ? NULL : known_path(copy, &status);
	if (entry.hard_link) {
		entry_fill(&entry, &status);
		return copy->sink->add(copy->sink, &entry, copy->err) ? 1 : 0;
	}
	result = copy_new(copy, parent, name, &status);
	if (!result && !S_ISDIR(status.st_mode) && status.st_nlink > 1 &&
	    failed == copy->failures->count)
		result = known_add(copy, &status);
	return result;
}

int copy_host(const char *source, bool archive, struct copy_sink *sink,
	      struct copy_failures *failures, struct error *err)
{
	struct host_copy *copy = calloc(1, sizeof(*copy));
	int result = -ENOMEM;

	if (!copy)
		return error_set(err, ENOMEM, "copy");
	*copy = (struct host_copy){ .sink = sink, .failures = failures, .archive = archive,
				    .path = ".", .piece = malloc(PIECE_SIZE),
				    .names = malloc(NAMES_SIZE), .values = malloc(VALUES_SIZE),
				    .err = err };
	failures->source = source;
	if (!copy->piece || !copy->names || !copy->values)
		error_set(err, ENOMEM, "copy");
	else if (copy_at(copy, AT_FDCWD, source))
		result = err->code ? -err->code : -EINVAL;
	else
		result = sink->finish(sink, err);
	tdestroy(copy->known, known_free);
	free(copy->piece);
	free(copy->names);
	free(copy->values);
	free(copy);
	return result;
}
