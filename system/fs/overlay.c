/* SPDX-License-Identifier: MIT */
/*
 * The overlay as the keeper of a file system (vfs/keep.h): names and extended attributes that came
 * and went, as records of its log. Locks: overlay_lock.
 */
#include "fs/overlay.h"

#include "boundary/overlay_read.h"
#include "core/lock.h"
#include "core/string.h"
#include "fs/overlay_parts.h"
#include "vfs/keep.h"

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
