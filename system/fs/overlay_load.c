/* SPDX-License-Identifier: MIT */
/*
 * What the overlay kept from former runs of the domain: read once at the start, into a table by
 * inode number; and from that, inodes and names as they are asked for.
 *
 * Locks: at the start there is one thread. Later overlay_lock for the table's chains; what hangs on
 * an entry belongs to whoever holds the directory's lock (names), or makes the inode (the rest).
 */
#include "boundary/overlay_read.h"
#include "core/channel.h"
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/report.h"
#include "core/string.h"
#include "fs/identity.h"
#include "fs/image.h"
#include "fs/lower.h"
#include "fs/overlay.h"
#include "fs/overlay_kept.h"
#include "fs/tree.h"
#include "vfs/dentry.h"
#include "vfs/path.h"
#include "vfs/xattr.h"

#include <asm/stat.h>
#include <asm/unistd_64.h>

#define TABLE_MIN 64u

static struct kept **table;
static u32 table_size, table_used;

/* What is only needed while the log is read. */
struct reading {
	struct kept_name **names;	/* by parent and name */
	u32 names_size, names_used;
	struct overlay_part *pages, *extents;
	u64 log_size;
	struct kept **objects;		/* those with objects, by id: table_size chains */
	u64 max_ino;
	bool has_unused;		/* objects that no file has */
};

/* ---- The table ---- */

static struct kept **kept_bucket(u64 ino)
{
	return &table[(ino ^ ino >> 13) & (table_size - 1)];
}

static struct kept *kept_find(u64 ino)
{
	struct kept *kept = table_size ? *kept_bucket(ino) : NULL;

	while (kept && kept->ino != ino)
		kept = kept->next;
	return kept;
}

static int table_grow(void)
{
	u32 size = table_size ? table_size * 2 : TABLE_MIN, old_size = table_size;
	struct kept **fresh = heap_alloc_zero(size * sizeof(*fresh)), **old = table, *next;

	if (!fresh)
		return -ENOMEM;
	table = fresh;
	table_size = size;
	for (u32 i = 0; i < old_size; i++) {
		for (struct kept *kept = old[i]; kept; kept = next) {
			struct kept **bucket = kept_bucket(kept->ino);

			next = kept->next;
			kept->next = *bucket;
			*bucket = kept;
		}
	}
	heap_free(old);
	return 0;
}

/* The entry of an inode, a new one if need be. NULL: out of memory. */
static struct kept *kept_get(u64 ino)
{
	struct kept *kept = kept_find(ino), **bucket;

	if (kept)
		return kept;
	if (table_used >= table_size && table_grow())
		return NULL;
	kept = heap_alloc_zero(sizeof(*kept));
	if (!kept)
		return NULL;
	kept->ino = ino;
	kept->xattrs_end = &kept->xattrs;
	bucket = kept_bucket(ino);
	kept->next = *bucket;
	*bucket = kept;
	table_used++;
	return kept;
}

int kept_visit(int (*visit)(struct kept *kept, void *data), void *data)
{
	int error = 0;

	for (u32 i = 0; i < table_size && !error; i++) {
		for (struct kept *kept = table[i]; kept && !error; kept = kept->next)
			error = visit(kept, data);
	}
	return error;
}

/* ---- Reading the log ---- */

static u32 kept_name_hash(u64 parent, const char *name, u32 size)
{
	u64 hash = parent * 0x9e3779b97f4a7c15ull;

	for (u32 i = 0; i < size; i++)
		hash = (hash ^ (u8)name[i]) * 0x100000001b3ull;
	return (u32)(hash ^ hash >> 32);
}

static int names_table_grow(struct reading *reading)
{
	u32 size = reading->names_size ? reading->names_size * 2 : TABLE_MIN;
	struct kept_name **fresh = heap_alloc_zero(size * sizeof(*fresh)), *next;

	if (!fresh)
		return -ENOMEM;
	for (u32 i = 0; i < reading->names_size; i++) {
		for (struct kept_name *name = reading->names[i]; name; name = next) {
			next = name->hash_next;
			name->hash_next = fresh[name->hash & (size - 1)];
			fresh[name->hash & (size - 1)] = name;
		}
	}
	heap_free(reading->names);
	reading->names = fresh;
	reading->names_size = size;
	return 0;
}

