/* SPDX-License-Identifier: MIT */
/*
 * The overlay (boundary/overlay.h) as the layer keeps it: the domain's changes to the tree over an
 * image, in an object that is mapped in every process. Used by fs/ alone; the vfs knows it as the
 * keeper of that file system (vfs/keep.h).
 *
 *   overlay.c		slots, the log, making it durable: the keeper
 *   overlay_space.c	what of the object is in use; growth; what waits to be free
 *   overlay_load.c	at the start: what the log tells; later: names and inodes from that
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
/* As fallocate(2) of the file's object; mode: 0 or FALLOC_FL_KEEP_SIZE. inode->lock held. */
int overlay_disk_allocate(struct inode *inode, int mode, u64 offset, u64 size);
/* Some object has got shorter, or has new holes: the monitor is told with the next request ... */
void overlay_disk_freed(void);
/* ... that has these flags (REQUEST_DISK_FREED). */
u32 overlay_disk_flags(void);
/* Bytes of disk that there are for changes, and that are left. 0 or -errno. */
int overlay_disk_tell(u64 *total, u64 *left);
/* The file, which has lost its last byte, needs a shared object no more. */
void overlay_bytes_drop(struct inode *inode);
/* Frees an object of so many bytes that no slot names any more. */
void overlay_object_free(u64 id, u64 bytes);
/* From now on the file's bytes are in that object, or (layer) some of them. */
void overlay_object_set(struct inode *inode, u64 id, const struct file_layer *layer);
/* The bytes of this file are durable as far as they were written (fsync). */
int overlay_sync(void);
/* The same, also where nothing was changed since the last time. */
int overlay_sync_now(void);

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
/* A file system begins to keep its changes; those that are kept are read. 0 or -errno. */
int overlay_start(struct file_system *fs);

/* ---- Between the parts ---- */

/* Short lock of everything here but for the bytes of files. */
extern struct lock overlay_lock;

/* overlay_space.c */

/* Takes over the size of the object; all of it but the first page is free. 0 or -ENOMEM. */
int space_init(u64 size);
/* Marks what is in use, once, at the start. False: part of it is in use already, or not there. */
bool space_claim(u64 offset, u64 size);
/*
 * A run of size bytes, a multiple of OVERLAY_UNIT, from a page's begin on where it fills one; grows
 * the object where there is none. Contents undefined. Its offset, or 0 with *error. Not with
 * overlay_lock held.
 */
u64 space_alloc(u64 size, int *error);
/* The same of what there is: 0 where there is none. */
u64 space_take(u64 size);
/* Frees one that was never made use of. */
void space_free(u64 offset, u64 size);
/* Frees a run, or a slot, once all changes until now are durable; as overlay_object_free(). */
void space_free_later(u64 offset, u64 size);
void slot_put_later(struct overlay_slot *slot);
/* Around a sync: what had to wait for it is free. Not with overlay_lock held. */
void space_sync_begin(void);
void space_sync_end(bool done);
/* A sync gives back what waits for it. False: nothing does. No short locks held. */
bool space_sync(void);
/* So much waits to be free that a sync is worth it. */
bool space_waits_for_sync(void);
/* Bytes of the object. */
u64 space_size(void);

/* overlay.c */

/* Goes on with a log that was read. */
void log_continue(u64 at, u64 end, u32 checksum);
/*
 * Writing the log anew, at the start: a log that begins in an extent and that the header does not
 * know yet; a record with its payload, and where that lies now, or NULL (no more space); the new
 * log is durable and the one that counts, or (done false) is given up. The former one is the
 * caller's to free.
 */
bool log_rewrite_begin(void);
const void *log_rewrite_record(u32 kind, const void *payload, u32 size);
int log_rewrite_end(bool done);
/* Holds room in the log back for changes that free space, as far as there is some. At the start. */
void log_hold(void);
/* A slot is free. */
void slot_put(struct overlay_slot *slot);
/* Makes slots that are free look as if they had never been used. At the start. */
void slots_wipe_free(void);
/* So many more slots may be put. 0 or -ENOMEM. */
int slots_make_room(u32 count);

#endif
