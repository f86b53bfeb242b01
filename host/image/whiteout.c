/* SPDX-License-Identifier: MIT */
/*
 * Whiteouts of OCI layers: names that say what of the layers below is gone. They hide nothing of
 * their own layer, in whatever order the entries come. No locks.
 */
#include <string.h>

#include "host/image/builder.h"
#include "host/image/paths.h"

#define PREFIX ".wh."
#define PREFIX_SIZE (sizeof(PREFIX) - 1)
#define OPAQUE ".wh..wh..opq"

/* Takes away what this layer has not told itself. As deep as the tree. */
static void prune(struct builder *builder, struct tree_inode *dir)
{
	struct tree_entry *next;

	for (struct tree_entry *entry = dir->children; entry; entry = next) {
		next = entry->next;
		if (entry->layer < builder->layer)
			tree_remove(&builder->tree, entry);
		else if (S_ISDIR(entry->inode->mode))
			prune(builder, entry->inode);
	}
}

static void hide(struct builder *builder, const struct place *place, const char *name, size_t size)
{
	struct tree_entry *entry = tree_find(&builder->tree, place->dir, name, size);

	if (entry && entry->layer < builder->layer)
		tree_remove(&builder->tree, entry);
	else if (entry && S_ISDIR(entry->inode->mode))
		prune(builder, entry->inode);
}

void builder_next_layer(struct builder *builder)
{
	builder->layer++;
}

int builder_whiteout(struct builder *builder, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct place place;
	size_t size;
	int result;

	if (strncmp(name, PREFIX, PREFIX_SIZE))
		return 0;
	result = path_place(&builder->tree, path, builder->layer, &place, err);
	/* No inode that is to be sealed may be taken away. */
	if (!result)
		result = builder_settle(builder, err);
	if (result)
		return result;
	if (!strcmp(name, OPAQUE)) {
		prune(builder, place.dir);
		return 1;
	}
	/* What else begins so is bookkeeping of the file system that the layer was made with. */
	if (!strncmp(name + PREFIX_SIZE, PREFIX, PREFIX_SIZE))
		return 1;
	name += PREFIX_SIZE;
	size = strlen(name);
	if (!size || !strcmp(name, ".") || !strcmp(name, ".."))
		return entry_error(err, 0, path, "a whiteout of no name");
	hide(builder, &place, name, size);
	return 1;
}
