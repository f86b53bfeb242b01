/* SPDX-License-Identifier: MIT */
/*
 * The overlay's slots and log, and making them durable; see overlay.h and boundary/overlay.h.
 *
 * Locks: overlay_lock (short) for the log's end, free slots and what waits; sync_lock
 * (LOCK_OVERLAY_SYNC, long) around a sync. Fields of a slot are single words, written by whoever
 * changes the inode.
 */
#include "fs/overlay.h"

#include <asm/unistd_64.h>
#include <linux/fs.h>

#include "boundary/overlay_read.h"
#include "core/channel.h"
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/string.h"
#include "fs/file_data_private.h"
#include "fs/file_layer.h"
#include "fs/lower.h"
#include "vfs/keep.h"

#define SLOTS_IN_PAGE	(OVERLAY_PAGE / OVERLAY_UNIT)
#define OBJECTS_AHEAD	8u

/* The largest record, and how many of them an extent holds for sure, with the way to the next. */
#define RECORD_MAX	(sizeof(struct overlay_record) + sizeof(struct overlay_xattr) + 256 + \
			 OVERLAY_XATTR_MAX)
#define NEXT_SIZE	(sizeof(struct overlay_record) + sizeof(struct overlay_place_of))
#define RECORDS_IN(bytes)	(((bytes) - NEXT_SIZE) / RECORD_MAX)

_Static_assert(RECORDS_IN(OVERLAY_EXTENT) >= 2, "an extent is too short");

/*
 * Held back for changes that free space, which must be possible on a full disk: room in the log for
 * more such changes than are needed until a sync gives space back, and slots.
 */
#define RECORDS_HELD	(2 * (u32)RECORDS_IN((u64)OVERLAY_EXTENT))
#define SLOTS_HELD	16u

/* Under overlay_lock. */
static struct {
	u64 at, end;		/* where the next record comes, and the end of its extent */
	/* the first of the extents to come; each begins with the next one's offset */
	u64 spare;
	u32 spares;
	u32 begun;		/* changes that may still write a record */
	u32 checksum;
} log;
static struct overlay_slot **free_slots;
static u32 free_slot_count, slot_count, slot_room;	/* slot_room: of all that there are */

static struct lock sync_lock = LOCK_INIT(LOCK_OVERLAY_SYNC);
static u64 changes;		/* atomic: so many were made */
static u64 synced;		/* so many are durable; written under sync_lock */
static u64 synced_all;		/* so many when all was last asked to be durable */

/* Objects made ahead of need; under object_lock. */
static struct lock object_lock = LOCK_INIT(LOCK_OVERLAY_OBJECTS);
static struct { u64 id; int handle; } ready[OBJECTS_AHEAD];
static u32 ready_count;

static void change_noted(void)
{
	atomic_add(&changes, 1);
}

static u64 change_count(void)
{
	return __atomic_load_n(&changes, __ATOMIC_SEQ_CST);
}

/* ---- Durability ---- */

int overlay_sync(void)
{
	u64 wanted = change_count(), seen;
	long error = 0;

	if (READ_ONCE(synced) >= wanted)
		return 0;
	lock_acquire(&sync_lock);
	if (synced < wanted) {
		seen = change_count();
		space_sync_begin();
		error = host_call1(__NR_fdatasync, HANDLE_OVERLAY);
		if (!error)
			WRITE_ONCE(synced, seen);
		space_sync_end(!error);
	}
	lock_release(&sync_lock);
	return (int)error;
}

int overlay_sync_now(void)
{
	change_noted();
	return overlay_sync();
}

static int overlay_sync_all(void)
{
	struct request request = { .op = REQ_OBJECT_SYNC };
	struct reply reply;
	int error;

	WRITE_ONCE(synced_all, change_count());
	error = request_begin(&request, NULL, &reply, NULL, 0);
	if (error)
		return error;
	request_end();
	return overlay_sync();
}

bool overlay_bytes_are_synced(const struct inode *inode)
{
	return inode->data->is_synced || inode->data->placed <= READ_ONCE(synced_all);
}

/* ---- The log; overlay_lock held ---- */

static u32 records_room(void)
{
	u64 left = log.end - log.at;

	return (left > NEXT_SIZE ? RECORDS_IN(left) : 0) +
	       log.spares * (u32)RECORDS_IN((u64)OVERLAY_EXTENT);
}

