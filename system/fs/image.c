/* SPDX-License-Identifier: MIT */
/*
 * See image.h. The index is immutable and read without locks; a directory's LOCK_DIRECTORY is held
 * while its names are made known. What is damaged in it is -EIO for whoever comes upon it.
 */
#include "fs/image.h"

#include "boundary/index_read.h"
#include "boundary/layout.h"
#include "core/channel.h"
#include "core/heap.h"
#include "core/string.h"
#include "fs/identity.h"
#include "fs/overlay.h"
#include "fs/tree.h"
#include "vfs/dentry.h"
#include "vfs/reclaim.h"
#include "vfs/xattr.h"

/* inode->lower_dev of all files of the image. */
#define IMAGE_DEVICE 1u

/* Set once at the start. */
static struct index image;

static int xattrs_fill(struct inode *inode, u32 number)
{
	struct index_attribute attribute;
	u32 offset = 0;
	int error;

	for (;;) {
		error = index_xattr(&image, number, &offset, &attribute);
		if (error)
			return error == -ENODATA ? 0 : -EIO;
		error = xattr_preset(inode, attribute.name, attribute.name_size, attribute.value,
				     attribute.value_size);
		if (error)
			return error;
	}
}

static int link_fill(struct inode *inode, u32 number)
{
	const char *target;
	u32 size;

	if (index_target(&image, number, &target, &size))
		return -EIO;
	return tree_set_target(inode, target, size);
}

static void attributes_fill(struct inode *inode, const struct index_inode *from)
{
	inode->nlink = from->nlink;
	inode->uid = from->uid;
	inode->gid = from->gid;
	inode->rdev = DEVICE(from->rdev_major, from->rdev_minor);
	inode->size = from->size;
	inode->blocks = inode_is_regular(inode) ? (from->size + 511) / 512 : 0;
	inode->atime_ns = inode->mtime_ns = inode->ctime_ns = from->mtime_ns;
	inode->lower_dev = IMAGE_DEVICE;
}

static int inode_fill(struct inode *inode, u32 number, const struct index_inode *from)
{
	int error = 0;

	attributes_fill(inode, from);
	inode->ino = number;
	if (inode_is_directory(inode)) {
		inode->flags &= ~INODE_COMPLETE;
		inode->directory->image_inode = number;
	} else if (inode_is_symlink(inode)) {
		error = link_fill(inode, number);
	} else if (inode_is_regular(inode)) {
		inode->object = from->size ? from->object : 0;
	}
	if (!error)
		error = xattrs_fill(inode, number);
	return error || !inode->fs->keeper ? error : overlay_inode_apply(inode);
}

struct inode *image_inode(struct file_system *fs, u32 number)
{
	const struct index_inode *from = index_inode(&image, number);
	struct inode *inode;
	bool has_names;
	int error;

	if (!from)
		return ERROR_PTR(-EIO);
	has_names = !INDEX_IS_DIRECTORY(from->mode) && overlay_links(number, from->nlink) > 1;
	inode = has_names ? identity_find(IMAGE_DEVICE, number) : NULL;
	if (inode)
		return inode;
	inode = tree_inode_create(fs, from->mode);
	if (!inode)
		return ERROR_PTR(-ENOMEM);
	error = inode_fill(inode, number, from);
	if (error) {
		inode_put(inode);
		return ERROR_PTR(error);
	}
	return has_names ? identity_add(inode) : inode;
}

int image_start(void)
{
	return index_begin(&image, (const void *)INDEX_BASE, config()->index_size);
}

struct inode *image_root_inode(struct file_system *fs)
{
	return image_inode(fs, INDEX_ROOT);
}

u32 image_name_inode(u64 directory, const char *name, size_t size)
{
	u32 number;

	if (directory > UINT32_MAX ||
	    index_lookup(&image, (u32)directory, name, size, &number))
		return 0;
	return number;
}

int image_load(struct dentry *directory, const char *path)
{
	const char *end = strchr(path, '/');
	size_t size = end ? (size_t)(end - path) : strlen(path);
	struct inode *inode = NULL;
	u32 number;
	int error = index_lookup(&image, directory->inode->directory->image_inode, path, size,
				 &number);

	if (error && error != -ENOENT)
		return -EIO;
	if (!error)
		inode = image_inode(directory->inode->fs, number);
	if (IS_ERROR(inode))
		return (int)PTR_ERROR(inode);
	error = tree_enter_loaded(directory, path, size, inode);
	if (!error)
		reclaim_add_directory(directory);
	return error;
}

int image_load_all(struct dentry *directory)
{
	u32 number = directory->inode->directory->image_inode;
	struct index_name name;
	int error = 0;

	for (u32 place = 0; !error; place++) {
		struct inode *inode;

		error = index_list(&image, number, place, &name);
		if (error)
			break;
		if (tree_knows(directory, name.name, name.name_size))
			continue;
		inode = image_inode(directory->inode->fs, name.inode);
		error = IS_ERROR(inode) ? (int)PTR_ERROR(inode)
					: tree_enter_loaded(directory, name.name, name.name_size,
							    inode);
	}
	if (error != -ENOENT)
		return error == -EUCLEAN ? -EIO : error;
	tree_loaded_all(directory);
	return 0;
}
