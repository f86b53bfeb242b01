/* SPDX-License-Identifier: MIT */
/*
 * Paths in a domain's tree, as its own programs would follow them: symbolic links lead to where
 * they lead inside, whatever there is on the host, and nothing is above the root.
 */
#ifndef HOST_CHANGE_RESOLVE_H
#define HOST_CHANGE_RESOLVE_H

#include <limits.h>

#include "host/change/merged.h"

/* Where a path leads. */
struct spot {
	uint64_t ino;			/* 0: there is nothing of this name in parent */
	struct merged_inode inode;	/* of ino; in a volume its mode is all that is told */
	uint64_t parent;		/* the root is its own; nothing in a volume */
	char name[INDEX_NAME_MAX + 1];	/* in parent; "" for the root */
	int volume;			/* that it is in (merged_volume_open()), or -1; then: */
	dev_t dev;			/* of ino */
	char beneath[PATH_MAX];		/* its path there */
};

/*
 * Follows a path from the root. follow: also where its last name is a symbolic link; one with a
 * slash or "." at its end is always followed, and must be a directory. Only the last name may be
 * missing. Volumes are followed, too. Returns 0 or -errno as open(2), with a message.
 */
int path_resolve(const struct merged *merged, const char *path, bool follow, struct spot *spot,
		 struct error *err);

/*
 * A regular file of at most size_max bytes, which free() ends; a NUL is put behind it. -ENOENT
 * where there is none, or none that is a regular file; -EFBIG; -EINVAL: it is in a volume.
 */
int path_read(const struct merged *merged, const char *path, size_t size_max, char **data,
	      size_t *size, struct error *err);

#endif
