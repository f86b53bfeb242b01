/* SPDX-License-Identifier: MIT */
/*
 * The overlay's pieces: the bytes of small files, and the bits of layered ones. Locks: inode->lock.
 */
#include <asm/unistd_64.h>

#include "boundary/abi.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/file_data_private.h"
#include "fs/file_layer.h"
#include "fs/overlay_parts.h"
#include "vfs/inode.h"

static u64 piece_round(u64 size)
{
	return ROUND_UP(size, size < OVERLAY_PAGE ? (u64)OVERLAY_UNIT : (u64)OVERLAY_PAGE);
}

/* What a file with old bytes of room that needs size gets elsewhere: files that grow, grow on. */
static u64 piece_capacity(u64 old, u64 size)
{
	return piece_round(MAX(size, MIN(2 * old, (u64)OVERLAY_PIECE_MAX)));
}

/* From now on the file's bytes are in its piece. */
static void piece_set(struct inode *inode)
{
	const struct file_data *data = inode->data;

	slot_place(inode->slot, OVERLAY_PIECE_DATA(overlay_offset(data->bytes), data->capacity));
}

/* Grows a piece where it is: nothing moves, and nothing more than is needed is taken. */
static bool piece_extend(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	u64 capacity = piece_round(size);

	if (!data->bytes ||
	    !space_extend(overlay_offset(data->bytes), data->capacity, capacity))
		return false;
	data->capacity = (u32)capacity;
	if (data->place != PLACE_LOWER)
		piece_set(inode);
	return true;
}

int overlay_piece_reserve(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	u64 capacity, piece, old_capacity;
	char *old;
	int error = 0;

	if (size <= data->capacity || piece_extend(inode, size))
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

/* ---- Layers ---- */

u64 *overlay_layer_bits_alloc(u64 size, int *error)
{
	u64 piece = space_alloc(size, error);

	if (!piece)
		return NULL;
	memset(overlay_address(piece), 0, size);
	return overlay_address(piece);
}

void piece_free_later(u64 data)
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