static struct kept_name *kept_name_find(const struct reading *reading,
					const struct overlay_name *name, u32 hash)
{
	struct kept_name *found = reading->names_size
					  ? reading->names[hash & (reading->names_size - 1)] : NULL;

	while (found && !(found->hash == hash && found->parent == name->parent &&
			  found->name_size == name->name_size &&
			  !memcmp(found->name, name->name, name->name_size)))
		found = found->hash_next;
	return found;
}

/* NULL: out of memory. */
static struct kept_name *kept_name_add(struct reading *reading, const struct overlay_name *name,
				       u32 hash)
{
	struct kept *parent = kept_get(name->parent);
	struct kept_name *fresh, **bucket;

	if (!parent || (reading->names_used >= reading->names_size && names_table_grow(reading)))
		return NULL;
	fresh = heap_alloc(sizeof(*fresh));
	if (!fresh)
		return NULL;
	bucket = &reading->names[hash & (reading->names_size - 1)];
	*fresh = (struct kept_name){
		.hash_next = *bucket, .sibling = parent->names, .parent = name->parent,
		.name = name->name, .hash = hash, .name_size = name->name_size,
	};
	*bucket = fresh;
	parent->names = fresh;
	reading->names_used++;
	return fresh;
}

/* A name that begins by being removed is one of the image. 0 or -ENOMEM. */
static int name_of_image_note(const struct overlay_name *name)
{
	struct kept *kept;

	if (name->change == OVERLAY_ADD || name->ino >= OVERLAY_OWN_INO)
		return 0;
	kept = kept_get(name->ino);
	if (!kept)
		return -ENOMEM;
	kept->gone++;
	return 0;
}

/* What the log says last of a name is true. */
static int name_read(struct reading *reading, const struct overlay_name *name)
{
	u32 hash = kept_name_hash(name->parent, name->name, name->name_size);
	struct kept_name *known = kept_name_find(reading, name, hash);

	if (!known) {
		known = kept_name_add(reading, name, hash);
		if (!known || name_of_image_note(name))
			return -ENOMEM;
	}
	known->ino = name->change == OVERLAY_ADD ? name->ino : 0;
	reading->max_ino = MAX(reading->max_ino, name->ino);
	if (name->change == OVERLAY_REMOVE_LAST) {
		struct kept *kept = kept_get(name->ino);

		if (!kept)
			return -ENOMEM;
		kept->is_dead = true;
	}
	return 0;
}

static int names_read(struct reading *reading, const struct overlay_record *record)
{
	const struct overlay_name *name = NULL;
	int error = overlay_names_are_whole(record) ? 0 : -EUCLEAN;

	for (u32 i = 0; i < record->count && !error; i++) {
		name = overlay_name_next(record, name);
		error = name_read(reading, name);
	}
	return error;
}

static int xattr_read(struct reading *reading, const struct overlay_record *record)
{
	const struct overlay_xattr *xattr = overlay_xattr_of(record);
	struct kept *kept = xattr ? kept_get(xattr->ino) : NULL;
	struct kept_xattr *fresh = kept ? heap_alloc(sizeof(*fresh)) : NULL;

	if (!xattr)
		return -EUCLEAN;
	if (!fresh)
		return -ENOMEM;
	*fresh = (struct kept_xattr){ .xattr = xattr };
	/* A file that never had a name is told of by its attributes alone. */
	reading->max_ino = MAX(reading->max_ino, xattr->ino);
	*kept->xattrs_end = fresh;
	kept->xattrs_end = &fresh->next;
	return 0;
}

/* Claims a part of the overlay and notes it in a list. 0, -EUCLEAN, -ENOMEM. */
static int part_claim(struct overlay_part **list, u64 offset, u64 size)
{
	struct overlay_part *part;

	if (offset % OVERLAY_PAGE || !space_claim(offset, size))
		return -EUCLEAN;
	part = heap_alloc(sizeof(*part));
	if (!part)
		return -ENOMEM;
	*part = (struct overlay_part){ *list, offset };
	*list = part;
	return 0;
}

static int extent_claim(struct reading *reading, u64 offset)
{
	reading->log_size += OVERLAY_EXTENT;
	return part_claim(&reading->extents, offset, OVERLAY_EXTENT);
}

