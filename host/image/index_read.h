/* SPDX-License-Identifier: MIT */
/*
 * Reads an index (boundary/index.h) where it lies in memory. No number of it is believed before it
 * is checked: what is damaged is answered with -EUCLEAN at the place where it is come upon. An open
 * index may be read by many threads.
 */
#ifndef HOST_IMAGE_INDEX_READ_H
#define HOST_IMAGE_INDEX_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boundary/index.h"
#include "host/base/error.h"

struct index {
	const char *data;
	size_t size;
	const struct index_header *header;
	const struct index_inode *inodes; /* number 1 first */
	const struct index_entry *entries;
	const char *text;
	bool mapped;
};

/* A name in a directory; the text is the index's own and does not end with NUL. */
struct index_name {
	const char *name;
	uint32_t name_size;
	uint32_t inode;
	uint32_t type; /* S_IFMT bits */
};

struct index_attribute {
	const char *name;
	const char *value;
	uint32_t name_size, value_size;
};

/* Maps a file, whose descriptor stays the caller's. Returns 0 or -errno; index_release() is due. */
int index_open(struct index *index, int fd, struct error *err);
/* The same for bytes in memory, aligned to 8, that outlive the index. */
int index_init(struct index *index, const void *data, size_t size, struct error *err);
void index_release(struct index *index);

/* NULL: there is no inode of this number. */
const struct index_inode *index_inode(const struct index *index, uint64_t number);

/* A name in a directory. 0 with *inode, -ENOENT, -ENOTDIR, -EUCLEAN. */
int index_lookup(const struct index *index, uint32_t dir, const char *name, size_t size,
		 uint32_t *inode);

/* The entry of a directory by its place, from 0. 0, -ENOENT beyond the last, -ENOTDIR, -EUCLEAN. */
int index_list(const struct index *index, uint32_t dir, uint32_t place, struct index_name *out);

/* The target of a symbolic link, not ended by NUL. 0, -EINVAL (it is none), -EUCLEAN. */
int index_target(const struct index *index, uint32_t inode, const char **target, uint32_t *size);

/*
 * The extended attribute at *offset, from 0, which goes on to the next. 0, -ENODATA after the last,
 * -EUCLEAN.
 */
int index_xattr(const struct index *index, uint32_t inode, uint32_t *offset,
		struct index_attribute *out);

/*
 * All entries below a directory, each before those below it, in the order of the index; path is
 * relative to the directory ("usr/bin/env"). Stops when visit returns non-zero, which is then the
 * result; a damaged index gives -EUCLEAN, and so do directories deeper than INDEX_DEPTH_MAX.
 */
#define INDEX_DEPTH_MAX 2048u
int index_walk(const struct index *index, uint32_t dir,
	       int (*visit)(const char *path, const struct index_name *name, void *data),
	       void *data);

/*
 * Looks at every number: what it passes, no function above calls damaged. -EUCLEAN with a message
 * that names the first finding. Does not compute the hash of the whole, which the store does.
 */
int index_check(const struct index *index, struct error *err);

#endif
