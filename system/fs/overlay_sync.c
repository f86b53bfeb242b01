/* SPDX-License-Identifier: MIT */
/*
 * Making the overlay durable: changes are counted, and a sync is made where there are newer ones
 * than the last sync that began has seen.
 *
 * Locks: sync_lock (LOCK_OVERLAY_SYNC, long) around a sync.
 */
#include <asm/unistd_64.h>

#include "boundary/abi.h"
#include "core/host.h"
#include "core/lock.h"
#include "fs/file_data_private.h"
#include "fs/overlay_parts.h"
#include "vfs/inode.h"

static struct lock sync_lock = LOCK_INIT(LOCK_OVERLAY_SYNC);
static u64 changes;		/* atomic: so many were made */
static u64 synced;		/* so many are durable; written under sync_lock */
static u64 synced_all;		/* so many when all was last asked to be durable */

void change_noted(void)
{
	atomic_add(&changes, 1);
}

u64 change_count(void)
{
	return __atomic_load_n(&changes, __ATOMIC_SEQ_CST);
}

/* The mark of how far the log is durable: where it ended before the sync that made it so. */
static void mark_set(u64 end)
{
	if (overlay_header()->synced != end)
		store_release(&overlay_header()->synced, end);
}

int sync_held(void)
{
	u64 seen = change_count();
	struct log_writer log;
	long error;

	log_look(&log);
	space_sync_begin();
	error = host_call1(__NR_fdatasync, HANDLE_OVERLAY);
	if (!error) {
		WRITE_ONCE(synced, seen);
		mark_set(log.at);
	}
	space_sync_end(!error);
	return (int)error;
}

void sync_hold(void)
{
	lock_acquire(&sync_lock);
}

void sync_let_go(void)
{
	lock_release(&sync_lock);
}

int overlay_sync(void)
{
	u64 wanted = change_count();
	int error = 0;

	if (READ_ONCE(synced) >= wanted && !holes_are_due())
		return 0;
	sync_hold();
	if (synced < wanted)
		error = sync_held();
	if (!error)
		holes_make();
	sync_let_go();
	return error;
}

int overlay_sync_now(void)
{
	int error;

	change_noted();
	sync_hold();
	error = sync_held();
	sync_let_go();
	return error;
}

int overlay_sync_all(void)
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
