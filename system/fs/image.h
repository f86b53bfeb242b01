/* SPDX-License-Identifier: MIT */
/*
 * An image as the ground of a tree: names and inodes from its index (boundary/index.h), which is
 * mapped in every process of the domain. Used by fs/tree*.c.
 */
#ifndef FS_IMAGE_H
#define FS_IMAGE_H

#include "core/types.h"

struct dentry;
struct file_system;
struct inode;

/* Begins to read the index, once. 0, -EUCLEAN, -EPROTO. */
int image_start(void);
/* The root directory's inode, or ERROR_PTR. */
struct inode *image_root_inode(struct file_system *fs);
/* The inode that a directory of the image has for a name; 0: none, or it is no such directory. */
u32 image_name_inode(u64 directory, const char *name, size_t size);
/* The inode of a number of the index, with a reference, or ERROR_PTR. */
struct inode *image_inode(struct file_system *fs, u32 number);
/* As inode_operations.load and load_all, for directories with directory->image_inode. */
int image_load(struct dentry *directory, const char *path);
int image_load_all(struct dentry *directory);

#endif