/* Ends the record that was filled in behind its head. */
static void record_close(struct overlay_record *record, u32 size, u32 kind, u32 count)
{
	record->kind = kind;
	record->count = count;
	record->size = size;
	record->checksum = overlay_record_checksum(log.checksum, record);
	log.checksum = record->checksum;
	log.at += size;
	change_noted();
}

static void extent_next(void)
{
	u64 next = log.spare;

	log.spare = *(u64 *)overlay_address(next);
	log.spares--;
	if (log.end) {
		struct overlay_record *record = overlay_address(log.at);

		((struct overlay_place_of *)(record + 1))->offset = next;
		record_close(record, NEXT_SIZE, OVERLAY_RECORD_NEXT, 1);
	} else {
		store_release(&overlay_header()->log, next);
	}
	log.at = next;
	log.end = next + OVERLAY_EXTENT;
}

/* Where a record of that size goes. The caller has begun a change. */
static struct overlay_record *record_open(u32 size)
{
	if (log.end - log.at < size + NEXT_SIZE)
		extent_next();
	return overlay_address(log.at);
}

static void record_place(u32 kind, u64 offset)
{
	struct overlay_record *record = record_open(NEXT_SIZE);

	((struct overlay_place_of *)(record + 1))->offset = offset;
	record_close(record, NEXT_SIZE, kind, 1);
}

void log_continue(u64 at, u64 end, u32 checksum)
{
	log.at = at;
	log.end = end;
	log.checksum = checksum;
}

/* ---- Room for a change ---- */

static void spare_add(u64 extent)
{
	lock_acquire(&overlay_lock);
	*(u64 *)overlay_address(extent) = log.spare;
	log.spare = extent;
	log.spares++;
	lock_release(&overlay_lock);
}

static bool log_begin(bool frees)
{
	bool fits;

	lock_acquire(&overlay_lock);
	fits = log.begun + (frees ? 0 : RECORDS_HELD) < records_room();
	log.begun += fits;
	lock_release(&overlay_lock);
	return fits;
}

static void log_end_locked(void)
{
	log.begun--;
}

/* ---- The log anew ---- */

static struct {
	u64 first;		/* extent of the new log; 0: none is written */
	u64 at, end;		/* of the former one */
	u32 checksum;
} rewrite;

bool log_rewrite_begin(void)
{
	rewrite.first = space_take(OVERLAY_EXTENT);
	if (!rewrite.first)
		return false;
	rewrite.at = log.at;
	rewrite.end = log.end;
	rewrite.checksum = log.checksum;
	log.at = rewrite.first;
	log.end = rewrite.first + OVERLAY_EXTENT;
	log.checksum = overlay_first_checksum(overlay_header()->seed);
	return true;
}

const void *log_rewrite_record(u32 kind, const void *payload, u32 size)
{
	u32 whole = sizeof(struct overlay_record) + ROUND_UP(size, 8u);
	struct overlay_record *record;
	u64 extent;

	if (log.end - log.at < whole + NEXT_SIZE && !log.spares) {
		extent = space_take(OVERLAY_EXTENT);
		if (!extent)
			return NULL;
		spare_add(extent);
	}
	record = record_open(whole);
	memset((char *)record + whole - 8, 0, 8);
	memcpy(record + 1, payload, size);
	record_close(record, whole, kind, 1);
	return record + 1;
}

int log_rewrite_end(bool done)
{
	long error = done ? host_call1(__NR_fdatasync, HANDLE_OVERLAY) : -ENOSPC;

	if (error) {
		/* What was taken for the new log is found free at the next start. */
		log_continue(rewrite.at, rewrite.end, rewrite.checksum);
		return (int)error;
	}
	store_release(&overlay_header()->log, rewrite.first);
	return (int)host_call1(__NR_fdatasync, HANDLE_OVERLAY);
}

void log_hold(void)
{
	u64 extent;

	while (records_room() < RECORDS_HELD &&
	       (extent = space_take(OVERLAY_EXTENT)))
		spare_add(extent);
}

static int overlay_begin(bool frees)
{
	int error = 0;
	u64 extent;

	if (space_waits_for_sync())
		error = overlay_sync();
	while (!error && !log_begin(frees)) {
		extent = space_alloc(OVERLAY_EXTENT, &error);
		if (extent)
			spare_add(extent);
	}
	return error;
}

/* ---- Slots ---- */

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