static int place_read(struct reading *reading, const struct overlay_record *record)
{
	u64 offset = ((const struct overlay_place_of *)(record + 1))->offset;

	if (record->size < sizeof(*record) + sizeof(struct overlay_place_of))
		return -EUCLEAN;
	if (record->kind == OVERLAY_RECORD_NEXT)
		return extent_claim(reading, offset);
	return part_claim(&reading->pages, offset, OVERLAY_PAGE);
}

static int record_read(struct reading *reading, const struct overlay_record *record)
{
	switch (record->kind) {
	case OVERLAY_RECORD_NAMES:
		return names_read(reading, record);
	case OVERLAY_RECORD_XATTR:
		return xattr_read(reading, record);
	case OVERLAY_RECORD_SLOTS:
	case OVERLAY_RECORD_NEXT:
		return place_read(reading, record);
	default:
		return -EUCLEAN;
	}
}

/*
 * The log ends before the first record that can't be true: after a power failure one may speak of
 * what was beyond the object's end, and then nothing from there on was synced.
 */
static int log_read(struct reading *reading)
{
	const struct overlay_record *record;
	struct overlay_log log, before;
	int error = 0;

	overlay_log_begin(&log, overlay_header(), space_size());
	/* A first extent that is not there: nothing was ever synced. */
	if (log.end)
		error = extent_claim(reading, log.at);
	if (error)
		return error;
	do {
		before = log;
		record = overlay_log_next(&log);
		error = record ? record_read(reading, record) : -EUCLEAN;
	} while (!error);
	if (error != -EUCLEAN)
		return error;
	log_continue(before.at, before.end, before.checksum);
	return 0;
}

/* ---- Slots ---- */

static int slots_read_page(struct reading *reading, u64 page)
{
	for (u32 i = 0; i < OVERLAY_PAGE / OVERLAY_UNIT; i++) {
		const struct overlay_slot *slot =
			overlay_slot_at(overlay_header(), space_size(), page + i * OVERLAY_UNIT);
		struct kept *kept;

		if (!slot)
			continue;
		kept = kept_get(slot->ino);
		if (!kept)
			return -ENOMEM;
		kept->slot = (struct overlay_slot *)slot;
		reading->max_ino = MAX(reading->max_ino, slot->ino);
	}
	return 0;
}

static int links_count(struct kept *parent, void *data)
{
	(void)data;
	for (const struct kept_name *name = parent->names; name; name = name->sibling) {
		struct kept *kept = name->ino ? kept_find(name->ino) : NULL;

		if (kept)
			kept->links++;
	}
	return 0;
}

/* Claims what a slot names. False: it is not there, as after a power failure. */
static bool slot_claim(const struct overlay_slot *slot)
{
	u64 piece;

	if (OVERLAY_PLACE(slot->data) == OVERLAY_PIECE && overlay_piece_fits(slot, space_size()))
		piece = slot->data;
	else if (OVERLAY_PLACE(slot->data) == OVERLAY_OBJECT && slot->layer_bits &&
		 overlay_layer_fits(slot, space_size()))
		piece = slot->layer_bits;
	else
		return OVERLAY_PLACE(slot->data) == OVERLAY_GROUND ||
		       (OVERLAY_PLACE(slot->data) == OVERLAY_OBJECT && !slot->layer_bits);
	return space_claim(OVERLAY_PIECE_OFFSET(piece), OVERLAY_PIECE_CAPACITY(piece));
}

/* Decides whether a slot is in use. */
static int slot_settle(struct kept *kept, void *data)
{
	struct overlay_slot *slot = kept->slot;
	bool own = kept->ino >= OVERLAY_OWN_INO;

	(void)data;
	if (!slot)
		return 0;
	if (kept->is_dead || (own && !kept->links) || !slot_claim(slot))
		kept->slot = NULL;
	else if (own && (slot->mode & S_IFMT) != S_IFDIR)
		slot->nlink = kept->links;
	return 0;
}

static bool slot_is_used(const struct overlay_slot *slot)
{
	const struct kept *kept = slot->ino ? kept_find(slot->ino) : NULL;

	return kept && kept->slot == slot;
}

