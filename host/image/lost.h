/* SPDX-License-Identifier: MIT */
/* What an image lacks: files whose bytes the store has lost. */
#ifndef HOST_IMAGE_LOST_H
#define HOST_IMAGE_LOST_H

#include "host/base/error.h"
#include "host/base/id_list.h"
#include "host/store/store.h"

/*
 * Calls tell for each path of the image (with a slash before it) whose bytes are lost, or with NULL
 * where the index is, so that no path is known; until it returns non-zero, which is then the
 * result. lost: the ids of lost objects, rising, as store_check() gives them; NULL: the store is
 * asked which are. 0 or -errno.
 */
int image_lost_visit(struct store *store, mapping_id mapping, const struct id_list *lost,
		     int (*tell)(const char *path, void *data), void *data, struct error *err);

#endif
