/* SPDX-License-Identifier: MIT */
/* Small files out of an image: what the host itself wants to know of one. */
#ifndef HOST_IMAGE_IMAGE_FILE_H
#define HOST_IMAGE_IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/image/index_read.h"
#include "host/store/store.h"

/*
 * The inode at an absolute path; symbolic links are followed and lead within the image. 0, -ENOENT,
 * -ENOTDIR, -ELOOP, -ENAMETOOLONG, -EUCLEAN, without a message.
 */
int image_path_find(const struct index *index, const char *path, uint32_t *inode);

/*
 * A regular file of at most size_max bytes, which free() ends; a NUL is put behind it. -ENOENT
 * without a message where there is none, or none that is a regular file; -EFBIG.
 */
int image_file_read(struct store *store, mapping_id mapping, const struct index *index,
		    const char *path, size_t size_max, char **data, size_t *size,
		    struct error *err);

#endif
