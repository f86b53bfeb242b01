/* SPDX-License-Identifier: MIT */
/*
 * A tree of the host, or of a domain's volume, is told to a sink; see copy.h. What can't be read is
 * said and passed over. No locks: one thread; the tree may change meanwhile, and what is told is
 * what was found.
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

#include "host/base/fd.h"
#include "host/change/copy.h"
#include "host/domain/volume_bits.h"

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
	const struct merged *merged;	/* of the domain; NULL: it is a tree of the host */
	int volume;			/* of the domain, that the entry is in */
	void *known;			/* tree of struct known_file */
	char path[PATH_MAX];		/* of the entry, as the sink is told */
	char target[PATH_MAX];		/* of the entry, where it is a link */
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
	if (copy->merged)
		error_context(&err, "%.300s", *copy->path ? copy->path : copy->failures->source);
	else
		error_context(&err, "%.300s",
			      copy->path[1] ? copy->path + 2 : copy->failures->source);
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
	if (result < 0) {
		part_failed(copy, -result, "can't read");
		return copy->sink->drop(copy->sink, copy->err) ? 1 : 0;
	}
	return result || copy->sink->end(copy->sink, copy->err) ? 1 : 0;
}

/* ---- Extended attributes ---- */

/* Others are the host's own: of its security modules, of its file systems. */
static bool is_for_domains(const char *name)
{
	if (!strncmp(name, "user.", 5))
		return strcmp(name, VOLUME_BITS_NAME);
	return !strcmp(name, "security.capability") || !strncmp(name, "system.posix_acl_", 17);
}

/* As programs of a domain see a file of a volume. */
static void bits_add(const char *place, struct copy_entry *entry)
{
	char value[VOLUME_BITS_SIZE];

	if (S_ISREG(entry->mode))
		entry->mode |= volume_bits(value, lgetxattr(place, VOLUME_BITS_NAME, value,
							    sizeof(value)));
}

static void attributes_read(struct host_copy *copy, int parent, const char *name,
			    struct copy_entry *entry)
{
	char place[64 + NAME_MAX];
	ssize_t size, value;
	size_t used = 0;

	snprintf(place, sizeof(place), "/proc/self/fd/%d/%s", parent, name);
	if (copy->merged)
		bits_add(place, entry);
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
		sprintf(copy->path + size, "%s%s", size ? "/" : "", entry->d_name);
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

/* In a volume the caller's own ids are 0 for programs of the domain. */
static uint32_t id_as_seen(const struct host_copy *copy, uint32_t id, uint32_t own)
{
	return copy->merged && geteuid() && id == own ? 0 : id;
}

static void entry_fill(const struct host_copy *copy, struct copy_entry *entry,
		       const struct stat *status)
{
	entry->mode = status->st_mode;
	entry->uid = id_as_seen(copy, status->st_uid, geteuid());
	entry->gid = id_as_seen(copy, status->st_gid, getegid());
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
	/* A directory without a name, of which only the content is wanted. */
	if (!*copy->path || !copy->sink->add(copy->sink, entry, copy->err))
		return copy_content(copy, fd);
	close(fd);
	return 1;
}

static int copy_new(struct host_copy *copy, int parent, const char *name,
		    const struct stat *status)
{
	struct copy_entry entry = { .path = copy->path };
	int fd;

	entry_fill(copy, &entry, status);
	if (copy->archive)
		attributes_read(copy, parent, name, &entry);
	if (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode)) {
		fd = open_entry(parent, name, status);
		return fd < 0 ? part_failed(copy, -fd, "can't read")
			      : copy_opened(copy, &entry, fd);
	}
	if (S_ISLNK(status->st_mode)) {
		ssize_t size = readlinkat(parent, name, copy->target, sizeof(copy->target) - 1);

		if (size < 0)
			return part_failed(copy, errno, "can't read the link");
		copy->target[size] = '\0';
		entry.target = copy->target;
	}
	return copy->sink->add(copy->sink, &entry, copy->err) ? 1 : 0;
}

/* What another volume hides is told as it is there. */
static int copy_inner(struct host_copy *copy, int inner)
{
	int outer = copy->volume, fd = merged_volume_open(copy->merged, inner, "", O_PATH), result;

	if (fd < 0)
		return part_failed(copy, -fd, "the volume there");
	copy->volume = inner;
	result = copy_at(copy, fd, ".");
	copy->volume = outer;
	close(fd);
	return result;
}

