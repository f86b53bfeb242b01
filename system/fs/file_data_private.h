/* SPDX-License-Identifier: MIT */
/*
 * The structure behind inode->data, for the files that move bytes: file_data.c and file_handle.c.
 */
#ifndef FS_FILE_DATA_PRIVATE_H
#define FS_FILE_DATA_PRIVATE_H

#include <asm/stat.h>

#include "boundary/layout.h"
#include "core/types.h"
#include "fs/file_handle.h"

struct inode;

enum place { PLACE_LOWER, PLACE_HEAP, PLACE_OWN, PLACE_LAYERED };

struct file_data {
	enum place place;	/* changed under inode->lock; readers load it first */
	/* name the bytes at handle and own for ever: memory/window.h */
	u64 lower_serial, own_serial;
	struct file_handle lower;	/* on the lower file */
	struct file_handle own;	/* PLACE_OWN, PLACE_LAYERED */
	bool own_is_found;	/* all that is to be known of it is, also of one that was kept */
	u32 capacity;		/* PLACE_HEAP: bytes allocated */
	bool is_mapped;		/* programs had it mapped to write: PLACE_OWN, and kept */
	/* a program was told that the bytes are durable, or they were so before */
	bool is_synced;
	/* with a limit of disk: what is before it was asked for, but for holes */
	u64 taken_end;
	bool has_holes;
	u64 taking;		/* bytes that were asked for and may not be written yet */
	u64 placed;		/* how many changes the overlay had seen when they got it */
	char *bytes;		/* PLACE_HEAP; bytes behind inode->size are undefined */
	struct file_layer *layer;	/* PLACE_LAYERED, and what is left of it; file_layer.h */
};

/* ---- file_place.c; inode->lock held ---- */

/* Makes the file private and able to hold size bytes. 0 or -errno. */
int file_data_make_writable(struct inode *inode, u64 size);
/* Likewise, for changes that want the whole file in one place. 0 or -errno. */
int file_data_make_whole(struct inode *inode, u64 size);
/* Moves the bytes to a host file of their own. 0 or -errno. */
int file_data_to_own(struct inode *inode);
/* Zeroes of [from, to) that a shorter file in the heap left undefined. */
void file_data_clear(struct file_data *data, u64 from, u64 to);
/* Do seals forbid a change that leaves at least end bytes? */
bool file_data_is_sealed(const struct inode *inode, u32 seals, u64 end);

#endif
