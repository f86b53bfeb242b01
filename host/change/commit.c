/* SPDX-License-Identifier: MIT */
/* From a domain to an image; see commit.h. No locks but the store's transaction. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/change/commit.h"
#include "host/image/builder.h"
#include "host/image/interrupt.h"
#include "host/image/keep.h"

struct committer {
	const struct merged *merged;
	struct commit *commit;
	struct builder builder;
	struct tree_inode **inodes;	/* by merged_number(): what became of it */
	char *buffer;
	struct error *err;
};

/* ---- One inode ---- */

static int take_bytes(const void *data, size_t size, uint64_t offset, void *user)
{
	struct committer *committer = user;

	return builder_write(&committer->builder, data, size, offset, committer->err);
}

static int fill_changed(struct committer *committer, const struct merged_inode *inode)
{
	struct merged_file file;
	int result = builder_check_size(&committer->builder, inode->size, committer->err);

	if (!result)
		result = merged_file_open(committer->merged, inode, &file, committer->err);
	if (result)
		return result;
	result = merged_file_read(&file, committer->buffer, take_bytes, committer,
				  committer->err);
	merged_file_close(&file);
	return result ? result : builder_end(&committer->builder, inode->size, committer->err);
}

/* The image's own object, as long as it is whole: then its bytes may even be lost. */
static int fill_regular(struct committer *committer, const struct merged_inode *inode,
			const char *path)
{
	const struct merged *merged = committer->merged;
	const struct index_inode *base = index_inode(&merged->index, inode->ino);
	object_id object;
	int result;

	if (inode->place != MERGED_IMAGE || inode->size != base->size)
		return fill_changed(committer, inode);
	result = mapping_get(merged->store, merged->mapping, inode->data, &object,
			     committer->err);
	if (!result)
		result = object_is_lost(merged->store, object, committer->err);
	if (result > 0)
		committer->commit->tell_lost(path);
	return result < 0 ? result : builder_share(&committer->builder, object, inode->size,
						   committer->err);
}

static int fill_target(struct committer *committer, const struct merged_inode *inode,
		       struct tree_inode *to)
{
	char target[INDEX_TARGET_MAX + 1];
	int result = merged_target(committer->merged, inode, target, committer->err);

	if (result)
		return result;
	to->target = strdup(target);
	return to->target ? 0 : error_set(committer->err, ENOMEM, "target of a link");
}

static int fill_xattrs(struct committer *committer, uint64_t ino)
{
	struct merged_attribute *attributes;
	size_t count;
	int result = merged_xattrs(committer->merged, ino, &attributes, &count, committer->err);

	if (result)
		return result;
	for (size_t i = 0; i < count && !result; i++) {
		char name[INDEX_NAME_MAX + 1];

		memcpy(name, attributes[i].name, attributes[i].name_size);
		name[attributes[i].name_size] = '\0';
		result = builder_xattr(&committer->builder, name, attributes[i].value,
				       attributes[i].value_size, committer->err);
	}
	free(attributes);
	return result;
}

static int fill(struct committer *committer, const struct merged_inode *inode,
		struct tree_inode *to, const char *path)
{
	int result;

	committer->inodes[merged_number(committer->merged, inode->ino)] = to;
	to->mode = inode->mode;
	to->uid = inode->uid;
	to->gid = inode->gid;
	to->rdev_major = inode->rdev_major;
	to->rdev_minor = inode->rdev_minor;
	to->mtime_ns = inode->mtime_ns;
	builder_take(&committer->builder, to, path);
	result = fill_xattrs(committer, inode->ino);
	if (!result && S_ISLNK(inode->mode))
		result = fill_target(committer, inode, to);
	if (!result && S_ISREG(inode->mode))
		return fill_regular(committer, inode, path);
	return result ? result : builder_end(&committer->builder, 0, committer->err);
}

/* ---- The tree ---- */

