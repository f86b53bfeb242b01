/* SPDX-License-Identifier: MIT */
/* Volumes: their nodes, and what is asked of these without changing anything; see volume.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/files.h"
#include "host/monitor/volume.h"
#include "host/monitor/volume_rights.h"

#define NODES_MAX	65536u
#define FILES_NEEDED	(FILES_KEPT + VOLUME_MAX)
#define LIST_SIZE	32768u

/* ---- Nodes ---- */

bool volume_has_node(const struct volumes *volumes, uint32_t number)
{
	return number < volumes->node_count && volumes->nodes[number].fd >= 0;
}

bool volume_has_room(const struct volumes *volumes)
{
	return volumes->first_free || volumes->node_count < volumes->node_max;
}

static int nodes_grow(struct volumes *volumes)
{
	uint32_t room = volumes->node_room ? volumes->node_room * 2 : VOLUME_MAX * 2;
	struct volume_node *nodes = reallocarray(volumes->nodes, room, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	volumes->nodes = nodes;
	volumes->node_room = room;
	return 0;
}

/* A number for fd, which is taken over. -ENFILE: the domain holds too many. */
static int node_add(struct volumes *volumes, uint32_t volume, int fd, uint32_t *number)
{
	int error = 0;

	if (volumes->first_free) {
		*number = volumes->first_free;
		volumes->first_free = volumes->nodes[*number].next_free;
	} else {
		if (!volume_has_room(volumes))
			error = -ENFILE;
		else if (volumes->node_count == volumes->node_room)
			error = nodes_grow(volumes);
		if (error) {
			close(fd);
			return error;
		}
		*number = volumes->node_count++;
	}
	volumes->nodes[*number] = (struct volume_node){ .fd = fd, .volume = volume };
	return 0;
}

void volume_node_forget(struct volumes *volumes, uint32_t number)
{
	struct volume_node *node = &volumes->nodes[number];

	fd_close(&node->fd);
	node->next_free = volumes->first_free;
	volumes->first_free = number;
}

const char *volume_node_link(int fd, char link[VOLUME_LINK_SIZE])
{
	snprintf(link, VOLUME_LINK_SIZE, "/proc/self/fd/%d", fd);
	return link;
}

static bool path_of(int fd, char path[PATH_MAX])
{
	char link[VOLUME_LINK_SIZE];
	ssize_t size = readlink(volume_node_link(fd, link), path, PATH_MAX);

	if (size <= 0 || size >= PATH_MAX)
		return false;
	path[size] = '\0';
	return true;
}

/*
 * A directory may be moved out of the volume while the domain holds a node of it, and is not the
 * domain's business from then on. If it goes just after this look, then what is done to it was done
 * before it went.
 */
static bool lies_beneath(int root, int fd)
{
	char outer[PATH_MAX], path[PATH_MAX];
	size_t size;

	if (!path_of(root, outer) || !path_of(fd, path))
		return false;
	size = strlen(outer);
	if (size == 1)
		return path[0] == '/';
	return !strncmp(outer, path, size) && (!path[size] || path[size] == '/');
}

int volume_node_use(const struct volumes *volumes, uint32_t number)
{
	int fd = volumes->nodes[number].fd;

	if (number < volumes->count)
		return fd;
	return lies_beneath(volume_of_node(volumes, number)->lower.root, fd) ? fd : -ESTALE;
}

int volume_node_change(const struct volumes *volumes, uint32_t number)
{
	return volume_of_node(volumes, number)->read_only ? -EROFS :
							    volume_node_use(volumes, number);
}

/* ---- Looking ---- */

static int answer_look(const struct lower *lower, int fd, const char *name, struct answer *answer)
{
	char target[LOWER_TARGET_MAX + 1];
	struct node node;

	lower_look(lower, fd, "", &node, target);
	if (node.error)
		return node.error;
	if (S_ISREG(node.mode))
		node.mode |= volume_rights_kept(fd);
	node.name_size = (uint16_t)strlen(name);
	return answer_node(answer, &node, name, target) ? 0 : -ENAMETOOLONG;
}

int volume_look(struct volumes *volumes, uint32_t number, struct answer *answer)
{
	int fd = volume_node_use(volumes, number);

	return fd < 0 ? fd : answer_look(&volume_of_node(volumes, number)->lower, fd, "", answer);
}

/* What is mounted within a volume belongs to it, but for windows into the host's kernel. */
static bool may_be_node(int directory, int fd)
{
	struct stat outer, inner;

	if (fstat(directory, &outer) || fstat(fd, &inner))
		return false;
	return outer.st_dev == inner.st_dev || !lower_is_pseudo(fd);
}

int volume_answer_new(struct volumes *volumes, uint32_t directory, int fd, const char *name,
		      struct answer *answer)
{
	uint32_t volume = volumes->nodes[directory].volume, number;
	const struct lower *lower = &volumes->list[volume].lower;
	int outer = volumes->nodes[directory].fd;
	int error = may_be_node(outer, fd) ? 0 : -EACCES;

	if (!error)
		error = answer_look(lower, outer, "", answer);
	if (!error)
		error = answer_look(lower, fd, name, answer);
	if (error) {
		close(fd);
		return error;
	}
	error = node_add(volumes, volume, fd, &number);
	answer->offset = number;
	return error;
}

int volume_lookup(struct volumes *volumes, uint32_t directory, const char *name,
		  struct answer *answer)
{
	int fd = volume_node_use(volumes, directory);

	if (fd >= 0)
		fd = lower_open_beneath(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd == -EMFILE)
		fd = -ENFILE;
	return fd < 0 ? fd : volume_answer_new(volumes, directory, fd, name, answer);
}

int volume_node_reopen(int fd, int flags)
{
	char link[VOLUME_LINK_SIZE];
	int result = open(volume_node_link(fd, link), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return result < 0 ? -errno : result;
}

/* Only what is a directory: opening anything else could do something. */
static int open_directory(const struct volumes *volumes, uint32_t number)
{
	int fd = volume_node_use(volumes, number);

	return fd < 0 ? fd : volume_node_reopen(fd, O_RDONLY | O_DIRECTORY);
}

int volume_list(struct volumes *volumes, uint32_t directory, uint64_t cookie, uint32_t size,
		struct answer *answer)
{
	_Alignas(8) char records[LIST_SIZE];
	int fd = open_directory(volumes, directory);
	long result = 0;

	if (fd < 0)
		return fd;
	if (cookie && lseek(fd, (off_t)cookie, SEEK_SET) < 0)
		result = -errno;
	if (!result)
		result = syscall(SYS_getdents64, fd, records, size < LIST_SIZE ? size : LIST_SIZE);
	if (result == -1)
		result = -errno;
	close(fd);
	if (result < 0)
		return (int)result;
	memcpy(answer->area, records, (size_t)result);
	answer->used = (size_t)result;
	return 0;
}

int volume_open(struct volumes *volumes, uint32_t number, uint32_t flags, struct answer *answer)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	int fd = writes ? volume_node_change(volumes, number) : volume_node_use(volumes, number);
	struct stat status;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status))
		return -errno;
	/* A node stays what it is: there is nothing to check afterwards. */
	if (!S_ISREG(status.st_mode))
		return -EACCES;
	fd = volume_node_reopen(fd, (int)(flags & (O_ACCMODE | O_APPEND)));
	if (fd < 0)
		return fd;
	answer->handles[answer->handle_count++] = fd;
	return 0;
}

