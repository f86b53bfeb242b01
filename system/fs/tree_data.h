/* SPDX-License-Identifier: MIT */
/*
 * The bytes of regular files of the tree. They are in one of three places:
 *
 *   lower	a read-only handle on a host file, got from the monitor when first needed and kept after
 *		the close; handles that nobody uses are closed, oldest first, when there are too many
 *   heap	small private files: one piece of the heap; no host call at all
 *   memfd	larger private files, and those that are mapped
 *
 * The first change moves a lower file up. Locks: inode->lock for the place and every change; reads of a
 * handle only hold it in use (data->users).
 */
#ifndef FS_TREE_DATA_H
#define FS_TREE_DATA_H

#include "vfs/file.h"
#include "vfs/inode.h"

/* For the files of a tree: read, write, seek, map, sync, truncate, allocate. */
extern const struct file_operations tree_regular_operations;

/* Makes inode->data where there is none yet; inode is regular. lower: its bytes are those of the lower file. 0 or -ENOMEM. */
int tree_data_create(struct inode *inode, bool lower);
/* A handle on the lower file that came with a walk; taken over, or closed where there is one already. */
void tree_data_give_handle(struct inode *inode, int handle);
/* Changes the size; takes inode->lock. 0 or -errno. */
int tree_data_truncate(struct inode *inode, u64 size);
/* Space in use, in blocks of 512 bytes. */
u64 tree_data_blocks(struct inode *inode);
/* Frees everything: the inode's last reference is gone. */
void tree_data_release(struct inode *inode);

/* fs/tree.c: the path of a lower inode, as requests to the monitor name it. Its length, or -ENAMETOOLONG. */
int tree_lower_path(const struct inode *inode, char *to, size_t size);

#endif
