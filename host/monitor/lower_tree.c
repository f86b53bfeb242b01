/* SPDX-License-Identifier: MIT */
/*
 * A directory of the host as the lower tree; see lower.h. Used by the monitor's main thread alone:
 * no locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/kernel.h"
#include "host/monitor/lower.h"

#define STATX_WANTED	(STATX_BASIC_STATS)
#define FILE_FLAGS	(O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define NODE_FLAGS	(O_PATH | O_NOFOLLOW | O_CLOEXEC)

#define CONFIGFS_MAGIC	0x62656570
#define MQUEUE_MAGIC	0x19800202
#define FUSECTL_MAGIC	0x65735543

int lower_open_beneath(int directory, const char *path, uint64_t flags, uint32_t mode)
{
	struct open_how how = {
		.flags = flags,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	do {
		fd = (int)syscall(SYS_openat2, directory, *path ? path : ".", &how, sizeof(how));
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

bool lower_is_pseudo(int fd)
{
	static const uint32_t kinds[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
		DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, PSTOREFS_MAGIC,
		EFIVARFS_MAGIC, BPF_FS_MAGIC, CONFIGFS_MAGIC, MQUEUE_MAGIC, HUGETLBFS_MAGIC,
		BINFMTFS_MAGIC, SELINUX_MAGIC, SMACK_MAGIC, NSFS_MAGIC, AUTOFS_SUPER_MAGIC,
		FUSECTL_MAGIC,
	};
	struct statfs status;

	if (fstatfs(fd, &status))
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if ((uint32_t)status.f_type == kinds[i])
			return true;
	}
	return false;
}

/* ---- nodes ---- */

static int64_t time_ns(const struct statx_timestamp *time)
{
	return time->tv_sec * 1000000000ll + time->tv_nsec;
}

static void node_fill(const struct lower *lower, struct node *node, const struct statx *status)
{
	node->mode = status->stx_mode;
	node->nlink = status->stx_nlink;
	node->uid = status->stx_uid;
	node->gid = status->stx_gid;
	if (lower->own_ids_are_root) {
		if (node->uid == lower->uid)
			node->uid = 0;
		if (node->gid == lower->gid)
			node->gid = 0;
	}
	node->rdev_major = status->stx_rdev_major;
	node->rdev_minor = status->stx_rdev_minor;
	node->dev = makedev(status->stx_dev_major, status->stx_dev_minor);
	node->ino = status->stx_ino;
	node->size = status->stx_size;
	node->blocks = status->stx_blocks;
	node->atime_ns = time_ns(&status->stx_atime);
	node->mtime_ns = time_ns(&status->stx_mtime);
	node->ctime_ns = time_ns(&status->stx_ctime);
}

void lower_look(const struct lower *lower, int directory, const char *name, struct node *node,
		char *target)
{
	struct statx status;
	ssize_t size;

	*node = (struct node){ .name_size = (uint16_t)strlen(name) };
	if (kernel_statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH,
		  STATX_WANTED, &status)) {
		node->error = -errno;
		return;
	}
	node_fill(lower, node, &status);
	if (!S_ISLNK(status.stx_mode))
		return;
	size = readlinkat(directory, name, target, LOWER_TARGET_MAX + 1);
	if (size < 0 || size > (ssize_t)LOWER_TARGET_MAX)
		node->error = size < 0 ? -errno : -ENAMETOOLONG;
	else
		node->target_size = (uint16_t)size;
}

/* ---- opening ---- */

/*
 * Whether the way to a path leads through a window into the host's kernel, which is as if it were
 * empty.
 */
static bool passes_pseudo(const struct lower *lower, const char *path)
{
	char above[REQUEST_DATA_MAX + 1];
	bool pseudo = false;

	for (const char *slash = strchr(path, '/'); slash && !pseudo;
	     slash = strchr(slash + 1, '/')) {
		int fd;

		memcpy(above, path, (size_t)(slash - path));
		above[slash - path] = '\0';
		fd = lower_open_beneath(lower->root, above, NODE_FLAGS | O_DIRECTORY, 0);
		if (fd < 0)
			return false;
		pseudo = lower_is_pseudo(fd);
		close(fd);
	}
	return pseudo;
}

/*
 * What lies at a path, as an O_PATH descriptor, or -errno; so nothing is opened in earnest before
 * it is known what it is. Whatever lies inside a pseudo file system is -ENOENT, be it there or not;
 * *pseudo for the root of one.
 */
