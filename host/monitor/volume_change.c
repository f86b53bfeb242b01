/* SPDX-License-Identifier: MIT */
/* Changes of what lies in volumes; see volume.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/time.h"
#include "host/monitor/volume.h"
#include "host/monitor/volume_rights.h"

#define PERMISSIONS	07777u

static int result_of(int result)
{
	return result ? -errno : 0;
}

/* ---- Owners ---- */

/* The host's id for one that the domain names. */
static uint32_t host_uid(const struct lower *lower, uint32_t uid)
{
	return lower->own_ids_are_root && !uid ? lower->uid : uid;
}

static uint32_t host_gid(const struct lower *lower, uint32_t gid)
{
	return lower->own_ids_are_root && !gid ? lower->gid : gid;
}

/*
 * A new file belongs to who made it. Only root can give files away; with anybody else they stay his
 * own, whoever made them inside. In a directory with a group to be inherited they have it already.
 */
static int give_to_maker(const struct lower *lower, int directory, int fd,
			 const struct volume_request *request)
{
	uint32_t uid = host_uid(lower, request->uid), gid = host_gid(lower, request->gid);
	struct stat outer, inner;

	if (lower->uid)
		return 0;
	if (fstat(directory, &outer) || fstat(fd, &inner))
		return -errno;
	if (outer.st_mode & S_ISGID)
		gid = inner.st_gid;
	if (inner.st_uid == uid && inner.st_gid == gid)
		return 0;
	return result_of(fchownat(fd, "", uid, gid, AT_EMPTY_PATH));
}

/* ---- Making ---- */

/* The permissions that a file of the mode is made with on the host. */
static uint32_t permissions_made(uint32_t mode)
{
	return mode & PERMISSIONS & ~volume_rights_in(mode);
}

/* Makes what is no regular file. */
static int make_name(int directory, const char *name, uint32_t mode, const char *target)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return result_of(mkdirat(directory, name, permissions_made(mode)));
	case S_IFLNK:
		return result_of(symlinkat(target, directory, name));
	case S_IFIFO:
	case S_IFSOCK:
		return result_of(mknodat(directory, name, (mode & S_IFMT) | permissions_made(mode),
					 0));
	default:
		/* Devices of a domain are its own, and not the host's. */
		return -EPERM;
	}
}

/* An open regular file of the name, or without one. Or -errno. */
static int make_regular(int directory, const struct volume_request *request, const char *name)
{
	const int always = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int flags = request->what == VOLUME_MAKE_NAMELESS ? O_TMPFILE : O_CREAT | O_EXCL;

	return lower_open_beneath(directory, name, request->flags | (uint64_t)(flags | always),
				  permissions_made(S_IFREG | (request->mode & PERMISSIONS)));
}

/* Makes the file. *handle: open, where it is a regular one. */
static int make(int directory, const struct volume_request *request, const char *name,
		const char *target, int *handle)
{
	*handle = -1;
	if ((request->mode & S_IFMT) != S_IFREG && request->what == VOLUME_MAKE)
		return make_name(directory, name, request->mode, target);
	*handle = make_regular(directory, request, name);
	return *handle < 0 ? *handle : 0;
}