/* A page of slots more. */
static int slots_add(void)
{
	int error = slots_make_room(SLOTS_IN_PAGE);
	struct overlay_slot *slots;
	u64 page;

	if (error)
		return error;
	error = overlay_begin(false);
	if (error) {
		atomic_sub(&slot_count, SLOTS_IN_PAGE);
		return error;
	}
	page = space_alloc(OVERLAY_PAGE, &error);
	if (!page)
		atomic_sub(&slot_count, SLOTS_IN_PAGE);
	lock_acquire(&overlay_lock);
	if (page) {
		slots = overlay_address(page);
		memset(slots, 0, OVERLAY_PAGE);
		record_place(OVERLAY_RECORD_SLOTS, page);
		for (u32 i = SLOTS_IN_PAGE; i-- > 0;)
			free_slots[free_slot_count++] = &slots[i];
	}
	log_end_locked();
	lock_release(&overlay_lock);
	return error;
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

static int overlay_prepare(struct inode *inode, bool frees)
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

static void overlay_changed(struct inode *inode, bool data)
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

/* ---- Changes of names ---- */

static u32 names_size(const struct name_change *change, u32 count)
{
	u32 size = sizeof(struct overlay_record);

	for (u32 i = 0; i < count; i++)
		size += overlay_name_size(change[i].name_size);
	return size;
}

static void name_write(struct overlay_name *to, const struct name_change *change)
{
	/* What fills it up is part of the checksum. */
	memset((char *)to + overlay_name_size(change->name_size) - 8, 0, 8);
	to->parent = change->parent->ino;
	to->ino = change->inode->ino;
	to->change = change->added ? OVERLAY_ADD :
		     change->is_last ? OVERLAY_REMOVE_LAST : OVERLAY_REMOVE;
	to->name_size = (u16)change->name_size;
	memcpy(to->name, change->name, change->name_size);
}

static void names_write_locked(const struct name_change *change, u32 count)
{
	u32 size = names_size(change, count);
	struct overlay_record *record = record_open(size);
	char *to = (char *)(record + 1);

	for (u32 i = 0; i < count; i++) {
		name_write((struct overlay_name *)to, &change[i]);
		to += overlay_name_size(change[i].name_size);
	}
	record_close(record, size, OVERLAY_RECORD_NAMES, count);
}

static void overlay_end(const struct name_change *change, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		overlay_changed(change[i].parent, false);
		overlay_changed(change[i].inode, false);
	}
	lock_acquire(&overlay_lock);
	if (count)
		names_write_locked(change, count);
	log_end_locked();
	lock_release(&overlay_lock);
}

static void overlay_xattr(struct inode *inode, const char *name, const void *value, size_t size)
{
	u32 name_size = (u32)strlen(name);
	u32 used = sizeof(struct overlay_xattr) + name_size + (u32)size;
	u32 whole = sizeof(struct overlay_record) + ROUND_UP(used, 8u);
	struct overlay_record *record;
	struct overlay_xattr *to;

	lock_acquire(&overlay_lock);
	record = record_open(whole);
	to = (struct overlay_xattr *)(record + 1);
	memset((char *)record + whole - 8, 0, 8);
	*to = (struct overlay_xattr){ .ino = inode->ino, .name_size = (u16)name_size,
				      .removed = !value, .value_size = (u32)size };
	memcpy(to->text, name, name_size);
	if (value)
		memcpy(to->text + name_size, value, size);
	record_close(record, whole, OVERLAY_RECORD_XATTR, 1);
	lock_release(&overlay_lock);
}

const struct keeper overlay_keeper = {
	.prepare = overlay_prepare,
	.changed = overlay_changed,
	.begin = overlay_begin,
	.end = overlay_end,
	.xattr = overlay_xattr,
	.xattr_value_max = OVERLAY_XATTR_MAX,
	.sync = overlay_sync,
	.sync_all = overlay_sync_all,
	.space = overlay_disk_tell,
};

/* From now on the file's bytes are there, and a shared object that they were in is not needed. */
static void slot_place(struct overlay_slot *slot, u64 place)
{
	u64 before = slot->data;

	store_release(&slot->data, place);
	change_noted();
	if (OVERLAY_PLACE(before) == OVERLAY_OBJECT)
		overlay_object_free(OVERLAY_OBJECT_ID(before), 0);
}

void overlay_bytes_drop(struct inode *inode)
{
	if (OVERLAY_PLACE(inode->slot->data) == OVERLAY_OBJECT)
		slot_place(inode->slot, 0);
}

/* ---- Pieces ---- */

