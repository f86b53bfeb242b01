/* SPDX-License-Identifier: MIT */
/* Images as tars; see tar_write.h. No locks. */
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/image/paths.h"
#include "host/image/tar_write.h"

#define BUFFER_SIZE (1u << 20)
#define SECOND_NS   1000000000ll

struct image_writer {
	struct tar_output *output;
	struct store *store;
	const struct image *image;
	const struct index *index;
	struct progress *progress;
	bool layer;
	char **paths;			/* by inode: where it was written, when it has several names */
	char *buffer;
	struct archive_entry *entry;
	struct error *err;
};

static la_ssize_t write_out(struct archive *archive, void *data, const void *buffer, size_t size)
{
	struct tar_output *output = data;
	ssize_t done;

	do
		done = write(output->fd, buffer, size);
	while (done < 0 && errno == EINTR);
	if (done < 0) {
		archive_set_error(archive, errno, "%s", strerror(errno));
		return -1;
	}
	if (output->digest)
		digest_add(output->digest, buffer, (size_t)done);
	output->size += (uint64_t)done;
	return done;
}

static int failure(const struct tar_output *output, struct error *err)
{
	return error_set(err, 0, "can't write the archive: %s", archive_error_string(output->archive));
}

int tar_output_open(struct tar_output *output, int fd, struct digest *digest, struct error *err)
{
	*output = (struct tar_output){ .fd = fd, .digest = digest };
	output->archive = archive_write_new();
	if (!output->archive)
		return error_set(err, ENOMEM, "archive");
	if (archive_write_set_format_pax_restricted(output->archive) ||
	    archive_write_set_format_option(output->archive, "pax", "xattrheader", "SCHILY") ||
	    archive_write_set_bytes_per_block(output->archive, BUFFER_SIZE) ||
	    archive_write_set_bytes_in_last_block(output->archive, 1) ||
	    archive_write_open(output->archive, output, NULL, write_out, NULL)) {
		int result = failure(output, err);

		tar_output_release(output);
		return result;
	}
	return 0;
}

int tar_output_end(struct tar_output *output, struct error *err)
{
	int result = archive_write_close(output->archive) ? failure(output, err) : 0;

	tar_output_release(output);
	return result;
}

void tar_output_release(struct tar_output *output)
{
	if (output->archive)
		archive_write_free(output->archive);
	output->archive = NULL;
}

int tar_output_file(struct tar_output *output, const char *path, uint64_t size, struct error *err)
{
	struct archive_entry *entry = archive_entry_new();
	int result = 0;

	if (!entry)
		return error_set(err, ENOMEM, "archive");
	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, S_IFREG | 0644);
	archive_entry_set_size(entry, (int64_t)size);
	archive_entry_set_mtime(entry, 0, 0);
	if (archive_write_header(output->archive, entry) < ARCHIVE_WARN)
		result = failure(output, err);
	archive_entry_free(entry);
	return result;
}

int tar_output_bytes(struct tar_output *output, const void *data, size_t size, struct error *err)
{
	const char *from = data;

	while (size) {
		la_ssize_t done = archive_write_data(output->archive, from, size);

		if (done <= 0)
			return failure(output, err);
		from += done;
		size -= (size_t)done;
	}
	return 0;
}

static int damaged(struct image_writer *writer, const char *path)
{
	return entry_error(writer->err, EUCLEAN, path, "the image's index is damaged here");
}

static void set_attributes(struct archive_entry *entry, const struct index_inode *inode)
{
	int64_t seconds = inode->mtime_ns / SECOND_NS, part = inode->mtime_ns % SECOND_NS;

	if (part < 0) {
		seconds--;
		part += SECOND_NS;
	}
	archive_entry_set_mode(entry, inode->mode);
	archive_entry_set_uid(entry, inode->uid);
	archive_entry_set_gid(entry, inode->gid);
	archive_entry_set_mtime(entry, seconds, (long)part);
	archive_entry_set_rdevmajor(entry, inode->rdev_major);
	archive_entry_set_rdevminor(entry, inode->rdev_minor);
	archive_entry_set_size(entry, S_ISREG(inode->mode) ? (int64_t)inode->size : 0);
}

static int set_xattrs(struct image_writer *writer, const char *path, uint32_t number)
{
	struct index_attribute attribute;
	char name[INDEX_NAME_MAX + 1];
	uint32_t offset = 0;
	int result;

	while (!(result = index_xattr(writer->index, number, &offset, &attribute))) {
		memcpy(name, attribute.name, attribute.name_size);
		name[attribute.name_size] = '\0';
		archive_entry_xattr_add_entry(writer->entry, name, attribute.value, attribute.value_size);
	}
	return result == -ENODATA ? 0 : damaged(writer, path);
}

