/* SPDX-License-Identifier: MIT */
/*
 * dnotify: a watch of a directory that tells by signals. It belongs to a descriptor table and an
 * open file, and goes when one of the table's descriptors of that file is closed. notify_lock
 * (LOCK_NOTIFY) guards all of them, with the table's lock outside of it where one is added.
 */
#include "ipc/dnotify.h"

#include <asm/fcntl.h>

#include "core/heap.h"
#include "ipc/async.h"
#include "vfs/notify.h"

struct dnotify {
	struct watch watch;
	struct file *file;		/* no reference: it goes before the file does */
	const struct fd_table *table;
	int fd;				/* what the signal says */
};

static u32 mask_of_events(u32 events)
{
	static const struct {
		u32 event, mask;
	} known[] = {
		{ DN_ACCESS, IN_ACCESS }, { DN_MODIFY, IN_MODIFY }, { DN_ATTRIB, IN_ATTRIB },
		{ DN_CREATE, IN_CREATE | IN_MOVED_TO }, { DN_DELETE, IN_DELETE | IN_MOVED_FROM },
		{ DN_RENAME, WATCH_RENAME },
	};
	u32 mask = events & DN_MULTISHOT ? 0 : IN_ONESHOT;

	for (u32 i = 0; i < ARRAY_SIZE(known); i++)
		if (events & known[i].event)
			mask |= known[i].mask;
	return mask;
}

static void dnotify_tell(struct watch *watch, const struct notification *notification)
{
	const struct dnotify *dnotify = container_of(watch, struct dnotify, watch);
	struct file_owner owner;

	if (notification->mask & IN_IGNORED)
		return;
	owner = dnotify->file->owner;
	owner.fd = dnotify->fd;
	async_send(&owner, ASYNC_MESSAGE);
}

static struct dnotify *dnotify_find_locked(const struct file *file, const struct fd_table *table)
{
	for (struct watch *watch = file->inode->watches; watch; watch = watch->next) {
		struct dnotify *dnotify = container_of(watch, struct dnotify, watch);

		if (watch->tell == dnotify_tell && dnotify->file == file &&
		    dnotify->table == table)
			return dnotify;
	}
	return NULL;
}

void dnotify_closed(struct file *file, const struct fd_table *table)
{
	struct dnotify *dnotify;

	lock_acquire(&notify_lock);
	dnotify = dnotify_find_locked(file, table);
	if (dnotify)
		watch_remove_locked(&dnotify->watch);
	lock_release(&notify_lock);
	if (dnotify)
		watch_free(&dnotify->watch);
}

/* A second call asks for more; once it is to last, it lasts. True where fresh is in use now. */
static bool dnotify_add_locked(struct dnotify *fresh)
{
	struct dnotify *known = dnotify_find_locked(fresh->file, fresh->table);
	u32 mask = fresh->watch.mask;

	if (!known) {
		watch_add_locked(&fresh->watch, fresh->file->inode);
		return true;
	}
	known->watch.mask = ((known->watch.mask | mask) & ~IN_ONESHOT) |
			    (known->watch.mask & mask & IN_ONESHOT);
	known->fd = fresh->fd;
	return false;
}

/* Nothing where another thread closes the descriptor meanwhile: nobody would take it away. */
static void dnotify_add(struct dnotify *fresh, struct fd_table *table)
{
	bool used = false;
	u32 fd = (u32)fresh->fd;

	lock_acquire(&table->lock);
	if (fd < table->capacity && table->entries[fd].file == fresh->file) {
		lock_acquire(&notify_lock);
		used = dnotify_add_locked(fresh);
		lock_release(&notify_lock);
	}
	lock_release(&table->lock);
	if (!used)
		heap_free(fresh);
}

long dnotify_watch(struct file *file, struct fd_table *table, int fd, u32 events)
{
	struct dnotify *fresh;

	if (!(events & ~DN_MULTISHOT)) {
		dnotify_closed(file, table);
		return 0;
	}
	if (!inode_is_directory(file->inode))
		return -ENOTDIR;
	fresh = heap_alloc_zero(sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	async_own(file);
	fresh->watch.mask = mask_of_events(events);
	fresh->watch.tell = dnotify_tell;
	fresh->file = file;
	fresh->table = table;
	fresh->fd = fd;
	dnotify_add(fresh, table);
	return 0;
}
