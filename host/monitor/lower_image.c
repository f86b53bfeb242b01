/* SPDX-License-Identifier: MIT */
/*
 * An image as the lower tree; see lower.h. Names and attributes come from the image's index, which
 * is mapped and searched as it is; bytes are granted as handles on the store's objects, so that all
 * domains share their pages. Used by the monitor's main thread alone: no locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/place.h"
#include "host/image/record.h"
#include "host/monitor/lower.h"

/* What tells files of an image from those of the host's file systems; never a device's number. */
#define IMAGE_DEVICE (1ull << 63)

/* ---- Nodes ---- */

static void image_node_fill(struct node *node, const struct index_inode *inode, uint32_t number)
{
	node->mode = inode->mode;
	node->nlink = inode->nlink;
	node->uid = inode->uid;
	node->gid = inode->gid;
	node->rdev_major = inode->rdev_major;
	node->rdev_minor = inode->rdev_minor;
	node->dev = IMAGE_DEVICE;
	node->ino = number;
	node->size = inode->size;
	node->blocks = S_ISREG(inode->mode) ? (inode->size + 511) / 512 : 0;
	node->atime_ns = node->mtime_ns = node->ctime_ns = inode->mtime_ns;
}

/* Appends what is known of an inode under a name. False when the area is full. */
static bool image_node_answer(const struct lower *lower, uint32_t number, struct node *node,
			      const char *name, struct answer *answer)
{
	const struct index_inode *inode = index_inode(lower->image.index, number);
	const char *target = "";
	uint32_t size = 0;

	node->name_size = (uint16_t)strlen(name);
	if (!inode)
		node->error = -EIO;
	else
		image_node_fill(node, inode, number);
	if (inode && S_ISLNK(inode->mode) &&
	    (index_target(lower->image.index, number, &target, &size) || size > LOWER_TARGET_MAX)) {
		node->error = -EIO;
		size = 0;
	}
	node->target_size = (uint16_t)size;
	return answer_node(answer, node, name, target);
}

/* ---- Opening ---- */

/* A handle to a file's bytes, or -errno. */
static int image_file_open(const struct lower *lower, uint32_t number)
{
	const struct index_inode *inode = index_inode(lower->image.index, number);
	object_id object;
	struct error err;

	if (!inode || !S_ISREG(inode->mode))
		return inode && S_ISDIR(inode->mode) ? -EISDIR : -EACCES;
	if (!inode->object)
		return fcntl(lower->image.empty, F_DUPFD_CLOEXEC, 0);
	if (mapping_get(lower->image.store, lower->image.mapping, inode->object, &object, &err))
		return -EIO;
	return object_open(lower->image.store, object, false, &err);
}

/* One component below a directory. The error is one of index_lookup(). */
static int component_find(const struct lower *lower, uint32_t directory, const char *name,
			  uint32_t *inode)
{
	int error = index_lookup(lower->image.index, directory, name, strlen(name), inode);

	return error == -EUCLEAN ? -EIO : error;
}

/* The inode at the end of a path. */
static int path_find(const struct lower *lower, const char *path, uint32_t *inode)
{
	char name[LOWER_NAME_MAX + 1];
	bool more = *path;
	int error = 0;

	*inode = INDEX_ROOT;
	while (!error && more) {
		error = lower_path_next(&path, name, &more);
		if (!error)
			error = component_find(lower, *inode, name, inode);
	}
	return error;
}

static int image_open_file(const struct lower *lower, const char *path, struct answer *answer)
{
	uint32_t inode;
	int fd = path_find(lower, path, &inode);

	if (!fd)
		fd = image_file_open(lower, inode);
	if (fd < 0)
		return fd;
	answer->handles[answer->handle_count++] = fd;
	return 0;
}

/* ---- Walking and listing ---- */

/* Answers one component and moves to it. 1 to go on, 0 when the walk is done, or -errno. */
static int image_component(const struct lower *lower, uint32_t *at, const char *name, bool open_it,
			   struct answer *answer)
{
	const struct index_inode *inode;
	struct node node = { 0 };
	int fd;

	node.error = component_find(lower, *at, name, at);
	if (node.error) {
		node.name_size = (uint16_t)strlen(name);
		return answer_node(answer, &node, name, "") ? 0 : -ENAMETOOLONG;
	}
	inode = index_inode(lower->image.index, *at);
	if (open_it && inode && S_ISREG(inode->mode)) {
		fd = image_file_open(lower, *at);
		if (fd >= 0) {
			answer->handles[answer->handle_count++] = fd;
			node.has_handle = 1;
		}
	}
	if (!image_node_answer(lower, *at, &node, name, answer))
		return -ENAMETOOLONG;
	return !node.error && S_ISDIR(node.mode);
}

