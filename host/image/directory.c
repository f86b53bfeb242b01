/* SPDX-License-Identifier: MIT */
/*
 * A directory as a source; see directory.h. Every file is reached from the one above it, so no path
 * is too long. No locks.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/image/directory.h"
#include "host/image/map.h"
#include "host/image/paths.h"

#define BUFFER_SIZE (1u << 20)

struct scan {
	struct builder *builder;
	struct map links; /* device and inode of a file with more names to its struct tree_inode */
	struct stat except;		 /* all zero: none */
	char path[BUILDER_PATH_MAX + 1]; /* from the root of the tree, "." first */
	size_t path_size;
	char *buffer; /* BUFFER_SIZE */
	char names[BUILDER_XATTR_MAX], value[BUILDER_XATTR_MAX];
};

static int scan_directory(struct scan *scan, int fd, const struct stat *status, struct error *err);

static bool shows_kernel(int fd)
{
	static const unsigned long kinds[] = {
		PROC_SUPER_MAGIC,
		SYSFS_MAGIC,
		CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC,
		DEVPTS_SUPER_MAGIC,
		DEBUGFS_MAGIC,
		TRACEFS_MAGIC,
		SECURITYFS_MAGIC,
		BPF_FS_MAGIC,
		EFIVARFS_MAGIC,
		SELINUX_MAGIC,
		BINFMTFS_MAGIC,
		PSTOREFS_MAGIC,
		AUTOFS_SUPER_MAGIC,
		0x62656570 /* configfs */,
		0x65735543 /* fusectl */,
		0x19800202 /* mqueue */,
		HUGETLBFS_MAGIC,
	};
	struct statfs status;

	if (fstatfs(fd, &status))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if ((unsigned long)status.f_type == kinds[i])
			return true;
	}
	return false;
}

static bool is_wanted(const char *attribute)
{
	return strcmp(attribute, "security.selinux") && strncmp(attribute, "trusted.overlay.", 16);
}

/*
 * By the name in /proc, which goes to the file itself and through no link, for all kinds of files.
 * Where a symbolic link is meant only the kind of call that takes paths does not follow it.
 */
static int feed_xattrs(struct scan *scan, int dir, const char *name, struct error *err)
{
	char path[64 + NAME_MAX];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	size = llistxattr(path, scan->names, sizeof(scan->names));
	if (size < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		return 0;
	if (size < 0)
		return entry_error(err, errno, scan->path, "its extended attributes");
	for (const char *at = scan->names; at < scan->names + size; at += strlen(at) + 1) {
		ssize_t value_size;
		int result;

		if (!is_wanted(at))
			continue;
		value_size = lgetxattr(path, at, scan->value, sizeof(scan->value));
		if (value_size < 0 && errno == ENODATA)
			continue;
		if (value_size < 0)
			return entry_error(err, errno, scan->path, "extended attribute %s", at);
		result = builder_xattr(scan->builder, at, scan->value, (size_t)value_size, err);
		if (result)
			return result;
	}
	return 0;
}

static void take_attributes(struct builder_attributes *attributes, const struct stat *status)
{
	bool device = S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode);

	*attributes = (struct builder_attributes){
		.mode = status->st_mode,
		.uid = status->st_uid,
		.gid = status->st_gid,
		.rdev_major = device ? major(status->st_rdev) : 0,
		.rdev_minor = device ? minor(status->st_rdev) : 0,
		.mtime_ns = status->st_mtim.tv_sec * 1000000000ll + status->st_mtim.tv_nsec,
	};
}

/* The bytes from offset to end, or to the file's end, whichever comes first. */
static int feed_range(struct scan *scan, int fd, off_t offset, off_t end, struct error *err)
{
	while (offset < end) {
		size_t size = end - offset < BUFFER_SIZE ? (size_t)(end - offset) : BUFFER_SIZE;
		ssize_t done = pread(fd, scan->buffer, size, offset);
		int result;

		if (done < 0)
			return entry_error(err, errno, scan->path, "can't be read");
		if (!done)
			return 0;
		result = builder_write(scan->builder, scan->buffer, (size_t)done, (uint64_t)offset,
				       err);
		if (result)
			return result;
		offset += done;
	}
	return 0;
}

/* Only what is data; the size is that of when the file was looked at. */
static int feed_bytes(struct scan *scan, int fd, const struct stat *status, struct error *err)
{
	bool sparse = status->st_blocks * 512 < status->st_size;
	off_t offset = 0, end;
	int result = 0;

	if (!sparse)
		return feed_range(scan, fd, 0, status->st_size, err);
	while (offset < status->st_size && !result) {
		offset = lseek(fd, offset, SEEK_DATA);
		if (offset < 0)
			return errno == ENXIO
				       ? 0
				       : entry_error(err, errno, scan->path, "can't be read");
		end = lseek(fd, offset, SEEK_HOLE);
		if (end < 0 || end > status->st_size)
			end = status->st_size;
		result = feed_range(scan, fd, offset, end, err);
		offset = end;
	}
	return result;
}

