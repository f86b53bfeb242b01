/* SPDX-License-Identifier: MIT */
/*
 * The overlay's slots: one for each inode that differs from the image's. Their fields are single
 * words, written by whoever changes the inode.
 *
 * Locks: overlay_lock (short) for the list of free slots.
 */
#include "boundary/overlay_read.h"
#include "core/heap.h"
#include "core/lock.h"
#include "core/string.h"
#include "fs/overlay_parts.h"
#include "vfs/inode.h"

#define SLOTS_IN_PAGE	(OVERLAY_PAGE / OVERLAY_UNIT)
/* Held back for changes that free space, which must be possible on a full disk. */
#define SLOTS_HELD	16u

#define PAGES_AT_ONCE	16u

/* Under overlay_lock. */
static struct overlay_slot **free_slots;
static u32 free_slot_count, slot_count, slot_room;	/* slot_room: of all that there are */

void slot_put(struct overlay_slot *slot)
{
	lock_acquire(&overlay_lock);
	free_slots[free_slot_count++] = slot;
	lock_release(&overlay_lock);
}

static struct overlay_slot *slot_take(bool frees)
{
	struct overlay_slot *slot = NULL;

	lock_acquire(&overlay_lock);
	if (free_slot_count > (frees ? 0 : SLOTS_HELD))
		slot = free_slots[--free_slot_count];
	lock_release(&overlay_lock);
	return slot;
}

void slots_wipe_free(void)
{
	for (u32 i = 0; i < free_slot_count; i++)
		WRITE_ONCE(free_slots[i]->ino, 0);
}

int slots_make_room(u32 count)
{
	struct overlay_slot **fresh, **old;
	u32 wanted = atomic_add(&slot_count, count), room = READ_ONCE(slot_room);

	if (wanted <= room)
		return 0;
	room = MAX(wanted, 2 * room);
	fresh = heap_alloc(room * sizeof(*fresh));
	if (!fresh) {
		atomic_sub(&slot_count, count);
		return -ENOMEM;
	}
	lock_acquire(&overlay_lock);
	old = slot_room < room ? free_slots : fresh;
	if (old != fresh) {
		memcpy(fresh, free_slots, free_slot_count * sizeof(*fresh));
		free_slots = fresh;
		slot_room = room;
	}
	lock_release(&overlay_lock);
	heap_free(old);
	return 0;
}

/* The room is there. overlay_lock held. */
static void page_add_locked(u64 page)
{
	struct overlay_slot *slots = overlay_address(page);

	memset(slots, 0, OVERLAY_PAGE);
	record_place(OVERLAY_RECORD_SLOTS, page);
	for (u32 i = SLOTS_IN_PAGE; i-- > 0;)
		free_slots[free_slot_count++] = &slots[i];
}

/* Pages of slots more, at one place: room for all their records is that for one change. */
static int pages_add(u32 count)
{
	int error = slots_make_room(count * SLOTS_IN_PAGE);
	u64 page = 0;

	if (error)
		return error;
	error = overlay_begin(false);
	if (!error) {
		page = count > 1 ? space_alloc_held(count * OVERLAY_PAGE, &error)
				 : space_alloc(OVERLAY_PAGE, &error);
		lock_acquire(&overlay_lock);
		for (u32 i = 0; page && i < count; i++)
			page_add_locked(page + i * OVERLAY_PAGE);
		log_end_locked();
		lock_release(&overlay_lock);
	}
	if (!page)
		atomic_sub(&slot_count, count * SLOTS_IN_PAGE);
	return error;
}

/*
 * The more there are the more come at once: slots stay, and what lies between them can't be given
 * back to the host by the chunk.
 */
static int slots_add(void)
{
	u32 count = MIN(READ_ONCE(slot_count) / SLOTS_IN_PAGE / 4, PAGES_AT_ONCE);

	if (count > 1 && !pages_add(count))
		return 0;
	return pages_add(1);
}

static void slot_fill(struct overlay_slot *slot, const struct inode *inode)
{
	*slot = (struct overlay_slot){
		.guard = overlay_guard(overlay_header()->seed, overlay_offset(slot), inode->ino),
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.nlink = inode->nlink,
		.rdev_major = DEVICE_MAJOR(inode->rdev),
		.rdev_minor = DEVICE_MINOR(inode->rdev),
		.size = inode->size,
		.mtime_ns = inode->mtime_ns,
		.ctime_ns = inode->ctime_ns,
	};
}

