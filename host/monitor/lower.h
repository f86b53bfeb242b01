/* SPDX-License-Identifier: MIT */
/*
 * The lower tree: what a domain sees as its read-only ground. Everything here answers one request
 * of a domain, whose paths are hostile; nothing leaves the tree, follows a symbolic link, or opens
 * anything but directories and regular files.
 */
#ifndef HOST_MONITOR_LOWER_H
#define HOST_MONITOR_LOWER_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#include "boundary/abi.h"
#include "host/base/error.h"

#define LOWER_NAME_MAX		255u
#define LOWER_TARGET_MAX	4095u
#define LOWER_RECORD_MAX	(sizeof(struct node) + LOWER_NAME_MAX + LOWER_TARGET_MAX + 2 + 8)

struct lower {
	int root;			/* O_PATH directory; -1: there is no tree */
	int descriptors;		/* /proc/self/fd, by which an O_PATH descriptor is opened */
	bool own_ids_are_root;		/* the caller's uid and gid are shown as 0 */
	bool is_whole;			/* it is the caller's own root: names mean the same in both */
	uid_t uid;
	gid_t gid;
};

/* What goes back for one request. */
struct answer {
	char *area;			/* the channel's reply area: only ever written */
	size_t used, room;
	uint32_t count;
	uint64_t offset;
	int handles[REQUEST_OPEN_MAX];
	unsigned int handle_count;
};

/* A directory of the host. Returns 0 or -errno; on success lower_release() is due. */
int lower_open_directory(struct lower *lower, const char *path, bool own_ids_are_root,
			 struct error *err);

/* Harmless where there is no tree. */
void lower_release(struct lower *lower);

/*
 * Whether a path from a domain keeps the boundary's rules: no leading '/', no empty component, no
 * "." or "..". Anything else is a broken or hostile layer.
 */
bool lower_path_is_proper(const char *path);

/*
 * The part of path before its component number skip, as a string of its own; *rest is what follows.
 * -EINVAL: there are not so many.
 */
int lower_path_split(const char *path, uint32_t skip, char *prefix, const char **rest);

/*
 * The first component of a path as a string of its own; *path goes on to the next. *more: there is
 * one. Returns 0 or -ENAMETOOLONG.
 */
int lower_path_next(const char **path, char name[LOWER_NAME_MAX + 1], bool *more);

/*
 * Appends a node to the answer: built by the caller, copied out once; record_size is set here.
 * False when the area is full.
 */
bool answer_node(struct answer *answer, struct node *node, const char *name, const char *target);

/* Whether a domain may see extended attributes of this name. */
bool lower_xattr_is_shown(const char *name);

/*
 * The operations of enum request_op on proper paths. Each returns 0 or the -errno that becomes
 * reply.error, and fills the answer; handles in it are the caller's to close, also after an error.
 */
int lower_walk(const struct lower *lower, const char *path, uint32_t skip, bool open_last,
	       struct answer *answer);
int lower_list(const struct lower *lower, const char *path, uint64_t cookie, struct answer *answer);
int lower_open_file(const struct lower *lower, const char *path, struct answer *answer);
int lower_xattr(const struct lower *lower, const char *path, const char *name,
		struct answer *answer);

/* ---- For volumes, which are trees of the same kind that can be changed ---- */

/*
 * Open beneath a directory: path leads nowhere else, and no symbolic link is followed. flags as for
 * open(2), mode for O_CREAT. A descriptor or -errno.
 */
int lower_open_beneath(int directory, const char *path, uint64_t flags, uint32_t mode);

/*
 * Whether a file lies in a file system that is a window into the host's kernel: directories of such
 * appear empty.
 */
bool lower_is_pseudo(int fd);

/*
 * Look at one entry of a directory; the empty name is the directory itself. Fills the node and, for
 * a symbolic link, target (LOWER_TARGET_MAX + 1 bytes). A failure is told in node->error.
 */
void lower_look(const struct lower *lower, int directory, const char *name, struct node *node,
		char *target);

/*
 * Answer the node and a handle of a file that is open already, under this name. -EACCES for what a
 * domain gets no handle on: anything but a regular file, and those of pseudo file systems.
 */
int lower_tell_open(const struct lower *lower, int fd, const char *name, struct answer *answer);

#endif