static int feed_file(struct scan *scan, int dir, const char *name, struct error *err)
{
	struct stat status;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int result;

	if (fd < 0 || fstat(fd, &status)) {
		result = entry_error(err, errno, scan->path, "can't be read");
		fd_close(&fd);
		return result;
	}
	result = builder_check_size(scan->builder, (uint64_t)status.st_size, err);
	if (!result)
		result = feed_bytes(scan, fd, &status, err);
	fd_close(&fd);
	return result ? result : builder_end(scan->builder, (uint64_t)status.st_size, err);
}

/* A file that has more than one name: as a link, when it came before. 1: it did. */
static int feed_link(struct scan *scan, const struct stat *status, struct error *err)
{
	uintptr_t known = map_get(&scan->links, status->st_ino, status->st_dev);
	int result;

	if (!known)
		return 0;
	result = builder_link_inode(scan->builder, scan->path, (struct tree_inode *)known, err);
	return result ? result : 1;
}

static int feed_other(struct scan *scan, int dir, const char *name, const struct stat *status,
		      struct error *err)
{
	struct builder_attributes attributes;
	char target[PATH_MAX];
	ssize_t size;
	int result;

	take_attributes(&attributes, status);
	if (S_ISLNK(status->st_mode)) {
		size = readlinkat(dir, name, target, sizeof(target) - 1);
		if (size < 0)
			return entry_error(err, errno, scan->path, "can't be read");
		target[size] = '\0';
		attributes.target = target;
	}
	result = builder_add(scan->builder, scan->path, &attributes, err);
	if (!result)
		result = feed_xattrs(scan, dir, name, err);
	if (result)
		return result;
	if (status->st_nlink > 1 && map_set(&scan->links, status->st_ino, status->st_dev,
					    (uintptr_t)scan->builder->current))
		return error_set(err, ENOMEM, "hard links");
	if (S_ISREG(status->st_mode) && status->st_size)
		return feed_file(scan, dir, name, err);
	return builder_end(scan->builder, 0, err);
}

static int feed_subdirectory(struct scan *scan, int dir, const char *name, struct error *err)
{
	struct stat status;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return entry_error(err, errno, scan->path, "can't be read");
	if (fstat(fd, &status)) {
		close(fd);
		return entry_error(err, errno, scan->path, "can't be read");
	}
	return scan_directory(scan, fd, &status, err);
}

static int feed_child(struct scan *scan, int dir, const char *name, struct error *err)
{
	size_t size = strlen(name), former = scan->path_size;
	struct stat status;
	int result;

	if (former + 1 + size > BUILDER_PATH_MAX)
		return entry_error(err, ENAMETOOLONG, scan->path, "'%.100s' below it", name);
	scan->path[former] = '/';
	memcpy(scan->path + former + 1, name, size + 1);
	scan->path_size += size + 1;
	if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW))
		result = entry_error(err, errno, scan->path, "can't be read");
	else if (S_ISSOCK(status.st_mode) ||
		 (status.st_ino == scan->except.st_ino && status.st_dev == scan->except.st_dev))
		result = 0;
	else if (S_ISDIR(status.st_mode))
		result = feed_subdirectory(scan, dir, name, err);
	else
		result = feed_link(scan, &status, err);
	if (!result && !S_ISSOCK(status.st_mode) && !S_ISDIR(status.st_mode))
		result = feed_other(scan, dir, name, &status, err);
	scan->path_size = former;
	scan->path[former] = '\0';
	return result < 0 ? result : 0;
}

static int feed_children(struct scan *scan, DIR *stream, struct error *err)
{
	struct dirent *child;
	int result = 0;

	while (!result) {
		errno = 0;
		child = readdir(stream);
		if (!child)
			return errno ? entry_error(err, errno, scan->path, "can't be read") : 0;
		if (strcmp(child->d_name, ".") && strcmp(child->d_name, ".."))
			result = feed_child(scan, dirfd(stream), child->d_name, err);
	}
	return result;
}

/* Takes fd. As deep as paths are long, and a descriptor for each level. */
static int scan_directory(struct scan *scan, int fd, const struct stat *status, struct error *err)
{
	struct builder_attributes attributes;
	DIR *stream;
	int result;

	take_attributes(&attributes, status);
	result = builder_add(scan->builder, scan->path, &attributes, err);
	if (!result)
		result = feed_xattrs(scan, fd, ".", err);
	if (!result)
		result = builder_end(scan->builder, 0, err);
	if (result || shows_kernel(fd)) {
		close(fd);
		return result;
	}
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return entry_error(err, errno, scan->path, "can't be read");
	}
	result = feed_children(scan, stream, err);
	closedir(stream);
	return result;
}

int directory_feed(struct builder *builder, const char *path, const char *except, struct error *err)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	struct stat status;
	int fd, result;

	if (scan)
		scan->buffer = malloc(BUFFER_SIZE);
	if (!scan || !scan->buffer) {
		free(scan);
		return error_set(err, ENOMEM, "%s", path);
	}
	scan->builder = builder;
	strcpy(scan->path, ".");
	scan->path_size = 1;
	if (except && stat(except, &scan->except))
		scan->except = (struct stat){ 0 };
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status)) {
		result = error_set(err, errno, "%s", path);
		fd_close(&fd);
	} else {
		result = scan_directory(scan, fd, &status, err);
		if (result)
			error_context(err, "%s", path);
	}
	map_release(&scan->links);
	free(scan->buffer);
	free(scan);
	return result;
}
