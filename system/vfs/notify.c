/* SPDX-License-Identifier: MIT */
/*
 * See notify.h. notify_lock (LOCK_NOTIFY) is held while watches are told, so that all of them see
 * what happens in one order; those that end meanwhile are freed after it, as an inode may go with
 * its watch.
 */
#include "vfs/notify.h"

#include "core/heap.h"
#include "core/string.h"
#include "core/wait.h"

struct lock notify_lock = LOCK_INIT(LOCK_NOTIFY);
u32 notify_watch_count;

/* ---- Watches ---- */

void watch_add_locked(struct watch *watch, struct inode *inode)
{
	lock_assert_held(&notify_lock);
	inode_get(inode);
	watch->inode = inode;
	watch->next = inode->watches;
	WRITE_ONCE(inode->watches, watch);
	WRITE_ONCE(notify_watch_count, notify_watch_count + 1);
}

void watch_remove_locked(struct watch *watch)
{
	struct watch **link = &watch->inode->watches;

	lock_assert_held(&notify_lock);
	while (*link != watch)
		link = &(*link)->next;
	WRITE_ONCE(*link, watch->next);
	WRITE_ONCE(notify_watch_count, notify_watch_count - 1);
}

void watch_free(struct watch *watch)
{
	inode_put(watch->inode);
	heap_free(watch);
}

static void watch_end_locked(struct watch *watch, struct watch **ended)
{
	const struct notification ignored = { .mask = IN_IGNORED };

	watch_remove_locked(watch);
	watch->tell(watch, &ignored);
	watch->next = *ended;
	*ended = watch;
}

static void watches_free(struct watch *ended)
{
	while (ended) {
		struct watch *next = ended->next;

		watch_free(ended);
		ended = next;
	}
}

static bool watch_cares(const struct watch *watch, const struct notification *notification)
{
	/* Who watches anything is told that there is nothing more to watch. */
	if (notification->mask & IN_UNMOUNT)
		return true;
	return watch->mask & notification->mask & (IN_ALL_EVENTS | WATCH_RENAME) &&
	       !(notification->unlinked && watch->mask & IN_EXCL_UNLINK);
}

static void watches_tell_locked(struct inode *inode, const struct notification *notification,
				struct watch **ended)
{
	struct watch *watch, *next;

	for (watch = inode->watches; watch; watch = next) {
		next = watch->next;
		if (!watch_cares(watch, notification))
			continue;
		watch->tell(watch, notification);
		if (watch->mask & IN_ONESHOT)
			watch_end_locked(watch, ended);
	}
}

/* The caller has a reference on inode. */
static void watches_tell(struct inode *inode, const struct notification *notification)
{
	struct watch *ended = NULL;
	struct wake_list wakes;

	if (!READ_ONCE(inode->watches))
		return;
	wake_list_begin(&wakes);
	lock_acquire(&notify_lock);
	watches_tell_locked(inode, notification, &ended);
	lock_release(&notify_lock);
	wake_list_end(&wakes);
	watches_free(ended);
}

/* ---- What happens ---- */

void notify_inode_watched(struct inode *inode, u32 event)
{
	struct notification notification = { .mask = event | notify_kind(inode) };

	watches_tell(inode, &notification);
}

void notify_name_watched(struct inode *directory, u32 event, const char *name, u32 size, u32 cookie)
{
	struct notification notification = {
		.mask = event, .cookie = cookie, .name = name, .name_size = size,
	};

	watches_tell(directory, &notification);
}

/*
 * Without a lock, and so perhaps of a directory that the file has just left: what a look decides in
 * that moment would be as true a little earlier or later.
 */
static bool parent_has_watches(const struct dentry *dentry)
{
	const struct dentry *parent = READ_ONCE(dentry->parent);
	const struct inode *inode = READ_ONCE(parent->inode);

	return parent != dentry && inode && READ_ONCE(inode->watches);
}

static void parent_tell(struct dentry *dentry, struct notification *notification)
{
	char name[NAME_MAX + 1];
	struct inode *directory;

	lock_acquire(&name_lock);
	directory = dentry->parent->inode;
	inode_get(directory);
	memcpy(name, dentry->name, dentry->name_size);
	notification->name = name;
	notification->name_size = dentry->name_size;
	notification->unlinked = dentry->flags & DENTRY_DELETED;
	lock_release(&name_lock);
	/* What /proc/PID/fd leads to may have no name at all. */
	if (notification->name_size)
		watches_tell(directory, notification);
	inode_put(directory);
}

void notify_place_watched(struct dentry *dentry, u32 event)
{
	struct notification notification = { .mask = event | notify_kind(dentry->inode) };

	if (parent_has_watches(dentry))
		parent_tell(dentry, &notification);
	notify_inode_watched(dentry->inode, event);
}

u32 notify_cookie(void)
{
	static u32 last;
	u32 cookie;

	do
		cookie = atomic_add(&last, 1);
	while (!cookie);
	return cookie;
}

/* ---- The end of a file ---- */

/* Tells all watches of the inode this last event. */
static void watches_end(struct inode *inode, u32 event)
{
	const struct notification last = { .mask = event };
	struct watch *ended = NULL;
	struct wake_list wakes;

	wake_list_begin(&wakes);
	lock_acquire(&notify_lock);
	watches_tell_locked(inode, &last, &ended);
	while (inode->watches)
		watch_end_locked(inode->watches, &ended);
	lock_release(&notify_lock);
	wake_list_end(&wakes);
	watches_free(ended);
}

void notify_deleted(struct inode *inode)
{
	watches_end(inode, IN_DELETE_SELF);
}

void notify_unmounted_watched(struct inode *inode)
{
	watches_end(inode, IN_UNMOUNT | notify_kind(inode));
}

/*
 * Nobody but the caller has the file, by this name or another. One that is open is told of at its
 * end (dentry.c), but for a file system whose link counts are somebody else's.
 */
static bool is_last_use(const struct dentry *victim)
{
	struct inode *inode = victim->inode;
	struct attributes now;

	if (!inode->fs->foreign)
		return READ_ONCE(victim->references) == 1 && !READ_ONCE(inode->nlink);
	if (inode_is_directory(inode))
		return true;
	inode_attributes(inode, &now);
	return !now.nlink;
}

void notify_removed(struct dentry *victim)
{
	struct inode *inode = victim->inode;
	u32 kind = notify_kind(inode);

	if (!notify_is_wanted())
		return;
	if (!kind)
		notify_inode(inode, IN_ATTRIB);
	if (READ_ONCE(inode->watches) && is_last_use(victim))
		notify_deleted(inode);
	notify_name(victim->parent->inode, IN_DELETE | kind, victim->name, victim->name_size);
}