static int slots_free_unused(const struct reading *reading)
{
	for (const struct overlay_part *page = reading->pages; page; page = page->next) {
		struct overlay_slot *slots = overlay_address(page->offset);
		int error = slots_make_room(OVERLAY_PAGE / OVERLAY_UNIT);

		if (error)
			return error;
		for (u32 i = 0; i < OVERLAY_PAGE / OVERLAY_UNIT; i++) {
			if (!slot_is_used(&slots[i]))
				slot_put(&slots[i]);
		}
	}
	return 0;
}

static int slots_read(struct reading *reading)
{
	int error = 0;

	for (const struct overlay_part *page = reading->pages; page && !error; page = page->next)
		error = slots_read_page(reading, page->offset);
	if (error)
		return error;
	kept_visit(links_count, NULL);
	kept_visit(slot_settle, NULL);
	return slots_free_unused(reading);
}

/* ---- Objects that nothing names: made ahead, or freed, when the domain ended ---- */

static bool has_object(const struct kept *kept)
{
	return kept->slot && OVERLAY_PLACE(kept->slot->data) == OVERLAY_OBJECT;
}

static struct kept **object_bucket(const struct reading *reading, u64 id)
{
	return &reading->objects[(id ^ id >> 13) & (table_size - 1)];
}

static int object_note(struct kept *kept, void *data)
{
	struct kept **bucket;

	if (!has_object(kept))
		return 0;
	bucket = object_bucket(data, OVERLAY_OBJECT_ID(kept->slot->data));
	kept->object_next = *bucket;
	*bucket = kept;
	return 0;
}

/* The files with objects, by their ids. 0 or -ENOMEM. */
static int objects_collect(struct reading *reading)
{
	if (!table_size)
		return 0;
	reading->objects = heap_alloc_zero(table_size * sizeof(*reading->objects));
	return reading->objects ? kept_visit(object_note, reading) : -ENOMEM;
}

/* Whether a file has the object; it is there, then. */
static bool object_is_used(const struct reading *reading, u64 id)
{
	struct kept *kept = reading->objects ? *object_bucket(reading, id) : NULL;
	bool used = false;

	for (; kept; kept = kept->object_next) {
		if (OVERLAY_OBJECT_ID(kept->slot->data) == id)
			used = kept->object_is_there = true;
	}
	return used;
}

/*
 * An object that is not there was made, and its name was not yet durable when the power failed: the
 * file is what it was without it. All such files are known before another object gets the same id.
 */
static int object_settle(struct kept *kept, void *data)
{
	struct overlay_slot *slot = kept->slot;

	(void)data;
	if (!has_object(kept) || kept->object_is_there)
		return 0;
	log_verbose("overlay: bytes of inode %lu were never synced, and are lost", kept->ino);
	slot->size = slot->layer_bits ? slot->layer_end : 0;
	store_release(&slot->data, 0);
	return 0;
}

/* One answer's worth. *from goes on; 0 at the end. */
static int objects_look(struct reading *reading, u64 *from)
{
	struct request request = { .op = REQ_OBJECT_LIST, .offset = *from };
	struct reply reply;
	int error = request_begin(&request, NULL, &reply, NULL, 0);
	u64 *ids;
	u32 count;

	if (error)
		return error;
	count = reply.count;
	ids = heap_alloc(count * sizeof(*ids) + 1);
	if (ids)
		memcpy(ids, channel_reply_area(), count * sizeof(*ids));
	*from = reply.offset;
	request_end();
	if (!ids)
		return -ENOMEM;
	for (u32 i = 0; i < count; i++) {
		if (!object_is_used(reading, ids[i])) {
			overlay_object_free(ids[i], 0);
			reading->has_unused = true;
		}
	}
	heap_free(ids);
	return 0;
}

static int objects_read(struct reading *reading)
{
	u64 from = 0;
	int error = objects_collect(reading);

	if (error)
		return error;
	do {
		error = objects_look(reading, &from);
	} while (!error && from);
	if (!error)
		kept_visit(object_settle, NULL);
	/* What says that they are unused must be durable before they go. */
	return error || !reading->has_unused ? error : overlay_sync_now();
}

/* ---- The start ---- */

static void parts_free(struct overlay_part *part)
{
	struct overlay_part *next;

	for (; part; part = next) {
		next = part->next;
		heap_free(part);
	}
}

