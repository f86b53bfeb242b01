/* SPDX-License-Identifier: MIT */
/*
 * Handles of regular files, by an LRU list under LOCK_INODE_CACHE (handles_lock); see
 * file_handle.h.
 *
 * A user raises users first and looks at the handle then; the evictor takes the handle out first
 * and looks at users then, and puts it back where there are any. So none is closed under a user.
 */
#include "fs/file_handle.h"

#include "core/channel.h"
#include "core/handle.h"
#include "core/host.h"
#include "fs/file_data_private.h"
#include "fs/overlay.h"
#include "fs/tree.h"
#include "vfs/inode.h"

#define HANDLES_MAX	16384u
#define EVICT_TRIES	256	/* some are in use this very moment */

static struct lock handles_lock = LOCK_INIT(LOCK_INODE_CACHE);
static struct list handles = { &handles, &handles };	/* least recently granted first */
static u32 handle_count;

u32 file_handles_kept(void)
{
	return READ_ONCE(handle_count);
}

u32 file_handles_limit(void)
{
	u64 host_limit = config()->rlimits[7][1] / 2;	/* RLIMIT_NOFILE, hard: the host's too */

	return MIN((u64)HANDLES_MAX, MAX(host_limit, (u64)4));
}

/* Takes one unused handle out of the list. handles_lock held. The handle, or -1. */
static int evict_locked(void)
{
	for (int tries = 0; tries < EVICT_TRIES && !list_empty(&handles); tries++) {
		struct file_handle *kept = list_first(&handles, struct file_handle, node);
		int handle;

		list_remove(&kept->node);
		handle = atomic_exchange(&kept->handle, -1);
		if (!__atomic_load_n(&kept->users, __ATOMIC_SEQ_CST)) {
			handle_count--;
			return handle;
		}
		atomic_exchange(&kept->handle, handle);
		list_add_tail(&kept->node, &handles);
	}
	return -1;
}

void file_handle_init(struct file_handle *kept)
{
	kept->handle = -1;
	kept->users = 0;
	list_init(&kept->node);
}

int file_handle_record(struct file_handle *kept, int handle)
{
	int evicted = -1, unwanted = -1;

	lock_acquire(&handles_lock);
	if (kept->handle >= 0) {
		unwanted = handle;
		handle = kept->handle;
	} else {
		if (handle_count >= file_handles_limit())
			evicted = evict_locked();
		atomic_exchange(&kept->handle, handle);
		list_add_tail(&kept->node, &handles);
		handle_count++;
	}
	lock_release(&handles_lock);
	if (evicted >= 0)
		handle_close(evicted);
	if (unwanted >= 0)
		handle_close(unwanted);
	return handle;
}

bool file_handle_spare(void)
{
	int evicted;

	lock_acquire(&handles_lock);
	evicted = evict_locked();
	lock_release(&handles_lock);
	if (evicted >= 0)
		handle_close(evicted);
	return evicted >= 0;
}

void file_handle_forget(struct file_handle *kept)
{
	int handle;

	lock_acquire(&handles_lock);
	handle = atomic_exchange(&kept->handle, -1);
	if (handle >= 0) {
		list_remove(&kept->node);
		handle_count--;
	}
	lock_release(&handles_lock);
	if (handle >= 0)
		handle_close(handle);
}

/* As a user of the handle; open asks the monitor for one. The handle, or -errno: no user. */
static int handle_use(struct file_handle *kept, struct inode *inode,
		      int (*open)(struct inode *inode))
{
	int handle;

	atomic_add(&kept->users, 1);
	handle = __atomic_load_n(&kept->handle, __ATOMIC_SEQ_CST);
	if (likely(handle >= 0))
		return handle;
	do {
		handle = open(inode);
	} while (handle == -ENFILE && file_handle_spare());
	if (handle < 0) {
		atomic_sub(&kept->users, 1);
		return handle;
	}
	/* Not looked up again: the evictor may have it out for a moment, and puts it back. */
	return file_handle_record(kept, handle);
}

int lower_handle_use(struct inode *inode)
{
	return handle_use(&inode->data->lower, inode, tree_lower_open);
}

void lower_handle_done(struct inode *inode)
{
	atomic_sub(&inode->data->lower.users, 1);
}

/* An object stays the file's own until the inode goes, so its id needs no lock. */
static int own_open(struct inode *inode)
{
	bool shared;

	return overlay_object_open(OVERLAY_OBJECT_ID(READ_ONCE(inode->slot->data)), &shared);
}

int own_handle_use(struct inode *inode)
{
	/* Memory could not be asked for again: its handle is in no list, and needs no count. */
	if (!inode->fs->keeper)
		return inode->data->own.handle;
	return handle_use(&inode->data->own, inode, own_open);
}

void own_handle_done(struct inode *inode)
{
	if (inode->fs->keeper)
		atomic_sub(&inode->data->own.users, 1);
}