static int set_target(struct image_writer *writer, const char *path, uint32_t number)
{
	char text[INDEX_TARGET_MAX + 1];
	const char *target;
	uint32_t size;

	if (index_target(writer->index, number, &target, &size))
		return damaged(writer, path);
	memcpy(text, target, size);
	text[size] = '\0';
	archive_entry_set_symlink(writer->entry, text);
	return 0;
}

static int write_bytes(struct image_writer *writer, const char *path, const struct index_inode *inode)
{
	uint64_t at = 0;
	object_id object;
	int result;

	if (!inode->size)
		return 0;
	result = mapping_get(writer->store, writer->image->head.mapping, inode->object, &object, writer->err);
	while (at < inode->size && !result) {
		size_t size = inode->size - at < BUFFER_SIZE ? (size_t)(inode->size - at) : BUFFER_SIZE;
		ssize_t done = object_read(writer->store, object, writer->buffer, size, at, writer->err);

		if (done <= 0)
			result = done ? (int)done : error_set(writer->err, EUCLEAN, "its object is too short");
		else
			result = tar_output_bytes(writer->output, writer->buffer, (size_t)done, writer->err);
		at += done > 0 ? (uint64_t)done : 0;
		progress_add(writer->progress, 0, done > 0 ? (uint64_t)done : 0);
	}
	if (result)
		error_context(writer->err, "entry %.200s", path);
	return result;
}

/* Puts the inode's attributes into writer->entry, whose path is set. */
static int describe(struct image_writer *writer, const char *path, uint32_t number)
{
	const struct index_inode *inode = index_inode(writer->index, number);

	set_attributes(writer->entry, inode);
	if (S_ISLNK(inode->mode) && set_target(writer, path, number))
		return -EUCLEAN;
	return set_xattrs(writer, path, number);
}

static int write_inode(struct image_writer *writer, const char *path, uint32_t number)
{
	const struct index_inode *inode = index_inode(writer->index, number);
	int result;

	archive_entry_clear(writer->entry);
	archive_entry_set_pathname(writer->entry, path);
	if (writer->paths[number]) {
		archive_entry_set_mode(writer->entry, S_IFREG);
		archive_entry_set_hardlink(writer->entry, writer->paths[number]);
		archive_entry_set_mtime(writer->entry, 0, 0);
		archive_entry_set_size(writer->entry, 0);
	} else {
		result = describe(writer, path, number);
		if (result)
			return result;
	}
	if (archive_write_header(writer->output->archive, writer->entry) < ARCHIVE_WARN)
		return entry_error(writer->err, 0, path, "can't write the archive: %s",
				   archive_error_string(writer->output->archive));
	progress_add(writer->progress, 1, 0);
	if (writer->paths[number])
		return 0;
	if (!S_ISDIR(inode->mode) && inode->nlink > 1) {
		writer->paths[number] = strdup(path);
		if (!writer->paths[number])
			return error_set(writer->err, ENOMEM, "archive");
	}
	return S_ISREG(inode->mode) ? write_bytes(writer, path, inode) : 0;
}

static int visit(const char *path, const struct index_name *name, void *data)
{
	struct image_writer *writer = data;

	if (writer->layer && name->name_size >= 4 && !memcmp(name->name, ".wh.", 4))
		return entry_error(writer->err, 0, path, "in a layer this name would hide another: export as tar");
	return write_inode(writer, path, name->inode);
}

static int write_image(struct image_writer *writer)
{
	int result = write_inode(writer, "./", INDEX_ROOT);

	if (result)
		return result;
	/* What the walk itself finds damaged has no message yet. */
	error_set(writer->err, EUCLEAN, "the image's index is damaged");
	return index_walk(writer->index, INDEX_ROOT, visit, writer);
}

int tar_output_image(struct tar_output *output, struct store *store, const struct image *image, bool layer,
		     struct progress *progress, struct error *err)
{
	struct image_writer writer = { .output = output, .store = store, .image = image, .layer = layer,
				       .progress = progress, .err = err };
	struct index index;
	int result = image_index(store, image, &index, err);

	if (result)
		return result;
	writer.index = &index;
	writer.paths = calloc(index.header->inode_count + 1, sizeof(char *));
	writer.buffer = malloc(BUFFER_SIZE);
	writer.entry = archive_entry_new();
	if (writer.paths && writer.buffer && writer.entry)
		result = write_image(&writer);
	else
		result = error_set(err, ENOMEM, "archive");
	for (uint64_t i = 0; writer.paths && i <= index.header->inode_count; i++)
		free(writer.paths[i]);
	free(writer.paths);
	free(writer.buffer);
	archive_entry_free(writer.entry);
	index_release(&index);
	return result;
}
