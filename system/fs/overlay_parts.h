/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the overlay (overlay.h) offer one another.
 */
#ifndef FS_OVERLAY_PARTS_H
#define FS_OVERLAY_PARTS_H

#include "fs/overlay.h"

struct overlay_log;
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
/* The same as space_alloc(), for whom holds the sync: what waits for one can't come back. */
u64 space_alloc_held(u64 size, int *error);
/* A run grows where it is. False: what is behind it is in use. */
bool space_extend(u64 offset, u64 old_size, u64 size);
/* Frees one that was never made use of. */
void space_free(u64 offset, u64 size);
/* Bytes of the object that are free. */
u64 space_free_bytes(void);
/* Bytes of the object. */
u64 space_size(void);

/* ---- overlay_wait.c: what waits to be free ---- */

/* Frees a run, or a slot, once all changes until now are durable; as overlay_object_free(). */
void space_free_later(u64 offset, u64 size);
void slot_put_later(struct overlay_slot *slot);
/* Around a sync: what had to wait for it is free. Not with overlay_lock held. */
void space_sync_begin(void);
void space_sync_end(bool done);
/* So much waits to be free that a sync is worth it. */
bool space_waits_for_sync(void);
/* Bytes that wait; of objects their sizes. */
u64 space_waiting_bytes(void);

/* ---- overlay_holes.c: what has no disk ---- */

/* A run was freed. The sync is held. */
void holes_note_freed(u64 offset, u64 size);
/*
 * What is worth it is given back, and whether something may be. Not by each sync: the next one has
 * to wait for what the host's file system notes of it. The sync is held.
 */
void holes_make(void);
bool holes_are_due(void);
/* All that is free is given back, now. False: there is nothing. No short locks held. */
bool holes_make_all(void);
/*
 * A hole is filled so that a run of so many bytes is free, with more where there is more. 0, or
 * -errno: -ENOENT: there is none that is long enough. LOCK_OVERLAY_GROW held.
 */
int holes_fill(u64 bytes, u64 most);
/* Finds the holes of former runs, once all that is in use is claimed. At the start. 0 or -errno. */
int holes_look(void);

/* ---- overlay_sync.c: durability ---- */

/* A change was made, and is to be durable after the next sync. */
void change_noted(void);
/* So many were noted until now. */
u64 change_count(void);
/* As keeper.sync_all. */
int overlay_sync_all(void);
/*
 * Nobody else is told that anything is durable between the two. sync_held(), between them, makes
 * the overlay durable: 0 or -errno.
 */
void sync_hold(void);
int sync_held(void);
void sync_let_go(void);

/* ---- overlay_log.c ---- */

/* The end of a log that is written. */
struct log_writer {
	u64 word;		/* header.log of this one; 0: it has not begun */
	u64 at, end;		/* where the next record comes, and the end of its extent */
	/* the first of the extents to come; each begins with the next one's offset */
	u64 spare;
	u32 spares;
	u32 checksum;
	u64 size;		/* bytes of extents, without those to come */
	u64 written;		/* bytes of records in this run */
};

/* An extent more to come. */
void log_spare_add(struct log_writer *log, u64 extent);
/* One of those; there is one. */
u64 log_spare_take(struct log_writer *log);
/* Begins in the first extent of those to come, of which there is one: OVERLAY_LOG(). */
void log_begin_at(struct log_writer *log, u32 number);
/* Whether a record of that size can be opened. */
bool log_fits(const struct log_writer *log, u32 size);
/* Where a record of that size goes, and its end once it was filled in behind its head. */
struct overlay_record *log_open(struct log_writer *log, u32 size);
void log_close(struct log_writer *log, struct overlay_record *record, u32 size, u32 kind,
	       u32 count);

/* As keeper.begin. */
int overlay_begin(bool frees);
/* A change that was begun writes no more records. overlay_lock held. */
void log_end_locked(void);
/* The same of the log that counts: overlay_lock held, and the caller has begun a change. */
struct overlay_record *record_open(u32 size);
void record_close(struct overlay_record *record, u32 size, u32 kind, u32 count);
/* A record that names a place. Likewise. */
void record_place(u32 kind, u64 offset);
/* Where the log that counts has its end now. */
void log_look(struct log_writer *out);
void log_look_locked(struct log_writer *out);
/* Bytes of its extents. */
u64 log_size(void);
/*
 * From now on this log counts. It tells all that the former one does, has one extent more to come
 * than it needs for itself, and what was told to be durable is so in it. sync_hold() is on.
 */
void log_switch_locked(struct log_writer *fresh);
/* Goes on with a log that was read, from where the walk ended. */
void log_continue(const struct overlay_log *walk);
/* Holds room in the log back for changes that free space, as far as there is some. At the start. */
void log_hold(void);

/* ---- overlay_compact.c ---- */

/* Writes the log anew where it is long and most of it is past. No short locks held. */
void overlay_compact_if_due(void);
/*
 * The same where there is no disk for something else: also of a short log. True: that gave some
 * back.
 */
bool overlay_compact_when_full(void);
/*
 * Holds extents back with which the log can be written anew on a full disk, and go on until that is
 * worth it, as far as there are some. One of them for the log to go on, or 0.
 */
void overlay_compact_hold(void);
u64 overlay_compact_spare(void);

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
