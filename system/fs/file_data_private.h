/* SPDX-License-Identifier: MIT */
/*
 * The structure behind inode->data, for the files that move bytes: file_data.c and lower_handle.c.
 */
#ifndef FS_FILE_DATA_PRIVATE_H
#define FS_FILE_DATA_PRIVATE_H

#include <asm/stat.h>

#include "boundary/layout.h"
#include "core/list.h"
#include "core/types.h"

struct inode;

enum place { PLACE_LOWER, PLACE_HEAP, PLACE_MEMFD };

struct file_data {
	enum place place;	/* changed under inode->lock; readers load it first */
	/* name the bytes at handle and memfd for ever: memory/window.h */
	u64 lower_serial, memfd_serial;
	int handle;		/* on the lower file, or -1; see lower_handle.c */
	u32 users;		/* of handle, atomic */
	int memfd;		/* PLACE_MEMFD */
	u32 capacity;		/* PLACE_HEAP: bytes allocated */
	char *bytes;		/* PLACE_HEAP; bytes behind inode->size are undefined */
	struct list handle_node;	/* in the list of open handles; under LOCK_INODE_CACHE */
};

#endif
