/* SPDX-License-Identifier: MIT */
/*
 * A directory of the host as a sink of copies; see copy.h. Every path is opened beneath it, without
 * following a link, whoever has put one there; a file takes the place of what is no directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/time.h"
#include "host/change/copy.h"
#include "host/change/table.h"


/* A directory whose time and mode are set when all in it is made. */
struct made_directory {
	char *path;
	uint32_t mode;
	int64_t mtime_ns;
};

struct host_sink {
	struct copy_sink sink;
	int root;
	bool archive;
	int file;			/* that is told, or -1 */
	char *path;			/* of that */
	uint64_t size;
	uint32_t mode;
	int64_t mtime_ns;
	struct made_directory *directories;
	size_t directory_count;
};

static struct host_sink *of(struct copy_sink *sink)
{
	return (struct host_sink *)sink;
}

static int open_beneath(const struct host_sink *host, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, host->root, *path ? path : ".", &how, sizeof(how));
	} while (fd < 0 && errno == EINTR);
	return (int)fd;
}

/* The directory that a path is in, and the last name of it. Returns a descriptor or -errno. */
static int open_parent(const struct host_sink *host, const char *path, const char **name,
		       struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);
	int fd;

	if (!parent)
		return error_set(err, ENOMEM, "copy");
	fd = open_beneath(host, parent, O_PATH | O_DIRECTORY);
	if (fd < 0)
		error_set(err, errno, "can't go into %.200s", *parent ? parent : ".");
	free(parent);
	*name = slash ? slash + 1 : path;
	return fd < 0 ? -err->code : fd;
}

static uint32_t mode_of(const struct host_sink *host, uint32_t mode)
{
	return mode & (host->archive ? 07777 : 0777);
}

/* ---- Attributes ---- */

/* What this user or file system can't keep is said, and is no failure of the copy. */
static void attributes_set(int parent, const char *name, const struct copy_entry *entry)
{
	char place[64 + INDEX_NAME_MAX], text[INDEX_NAME_MAX + 1];

	for (size_t i = 0; i < entry->attribute_count; i++) {
		const struct merged_attribute *attribute = &entry->attributes[i];

		memcpy(text, attribute->name, attribute->name_size);
		text[attribute->name_size] = '\0';
		snprintf(place, sizeof(place), "/proc/self/fd/%d/%s", parent, name);
		if (lsetxattr(place, text, attribute->value, attribute->value_size, 0))
			fprintf(stderr, "mezzo: note: %s: extended attribute %s: %s\n",
				entry->path, text, strerror(errno));
	}
}

/* Owner first, since that takes bits off the mode. */
static int owner_set(const struct host_sink *host, int parent, const char *name,
		     const struct copy_entry *entry, struct error *err)
{
	if (!host->archive)
		return 0;
	if (fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW))
		return error_set(err, errno, "can't give it to %u:%u", entry->uid, entry->gid);
	attributes_set(parent, name, entry);
	return 0;
}

/* ---- Entries ---- */

static void own_set(struct host_sink *host, const struct stat *status)
{
	host->sink.own_dev = status->st_dev;
	host->sink.own_ino = status->st_ino;
}

static int directory_note(struct host_sink *host, const struct copy_entry *entry)
{
	struct made_directory *made = TABLE_ADD(host->directories, host->directory_count);

	if (!made)
		return -ENOMEM;
	*made = (struct made_directory){ strdup(entry->path), mode_of(host, entry->mode),
					 entry->mtime_ns };
	return made->path ? 0 : -ENOMEM;
}

static int directory_make(struct host_sink *host, int parent, const char *name,
			  const struct copy_entry *entry, struct error *err)
{
	struct stat status;
	int result;

	if (mkdirat(parent, name, 0700) && errno != EEXIST)
		return error_set(err, errno, "can't make the directory");
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
		return error_set(err, errno, "directory");
	if (!S_ISDIR(status.st_mode))
		return error_set(err, ENOTDIR, "what is there");
	if (!host->sink.own_ino)
		own_set(host, &status);
	result = owner_set(host, parent, name, entry, err);
	if (!result && directory_note(host, entry))
		result = error_set(err, ENOMEM, "copy");
	return result;
}

static int file_make(struct host_sink *host, int parent, const char *name,
		     const struct copy_entry *entry, struct error *err)
{
	free(host->path);
	host->path = strdup(entry->path);
	if (!host->path)
		return error_set(err, ENOMEM, "copy");
	host->file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	if (host->file < 0)
		return error_set(err, errno, "can't make the file");
	host->size = entry->size;
	host->mode = mode_of(host, entry->mode);
	host->mtime_ns = entry->mtime_ns;
	return owner_set(host, parent, name, entry, err);
}