static void reading_release(struct reading *reading)
{
	parts_free(reading->pages);
	parts_free(reading->extents);
	heap_free(reading->names);
	heap_free(reading->objects);
}

int overlay_start(struct file_system *fs)
{
	struct reading reading = { .max_ino = OVERLAY_OWN_INO - 1 };
	int error;

	if (!overlay_header_is_good(overlay_header()))
		return -EPROTO;
	error = space_init(config()->overlay_size);
	if (!error)
		error = log_read(&reading);
	if (!error)
		error = slots_read(&reading);
	if (!error && overlay_header()->log) {
		overlay_compact(reading.pages, reading.extents, reading.log_size);
		log_hold();
		error = objects_read(&reading);
	}
	reading_release(&reading);
	if (error)
		return error;
	fs->next_ino = reading.max_ino + 1;
	fs->keeper = &overlay_keeper;
	return 0;
}

/* ---- Inodes ---- */

static int xattrs_apply(struct inode *inode, const struct kept *kept)
{
	for (const struct kept_xattr *at = kept->xattrs; at; at = at->next) {
		const struct overlay_xattr *xattr = at->xattr;
		int error;

		xattr_unset(inode, xattr->text, xattr->name_size);
		if (xattr->removed)
			continue;
		error = xattr_preset(inode, xattr->text, xattr->name_size,
				     xattr->text + xattr->name_size, xattr->value_size);
		if (error)
			return error;
	}
	return 0;
}

/* A large file's size and times are those of its host file. */
static int object_look(struct inode *inode, struct overlay_slot *slot)
{
	bool shared = false;
	int handle = overlay_object_open(OVERLAY_OBJECT_ID(slot->data), &shared);
	struct stat host;
	s64 mtime_ns;
	long error;

	if (handle < 0)
		return handle;
	error = host_call2(__NR_fstat, handle, &host);
	/* A layered file got its size before its bits, and they say together where it ends. */
	if (!error && slot->layer_bits && (u64)host.st_size < slot->layer_end) {
		error = host_call2(__NR_ftruncate, handle, slot->layer_end);
		host.st_size = slot->layer_end;
	}
	handle_close(handle);
	if (error)
		return (int)error;
	inode->size = host.st_size;
	/* One that is shared is ground to this file, until it is changed. */
	inode->object = shared ? OVERLAY_OBJECT_ID(slot->data) : inode->object;
	if (shared)
		return 0;
	mtime_ns = (s64)host.st_mtime * 1000000000 + (s64)host.st_mtime_nsec;
	if (!(slot->flags & OVERLAY_TIMES_SET) &&
	    mtime_ns > slot->mtime_ns + OVERLAY_TIME_SLACK_NS)
		inode->mtime_ns = inode->ctime_ns = mtime_ns;
	return 0;
}

static int slot_apply(struct inode *inode, struct overlay_slot *slot)
{
	inode->mode = slot->mode;
	inode->uid = slot->uid;
	inode->gid = slot->gid;
	inode->nlink = slot->nlink;
	inode->rdev = DEVICE(slot->rdev_major, slot->rdev_minor);
	inode->size = slot->size;
	inode->mtime_ns = slot->mtime_ns;
	inode->ctime_ns = slot->ctime_ns;
	inode->atime_ns = inode->mtime_ns;
	inode->slot = slot;
	inode->flags |= INODE_CHANGED;
	if (OVERLAY_PLACE(slot->data) == OVERLAY_OBJECT) {
		int error = object_look(inode, slot);

		if (error)
			return error;
	}
	if (!inode->size || (OVERLAY_PLACE(slot->data) != OVERLAY_GROUND && !slot->layer_bits &&
			     inode->object < OVERLAY_OWN_OBJECT))
		inode->object = 0;
	inode->blocks = inode_is_regular(inode) ? (inode->size + 511) / 512 : 0;
	return 0;
}

/* The same file as another type would confuse what stands on it: slots do not change types. */
static bool type_fits(const struct inode *inode, const struct overlay_slot *slot)
{
	return (inode->mode & S_IFMT) == (slot->mode & S_IFMT);
}