/* The target of a link that was made here. 0 or -errno. */
static int slot_fill_target(struct overlay_slot *slot, const struct inode *inode)
{
	u64 size = ROUND_UP(inode->size, (u64)OVERLAY_UNIT), piece;
	int error = 0;

	piece = space_alloc(size, &error);
	if (!piece)
		return error;
	memcpy(overlay_address(piece), inode->target, inode->size);
	slot->data = OVERLAY_PIECE_DATA(piece, size);
	return 0;
}

int overlay_prepare(struct inode *inode, bool frees)
{
	struct overlay_slot *slot;
	int error = 0;

	if (likely(load_acquire(&inode->slot)))
		return 0;
	while (!(slot = slot_take(frees))) {
		error = slots_add();
		if (error)
			return error;
	}
	slot_fill(slot, inode);
	if (inode_is_symlink(inode) && inode->ino >= OVERLAY_OWN_INO)
		error = slot_fill_target(slot, inode);
	if (!error && atomic_cas(&inode->slot, (struct overlay_slot *)NULL, slot)) {
		store_release(&slot->ino, inode->ino);
		atomic_or(&inode->flags, INODE_CHANGED);
		change_noted();
		return 0;
	}
	slot_put(slot);
	return error;
}

/* ---- Changes of attributes ---- */

/*
 * value is read again after each store: of several who tell of a change at once, the last to store
 * stores what is true.
 */
#define SLOT_SET(slot, field, value) \
	({ bool differs_ = false; \
	   for (typeof((slot)->field) v_; READ_ONCE((slot)->field) != (v_ = (value)); \
		differs_ = true) \
		   __atomic_store_n(&(slot)->field, v_, __ATOMIC_SEQ_CST); \
	   differs_; })

static bool slot_update_owner(struct overlay_slot *slot, const struct inode *inode)
{
	return SLOT_SET(slot, mode, READ_ONCE(inode->mode)) |
	       SLOT_SET(slot, uid, READ_ONCE(inode->uid)) |
	       SLOT_SET(slot, gid, READ_ONCE(inode->gid)) |
	       SLOT_SET(slot, nlink, READ_ONCE(inode->nlink));
}

static bool slot_update_times(struct overlay_slot *slot, const struct inode *inode)
{
	return SLOT_SET(slot, mtime_ns, READ_ONCE(inode->mtime_ns)) |
	       SLOT_SET(slot, ctime_ns, READ_ONCE(inode->ctime_ns));
}

/*
 * An object's size is that of its host file. The times of writes are noted, but are nothing that a
 * sync of the file has to wait for: without them it has those of its host file.
 */
static bool slot_update_object(struct overlay_slot *slot, const struct inode *inode, bool data)
{
	bool differs = slot_update_owner(slot, inode);
	bool times_differ = slot_update_times(slot, inode);

	if (data)
		return SLOT_SET(slot, flags, 0u) | differs;
	return SLOT_SET(slot, flags, OVERLAY_TIMES_SET) | differs | times_differ;
}

void overlay_changed(struct inode *inode, bool data)
{
	struct overlay_slot *slot = READ_ONCE(inode->slot);
	bool differs;

	if (!slot)
		return;
	if (OVERLAY_PLACE(READ_ONCE(slot->data)) == OVERLAY_OBJECT)
		differs = slot_update_object(slot, inode, data);
	else
		differs = slot_update_owner(slot, inode) | slot_update_times(slot, inode) |
			  SLOT_SET(slot, size, READ_ONCE(inode->size));
	if (differs)
		change_noted();
}

/* ---- Where the bytes are ---- */

void slot_place(struct overlay_slot *slot, u64 place)
{
	u64 before = slot->data;

	store_release(&slot->data, place);
	change_noted();
	if (OVERLAY_PLACE(before) == OVERLAY_OBJECT)
		overlay_object_free(OVERLAY_OBJECT_ID(before), 0);
}

/* ---- The end ---- */

static void slot_free_object(const struct overlay_slot *slot, u64 bytes)
{
	overlay_object_free(OVERLAY_OBJECT_ID(slot->data), bytes);
	if (slot->layer_bits)
		piece_free_later(slot->layer_bits);
}

void overlay_inode_release(struct inode *inode)
{
	struct overlay_slot *slot = inode->slot;

	if (!slot || READ_ONCE(inode->nlink))
		return;
	if (OVERLAY_PLACE(slot->data) == OVERLAY_PIECE)
		piece_free_later(slot->data);
	else if (OVERLAY_PLACE(slot->data) == OVERLAY_OBJECT)
		slot_free_object(slot, inode->size);
	slot_put_later(slot);
	inode->slot = NULL;
}
