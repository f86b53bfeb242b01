/* SPDX-License-Identifier: MIT */
/*
 * The reclaimer: goes around the directories that were loaded, the least recently walked first, and
 * drops entries that nobody holds and that are as their file system would load them again.
 *
 * A directory whose entries were changed in the domain keeps all of them (what was removed there
 * may be known only by its absence), and so does one that is open, because offsets into its listing
 * are given out.
 *
 * Locks: the directory's LOCK_DIRECTORY, then name_lock, which also guards the list of directories.
 */
#include "vfs/reclaim.h"

#include "vfs/dentry.h"
#include "vfs/inode.h"

#define NAMES_MAX	32768u	/* with their inodes about 10 MiB */
#define BATCH		32
#define ROUNDS_MAX	256	/* directories looked at in one go */

static struct list directories = { &directories, &directories };
/* Where most names can't be dropped, the next try waits for more of them. */
static u32 names_allowed = NAMES_MAX;

void reclaim_add_directory(struct dentry *directory)
{
	struct list *node = &directory->inode->directory->reclaim_node;

	lock_acquire(&name_lock);
	if (list_empty(node))
		list_add_tail(node, &directories);
	lock_release(&name_lock);
}

void reclaim_forget_directory(struct inode *inode)
{
	lock_acquire(&name_lock);
	list_remove(&inode->directory->reclaim_node);
	lock_release(&name_lock);
}

static struct inode *directory_inode(struct list *node)
{
	return (struct inode *)((char *)node - offsetof(struct inode, directory[0].reclaim_node));
}

/* The next directory to look at, with a reference; NULL: none. */
static struct dentry *directory_next(void)
{
	struct dentry *found = NULL;

	lock_acquire(&name_lock);
	for (int i = 0; i < ROUNDS_MAX && !found && !list_empty(&directories); i++) {
		struct inode *inode = directory_inode(directories.next);
		struct list *entries = &inode->directory->entries;

		list_remove(&inode->directory->reclaim_node);
		if (list_empty(entries))
			continue;	/* comes back when it is loaded again */
		list_add_tail(&inode->directory->reclaim_node, &directories);
		if (atomic_and(&inode->flags, ~INODE_REFERENCED) & INODE_REFERENCED)
			continue;
		found = list_first(entries, struct dentry, entry_node)->parent;
		dentry_get(found);
	}
	lock_release(&name_lock);
	return found;
}

static bool can_reload(const struct dentry *dentry)
{
	const struct inode *inode = dentry->inode;

	return inode && READ_ONCE(dentry->references) == 0 && !READ_ONCE(inode->watches) &&
	       !(dentry->flags & (DENTRY_MOUNTPOINT | DENTRY_PINNED)) &&
	       !(READ_ONCE(inode->flags) & (INODE_CHANGED | INODE_PINNED_ENTRIES));
}

/* Takes at most BATCH unused entries out. Directory locked. */
static u32 entries_take(struct inode *inode, struct dentry **taken)
{
	struct dentry *dentry, *next;
	u32 count = 0;

	lock_acquire(&name_lock);
	list_for_each_safe(dentry, next, &inode->directory->entries, entry_node) {
		if (!can_reload(dentry))
			continue;
		/* A miss is no absence from now on, before the first one is missing. */
		atomic_and(&inode->flags, ~INODE_COMPLETE);
		if (!dentry_take_locked(dentry))
			continue;
		taken[count++] = dentry;
		if (count == BATCH)
			break;
	}
	lock_release(&name_lock);
	return count;
}

static u32 directory_drop_entries(struct dentry *directory)
{
	struct inode *inode = directory->inode;
	struct dentry *taken[BATCH];
	u32 dropped = 0, count;

	lock_acquire(&inode->directory->lock);
	do {
		count = 0;
		if (!(READ_ONCE(inode->flags) & (INODE_PINNED_ENTRIES | INODE_DEAD_DIRECTORY)) &&
		    READ_ONCE(inode->references) == 1)
			count = entries_take(inode, taken);
		for (u32 i = 0; i < count; i++) {
			dentry_free_taken(taken[i]);
			dentry_put(directory);
		}
		dropped += count;
	} while (count == BATCH);
	lock_release(&inode->directory->lock);
	return dropped;
}

void reclaim_names(void)
{
	u32 before = name_count(), dropped = 0;

	if (likely(before <= READ_ONCE(names_allowed)))
		return;
	for (int i = 0; i < ROUNDS_MAX && dropped < NAMES_MAX / 4; i++) {
		struct dentry *directory = directory_next();

		if (!directory)
			break;
		dropped += directory_drop_entries(directory);
		dentry_put(directory);
	}
	WRITE_ONCE(names_allowed, dropped ? NAMES_MAX : name_count() + NAMES_MAX / 4);
}