/* 0, also where it came to nothing, or 1: the sink failed. */
static int copy_at(struct host_copy *copy, int parent, const char *name)
{
	struct copy_entry entry = { .path = copy->path };
	struct stat status;
	uint64_t failed = copy->failures->count;
	int result, inner;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
		return part_failed(copy, errno, "can't read");
	inner = copy->merged ? merged_volume_in_volume(copy->merged, copy->volume, &status) : -1;
	if (inner >= 0)
		return copy_inner(copy, inner);
	if (copy->sink->own_ino && status.st_ino == copy->sink->own_ino &&
	    status.st_dev == copy->sink->own_dev)
		return part_failed(copy, EINVAL, "the copy itself");
	if (S_ISSOCK(status.st_mode)) {
		copy->sink->left_out++;
		return 0;
	}
	entry.hard_link = S_ISDIR(status.st_mode) || status.st_nlink < 2
				  ? NULL : known_path(copy, &status);
	if (entry.hard_link) {
		entry_fill(copy, &entry, &status);
		return copy->sink->add(copy->sink, &entry, copy->err) ? 1 : 0;
	}
	result = copy_new(copy, parent, name, &status);
	if (!result && !S_ISDIR(status.st_mode) && status.st_nlink > 1 &&
	    failed == copy->failures->count)
		result = known_add(copy, &status);
	return result;
}

static struct host_copy *host_copy_create(bool archive, struct copy_sink *sink,
					  struct copy_failures *failures, struct error *err)
{
	struct host_copy *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = (struct host_copy){ .sink = sink, .failures = failures, .archive = archive,
				    .volume = -1, .path = ".", .piece = malloc(PIECE_SIZE),
				    .names = malloc(NAMES_SIZE), .values = malloc(VALUES_SIZE),
				    .err = err };
	return copy;
}

/* Returns 0, or -errno where the sink failed, or memory is lacking. */
static int host_copy_run(struct host_copy *copy, int parent, const char *name)
{
	if (!copy->piece || !copy->names || !copy->values)
		return error_set(copy->err, ENOMEM, "copy");
	if (!copy_at(copy, parent, name))
		return 0;
	return copy->err->code ? -copy->err->code : -EINVAL;
}

static void host_copy_free(struct host_copy *copy)
{
	tdestroy(copy->known, known_free);
	free(copy->piece);
	free(copy->names);
	free(copy->values);
	free(copy);
}

int copy_host(const char *source, bool archive, struct copy_sink *sink,
	      struct copy_failures *failures, struct error *err)
{
	struct host_copy *copy = host_copy_create(archive, sink, failures, err);
	int result;

	if (!copy)
		return error_set(err, ENOMEM, "copy");
	failures->source = source;
	result = host_copy_run(copy, AT_FDCWD, source);
	host_copy_free(copy);
	return result ? result : sink->finish(sink, err);
}

/* The directory of a volume that a path is in, with its last name. A descriptor or -errno. */
static int open_outer(const struct merged *merged, int volume, const char *beneath,
		      const char **name)
{
	const char *slash = strrchr(beneath, '/');
	char outer[PATH_MAX];

	*name = !*beneath ? "." : slash ? slash + 1 : beneath;
	snprintf(outer, sizeof(outer), "%.*s", slash ? (int)(slash - beneath) : 0, beneath);
	return merged_volume_open(merged, volume, outer, O_PATH | O_DIRECTORY);
}

int copy_volume(const struct merged *merged, int volume, const char *beneath, const char *path,
		struct copy_sink *sink, struct copy_failures *failures, struct error *err)
{
	struct host_copy *copy = host_copy_create(true, sink, failures, err);
	const char *name;
	int parent, result;

	if (!copy)
		return error_set(err, ENOMEM, "copy");
	copy->merged = merged;
	copy->volume = volume;
	snprintf(copy->path, sizeof(copy->path), "%s", path);
	failures->source = merged->volumes[volume].source;
	parent = open_outer(merged, volume, beneath, &name);
	result = parent < 0 ? part_failed(copy, -parent, "the volume there")
			    : host_copy_run(copy, parent, name);
	fd_close(&parent);
	host_copy_free(copy);
	return result;
}
