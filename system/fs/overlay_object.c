/* SPDX-License-Identifier: MIT */
/*
 * Objects of the domain's own, which the monitor makes and grants: for files that are no pieces.
 *
 * Locks: object_lock (LOCK_OVERLAY_OBJECTS, long) for those that were made ahead of need;
 * inode->lock for the rest.
 */
#include "core/channel.h"
#include "core/host.h"
#include "core/lock.h"
#include "fs/file_layer.h"
#include "fs/overlay_parts.h"
#include "vfs/inode.h"

#define OBJECTS_AHEAD	8u

/* Objects made ahead of need; under object_lock. */
static struct lock object_lock = LOCK_INIT(LOCK_OVERLAY_OBJECTS);
static struct { u64 id; int handle; } ready[OBJECTS_AHEAD];
static u32 ready_count;

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
	while (!ready_count && !result) {
		result = objects_make();
		if (overlay_disk_reclaim(result))
			result = 0;
	}
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

void overlay_bytes_drop(struct inode *inode)
{
	if (OVERLAY_PLACE(inode->slot->data) == OVERLAY_OBJECT)
		slot_place(inode->slot, 0);
}
