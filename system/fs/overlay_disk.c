/* SPDX-License-Identifier: MIT */
/*
 * The domain's limit of disk: bytes are asked for before they are written to a host file. Locks:
 * inode->lock for what a file has taken; the credit is one atomic word.
 */
#include "core/channel.h"
#include "core/host.h"
#include "core/lock.h"
#include "fs/file_data_private.h"
#include "fs/overlay_parts.h"
#include "vfs/inode.h"

/* So much is asked for at a time, where there is so much. */
#define DISK_STEP	(1ull << 20)

static u64 disk_credit;		/* atomic: bytes that were asked for and not used yet */

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
	struct request request = { .op = REQ_DISK_TAKE, .offset = bytes };
	struct reply reply;
	int error = request_begin(&request, NULL, &reply, NULL, 0);

	if (error)
		return error;
	atomic_add(&disk_credit, bytes);
	request_end();
	return 0;
}

int overlay_disk_take(struct inode *inode, u64 offset, u64 size)
{
	struct file_data *data = inode->data;
	/* The disk is taken by pages. No file ends where this would overflow. */
	u64 end = (offset + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	u64 bytes = size ? end - (offset & ~(PAGE_SIZE - 1)) : 0;
	int error = 0;

	if (!config()->disk_limit || !inode->fs->keeper)
		return 0;
	/* In a file with holes who writes may fill one. The monitor measures before it refuses. */
	data->has_holes |= offset > data->taken_end;
	if (!data->has_holes)
		bytes = end > data->taken_end ? end - data->taken_end : 0;
	while (!error && !credit_use(bytes)) {
		error = disk_ask(MAX(bytes, DISK_STEP));
		if (error == -EDQUOT && bytes < DISK_STEP)
			error = disk_ask(bytes);
		/* What was removed is there until a sync. */
		if (error == -EDQUOT && space_sync())
			error = 0;
	}
	if (!error)
		data->taken_end = MAX(data->taken_end, end);
	return error;
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
