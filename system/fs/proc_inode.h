/* SPDX-License-Identifier: MIT */
/* Between proc_inode.c, which makes inodes out of rows, and proc_text.c, which reads them. */
#ifndef FS_PROC_INODE_H
#define FS_PROC_INODE_H

#include "fs/proc.h"

struct file;

/* inode->private of every inode of a made-up file system. Constant. */
struct proc_inode {
	const struct proc_row *row;
	struct proc_key key;
	u64 start_ns;		/* of the process when the inode was made: it is still that one */
};

/* Gives an opened file its reader. 0 or -ENOMEM. */
int proc_text_open(struct file *file);

#endif
