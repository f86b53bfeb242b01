/* SPDX-License-Identifier: MIT */
/* Looking for what an image lacks; see lost.h. No locks. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/image/index_read.h"
#include "host/image/lost.h"
#include "host/image/record.h"

struct lost_visit {
	struct store *store;
	mapping_id mapping;
	const struct id_list *lost;
	const struct index *index;
	int (*tell)(const char *path, void *data);
	void *data;
	char path[INDEX_DEPTH_MAX * (INDEX_NAME_MAX + 1) + 1];
	struct error *err;
};

static int compare_ids(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* 1, 0 or -errno. An entry that the mapping had is lost like its object. */
static int is_lost(const struct lost_visit *visit, uint64_t local)
{
	const struct id_list *lost = visit->lost;
	object_id object;
	int result = mapping_get(visit->store, visit->mapping, local, &object, visit->err);

	if (result)
		return result == -ENOENT ? 1 : result;
	if (!lost)
		return object_is_lost(visit->store, object, visit->err);
	return lost->count && bsearch(&object, lost->ids, lost->count, sizeof(object), compare_ids);
}

static int visit_name(const char *path, const struct index_name *name, void *data)
{
	struct lost_visit *visit = data;
	const struct index_inode *inode = index_inode(visit->index, name->inode);
	int result = inode->object ? is_lost(visit, inode->object) : 0;

	if (result <= 0)
		return result;
	snprintf(visit->path, sizeof(visit->path), "/%s", path);
	return visit->tell(visit->path, visit->data);
}

static int visit_index(struct lost_visit *visit)
{
	struct index index;
	int result = is_lost(visit, IMAGE_INDEX_LOCAL);

	if (result)
		return result < 0 ? result : visit->tell(NULL, visit->data);
	result = image_index(visit->store, visit->mapping, &index, visit->err);
	if (result)
		return result;
	visit->index = &index;
	/* What the walk itself finds damaged has no message of its own. */
	error_set(visit->err, EUCLEAN, "the image's index is damaged");
	result = index_walk(&index, INDEX_ROOT, visit_name, visit);
	index_release(&index);
	return result;
}

int image_lost_visit(struct store *store, mapping_id mapping, const struct id_list *lost,
		     int (*tell)(const char *path, void *data), void *data, struct error *err)
{
	struct lost_visit *visit = malloc(sizeof(*visit));
	int result;

	if (!visit)
		return error_set(err, ENOMEM, "files of an image");
	*visit = (struct lost_visit){ .store = store, .mapping = mapping, .lost = lost,
				      .tell = tell, .data = data, .err = err };
	result = visit_index(visit);
	free(visit);
	return result;
}
