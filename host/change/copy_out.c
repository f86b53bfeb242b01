/* SPDX-License-Identifier: MIT */
/* Copying out of a domain's tree; see copy.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/change/copy.h"

#define COPY_PART_FAILED 1	/* this file came to nothing, and was told */

struct copying {
	const struct merged *merged;
	const char *name;
	struct copy_sink *sink;
	struct copy_failures *failures;
	char **paths;			/* by merged_number(): of files with several names */
	char *buffer;
	/* The volume that was come upon last, as the entries have it; "": none. */
	char volume[MERGED_PATH_MAX + INDEX_NAME_MAX + 2];
	char path[MERGED_PATH_MAX + INDEX_NAME_MAX + 2];
	struct error *err;
};

static int take_bytes(const void *data, size_t size, uint64_t offset, void *user)
{
	struct copying *copying = user;

	return copying->sink->bytes(copying->sink, data, size, offset, copying->err);
}

static int add_file(struct copying *copying, const struct merged_file *file,
		    const struct copy_entry *entry)
{
	int result = copying->sink->add(copying->sink, entry, copying->err);

	if (!result)
		result = merged_file_read(file, copying->buffer, take_bytes, copying,
					  copying->err);
	return result ? result : copying->sink->end(copying->sink, copying->err);
}

static int part_failed(struct copying *copying, const char *path)
{
	error_context(copying->err, "%.200s", path);
	copying->failures->tell(copying->err);
	copying->failures->count++;
	return COPY_PART_FAILED;
}

/* It is told only once it is known that it can be read. */
static int open_and_add(struct copying *copying, const struct merged_inode *inode,
			const struct copy_entry *entry)
{
	struct merged_file file;
	int result = merged_file_open(copying->merged, inode, &file, copying->err);

	if (result == -EIO || result == -ENOENT)
		return part_failed(copying, entry->path);
	if (result)
		return result;
	result = add_file(copying, &file, entry);
	merged_file_close(&file);
	return result;
}

static int add_new(struct copying *copying, const struct merged_inode *inode,
		   struct copy_entry *entry)
{
	char target[INDEX_TARGET_MAX + 1];
	struct merged_attribute *attributes;
	int result = merged_xattrs(copying->merged, inode->ino, &attributes,
				   &entry->attribute_count, copying->err);

	if (result)
		return result;
	entry->attributes = attributes;
	if (S_ISLNK(inode->mode)) {
		result = merged_target(copying->merged, inode, target, copying->err);
		entry->target = target;
	}
	if (!result && S_ISREG(inode->mode))
		result = open_and_add(copying, inode, entry);
	else if (!result)
		result = copying->sink->add(copying->sink, entry, copying->err);
	free(attributes);
	return result;
}

static int copy_inode(struct copying *copying, const struct merged_inode *inode, const char *path)
{
	struct copy_entry entry = {
		.path = path, .mode = inode->mode, .uid = inode->uid, .gid = inode->gid,
		.rdev_major = inode->rdev_major, .rdev_minor = inode->rdev_minor,
		.size = S_ISREG(inode->mode) ? inode->size : 0, .mtime_ns = inode->mtime_ns,
	};
	char **known = &copying->paths[merged_number(copying->merged, inode->ino)];
	int result;

	if (S_ISSOCK(inode->mode)) {
		copying->sink->left_out++;
		return 0;
	}
	entry.hard_link = *known;
	if (*known)
		result = copying->sink->add(copying->sink, &entry, copying->err);
	else
		result = add_new(copying, inode, &entry);
	if (result == COPY_PART_FAILED)
		return 0;
	if (!result && !*known && !S_ISDIR(inode->mode) && inode->nlink > 1) {
		*known = strdup(path);
		result = *known ? 0 : error_set(copying->err, ENOMEM, "copy");
	}
	if (result)
		error_context(copying->err, "%.200s", path);
	return result;
}

/* What a volume hides is not of the domain as its programs see it. */
static bool is_hidden(const struct copying *copying, const struct merged_entry *entry)
{
	size_t size = strlen(copying->volume);

	return size && !strncmp(entry->path, copying->volume, size) && entry->path[size] == '/';
}

static int visit(const struct merged_entry *entry, void *data)
{
	struct copying *copying = data;
	int volume;

	if (is_hidden(copying, entry))
		return 0;
	snprintf(copying->path, sizeof(copying->path), "%s%s%s", copying->name,
		 *copying->name ? "/" : "", entry->path);
	volume = merged_volume_in_tree(copying->merged, entry->inode.ino);
	if (volume >= 0) {
		snprintf(copying->volume, sizeof(copying->volume), "%s", entry->path);
		return copy_volume(copying->merged, volume, "", copying->path, copying->sink,
				   copying->failures, copying->err);
	}
	return copy_inode(copying, &entry->inode, copying->path);
}

static int copy_all(struct copying *copying, const struct spot *spot)
{
	int result = 0;

	if (spot->volume >= 0)
		result = copy_volume(copying->merged, spot->volume, spot->beneath, copying->name,
				     copying->sink, copying->failures, copying->err);
	else if (*copying->name)
		result = copy_inode(copying, &spot->inode, copying->name);
	if (!result && spot->volume < 0 && S_ISDIR(spot->inode.mode))
		result = merged_walk(copying->merged, spot->ino, visit, copying, copying->err);
	return result ? result : copying->sink->finish(copying->sink, copying->err);
}

int copy_out(const struct merged *merged, const struct spot *spot, const char *name,
	     struct copy_sink *sink, struct copy_failures *failures, struct error *err)
{
	struct copying *copying = calloc(1, sizeof(*copying));
	size_t count = merged_number_count(merged);
	int result;

	if (!copying)
		return error_set(err, ENOMEM, "copy");
	copying->merged = merged;
	copying->name = name;
	copying->sink = sink;
	copying->failures = failures;
	copying->err = err;
	copying->paths = calloc(count, sizeof(*copying->paths));
	copying->buffer = malloc(MERGED_BUFFER);
	result = copying->paths && copying->buffer ? copy_all(copying, spot)
						   : error_set(err, ENOMEM, "copy");
	for (size_t i = 0; copying->paths && i < count; i++)
		free(copying->paths[i]);
	free(copying->paths);
	free(copying->buffer);
	free(copying);
	return result;
}
