/* SPDX-License-Identifier: MIT */
/* Paths of entries: which are allowed, and where in a tree they lead. */
#ifndef HOST_IMAGE_PATHS_H
#define HOST_IMAGE_PATHS_H

#include <stddef.h>

#include "host/base/error.h"
#include "host/image/tree.h"

/* Where an entry is or will be. */
struct place {
	struct tree_inode *dir;
	const char *name; /* in the path that was given */
	size_t name_size; /* 0: the path is the root itself */
};

/*
 * Sets err to "entry PATH: MESSAGE", the path cut short where it is long. Returns what error_set()
 * does.
 */
int entry_error(struct error *err, int code, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Finds the directory that an entry belongs into. Symbolic links above the entry are followed as
 * long as they stay in the tree. layer is for directories that are missing, and are made; 0 makes
 * none: -ENOENT. -EINVAL for paths that are absolute, go up, or are too long.
 */
int path_place(struct tree *tree, const char *path, uint32_t layer, struct place *place,
	       struct error *err);

#endif