static int inode_apply(struct inode *inode, struct kept *kept)
{
	int error = 0;

	if (kept->slot && !type_fits(inode, kept->slot))
		return -EIO;
	if (kept->slot)
		error = slot_apply(inode, kept->slot);
	if (!error)
		error = xattrs_apply(inode, kept);
	if (!error && inode_is_directory(inode) && kept->names) {
		inode->flags |= INODE_KEPT_NAMES | INODE_PINNED_ENTRIES;
		inode->flags &= ~INODE_COMPLETE;
	}
	return error;
}

u32 overlay_links(u64 ino, u32 links)
{
	const struct kept *kept = kept_find(ino);

	return links + (kept ? kept->links : 0);
}

/*
 * After a power failure the slot may be older than the log, or not be there: with fewer links than
 * names, a file would go with a name that is not its last. inode->nlink is the image's.
 */
static void links_settle(struct inode *inode, struct kept *kept)
{
	u32 links = inode->nlink + kept->links;

	links = links > kept->gone ? links - kept->gone : 1;
	if (!kept->slot)
		inode->nlink = links;
	else if (!kept->is_counted)
		WRITE_ONCE(kept->slot->nlink, links);
	kept->is_counted = true;
}

int overlay_inode_apply(struct inode *inode)
{
	struct kept *kept = kept_find(inode->ino);

	if (!kept)
		return 0;
	if (!inode_is_directory(inode))
		links_settle(inode, kept);
	return inode_apply(inode, kept);
}

static int link_target_apply(struct inode *inode, const struct overlay_slot *slot)
{
	if (OVERLAY_PLACE(slot->data) != OVERLAY_PIECE || !slot->size || slot->size >= PATH_MAX)
		return -EIO;
	return tree_set_target(inode, overlay_address(OVERLAY_PIECE_OFFSET(slot->data)),
			       slot->size);
}

/* The inode of a file that was made in the domain, with a reference, or ERROR_PTR. */
static struct inode *own_inode(struct file_system *fs, struct kept *kept)
{
	const struct overlay_slot *slot = kept->slot;
	/* As many as there were at the start: some may be gone, and the file open. */
	bool has_names = kept->links > 1 && (slot->mode & S_IFMT) != S_IFDIR;
	struct inode *inode = has_names ? identity_find(0, kept->ino) : NULL;
	int error;

	if (inode)
		return inode;
	inode = tree_inode_create(fs, slot->mode);
	if (!inode)
		return ERROR_PTR(-ENOMEM);
	inode->ino = kept->ino;
	error = inode_apply(inode, kept);
	if (!error && inode_is_symlink(inode))
		error = link_target_apply(inode, slot);
	if (error) {
		inode_put(inode);
		return ERROR_PTR(error);
	}
	return has_names ? identity_add(inode) : inode;
}

/* ---- Names ---- */

static struct inode *kept_name_inode(struct file_system *fs, const struct kept_name *name)
{
	struct kept *kept;

	if (!name->ino)
		return NULL;
	if (name->ino < OVERLAY_OWN_INO)
		return image_inode(fs, (u32)name->ino);
	kept = kept_find(name->ino);
	return kept && kept->slot ? own_inode(fs, kept) : ERROR_PTR(-EIO);
}

static int kept_name_load(struct dentry *directory, const struct kept_name *name)
{
	struct inode *inode;

	if (tree_knows(directory, name->name, name->name_size))
		return 0;
	inode = kept_name_inode(directory->inode->fs, name);
	/* A file that was lost before it was synced has no name either. */
	if (PTR_ERROR(inode) == -EIO) {
		log_verbose("overlay: %.*s was never synced, and is lost", name->name_size,
			    name->name);
		inode = NULL;
	}
	if (IS_ERROR(inode))
		return (int)PTR_ERROR(inode);
	if (!inode && !directory_has_ground(directory->inode))
		return 0;
	return tree_enter_kept(directory, name->name, name->name_size, inode);
}

int overlay_names_load(struct dentry *directory)
{
	struct kept *kept = kept_find(directory->inode->ino);
	struct kept_name *name;

	while (kept && (name = kept->names)) {
		int error = kept_name_load(directory, name);

		if (error)
			return error;
		kept->names = name->sibling;
		heap_free(name);
	}
	atomic_and(&directory->inode->flags, ~INODE_KEPT_NAMES);
	return 0;
}
