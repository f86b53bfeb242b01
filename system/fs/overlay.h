/* SPDX-License-Identifier: MIT */
/*
 * The overlay (boundary/overlay.h) as the layer keeps it: the domain's changes to the tree over an
 * image, in an object that is mapped in every process. Used by fs/ alone; the vfs knows it as the
 * keeper of that file system (vfs/keep.h).
 *
 *   overlay.c		the keeper: changes of names and of extended attributes
 *   overlay_log.c	the log; overlay_compact.c: writing it anew
 *   overlay_slot.c	slots of inodes
 *   overlay_piece.c	bytes of small files
 *   overlay_object.c	objects of large ones; overlay_disk.c: the limit of what they take
 *   overlay_space.c	what of the object is in use; growth
 *   overlay_wait.c	what waits to be free; overlay_holes.c: giving it back to the host
 *   overlay_sync.c	making all that durable
 *   overlay_kept.c	what the log tells, as a table
 *   overlay_start.c	at the start: that table, and what is free
 *   overlay_load.c	later: names and inodes from it
 */
#ifndef FS_OVERLAY_H
#define FS_OVERLAY_H

#include "boundary/layout.h"
#include "boundary/overlay.h"
#include "core/types.h"

struct dentry;
struct file_layer;
struct file_system;
struct inode;
struct keeper;

extern const struct keeper overlay_keeper;

static inline void *overlay_address(u64 offset)
{
	return (void *)(OVERLAY_BASE + offset);
}

static inline u64 overlay_offset(const void *address)
{
	return (u64)address - OVERLAY_BASE;
}

static inline struct overlay_header *overlay_header(void)
{
	return overlay_address(0);
}

/* ---- Bytes of files: for file_data.c, with inode->lock held and the inode prepared ---- */

/*
 * Gives a small file a piece that holds size bytes, with the bytes that it had. 0 or -errno
 * (-ENOSPC, -EDQUOT). inode->data tells the piece's address and capacity. Where the bytes are still
 * the image's (PLACE_LOWER), the piece counts from overlay_piece_settle() on, once they are copied.
 */
int overlay_piece_reserve(struct inode *inode, u64 size);
int overlay_piece_settle(struct inode *inode);
/*
 * Whether its bytes may have been made durable where they are: they must be so at their next place
 * before that one counts.
 */
bool overlay_bytes_are_synced(const struct inode *inode);
/* Frees its piece: its bytes are elsewhere, or nowhere. */
void overlay_piece_drop(struct inode *inode);
/* A new object of the domain's own: a handle to read and write, and its id. Or -errno. */
int overlay_object_create(u64 *id);
/* A handle on an object of the domain's own, to read only where *shared. Or -errno. */
int overlay_object_open(u64 id, bool *shared);
/* Zeroed bits of a layered file (file_layer.h), or NULL with *error. */
u64 *overlay_layer_bits_alloc(u64 size, int *error);
/* All of the file's bytes are in its object, and durable there. */
void overlay_layer_end(struct inode *inode);
/*
 * Size bytes at offset are going to be written to the file's object. 0, -EDQUOT (the domain's
 * limit) or -ENOSPC (the disk's end is near). inode->lock held.
 */
int overlay_disk_take(struct inode *inode, u64 offset, u64 size);
/* What it has taken is written; some of it is not, where not whole. inode->lock held. */
void overlay_disk_taken(struct inode *inode, bool whole);
/* As fallocate(2) of the file's object; mode: 0 or FALLOC_FL_KEEP_SIZE. inode->lock held. */
int overlay_disk_allocate(struct inode *inode, int mode, u64 offset, u64 size);
/* Some object has got shorter, or has new holes: the monitor is told with the next request ... */
void overlay_disk_freed(void);
/* ... that has these flags (REQUEST_DISK_FREED). */
u32 overlay_disk_flags(void);
/*
 * Where a change has failed with this error for want of disk: gets back part of what is not in use,
 * so that it is worth another try. False: there is nothing left. No short locks held.
 */
bool overlay_disk_reclaim(long error);
/* The same of what alone helps the overlay itself. */
bool overlay_disk_give_back(long error);
/*
 * Bytes of disk that there are for changes, and that are left; much of what was removed counts
 * among those. 0 or -errno.
 */
int overlay_disk_tell(u64 *total, u64 *left);
/* The file, which has lost its last byte, needs a shared object no more. */
void overlay_bytes_drop(struct inode *inode);
/* Frees an object of so many bytes that no slot names any more. */
void overlay_object_free(u64 id, u64 bytes);
/* From now on the file's bytes are in that object, or (layer) some of them. */
void overlay_object_set(struct inode *inode, u64 id, const struct file_layer *layer);
/* The bytes of this file are durable as far as they were written (fsync). */
int overlay_sync(void);
/* A sync in any case, for what waits for one. */
int overlay_sync_now(void);
/* A sync gives back what waits for it. False: nothing does. No short locks held. */
bool space_sync(void);

/* ---- Inodes: for tree.c and image.c ---- */

/* The inode goes away; where it has no name left so does all that is kept of it. */
void overlay_inode_release(struct inode *inode);
/*
 * No fewer names than a file of the image had at any time in this run, when the image says links:
 * an open file may have lost one, and another one is not loaded yet.
 */
u32 overlay_links(u64 ino, u32 links);
/* Gives an inode of the image what is kept of it. 0 or -errno. */
int overlay_inode_apply(struct inode *inode);
/*
 * Makes the names known that are kept for this directory (INODE_KEPT_NAMES). Directory locked. 0 or
 * -errno.
 */
int overlay_names_load(struct dentry *directory);
/*
 * A file system begins to keep its changes; those that are kept are read. 0 or -errno; -EBADMSG:
 * they are damaged, and that was said.
 */
int overlay_start(struct file_system *fs);

#endif
