/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the overlay (overlay.h) offer one another.
 */
#ifndef FS_OVERLAY_PARTS_H
#define FS_OVERLAY_PARTS_H

#include "fs/overlay.h"

struct name_change;
struct overlay_record;
struct overlay_slot;

/* Short lock of everything here but for the bytes of files. */
extern struct lock overlay_lock;

/* ---- overlay_space.c: what is in use ---- */

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
/* So much waits to be free that a sync is worth it. */
bool space_waits_for_sync(void);
/* Bytes of the object. */
u64 space_size(void);

/* ---- overlay_sync.c: durability ---- */

/* A change was made, and is to be durable after the next sync. */
void change_noted(void);
/* So many were noted until now. */
u64 change_count(void);
/* As keeper.sync_all. */
int overlay_sync_all(void);

/* ---- overlay_log.c ---- */

/* As keeper.begin. */
int overlay_begin(bool frees);
/* A change that was begun writes no more records. overlay_lock held. */
void log_end_locked(void);
/* Where a record of that size goes. The caller has begun a change; overlay_lock held. */
struct overlay_record *record_open(u32 size);
/* Ends the record that was filled in behind its head. Likewise. */
void record_close(struct overlay_record *record, u32 size, u32 kind, u32 count);
/* A record that names a place. Likewise. */
void record_place(u32 kind, u64 offset);
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

/* ---- overlay_slot.c ---- */

/* As keeper.prepare and keeper.changed. */
int overlay_prepare(struct inode *inode, bool frees);
void overlay_changed(struct inode *inode, bool data);
/* From now on the bytes are there, and a shared object that they were in is not needed. */
void slot_place(struct overlay_slot *slot, u64 place);
/* A slot is free. */
void slot_put(struct overlay_slot *slot);
/* Makes slots that are free look as if they had never been used. At the start. */
void slots_wipe_free(void);
/* So many more slots may be put. 0 or -ENOMEM. */
int slots_make_room(u32 count);

/* ---- overlay_piece.c ---- */

/* Frees the piece of a slot, or of its layer, once that is durable. */
void piece_free_later(u64 data);

#endif
