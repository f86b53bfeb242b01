/* SPDX-License-Identifier: MIT */
/* The builder's entries: adding, replacing, linking, finishing; see builder.h. No locks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boundary/index.h"
#include "host/image/builder.h"
#include "host/image/interrupt.h"
#include "host/image/paths.h"

int builder_init(struct builder *builder, struct store *store, struct progress *progress,
		 uint64_t file_max, struct error *err)
{
	memset(builder, 0, sizeof(*builder));
	builder->store = store;
	builder->progress = progress;
	builder->file_max = file_max;
	builder->layer = 1;
	if (tree_init(&builder->tree))
		return error_set(err, ENOMEM, "tree of an image");
	builder->hasher = hasher_create(err);
	if (builder->hasher)
		return 0;
	tree_release(&builder->tree);
	return -err->code;
}

void builder_release(struct builder *builder)
{
	hasher_free(builder->hasher);
	while (builder->unsealed_begin != builder->unsealed_end)
		free(builder->unsealed[builder->unsealed_begin++ % BUILDER_UNSEALED_MAX].path);
	tree_release(&builder->tree);
	map_release(&builder->held);
}

static int check_attributes(const char *path, const struct builder_attributes *attributes,
			    struct error *err)
{
	size_t target_size;

	switch (attributes->mode & S_IFMT) {
	case S_IFLNK:
		target_size = attributes->target ? strlen(attributes->target) : 0;
		if (target_size && target_size <= INDEX_TARGET_MAX)
			return 0;
		return entry_error(err, 0, path, "a symbolic link with a target of %zu bytes",
				   target_size);
	case S_IFREG:
	case S_IFDIR:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return 0;
	}
	return entry_error(err, 0, path, "it is of a kind that an image can't hold");
}

/*
 * The entry at a place, made or made free for what comes. A directory that stays one keeps its
 * inode.
 */
static int take_place(struct builder *builder, const char *path, const struct place *place,
		      struct tree_inode *inode, uint32_t mode, struct tree_inode **out,
		      struct error *err)
{
	struct tree_entry *entry =
		tree_find(&builder->tree, place->dir, place->name, place->name_size);

	if (entry && !inode && S_ISDIR(mode) && S_ISDIR(entry->inode->mode)) {
		entry->layer = builder->layer;
		*out = entry->inode;
		return 0;
	}
	if (entry) {
		int result = builder_settle(builder, err);

		if (result)
			return result;
		tree_remove(&builder->tree, entry);
	}
	if (builder->tree.entry_count >= BUILDER_ENTRIES_MAX)
		return entry_error(err, E2BIG, path, "an image has no more than %u names",
				   BUILDER_ENTRIES_MAX);
	entry = tree_add(&builder->tree, place->dir, place->name, place->name_size, inode, mode);
	if (!entry)
		return entry_error(err, ENOMEM, path, "it finds no room");
	entry->layer = builder->layer;
	*out = entry->inode;
	return 0;
}

int builder_add(struct builder *builder, const char *path,
		const struct builder_attributes *attributes, struct error *err)
{
	struct tree_inode *inode = builder->tree.root;
	struct place place;
	int result = interrupt_check(err);

	if (!result)
		result = path_place(&builder->tree, path, builder->layer, &place, err);
	if (!result)
		result = check_attributes(path, attributes, err);
	if (!result && place.name_size)
		result = take_place(builder, path, &place, NULL, attributes->mode, &inode, err);
	if (!result && !place.name_size && !S_ISDIR(attributes->mode))
		result = entry_error(err, 0, path, "the root is no directory");
	if (result)
		return result;
	tree_drop_xattrs(inode);
	inode->mode = attributes->mode & (S_IFMT | 07777);
	inode->uid = attributes->uid;
	inode->gid = attributes->gid;
	inode->rdev_major = attributes->rdev_major;
	inode->rdev_minor = attributes->rdev_minor;
	inode->mtime_ns = attributes->mtime_ns;
	if (S_ISLNK(inode->mode)) {
		inode->target = strdup(attributes->target);
		if (!inode->target)
			return entry_error(err, ENOMEM, path, "its target");
	}
	builder_take(builder, inode, path);
	return 0;
}

void builder_take(struct builder *builder, struct tree_inode *inode, const char *path)
{
	snprintf(builder->path, sizeof(builder->path), "%s", path);
	builder->current = inode;
	builder->object = 0;
	builder->written = 0;
	builder->stored = 0;
	builder->hashed = 0;
	builder->out_of_order = false;
	builder->xattrs_size = 0;
}

int builder_xattr(struct builder *builder, const char *name, const void *value, size_t size,
		  struct error *err)
{
	size_t name_size = strlen(name);

	builder->xattrs_size += name_size + size;
	if (!name_size || name_size > INDEX_NAME_MAX || size > BUILDER_XATTR_MAX ||
	    builder->xattrs_size > BUILDER_XATTR_MAX)
		return entry_error(err, E2BIG, builder->path,
				   "extended attribute %.255s of %zu bytes", name, size);
	if (tree_set_xattr(builder->current, name, value, size))
		return entry_error(err, ENOMEM, builder->path, "extended attribute %.255s", name);
	return 0;
}

int builder_link_inode(struct builder *builder, const char *path, struct tree_inode *inode,
		       struct error *err)
{
	struct place place;
	int result = path_place(&builder->tree, path, builder->layer, &place, err);

	if (result)
		return result;
	if (!place.name_size || S_ISDIR(inode->mode))
		return entry_error(err, 0, path, "a hard link of a directory");
	/* The name that is replaced may be the last one of that inode. */
	inode->references++;
	result = take_place(builder, path, &place, inode, inode->mode, &inode, err);
	inode->references--;
	progress_add(builder->progress, 1, 0);
	return result;
}

int builder_link(struct builder *builder, const char *path, const char *target, struct error *err)
{
	struct tree_entry *entry = NULL;
	struct place place;
	int result = path_place(&builder->tree, target, 0, &place, err);

	if (!result && place.name_size)
		entry = tree_find(&builder->tree, place.dir, place.name, place.name_size);
	if (!result && !entry)
		result = error_set(err, ENOENT, "no entry '%.200s' came before", target);
	if (result) {
		error_context(err, "entry %.200s: a hard link", path);
		return result;
	}
	return builder_link_inode(builder, path, entry->inode, err);
}

/*
 * Objects of files that a later entry or layer took away are held and not named: they are given
 * back.
 */
static int put_unnamed(struct builder *builder, const struct index_file *file, struct error *err)
{
	struct map named = { 0 };
	int result = 0;

	for (uint64_t i = 0; i < file->object_count && !result; i++)
		result = map_set(&named, file->objects[i], 0, 1);
	if (result)
		result = error_set(err, ENOMEM, "objects of an image");
	for (size_t i = 0; i < builder->held.room && !result; i++) {
		const struct map_slot *slot = &builder->held.slots[i];

		if (slot->value && !map_get(&named, slot->key[0], 0))
			result = object_put(builder->store, slot->key[0], err);
	}
	map_release(&named);
	map_release(&builder->held);
	return result;
}

int builder_finish(struct builder *builder, struct index_file *file, struct error *err)
{
	int result = builder_settle(builder, err);

	if (!result)
		result = index_write(&builder->tree, file, err);
	if (result)
		return result;
	result = put_unnamed(builder, file, err);
	if (result)
		index_file_release(file);
	return result;
}
