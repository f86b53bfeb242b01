/* SPDX-License-Identifier: MIT */
/*
 * Layered files: large files of which some chunks were changed. Those are in a host file of their
 * own, at the same offsets; the others are where they were, in the lower file or the image's
 * object. So the first change of a large file does not copy it.
 *
 * Which chunks are own tells a bitmap: in the heap, or, where changes are kept, in a piece of the
 * overlay. A chunk's bit is set when its bytes are there, and never cleared while the domain runs:
 * readers need no lock.
 */
#ifndef FS_FILE_LAYER_H
#define FS_FILE_LAYER_H

#include "core/types.h"

struct file_data;
struct inode;
struct iter;
struct overlay_slot;

/* Smaller files are copied whole. */
#define LAYERED_FILE_MIN (1ull << 20)

struct file_layer {
	u64 *bits;		/* a chunk is own */
	u64 bits_size;		/* bytes of memory */
	u64 chunks;		/* that there are bits for; what is behind is own */
	u64 ground_end;		/* what is behind it is own: the file was shorter once */
	u32 shift;		/* of a chunk's size; at least a page's */
	bool is_kept;		/* bits are in the overlay */
};

/*
 * A layer for a file of size bytes with nothing changed, in the heap or (kept) in the overlay. The
 * layer or ERROR_PTR.
 */
struct file_layer *file_layer_create(struct inode *inode, u64 size);
/* The layer that is kept of a file (slot->layer_bits is not 0). NULL: out of memory. */
struct file_layer *file_layer_load(const struct overlay_slot *slot);
/* own: its host file. Forgets what a power failure took from there. */
void file_layer_recover(struct file_layer *layer, int own);
/* Frees the memory; a piece of the overlay goes with the inode. NULL is allowed. */
void file_layer_free(struct file_layer *layer);

/* ---- inode->data has a layer and place PLACE_LAYERED ---- */

/* As read(2) at an offset. */
ssize_t file_layer_read(struct inode *inode, struct iter *to, u64 offset);
/*
 * Before a write of [offset, offset + size): chunks that will be changed in part are made own.
 * inode->lock held, as in all that follow. 0 or -errno.
 */
int file_layer_write_begin(struct inode *inode, u64 offset, u64 size);
/*
 * After it: so many bytes were written. Returns how many of them count: whole chunks where the
 * write ended early.
 */
u64 file_layer_write_end(struct inode *inode, u64 offset, u64 size, u64 written);
/* Before the file gets another size. 0 or -errno. */
int file_layer_truncate(struct inode *inode, u64 size);
/* All chunks are made own. 0 or -errno. */
int file_layer_complete(struct inode *inode);

#endif