/* What a file that has old bytes of room and needs size gets: files that grow, grow on. */
static u64 piece_capacity(u64 old, u64 size)
{
	u64 wanted = MAX(size, MIN(2 * old, (u64)OVERLAY_PIECE_MAX));

	return ROUND_UP(wanted, wanted < OVERLAY_PAGE ? (u64)OVERLAY_UNIT : (u64)OVERLAY_PAGE);
}

/* From now on the file's bytes are in its piece. */
static void piece_set(struct inode *inode)
{
	const struct file_data *data = inode->data;

	slot_place(inode->slot, OVERLAY_PIECE_DATA(overlay_offset(data->bytes), data->capacity));
}

int overlay_piece_reserve(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	u64 capacity, piece, old_capacity;
	char *old;
	int error = 0;

	if (size <= data->capacity)
		return 0;
	capacity = piece_capacity(data->capacity, size);
	piece = space_alloc(capacity, &error);
	if (!piece)
		return error;
	if (data->bytes) {
		memcpy(overlay_address(piece), data->bytes, MIN(inode->size, (u64)data->capacity));
		/* What was durable at the old place must be so at the new one before it counts. */
		if (overlay_bytes_are_synced(inode))
			error = (int)host_call1(__NR_fdatasync, HANDLE_OVERLAY);
	}
	if (error) {
		space_free(piece, capacity);
		return error;
	}
	old = data->bytes;
	old_capacity = data->capacity;
	data->bytes = overlay_address(piece);
	data->capacity = (u32)capacity;
	data->is_synced = false;
	data->placed = change_count() + 1;
	if (data->place != PLACE_LOWER)
		piece_set(inode);
	/* Only now: a sync that began before would free what the slot on disk still names. */
	if (old)
		space_free_later(overlay_offset(old), old_capacity);
	return 0;
}

int overlay_piece_settle(struct inode *inode)
{
	int error = (int)host_call1(__NR_fdatasync, HANDLE_OVERLAY);

	if (!error)
		piece_set(inode);
	return error;
}

void overlay_piece_drop(struct inode *inode)
{
	struct file_data *data = inode->data;

	if (data->bytes)
		space_free_later(overlay_offset(data->bytes), data->capacity);
	data->bytes = NULL;
	data->capacity = 0;
}

/* ---- Objects ---- */

/* Fills the stock of objects; object_lock held. */
static int objects_make(void)
{
	struct request request = { .op = REQ_OBJECT_CREATE, .count = OBJECTS_AHEAD,
				   .flags = overlay_disk_flags() };
	int handles[OBJECTS_AHEAD];
	struct reply reply;
	const u64 *ids;
	int error = request_begin(&request, NULL, &reply, handles, OBJECTS_AHEAD);

	if (error)
		return error;
	ids = (const u64 *)channel_reply_area();
	for (u32 i = 0; i < reply.handles; i++) {
		ready[i].id = ids[i];
		ready[i].handle = handles[i];
	}
	ready_count = reply.handles;
	request_end();
	return ready_count ? 0 : -ENFILE;
}

int overlay_object_create(u64 *id)
{
	int result = 0;

	lock_acquire(&object_lock);
	if (!ready_count)
		result = objects_make();
	if (!result) {
		ready_count--;
		*id = ready[ready_count].id;
		result = ready[ready_count].handle;
	}
	lock_release(&object_lock);
	return result;
}

int overlay_object_open(u64 id, bool *shared)
{
	struct request request = { .op = REQ_OBJECTS, .count = 1, .data_size = sizeof(id) };
	struct reply reply;
	int handle = -1, error = request_begin(&request, (const char *)&id, &reply, &handle, 1);

	if (error)
		return error;
	error = *(const s32 *)channel_reply_area();
	*shared = error == OBJECT_SHARED;
	if (error >= 0)
		error = reply.handles ? 0 : -ENFILE;
	request_end();
	return error ? error : handle;
}

/* ---- The limit of disk ---- */

static u64 disk_credit;		/* atomic: bytes that were asked for and not used yet */
static u32 disk_freed;		/* atomic: REQUEST_DISK_FREED for the next request */

void overlay_disk_freed(void)
{
	store_release(&disk_freed, REQUEST_DISK_FREED);
}

u32 overlay_disk_flags(void)
{
	return __atomic_exchange_n(&disk_freed, 0, __ATOMIC_SEQ_CST);
}

static bool is_full(int error)
{
	return error == -EDQUOT || error == -ENOSPC;
}