static int open_node(const struct lower *lower, const char *path, uint64_t flags, bool *pseudo)
{
	int fd = lower_open_beneath(lower->root, path, NODE_FLAGS | flags, 0);

	*pseudo = fd >= 0 && lower_is_pseudo(fd);
	if ((fd < 0 || *pseudo) && passes_pseudo(lower, path)) {
		fd_close(&fd);
		return -ENOENT;
	}
	return fd;
}

/* The very file of an O_PATH descriptor, opened to read. */
static int open_earnest(const struct lower *lower, int fd, int flags)
{
	char link[16];
	int result;

	snprintf(link, sizeof(link), "%d", fd);
	result = openat(lower->descriptors, link, FILE_FLAGS | flags);
	return result < 0 ? -errno : result;
}

/* A handle on a regular file, or -errno. Opening a device or a FIFO would do something. */
static int open_regular(const struct lower *lower, int fd, bool pseudo)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EACCES;
	return pseudo ? -EACCES : open_earnest(lower, fd, 0);
}

int lower_open_file(const struct lower *lower, const char *path, struct answer *answer)
{
	bool pseudo;
	int handle, fd = open_node(lower, path, 0, &pseudo);

	if (fd < 0)
		return fd;
	handle = open_regular(lower, fd, pseudo);
	close(fd);
	if (handle < 0)
		return handle;
	answer->handles[answer->handle_count++] = handle;
	return 0;
}

int lower_tell_open(const struct lower *lower, int fd, const char *name, struct answer *answer)
{
	char target[LOWER_TARGET_MAX + 1];
	struct node node;
	int handle;

	lower_look(lower, fd, "", &node, target);
	if (node.error || !S_ISREG(node.mode) || lower_is_pseudo(fd))
		return -EACCES;
	node.name_size = (uint16_t)strlen(name);
	node.has_handle = 1;
	if (!answer_node(answer, &node, name, ""))
		return -ENAMETOOLONG;
	handle = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (handle < 0)
		return -errno;
	answer->handles[answer->handle_count++] = handle;
	return 0;
}

/* ---- walking ---- */

/* A walk in progress: the directory it stands in. */
struct walk {
	const struct lower *lower;
	struct answer *answer;
	int directory;
	uint64_t dev;			/* of the directory, as in struct node; 0: not known */
	bool pseudo;
	bool open_last;
};

static void walk_leave(struct walk *walk)
{
	if (walk->directory != walk->lower->root)
		close(walk->directory);
}