int volume_sync(struct volumes *volumes, uint32_t directory)
{
	int fd = open_directory(volumes, directory), error = 0;

	if (fd < 0)
		return fd;
	if (directory < volumes->count ? syncfs(fd) : fsync(fd))
		error = -errno;
	close(fd);
	return error;
}

int volume_statfs(struct volumes *volumes, uint32_t number, struct answer *answer)
{
	int fd = volume_node_use(volumes, number);
	struct volume_space space;
	struct statfs status;

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &status))
		return -errno;
	space = (struct volume_space){
		.type = (uint64_t)status.f_type, .block_size = (uint64_t)status.f_bsize,
		.blocks = status.f_blocks, .blocks_free = status.f_bfree,
		.blocks_available = status.f_bavail, .files = status.f_files,
		.files_free = status.f_ffree,
	};
	memcpy(answer->area, &space, sizeof(space));
	answer->used = sizeof(space);
	return 0;
}

/* ---- Extended attributes ---- */

static bool xattr_is_shown(const char *name)
{
	return lower_xattr_is_shown(name) && !volume_rights_is_own(name);
}

int volume_xattr_get(struct volumes *volumes, uint32_t number, const char *name,
		     struct answer *answer)
{
	int fd = volume_node_use(volumes, number);
	char link[VOLUME_LINK_SIZE];
	ssize_t size;

