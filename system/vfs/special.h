/* SPDX-License-Identifier: MIT */
/*
 * Files whose behaviour does not come from their file system: FIFOs, devices. Whoever implements a
 * kind registers how to open it; the path walk and the permission checks have been done by then.
 */
#ifndef VFS_SPECIAL_H
#define VFS_SPECIAL_H

#include "core/types.h"

struct file;
struct inode;

struct special_operations {
	/*
	 * file is complete but for operations and private, which open sets. May block (FIFO: waits
	 * for the other end, -ERESTARTSYS). 0 or -errno: then the file is dropped without its
	 * release operation. inode->private is the opener's to use for FIFOs; release_inode frees
	 * it.
	 */
	int (*open)(struct inode *inode, struct file *file);
	void (*release_inode)(struct inode *inode);
};

/* Called once each at start. */
void special_register_fifo(const struct special_operations *operations);
void special_register_device(bool block, u32 major, const struct special_operations *operations);

/* By type of inode; -ENXIO for sockets and where nothing is registered. */
int special_open(struct inode *inode, struct file *file);
void special_release_inode(struct inode *inode);

#endif
