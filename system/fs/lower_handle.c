/* SPDX-License-Identifier: MIT */
/*
 * Handles on lower files, by an LRU list under LOCK_INODE_CACHE (handles_lock).
 *
 * A user raises data->users first and looks at the handle then; the evictor takes the handle out
 * first and looks at users then, and puts it back where there are any. So none is closed under a
 * user.
 */
#include "fs/lower_handle.h"

#include "core/channel.h"
#include "core/handle.h"
#include "core/host.h"
#include "fs/file_data_private.h"
#include "fs/tree.h"
#include "vfs/inode.h"

#define HANDLES_MAX	16384u
#define EVICT_TRIES	256	/* some are in use this very moment */

static struct lock handles_lock = LOCK_INIT(LOCK_INODE_CACHE);
static struct list handles = { &handles, &handles };	/* least recently granted first */
static u32 handle_count;

u32 lower_handles_kept(void)
{
	return READ_ONCE(handle_count);
}

u32 lower_handles_limit(void)
{
	u64 host_limit = config()->rlimits[7][1] / 2;	/* RLIMIT_NOFILE, hard: the host's too */

	return MIN((u64)HANDLES_MAX, MAX(host_limit, (u64)4));
}

/* Takes one unused handle out of the list. handles_lock held. The handle, or -1. */
static int evict_locked(void)
{
	for (int tries = 0; tries < EVICT_TRIES && !list_empty(&handles); tries++) {
		struct file_data *data = list_first(&handles, struct file_data, handle_node);
		int handle;

		list_remove(&data->handle_node);
		handle = atomic_exchange(&data->handle, -1);
		if (!__atomic_load_n(&data->users, __ATOMIC_SEQ_CST)) {
			handle_count--;
			return handle;
		}
		atomic_exchange(&data->handle, handle);
		list_add_tail(&data->handle_node, &handles);
	}
	return -1;
}

int lower_handle_record(struct file_data *data, int handle)
{
	int evicted = -1, unwanted = -1;

	lock_acquire(&handles_lock);
	if (data->handle >= 0) {
		unwanted = handle;
		handle = data->handle;
	} else {
		if (handle_count >= lower_handles_limit())
			evicted = evict_locked();
		atomic_exchange(&data->handle, handle);
		list_add_tail(&data->handle_node, &handles);
		handle_count++;
	}
	lock_release(&handles_lock);
	if (evicted >= 0)
		handle_close(evicted);
	if (unwanted >= 0)
		handle_close(unwanted);
	return handle;
}

bool lower_handle_spare(void)
{
	int evicted;

	lock_acquire(&handles_lock);
	evicted = evict_locked();
	lock_release(&handles_lock);
	if (evicted >= 0)
		handle_close(evicted);
	return evicted >= 0;
}

int lower_handle_use(struct inode *inode)
{
	struct file_data *data = inode->data;
	int handle;

	atomic_add(&data->users, 1);
	handle = __atomic_load_n(&data->handle, __ATOMIC_SEQ_CST);
	if (likely(handle >= 0))
		return handle;
	do {
		handle = tree_lower_open(inode);
	} while (handle == -ENFILE && lower_handle_spare());
	if (handle < 0) {
		atomic_sub(&data->users, 1);
		return handle;
	}
	/* Not looked up again: the evictor may have it out for a moment, and puts it back. */
	return lower_handle_record(data, handle);
}

void lower_handle_done(struct inode *inode)
{
	atomic_sub(&inode->data->users, 1);
}

void lower_handle_forget(struct file_data *data)
{
	int handle;

	lock_acquire(&handles_lock);
	handle = atomic_exchange(&data->handle, -1);
	if (handle >= 0) {
		list_remove(&data->handle_node);
		handle_count--;
	}
	lock_release(&handles_lock);
	if (handle >= 0)
		handle_close(handle);
}