static int link_make(const struct host_sink *host, int parent, const char *name,
		     const struct copy_entry *entry, struct error *err)
{
	const char *from_name;
	int from = open_parent(host, entry->hard_link, &from_name, err), result = 0;

	if (from < 0)
		return from;
	if (linkat(from, from_name, parent, name, 0))
		result = error_set(err, errno, "can't make a link of %.200s", entry->hard_link);
	close(from);
	return result;
}

static int special_make(const struct host_sink *host, int parent, const char *name,
			const struct copy_entry *entry, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of_ns(entry->mtime_ns) };
	int result;

	if (S_ISLNK(entry->mode))
		result = symlinkat(entry->target, parent, name);
	else
		result = mknodat(parent, name, (entry->mode & S_IFMT) | mode_of(host, entry->mode),
				 makedev(entry->rdev_major, entry->rdev_minor));
	if (result)
		return error_set(err, errno, "can't make it");
	result = owner_set(host, parent, name, entry, err);
	if (!result && utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW))
		result = error_set(err, errno, "its time");
	return result;
}

static int host_add(struct copy_sink *sink, const struct copy_entry *entry, struct error *err)
{
	struct host_sink *host = of(sink);
	const char *name;
	int parent, result = 0;

	/* A device that a domain named would be one of the host. */
	if (!host->archive && (S_ISCHR(entry->mode) || S_ISBLK(entry->mode))) {
		sink->left_out++;
		return 0;
	}
	parent = open_parent(host, entry->path, &name, err);
	if (parent < 0)
		return parent;
	if (S_ISDIR(entry->mode))
		result = directory_make(host, parent, name, entry, err);
	else if (unlinkat(parent, name, 0) && errno != ENOENT)
		result = error_set(err, errno, "can't replace what is there");
	else if (entry->hard_link)
		result = link_make(host, parent, name, entry, err);
	else if (S_ISREG(entry->mode))
		result = file_make(host, parent, name, entry, err);
	else
		result = special_make(host, parent, name, entry, err);
	close(parent);
	return result;
}

/* ---- Bytes ---- */

static int host_bytes(struct copy_sink *sink, const void *data, size_t size, uint64_t offset,
		      struct error *err)
{
	int result = fd_pwrite_all(of(sink)->file, data, size, (long)offset);

	return result ? error_set(err, -result, "can't write") : 0;
}

static int host_end(struct copy_sink *sink, struct error *err)
{
	struct host_sink *host = of(sink);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of_ns(host->mtime_ns) };
	int result = 0;

	if (ftruncate(host->file, (off_t)host->size) || fchmod(host->file, host->mode) ||
	    futimens(host->file, times))
		result = error_set(err, errno, "can't write");
	if (close(host->file) && !result)
		result = error_set(err, errno, "can't write");
	host->file = -1;
	return result;
}

static int host_drop(struct copy_sink *sink, struct error *err)
{
	struct host_sink *host = of(sink);
	const char *name;
	int parent;

	fd_close(&host->file);
	parent = open_parent(host, host->path, &name, err);
	if (parent < 0)
		return parent;
	/* It may be another's by now, or gone. */
	(void)!unlinkat(parent, name, 0);
	close(parent);
	return 0;
}

/* ---- The end ---- */

static int directory_settle(const struct host_sink *host, const struct made_directory *made,
			    struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of_ns(made->mtime_ns) };
	int fd = open_beneath(host, made->path, O_RDONLY | O_DIRECTORY), result = 0;

	if (fd < 0 || fchmod(fd, made->mode) || futimens(fd, times))
		result = error_set(err, errno, "%.200s: its mode and time", made->path);
	fd_close(&fd);
	return result;
}

/* Those that are deeper first, as they were made later: a mode may shut the way down. */
static int host_finish(struct copy_sink *sink, struct error *err)
{
	struct host_sink *host = of(sink);
	int result = 0;

	for (size_t i = host->directory_count; i-- > 0 && !result;)
		result = directory_settle(host, &host->directories[i], err);
	return result;
}

struct copy_sink *host_sink_create(int directory, const char *name, bool archive)
{
	struct host_sink *host = calloc(1, sizeof(*host));
	struct stat status;

	if (!host)
		return NULL;
	host->sink = (struct copy_sink){ .add = host_add, .bytes = host_bytes, .end = host_end,
					 .drop = host_drop, .finish = host_finish };
	host->root = directory;
	host->archive = archive;
	host->file = -1;
	if (!*name && !fstat(directory, &status))
		own_set(host, &status);
	return &host->sink;
}

void host_sink_free(struct copy_sink *sink)
{
	struct host_sink *host = of(sink);

	fd_close(&host->file);
	free(host->path);
	for (size_t i = 0; i < host->directory_count; i++)
		free(host->directories[i].path);
	free(host->directories);
	free(host);
}