static int visit(const struct merged_entry *entry, void *data)
{
	struct committer *committer = data;
	struct tree *tree = &committer->builder.tree;
	size_t parent = merged_number(committer->merged, entry->parent);
	size_t number = merged_number(committer->merged, entry->inode.ino);
	struct tree_inode *known = committer->inodes[number];
	struct tree_entry *added;
	int result = 0;

	if (S_ISSOCK(entry->inode.mode)) {
		committer->commit->sockets++;
		return 0;
	}
	if (tree->entry_count >= BUILDER_ENTRIES_MAX)
		return error_set(committer->err, E2BIG, "an image has no more than %u names",
				 BUILDER_ENTRIES_MAX);
	added = tree_add(tree, committer->inodes[parent], entry->name, strlen(entry->name), known,
			 entry->inode.mode);
	if (!added)
		return error_set(committer->err, ENOMEM, "tree of an image");
	if (!known)
		result = fill(committer, &entry->inode, added->inode, entry->path);
	if (result)
		error_context(committer->err, "/%.200s", entry->path);
	return result;
}

static int commit_tree(struct committer *committer)
{
	const struct merged *merged = committer->merged;
	struct merged_inode root;
	int result;

	committer->inodes = calloc(merged_number_count(merged), sizeof(*committer->inodes));
	committer->buffer = malloc(MERGED_BUFFER);
	if (!committer->inodes || !committer->buffer)
		return error_set(committer->err, ENOMEM, "tree of an image");
	result = merged_stat(merged, MERGED_ROOT, &root, committer->err);
	if (!result)
		result = fill(committer, &root, committer->builder.tree.root, "/");
	return result ? result
		      : merged_walk(merged, MERGED_ROOT, visit, committer, committer->err);
}

static int commit_in_transaction(struct committer *committer, struct image *image)
{
	const struct commit *commit = committer->commit;
	struct store *store = committer->merged->store;
	struct error *err = committer->err;
	int result;

	result = commit->replace ? 0 : image_check_free(store, commit->name, err);
	if (result)
		return result;
	result = commit_tree(committer);
	image->head.created_ns = image->head.imported_ns = keep_now_ns();
	image->config = strdup(commit->config);
	image->source = strdup(commit->source);
	if (!result && (!image->config || !image->source))
		result = error_set(err, ENOMEM, "image %s", commit->name);
	return result ? result : keep_image(store, commit->name, commit->replace,
					    &committer->builder, image, err);
}

int commit_run(const struct merged *merged, struct commit *commit, struct image *image,
	       struct error *err)
{
	struct committer *committer = calloc(1, sizeof(*committer));
	int result = committer ? store_begin(merged->store, err)
			       : error_set(err, ENOMEM, "commit");

	*image = (struct image){ 0 };
	if (result) {
		free(committer);
		return result;
	}
	committer->merged = merged;
	committer->commit = commit;
	committer->err = err;
	/* From here on there are files in the store that would be left behind. */
	interrupt_catch();
	result = builder_init(&committer->builder, merged->store, &commit->progress,
			      commit->file_max, err);
	if (!result) {
		result = commit_in_transaction(committer, image);
		builder_release(&committer->builder);
	}
	if (result)
		store_abort(merged->store);
	else
		result = store_commit(merged->store, err);
	interrupt_release();
	progress_end(&commit->progress);
	free(committer->inodes);
	free(committer->buffer);
	free(committer);
	if (result)
		image_release(image);
	return result;
}

/* ---- The image below ---- */

struct base {
	mapping_id mapping;
	char *config;
	struct error *err;
};

static int look_at_image(const char *name, const void *value, size_t size, void *data)
{
	struct base *base = data;
	struct image image;
	int result = image_decode(value, size, &image, base->err);

	if (result) {
		error_context(base->err, "image %s", name);
		return result;
	}
	if (image.head.mapping == base->mapping) {
		base->config = image.config;
		image.config = NULL;
	}
	image_release(&image);
	return base->config != NULL;
}

char *commit_base_config(const struct merged *merged, struct error *err)
{
	struct base base = { .mapping = merged->mapping, .err = err };

	if (merged->record.config) {
		base.config = strdup(merged->record.config);
		if (!base.config)
			error_set(err, ENOMEM, "config");
		return base.config;
	}
	/* A domain of a former version, which did not note it. */
	if (!record_visit(merged->store, RECORD_IMAGE, look_at_image, &base, err))
		error_set(err, 0, "image %s, as the domain was made from it, has no name any "
			  "more: its config is not known", merged->record.image);
	return base.config;
}
