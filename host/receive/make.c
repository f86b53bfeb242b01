/* SPDX-License-Identifier: MIT */
/*
 * Entries become files; see receive.h. Below the destination no link is followed, whoever has put
 * one there, and a file takes the place of what is no directory. It does so when it is whole: until
 * then the name is what it was, whatever ends us. No locks: one thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <stdio.h>
#include <unistd.h>

#include "host/receive/receive.h"

/* ---- Failing ---- */

/* After one of these each other file would fail in the same way. */
static bool is_final(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EROFS || error == -EIO ||
	       error == -ENOMEM;
}

/* Without memory to remember it nothing more is made. */
static void lost_add(struct maker *maker, const char *path)
{
	char **larger = reallocarray(maker->lost, maker->lost_count + 1, sizeof(*larger));
	char *copy = strdup(path);

	if (larger)
		maker->lost = larger;
	if (!larger || !copy) {
		free(copy);
		maker->is_full = true;
		return;
	}
	larger[maker->lost_count++] = copy;
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
	lost_add(maker, path);
}

/* Whether it is below what failed last: that is told first. */
static bool is_below_lost(const struct maker *maker, const char *path)
{
	const char *last = maker->lost_count ? maker->lost[maker->lost_count - 1] : "";
	size_t size = strlen(last);

	return size && !strncmp(path, last, size) && path[size] == '/';
}

/* A name that was not made may still be there, as another file. */
static bool is_lost(const struct maker *maker, const char *path)
{
	for (size_t i = 0; i < maker->lost_count; i++) {
		if (!strcmp(maker->lost[i], path))
			return true;
	}
	return false;
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
	result = attributes_set(parent, name, entry);
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
	int from, result;

	if (is_lost(maker, entry->target))
		return -ENOENT;
	from = open_parent(maker, entry->target, from_name);
	if (from < 0)
		return from;
	result = beside_link(from, from_name, 0, parent, name);
	close(from);
	return result;
}

static int special_make(int parent, const char *name, const struct entry *entry)
{
	const struct stream_record *record = &entry->record;
	char beside[BESIDE_SIZE];
	int result = beside_name(beside);

	if (result)
		return result;
	if (S_ISLNK(record->mode))
		result = symlinkat(entry->target, parent, beside);
	else
		result = mknodat(parent, beside, record->mode & (S_IFMT | 07777),
				 makedev(record->rdev_major, record->rdev_minor));
	if (result)
		return -errno;
	result = attributes_set(parent, beside, entry);
	if (!result)
		result = attributes_set_time(parent, beside, record->mtime_ns);
	return beside_place(parent, beside, name, result);
}

/* Without any name where the file system has that, so that nothing is left of one broken off. */
static int file_open(int parent, char beside[BESIDE_SIZE])
{
	int fd = openat(parent, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int result;

	beside[0] = '\0';
	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR)
		return -errno;
	result = beside_name(beside);
	if (result)
		return result;
	fd = openat(parent, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

/* Its attributes and name come with its end. The entry's strings stay until then. */
static int file_make(struct maker *maker, int parent, const char *name, const struct entry *entry)
{
	int directory = fcntl(parent, F_DUPFD_CLOEXEC, 0), fd;

	if (directory < 0)
		return -errno;
	fd = file_open(parent, maker->beside);
	if (fd < 0) {
		close(directory);
		return fd;
	}
	maker->file = fd;
	maker->parent = directory;
	strcpy(maker->name, name);
	maker->entry = *entry;
	return 0;
}

static int entry_make(struct maker *maker, int parent, const char *name, const struct entry *entry)
{
	struct stat status;

	if (S_ISDIR(entry->record.mode))
		return directory_make(maker, parent, name, entry);
	if (!fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) && S_ISDIR(status.st_mode))
		return -EISDIR;
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

	if (is_below_lost(maker, entry->path))
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

static void file_drop(struct maker *maker)
{
	if (maker->beside[0])
		unlinkat(maker->parent, maker->beside, 0);
	file_close(maker);
}

void maker_break_off(struct maker *maker)
{
	if (maker->file < 0)
		return;
	lost_add(maker, maker->entry.path);
	file_drop(maker);
}

static void file_fail(struct maker *maker, int error)
{
	file_drop(maker);
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

static int file_place(const struct maker *maker)
{
	char path[64];

	if (maker->beside[0])
		return beside_place(maker->parent, maker->beside, maker->name, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", maker->file);
	return beside_link(AT_FDCWD, path, AT_SYMLINK_FOLLOW, maker->parent, maker->name);
}

void maker_end(struct maker *maker)
{
	int result = 0;

	if (maker->file < 0)
		return;
	if (ftruncate(maker->file, (off_t)maker->entry.record.size))
		result = -errno;
	if (!result)
		result = attributes_set_file(maker->file, &maker->entry);
	if (!result)
		result = file_place(maker);
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
	result = fchmodat(parent, name, made->mode, 0) ? -errno : 0;
	if (!result)
		result = attributes_set_time(parent, name, made->mtime_ns);
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
