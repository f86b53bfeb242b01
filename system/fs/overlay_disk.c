/* SPDX-License-Identifier: MIT */
/*
 * The domain's limit of disk: bytes are asked for before they are written to a host file. Locks:
 * inode->lock for what a file has taken; the credit and the flags are atomic words.
 */
#include <asm/unistd_64.h>
#include <linux/fs.h>

#include "core/channel.h"
#include "core/host.h"
#include "core/lock.h"
#include "fs/file_data_private.h"
#include "fs/overlay_parts.h"
#include "vfs/inode.h"

/* From so much on that was removed a program is told of it, at the cost of a sync. */
#define REMOVED_TELL	(256u << 10)

static u64 disk_credit;		/* atomic: bytes that were asked for and not used yet */
/* atomic: bytes that are on the disk, or will not be used, which the monitor does not know yet */
static u64 disk_settled;
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
	u64 settled = __atomic_exchange_n(&disk_settled, 0, __ATOMIC_SEQ_CST);
	struct request request = { .op = REQ_DISK_TAKE, .offset = bytes,
				   .data_size = sizeof(settled), .flags = overlay_disk_flags() };
	struct reply reply;
	int error = request_begin(&request, (const char *)&settled, &reply, NULL, 0);

	/* The monitor did not hear of it. */
	if (error && !is_full(error))
		atomic_add(&disk_settled, settled);
	if (error)
		return error;
	atomic_add(&disk_credit, reply.offset);
	request_end();
	return 0;
}

/*
 * What was asked for ahead, and what was written since the monitor was last told, counts as used
 * until it is told.
 */
static bool credit_give_back(void)
{
	atomic_add(&disk_settled, __atomic_exchange_n(&disk_credit, 0, __ATOMIC_SEQ_CST));
	return READ_ONCE(disk_settled) && !disk_ask(0);
}

bool overlay_disk_give_back(long error)
{
	return is_full((int)error) && credit_give_back();
}

bool overlay_disk_reclaim(long error)
{
	return is_full((int)error) && (credit_give_back() || space_sync() || holes_make_all());
}

/* The range has its disk: what is written there takes none. */
static bool range_is_filled(struct inode *inode, u64 offset, u64 size)
{
	int own = own_handle_use(inode);
	long hole = own < 0 ? own : host_call3(__NR_lseek, own, offset, SEEK_HOLE);

	if (own >= 0)
		own_handle_done(inode);
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
		if (overlay_disk_reclaim(error))
			error = 0;
	}
	data->taking += error ? 0 : bytes;
	if (is_full(error) && data->has_holes && data->place >= PLACE_OWN &&
	    range_is_filled(inode, offset, size))
		error = 0;
	if (!error)
		data->taken_end = MAX(data->taken_end, end);
	return error;
}

void overlay_disk_taken(struct inode *inode, bool whole)
{
	struct file_data *data = inode->data;

	atomic_add(&disk_settled, data->taking);
	data->taking = 0;
	/* What lacks is asked for again. */
	data->has_holes |= !whole;
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

	while (overlay_disk_reclaim(error))
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
	int error;

	if (space_waiting_bytes() > REMOVED_TELL)
		space_sync();
	error = request_begin(&request, NULL, &reply, NULL, 0);
	if (error)
		return error;
	disk = (const struct disk *)channel_reply_area();
	*total = disk->total;
	/* What the overlay has ahead is there for small files. */
	*left = MIN(disk->left + space_free_bytes(), disk->total);
	request_end();
	return 0;
}
