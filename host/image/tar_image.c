/* SPDX-License-Identifier: MIT */
/* An image as a tar; see tar_write.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/paths.h"
#include "host/image/tar_write.h"

#define BUFFER_SIZE (1u << 20)

struct image_writer {
	struct tar_output *output;
	struct store *store;
	const struct image *image;
	const struct index *index;
	struct progress *progress;
	bool layer;
	char **paths; /* by inode: where it was written, when it has several names */
	char *buffer;
	char target[INDEX_TARGET_MAX + 1];
	struct error *err;
};

static int damaged(struct image_writer *writer, const char *path)
{
	return entry_error(writer->err, EUCLEAN, path, "the image's index is damaged here");
}

static int set_xattrs(struct image_writer *writer, const char *path, uint32_t number)
{
	struct index_attribute attribute;
	uint32_t offset = 0;
	int result;

	while (!(result = index_xattr(writer->index, number, &offset, &attribute))) {
		result = pax_xattr(&writer->output->pax, attribute.name, attribute.name_size,
				   attribute.value, attribute.value_size, writer->err);
		if (result) {
			error_context(writer->err, "entry %.200s", path);
			return result;
		}
	}
	return result == -ENODATA ? 0 : damaged(writer, path);
}

static int set_target(struct image_writer *writer, const char *path, uint32_t number)
{
	const char *target;
	uint32_t size;

	if (index_target(writer->index, number, &target, &size))
		return damaged(writer, path);
	memcpy(writer->target, target, size);
	writer->target[size] = '\0';
	return 0;
}

static int write_bytes(struct image_writer *writer, const struct index_inode *inode)
{
	uint64_t at = 0;
	object_id object;
	int result = mapping_get(writer->store, writer->image->head.mapping, inode->object, &object,
				 writer->err);

	while (at < inode->size && !result) {
		size_t size = inode->size - at < BUFFER_SIZE ? (size_t)(inode->size - at)
							     : BUFFER_SIZE;
		ssize_t done =
			object_read(writer->store, object, writer->buffer, size, at, writer->err);

		if (done <= 0)
			return done ? (int)done
				    : error_set(writer->err, EUCLEAN, "its object is too short");
		result =
			tar_output_bytes(writer->output, writer->buffer, (size_t)done, writer->err);
		at += (uint64_t)done;
		writer->progress->at += (uint64_t)done;
		progress_add(writer->progress, 0, (uint64_t)done);
	}
	return result ? result : tar_output_pad(writer->output, writer->err);
}

/* The first name of an inode. */
static int write_first(struct image_writer *writer, const char *path, uint32_t number)
{
	const struct index_inode *inode = index_inode(writer->index, number);
	struct pax_entry entry = {
		.type = pax_type_of(inode->mode),
		.path = path,
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.rdev_major = inode->rdev_major,
		.rdev_minor = inode->rdev_minor,
		.mtime_ns = inode->mtime_ns,
		.size = S_ISREG(inode->mode) ? inode->size : 0,
	};
	int result = 0;

	if (S_ISSOCK(inode->mode))
		return 0;
	if (S_ISLNK(inode->mode)) {
		result = set_target(writer, path, number);
		entry.target = writer->target;
	}
	if (!result)
		result = set_xattrs(writer, path, number);
	if (!result)
		result = tar_output_header(writer->output, &entry, writer->err);
	if (result || !entry.size)
		return result;
	result = write_bytes(writer, inode);
	if (result)
		error_context(writer->err, "entry %.200s", path);
	return result;
}

static int write_entry(struct image_writer *writer, const char *path, uint32_t number)
{
	const struct index_inode *inode = index_inode(writer->index, number);
	struct pax_entry link = { .type = PAX_HARD_LINK,
				  .path = path,
				  .target = writer->paths[number] };

	progress_add(writer->progress, 1, 0);
	if (link.target)
		return tar_output_header(writer->output, &link, writer->err);
	if (!S_ISDIR(inode->mode) && inode->nlink > 1) {
		writer->paths[number] = strdup(path);
		if (!writer->paths[number])
			return error_set(writer->err, ENOMEM, "archive");
	}
	return write_first(writer, path, number);
}

static int visit(const char *path, const struct index_name *name, void *data)
{
	struct image_writer *writer = data;

	if (writer->layer && name->name_size >= 4 && !memcmp(name->name, ".wh.", 4))
		return entry_error(writer->err, 0, path,
				   "in a layer this name would hide another: export as tar");
	return write_entry(writer, path, name->inode);
}

static int write_image(struct image_writer *writer)
{
	int result = write_entry(writer, "./", INDEX_ROOT);

	if (result)
		return result;
	/* What the walk itself finds damaged has no message of its own. */
	error_set(writer->err, EUCLEAN, "the image's index is damaged");
	return index_walk(writer->index, INDEX_ROOT, visit, writer);
}

int tar_output_image(struct tar_output *output, struct store *store, const struct image *image,
		     bool layer, struct progress *progress, struct error *err)
{
	struct image_writer writer = { .output = output,
				       .store = store,
				       .image = image,
				       .layer = layer,
				       .progress = progress,
				       .err = err };
	struct index index;
	int result = image_index(store, image->head.mapping, &index, err);

	if (result)
		return result;
	writer.index = &index;
	writer.paths = calloc(index.header->inode_count + 1, sizeof(char *));
	writer.buffer = malloc(BUFFER_SIZE);
	if (writer.paths && writer.buffer)
		result = write_image(&writer);
	else
		result = error_set(err, ENOMEM, "archive");
	for (uint64_t i = 0; writer.paths && i <= index.header->inode_count; i++)
		free(writer.paths[i]);
	free(writer.paths);
	free(writer.buffer);
	index_release(&index);
	return result;
}
