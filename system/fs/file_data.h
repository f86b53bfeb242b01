/* SPDX-License-Identifier: MIT */
/*
 * The bytes of regular files of the tree. They are in one of four places:
 *
 *   lower	a read-only handle on a host file, got from the monitor when first needed and kept
 *		after the close; handles that nobody uses are closed, oldest first, when there are
 *		too many
 *   heap	small private files: one piece of memory; no host call at all. It is of the heap,
 *		or, in a file system whose changes are kept, of the overlay
 *   own	larger private files, and those that are mapped: a memfd, or an object of the
 *		domain's own
 *   layered	large files of which little was changed (file_layer.h)
 *
 * The first change moves a lower file up. Locks: inode->lock for the place and every change; reads
 * of a handle only hold it in use (data->users).
 */
#ifndef FS_FILE_DATA_H
#define FS_FILE_DATA_H

#include "vfs/file.h"
#include "vfs/inode.h"

/* For the files of a tree: read, write, seek, map, sync, truncate, allocate. */
extern const struct file_operations file_data_operations;

/*
 * inode_operations.open of a tree's regular files: makes inode->data where there is none. What a
 * file without data holds: the bytes of its lower file (inode->lower_parent), else nothing. 0 or
 * -ENOMEM.
 */
int file_data_open(struct inode *inode, struct file *file);
/* A handle on the lower file that came with a walk; taken over, or closed where it is of no use. */
void file_data_give_handle(struct inode *inode, int handle);
/* Changes the size; takes inode->lock. 0 or -errno. */
int file_data_truncate(struct inode *inode, u64 size);
/* The file is durable as it is, where its file system keeps changes. 0 or -errno. */
int file_data_sync(struct inode *inode);
/* Takes over what only the host knows: when the file was written through a mapping. */
void file_data_note_times(struct inode *inode);
/* Space in use, in blocks of 512 bytes. */
u64 file_data_blocks(struct inode *inode);
/* Frees everything: the inode's last reference is gone. */
void file_data_free(struct inode *inode);

#endif