/* Go into the directory that node tells of. Returns 0 or -errno. */
static int walk_enter(struct walk *walk, const char *name, const struct node *node)
{
	int fd = lower_open_beneath(walk->directory, name, NODE_FLAGS | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	walk_leave(walk);
	walk->directory = fd;
	if (node->dev != walk->dev)
		walk->pseudo = lower_is_pseudo(fd);
	walk->dev = node->dev;
	return 0;
}

/* Look at the last component, and open it where it is a regular file. */
static void walk_open(struct walk *walk, const char *name, struct node *node, char *target)
{
	int handle = -1, fd = lower_open_beneath(walk->directory, name, NODE_FLAGS, 0);

	*node = (struct node){ .error = fd < 0 ? fd : 0 };
	if (fd >= 0)
		lower_look(walk->lower, fd, "", node, target);
	node->name_size = (uint16_t)strlen(name);
	if (!node->error && S_ISREG(node->mode) && (node->dev == walk->dev || !lower_is_pseudo(fd)))
		handle = open_earnest(walk->lower, fd, 0);
	fd_close(&fd);
	if (handle < 0)
		return;
	walk->answer->handles[walk->answer->handle_count++] = handle;
	node->has_handle = 1;
}

/* Answer one component. Returns 1 to go on with the next, 0 when the walk is done, or -errno. */
static int walk_component(struct walk *walk, const char *name, bool is_last)
{
	char target[LOWER_TARGET_MAX + 1];
	struct node node;
	int fd;

	if (walk->pseudo)
		node = (struct node){ .error = -ENOENT, .name_size = (uint16_t)strlen(name) };
	else if (is_last && walk->open_last)
		walk_open(walk, name, &node, target);
	else
		lower_look(walk->lower, walk->directory, name, &node, target);
	if (!answer_node(walk->answer, &node, name, target))
		return -ENAMETOOLONG;
	if (is_last || node.error || !S_ISDIR(node.mode))
		return 0;
	fd = walk_enter(walk, name, &node);
	return fd < 0 ? fd : 1;
}

static int walk_rest(struct walk *walk, const char *rest)
{
	char name[LOWER_NAME_MAX + 1];
	bool more;
	int result;

	do {
		result = lower_path_next(&rest, name, &more);
		if (!result)
			result = walk_component(walk, name, !more);
	} while (result > 0);
	return result;
}

int lower_walk(const struct lower *lower, const char *path, uint32_t skip, bool open_last,
	       struct answer *answer)
{
	struct walk walk = {
		.lower = lower, .answer = answer, .directory = lower->root,
		.open_last = open_last,
	};
	char prefix[REQUEST_DATA_MAX + 1];
	const char *rest;
	int error = lower_path_split(path, skip, prefix, &rest);

	if (error)
		return error;
	if (*prefix) {
		walk.directory = open_node(lower, prefix, O_DIRECTORY, &walk.pseudo);
		if (walk.directory < 0)
			return walk.directory;
	}
	error = walk_rest(&walk, rest);
	walk_leave(&walk);
	return error;
}

/* ---- listing ---- */

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

/*
 * Answer the entries of one getdents buffer. Returns false when the area is full; *cookie is where
 * to go on.
 */
static bool list_entries(const struct lower *lower, int fd, const char *entries, size_t size,
			 struct answer *answer, uint64_t *cookie)
{
	char target[LOWER_TARGET_MAX + 1];
	struct node node;

	for (size_t at = 0; at < size;) {
		const struct linux_dirent64 *entry = (const void *)(entries + at);
		const char *name = entry->d_name;

		at += entry->d_reclen;
		if (strcmp(name, ".") && strcmp(name, "..") && strlen(name) <= LOWER_NAME_MAX) {
			if (answer->room - answer->used < LOWER_RECORD_MAX)
				return false;
			lower_look(lower, fd, name, &node, target);
			/* An entry that vanished meanwhile is as if it had not been read. */
			if (node.error != -ENOENT && !answer_node(answer, &node, name, target))
				return false;
		}
		*cookie = (uint64_t)entry->d_off;
	}
	return true;
}

static int list(const struct lower *lower, int fd, uint64_t cookie, struct answer *answer)
{
	_Alignas(8) char entries[32768];
	long size = 1;

	if (cookie && lseek(fd, (off_t)cookie, SEEK_SET) < 0)
		return -errno;
	while (size > 0) {
		size = syscall(SYS_getdents64, fd, entries, sizeof(entries));
		if (size < 0)
			return -errno;
		if (!list_entries(lower, fd, entries, (size_t)size, answer, &cookie)) {
			answer->offset = cookie;
			break;
		}
	}
	return 0;
}

int lower_list(const struct lower *lower, const char *path, uint64_t cookie, struct answer *answer)
{
	bool pseudo;
	int earnest, error, fd = open_node(lower, path, O_DIRECTORY, &pseudo);

	if (fd < 0)
		return fd;
	earnest = pseudo ? -1 : open_earnest(lower, fd, O_DIRECTORY);
	close(fd);
	if (pseudo)
		return 0;
	if (earnest < 0)
		return earnest;
	error = list(lower, earnest, cookie, answer);
	close(earnest);
	return error;
}

/* ---- extended attributes ---- */

int lower_xattr(const struct lower *lower, const char *path, const char *name,
		struct answer *answer)
{
	ssize_t size = -ENODATA;
	char link[40];
	bool pseudo;
	int fd;

	if (!lower_xattr_is_shown(name))
		return -ENODATA;
	fd = open_node(lower, path, 0, &pseudo);
	if (fd < 0)
		return fd;
	if (!pseudo) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		size = getxattr(link, name, answer->area, answer->room);
		if (size < 0)
			size = -errno;
		else
			answer->used = (size_t)size;
	}
	close(fd);
	return size < 0 ? (int)size : 0;
}

/* ---- the tree ---- */

void lower_release(struct lower *lower)
{
	fd_close(&lower->root);
	fd_close(&lower->descriptors);
}

int lower_open_directory(struct lower *lower, const char *path, bool own_ids_are_root,
			 struct error *err)
{
	int descriptors, root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_set(err, errno, "root file system %s", path);
	descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (descriptors < 0) {
		close(root);
		return error_set(err, errno, "/proc/self/fd");
	}
	*lower = (struct lower){
		.own_ids_are_root = own_ids_are_root,
		.is_whole = !strcmp(path, "/"),
		.uid = geteuid(),
		.gid = getegid(),
		.root = root,
		.descriptors = descriptors,
	};
	return 0;
}