/* The file that was just made, O_PATH, or -errno. */
static int find_made(int directory, const char *name, int handle)
{
	char link[VOLUME_LINK_SIZE];
	int fd;

	if (handle < 0)
		return lower_open_beneath(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	fd = open(volume_node_link(handle, link), O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* It is its maker's, and the domain's. */
static int hand_over(struct volumes *volumes, const struct volume_request *request, int handle,
		     const char *name, struct answer *answer)
{
	int directory = volumes->nodes[request->node].fd;
	int error, fd = find_made(directory, name, handle);
	uint32_t mode = handle < 0 ? request->mode : S_IFREG | (request->mode & PERMISSIONS);

	if (fd < 0)
		return fd;
	error = give_to_maker(&volume_of_node(volumes, request->node)->lower, directory, fd,
			      request);
	if (!error && S_ISREG(mode) && volume_rights_in(mode))
		error = volume_rights_change(fd, S_IFREG, mode & PERMISSIONS);
	if (!error)
		return volume_answer_new(volumes, request->node, fd, name, answer);
	close(fd);
	return error;
}

/* What could not be handed over must not stay as it was made, and as `mezzo`'s user's. */
static int make_and_answer(struct volumes *volumes, const struct volume_request *request,
			   const char *name, const char *target, struct answer *answer)
{
	int directory = volumes->nodes[request->node].fd, handle;
	int error = make(directory, request, name, target, &handle);

	if (error)
		return error;
	error = hand_over(volumes, request, handle, name, answer);
	if (!error && handle >= 0) {
		answer->handles[answer->handle_count++] = handle;
		return 0;
	}
	if (error && request->what == VOLUME_MAKE)
		unlinkat(directory, name, S_ISDIR(request->mode) ? AT_REMOVEDIR : 0);
	fd_close(&handle);
	return error;
}

int volume_make(struct volumes *volumes, const struct volume_request *request, const char *name,
		const char *target, struct answer *answer)
{
	int directory = volume_node_change(volumes, request->node), error;
	mode_t own;

	if (directory < 0)
		return directory;
	if (!volume_has_room(volumes))
		return -ENFILE;
	/* The domain has applied the umask of the program. */
	own = umask(0);
	error = make_and_answer(volumes, request, name, target, answer);
	umask(own);
	return error;
}

/* ---- Names ---- */

static bool are_of_one_volume(const struct volumes *volumes, uint32_t a, uint32_t b)
{
	return volumes->nodes[a].volume == volumes->nodes[b].volume;
}

int volume_link(struct volumes *volumes, uint32_t file, uint32_t directory, const char *name)
{
	int fd = volume_node_change(volumes, file), to = volume_node_change(volumes, directory);
	char link[VOLUME_LINK_SIZE];

	if (fd < 0 || to < 0)
		return fd < 0 ? fd : to;
	if (!are_of_one_volume(volumes, file, directory))
		return -EXDEV;
	return result_of(linkat(AT_FDCWD, volume_node_link(fd, link), to, name,
				AT_SYMLINK_FOLLOW));
}

int volume_remove(struct volumes *volumes, uint32_t directory, const char *name, uint32_t flags)
{
	int fd = volume_node_change(volumes, directory);

	return fd < 0 ? fd : result_of(unlinkat(fd, name, (int)flags));
}

int volume_rename(struct volumes *volumes, uint32_t from, const char *name, uint32_t to,
		  const char *new_name, uint32_t flags)
{
	int from_fd = volume_node_change(volumes, from), to_fd = volume_node_change(volumes, to);

	if (from_fd < 0 || to_fd < 0)
		return from_fd < 0 ? from_fd : to_fd;
	if (!are_of_one_volume(volumes, from, to))
		return -EXDEV;
	return result_of((int)syscall(SYS_renameat2, from_fd, name, to_fd, new_name, flags));
}

/* ---- Attributes ---- */

/* -1: as it is. Only root gives files away: for anybody else the host refuses it. */
static int change_owner(const struct lower *lower, int fd, const struct volume_request *request)
{
	uint32_t uid = request->flags & VOLUME_CHANGE_UID ? host_uid(lower, request->uid) : ~0u;
	uint32_t gid = request->flags & VOLUME_CHANGE_GID ? host_gid(lower, request->gid) : ~0u;

	return result_of(fchownat(fd, "", uid, gid, AT_EMPTY_PATH));
}

static struct timespec time_of(const struct volume_request *request, uint32_t flag, int64_t ns)
{
	if (!(request->flags & flag))
		return (struct timespec){ .tv_nsec = UTIME_OMIT };
	if (request->flags & VOLUME_CHANGE_TO_NOW)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	return time_of_ns(ns);
}

static int change_times(int fd, const struct volume_request *request)
{
	struct timespec times[2] = {
		time_of(request, VOLUME_CHANGE_ATIME, request->atime_ns),
		time_of(request, VOLUME_CHANGE_MTIME, request->mtime_ns),
	};

	return result_of((int)syscall(SYS_utimensat, fd, "", times, AT_EMPTY_PATH));
}

/* All that can be told beforehand, so that a change is made whole or not at all. */
static int change_check(const struct volume_request *request, const struct stat *status)
{
	/* What a link leads to is not meant, nor anything that lies behind a device. */
	if (request->flags & VOLUME_CHANGE_SIZE &&
	    (!S_ISREG(status->st_mode) || request->size > INT64_MAX))
		return -EINVAL;
	if (request->flags & VOLUME_CHANGE_MODE && S_ISLNK(status->st_mode))
		return -EOPNOTSUPP;
	return 0;
}

int volume_change(struct volumes *volumes, const struct volume_request *request)
{
	int error, fd = volume_node_change(volumes, request->node);
	const uint32_t owner = VOLUME_CHANGE_UID | VOLUME_CHANGE_GID;
	const uint32_t times = VOLUME_CHANGE_ATIME | VOLUME_CHANGE_MTIME;
	char link[VOLUME_LINK_SIZE];
	struct stat status;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status))
		return -errno;
	error = change_check(request, &status);
	if (error)
		return error;
	if (request->flags & VOLUME_CHANGE_SIZE)
		return result_of(truncate(volume_node_link(fd, link), (off_t)request->size));
	if (request->flags & owner)
		error = change_owner(&volume_of_node(volumes, request->node)->lower, fd, request) ?:
			volume_rights_disown(fd, status.st_mode);
	if (!error && request->flags & VOLUME_CHANGE_MODE)
		error = volume_rights_change(fd, status.st_mode, request->mode & PERMISSIONS);
	if (!error && request->flags & times)
		error = change_times(fd, request);
	return error;
}

int volume_allocate(struct volumes *volumes, const struct volume_request *request)
{
	int fd = volume_node_change(volumes, request->node), error = 0;
	struct stat status;

	if (fd < 0)
		return fd;
	if (request->size > INT64_MAX || request->offset > INT64_MAX)
		return -EINVAL;
	if (fstat(fd, &status))
		return -errno;
	/* A node stays what it is: there is nothing to check afterwards. */
	if (!S_ISREG(status.st_mode))
		return -ENODEV;
	fd = volume_node_reopen(fd, O_WRONLY);
	if (fd < 0)
		return fd;
	if (fallocate(fd, (int)request->mode, (off_t)request->offset, (off_t)request->size))
		error = -errno;
	close(fd);
	return error;
}

/* ---- Extended attributes ---- */

/* Others than these mean something to the host, or to this monitor. */
static bool xattr_may_change(const char *name)
{
	return !strncmp(name, "user.", 5) && !volume_rights_is_own(name);
}

int volume_xattr_set(struct volumes *volumes, const struct volume_request *request,
		     const char *name, const void *value)
{
	int fd = volume_node_change(volumes, request->node);
	char link[VOLUME_LINK_SIZE];

	if (fd < 0)
		return fd;
	if (!xattr_may_change(name))
		return -EOPNOTSUPP;
	return result_of(setxattr(volume_node_link(fd, link), name, value, request->value_size,
				  (int)request->flags));
}

int volume_xattr_remove(struct volumes *volumes, uint32_t number, const char *name)
{
	int fd = volume_node_change(volumes, number);
	char link[VOLUME_LINK_SIZE];

	if (fd < 0)
		return fd;
	if (!xattr_may_change(name))
		return -EOPNOTSUPP;
	return result_of(removexattr(volume_node_link(fd, link), name));
}