	if (fd < 0)
		return fd;
	if (!xattr_is_shown(name))
		return -ENODATA;
	size = getxattr(volume_node_link(fd, link), name, answer->area, answer->room);
	if (size < 0)
		return -errno;
	answer->used = (size_t)size;
	return 0;
}

int volume_xattr_list(struct volumes *volumes, uint32_t number, struct answer *answer)
{
	static char names[65536];	/* XATTR_LIST_MAX */
	int fd = volume_node_use(volumes, number);
	char link[VOLUME_LINK_SIZE];
	ssize_t size;

	if (fd < 0)
		return fd;
	size = listxattr(volume_node_link(fd, link), names, sizeof(names) - 1);
	if (size < 0)
		return -errno;
	names[size] = '\0';
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1) {
		size_t length = strlen(names + at) + 1;

		if (!xattr_is_shown(names + at))
			continue;
		memcpy(answer->area + answer->used, names + at, length);
		answer->used += length;
	}
	return 0;
}

/* ---- Volumes ---- */

/*
 * Each node is a descriptor: as many as the host allows, but for those that are needed elsewhere.
 */
static int raise_limit(struct volumes *volumes, struct error *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return error_set(err, errno, "limit of open files");
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < NODES_MAX ? limit.rlim_max : NODES_MAX;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < FILES_NEEDED)
		return error_set(err, 0, "the hard limit of open files is %llu here, and a domain "
				 "with volumes needs %u: see `ulimit -Hn`",
				 (unsigned long long)limit.rlim_cur, FILES_NEEDED);
	volumes->node_max = (uint32_t)(limit.rlim_cur < NODES_MAX ? limit.rlim_cur : NODES_MAX) -
			    FILES_KEPT;
	return 0;
}

int volumes_add(struct volumes *volumes, int directory_fd, const char *path, bool read_only,
		bool own_ids_are_root, struct error *err)
{
	struct volume *volume = &volumes->list[volumes->count];
	uint32_t number;
	int fd, error;

	if (!volumes->count && raise_limit(volumes, err))
		return -EINVAL;
	fd = fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "volume %s", path);
	if (lower_is_pseudo(fd)) {
		close(fd);
		return error_set(err, 0, "volume %s lies in a file system that is a window into "
				 "the host's kernel", path);
	}
	*volume = (struct volume){
		.lower = {
			.root = fd, .own_ids_are_root = own_ids_are_root,
			.uid = geteuid(), .gid = getegid(),
		},
		.read_only = read_only,
	};
	error = node_add(volumes, volumes->count, fd, &number);
	if (error)
		return error_set(err, -error, "volume %s", path);
	volumes->count++;
	return 0;
}

void volumes_release(struct volumes *volumes)
{
	/* The descriptors of roots are those of their nodes. */
	for (uint32_t i = 0; i < volumes->node_count; i++)
		fd_close(&volumes->nodes[i].fd);
	free(volumes->nodes);
	*volumes = (struct volumes){ 0 };
}
