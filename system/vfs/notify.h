/* SPDX-License-Identifier: MIT */
/*
 * Telling those who watch a file what happens to it: the part of inotify(7) and of
 * F_NOTIFY, fcntl(2), that the vfs knows.
 *
 * A watch hangs on an inode. What is done to a file is told to the watches of its inode and, with
 * the file's name, to those of the directory that the name is in. Where nobody in the domain
 * watches anything this costs the load of a count. LOCK_NOTIFY (notify_lock) guards all watches;
 * whether an inode has any is looked at without it.
 */
#ifndef VFS_NOTIFY_H
#define VFS_NOTIFY_H

#include <linux/inotify.h>

#include "core/lock.h"
#include "core/types.h"
#include "vfs/dentry.h"
#include "vfs/file.h"
#include "vfs/inode.h"

struct notification {
	u32 mask;		/* one of IN_*, and IN_ISDIR where the file is a directory */
	u32 cookie;		/* the same for both names of a move; else 0 */
	const char *name;	/* in the watched directory; NULL: it is the watched file itself */
	u32 name_size;
	bool unlinked;		/* the name is gone: a file that is still open */
};

/* One bit more than IN_*, for dnotify: a file got another name in the same directory. */
#define WATCH_RENAME	0x10000u

/* The front of a heap object, which is freed with it. */
struct watch {
	struct watch *next;	/* of the same inode */
	struct inode *inode;	/* reference held */
	u32 mask;		/* told of: IN_*, WATCH_RENAME; IN_ONESHOT, IN_EXCL_UNLINK */
	/*
	 * Something that mask has happened; the last is always IN_IGNORED: the watch is off its
	 * inode and will be freed. notify_lock held.
	 */
	void (*tell)(struct watch *watch, const struct notification *notification);
};

extern struct lock notify_lock;		/* LOCK_NOTIFY */
extern u32 notify_watch_count;		/* in the domain */

/* Hangs it on inode, which gains a reference. notify_lock held. */
void watch_add_locked(struct watch *watch, struct inode *inode);
/* Takes it off without a word. notify_lock held; watch_free() after its release. */
void watch_remove_locked(struct watch *watch);
void watch_free(struct watch *watch);

/* ---- What happens; no lock of rank LOCK_DENTRY_CACHE or above may be held ---- */

/* By the slow path of the inline functions below. */
void notify_place_watched(struct dentry *dentry, u32 event);
void notify_inode_watched(struct inode *inode, u32 event);
void notify_name_watched(struct inode *directory, u32 event, const char *name, u32 size,
			 u32 cookie);

static inline bool notify_is_wanted(void)
{
	return unlikely(READ_ONCE(notify_watch_count));
}

/* To the file at dentry, and under its name to the directory. */
static inline void notify_place(struct dentry *dentry, u32 event)
{
	if (notify_is_wanted())
		notify_place_watched(dentry, event);
}

/* By an open file; nothing where it has no place in the tree. */
static inline void notify_file(const struct file *file, u32 event)
{
	if (notify_is_wanted() && file->dentry)
		notify_place_watched(file->dentry, event);
}

/* Bytes of one open file were moved to another. */
static inline void notify_moved(const struct file *in, const struct file *out)
{
	notify_file(in, IN_ACCESS);
	notify_file(out, IN_MODIFY);
}

/* To the inode alone. */
static inline void notify_inode(struct inode *inode, u32 event)
{
	if (notify_is_wanted())
		notify_inode_watched(inode, event);
}

/* Of a name, to the directory alone, which is locked. event has IN_ISDIR where it is one's. */
static inline void notify_name(struct inode *directory, u32 event, const char *name, u32 size)
{
	if (notify_is_wanted())
		notify_name_watched(directory, event, name, size, 0);
}

/* The name of victim was removed from its directory, which is locked; the caller holds victim. */
void notify_removed(struct dentry *victim);
/* A new number for the two halves of a move; never 0. */
u32 notify_cookie(void);
/* The file has no name and no user any more: watches of it end. */
void notify_deleted(struct inode *inode);

/* So they do where it goes with its file system. The caller has a reference. */
void notify_unmounted_watched(struct inode *inode);

static inline void notify_unmounted(struct inode *inode)
{
	if (notify_is_wanted() && READ_ONCE(inode->watches))
		notify_unmounted_watched(inode);
}

struct fd_table;

/* A descriptor of a table goes, and with it what F_NOTIFY asked for with it (ipc/dnotify.c). */
void dnotify_closed(struct file *file, const struct fd_table *table);

static inline void notify_closed(struct file *file, const struct fd_table *table)
{
	if (notify_is_wanted() && READ_ONCE(file->inode->watches))
		dnotify_closed(file, table);
}

/* IN_ISDIR for a directory. */
static inline u32 notify_kind(const struct inode *inode)
{
	return inode_is_directory(inode) ? IN_ISDIR : 0;
}

#endif
