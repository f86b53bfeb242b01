/* SPDX-License-Identifier: MIT */
/*
 * Opening an index on the host, and walks over the whole of it. Single names, inodes and attributes
 * are read by boundary/index_read.h. An open index may be read by many threads.
 */
#ifndef HOST_IMAGE_INDEX_READ_H
#define HOST_IMAGE_INDEX_READ_H

#include "boundary/index_read.h"
#include "host/base/error.h"

/* Maps a file, whose descriptor stays the caller's. Returns 0 or -errno; index_release() is due. */
int index_open(struct index *index, int fd, struct error *err);
/* The same for bytes in memory, aligned to 8, that outlive the index. */
int index_init(struct index *index, const void *data, size_t size, struct error *err);
void index_release(struct index *index);

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
 * Looks at every number: what it passes, no function of boundary/index_read.h calls damaged.
 * -EUCLEAN with a message that names the first finding. Does not compute the hash of the whole,
 * which the store does.
 */
int index_check(const struct index *index, struct error *err);

#endif