static int image_walk(const struct lower *lower, const char *path, uint32_t skip, bool open_last,
		      struct answer *answer)
{
	char prefix[REQUEST_DATA_MAX + 1], name[LOWER_NAME_MAX + 1];
	const char *rest;
	uint32_t at;
	bool more;
	int result = lower_path_split(path, skip, prefix, &rest);

	if (!result)
		result = path_find(lower, prefix, &at);
	if (result)
		return result;
	do {
		result = lower_path_next(&rest, name, &more);
		if (!result)
			result = image_component(lower, &at, name, !more && open_last, answer);
	} while (result > 0 && more);
	return result < 0 ? result : 0;
}

static int image_list(const struct lower *lower, const char *path, uint64_t cookie,
		      struct answer *answer)
{
	char name[LOWER_NAME_MAX + 1];
	struct index_name entry;
	uint32_t directory;
	int error = path_find(lower, path, &directory);

	for (; !error; cookie++) {
		struct node node = { 0 };

		if (cookie > UINT32_MAX)
			return -EINVAL;
		error = index_list(lower->image.index, directory, (uint32_t)cookie, &entry);
		if (error)
			break;
		if (answer->room - answer->used < LOWER_RECORD_MAX) {
			answer->offset = cookie;
			return 0;
		}
		if (entry.name_size > LOWER_NAME_MAX)
			return -EIO;
		memcpy(name, entry.name, entry.name_size);
		name[entry.name_size] = '\0';
		image_node_answer(lower, entry.inode, &node, name, answer);
	}
	if (error == -ENOENT && index_inode(lower->image.index, directory))
		return 0;
	return error == -EUCLEAN ? -EIO : error;
}

/* ---- Extended attributes ---- */

static int image_xattr(const struct lower *lower, const char *path, const char *name,
		       struct answer *answer)
{
	struct index_attribute attribute;
	uint32_t inode, offset = 0;
	int error = path_find(lower, path, &inode);

	while (!error) {
		error = index_xattr(lower->image.index, inode, &offset, &attribute);
		if (error || attribute.name_size != strlen(name) ||
		    memcmp(attribute.name, name, attribute.name_size))
			continue;
		if (attribute.value_size > answer->room)
			return -E2BIG;
		memcpy(answer->area, attribute.value, attribute.value_size);
		answer->used = attribute.value_size;
		return 0;
	}
	return error == -EUCLEAN ? -EIO : error;
}

/* ---- The kind ---- */

static void image_release_tree(struct lower *lower)
{
	if (lower->image.index)
		index_release(lower->image.index);
	free(lower->image.index);
	store_close(lower->image.store);
	fd_close(&lower->image.empty);
}

static const struct lower_operations image_operations = {
	.walk = image_walk,
	.list = image_list,
	.open_file = image_open_file,
	.xattr = image_xattr,
	.release = image_release_tree,
};

/* The index of a named image, mapped. */
static int index_find(struct lower *lower, const char *text, struct error *err)
{
	char name[IMAGE_NAME_SIZE];
	struct image image;
	struct index *index;
	int error = image_name(text, name, err);

	if (!error)
		error = image_load(lower->image.store, name, &image, err);
	if (error)
		return error;
	lower->image.mapping = image.head.mapping;
	index = malloc(sizeof(*index));
	if (!index)
		error = error_set(err, ENOMEM, "image %s", name);
	else
		error = image_index(lower->image.store, &image, index, err);
	if (error)
		free(index);
	else
		lower->image.index = index;
	image_release(&image);
	return error;
}

int lower_open_image(struct lower *lower, const char *store, const char *image, struct error *err)
{
	char path[PLACE_SIZE];
	struct lower out = { .operations = &image_operations, .image = { .empty = -1 } };
	int error = place_store(store, path, err);

	if (!error)
		error = store_open_disk(path, STORE_READ_ONLY, &out.image.store, err);
	if (error == -ENOENT)
		error_set(err, 0, "there is no image %s, since there is no store in %s: see "
			  "`mezzo image import --help`", image, path);
	if (!error)
		error = index_find(&out, image, err);
	if (!error) {
		out.image.empty = memfd_create("empty", MFD_CLOEXEC);
		if (out.image.empty < 0)
			error = error_set(err, errno, "image %s", image);
	}
	if (error)
		image_release_tree(&out);
	else
		*lower = out;
	return error;
}