static bool credit_use(u64 bytes)
{
	u64 credit = READ_ONCE(disk_credit);

	while (credit >= bytes)
		if (__atomic_compare_exchange_n(&disk_credit, &credit, credit - bytes, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	return false;
}

static int disk_ask(u64 bytes)
{
	struct request request = { .op = REQ_DISK_TAKE, .offset = bytes,
				   .flags = overlay_disk_flags() };
	struct reply reply;
	int error = request_begin(&request, NULL, &reply, NULL, 0);

	if (error)
		return error;
	atomic_add(&disk_credit, reply.offset);
	request_end();
	return 0;
}

/* The range has its disk: what is written there takes none. */
static bool range_is_filled(const struct file_data *data, u64 offset, u64 size)
{
	long hole = host_call3(__NR_lseek, data->own, offset, SEEK_HOLE);

	return hole >= 0 && (u64)hole >= offset + size;
}

int overlay_disk_take(struct inode *inode, u64 offset, u64 size)
{
	struct file_data *data = inode->data;
	/* The disk is taken by pages. No file ends where this would overflow. */
	u64 end = (offset + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	u64 bytes = size ? end - (offset & ~(PAGE_SIZE - 1)) : 0;
	int error = 0;

	if (!inode->fs->keeper)
		return 0;
	/* In a file with holes who writes may fill one. */
	data->has_holes |= offset > data->taken_end;
	if (!data->has_holes)
		bytes = end > data->taken_end ? end - data->taken_end : 0;
	while (!error && !credit_use(bytes)) {
		error = disk_ask(bytes);
		/* What was removed is there until a sync. */
		if (is_full(error) && space_sync())
			error = 0;
	}
	if (is_full(error) && data->has_holes && data->place >= PLACE_OWN &&
	    range_is_filled(data, offset, size))
		error = 0;
	if (!error)
		data->taken_end = MAX(data->taken_end, end);
	return error;
}

static int object_allocate(struct inode *inode, int mode, u64 offset, u64 size)
{
	struct object_space space = { .id = OVERLAY_OBJECT_ID(inode->slot->data),
				      .offset = offset, .size = size, .mode = (u32)mode };
	struct request request = { .op = REQ_OBJECT_ALLOCATE, .data_size = sizeof(space),
				   .flags = overlay_disk_flags() };
	struct reply reply;
	int error = request_begin(&request, (const char *)&space, &reply, NULL, 0);

	if (!error)
		request_end();
	return error;
}

int overlay_disk_allocate(struct inode *inode, int mode, u64 offset, u64 size)
{
	struct file_data *data = inode->data;
	int error = object_allocate(inode, mode, offset, size);

	while (is_full(error) && space_sync())
		error = object_allocate(inode, mode, offset, size);
	if (error)
		return error;
	data->has_holes |= offset > data->taken_end;
	data->taken_end = MAX(data->taken_end, ROUND_UP(offset + size, (u64)PAGE_SIZE));
	return 0;
}

int overlay_disk_tell(u64 *total, u64 *left)
{
	struct request request = { .op = REQ_DISK_TELL };
	const struct disk *disk;
	struct reply reply;
	int error = request_begin(&request, NULL, &reply, NULL, 0);

	if (error)
		return error;
	disk = (const struct disk *)channel_reply_area();
	*total = disk->total;
	*left = disk->left;
	request_end();
	return 0;
}

u64 *overlay_layer_bits_alloc(u64 size, int *error)
{
	u64 piece = space_alloc(size, error);

	if (!piece)
		return NULL;
	memset(overlay_address(piece), 0, size);
	return overlay_address(piece);
}

void overlay_object_set(struct inode *inode, u64 id, const struct file_layer *layer)
{
	struct overlay_slot *slot = inode->slot;

	WRITE_ONCE(slot->flags, 0);
	if (layer) {
		slot->layer_end = layer->ground_end;
		slot->layer_shift = layer->shift;
	}
	slot->layer_bits = layer ? OVERLAY_PIECE_DATA(overlay_offset(layer->bits),
						      layer->bits_size) : 0;
	slot_place(slot, OVERLAY_OBJECT_DATA(id));
}

/* Of a slot, or of its layer. */
static void piece_free_later(u64 data)
{
	space_free_later(OVERLAY_PIECE_OFFSET(data), OVERLAY_PIECE_CAPACITY(data));
}

void overlay_layer_end(struct inode *inode)
{
	u64 bits = inode->slot->layer_bits;

	WRITE_ONCE(inode->slot->layer_bits, 0);
	change_noted();
	piece_free_later(bits);
}

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
