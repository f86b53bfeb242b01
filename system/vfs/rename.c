/* SPDX-License-Identifier: MIT */
/*
 * Renaming. Locks: LOCK_RENAME where two directories take part, then the directories, an ancestor
 * first (as rmdir has them); name_lock for the move itself.
 */
#include "vfs/names_private.h"

#include <linux/fs.h>

#include "core/string.h"
#include "process/credentials.h"
#include "vfs/foreign.h"
#include "vfs/keep.h"
#include "vfs/notify.h"

static struct lock rename_lock = LOCK_INIT(LOCK_RENAME);

struct rename {
	const struct walker *walker;
	u32 flags;
	struct path from_parent, to_parent;
	struct last_name from_last, to_last;
	struct dentry *from, *to;	/* references held; to NULL: absent */
	struct inode *whiteout;		/* what is left at the old name; NULL: nothing */
};

/*
 * Is ancestor the dentry itself or somewhere above it? Stable under rename_lock, or for a directory
 * that is locked.
 */
static bool is_ancestor(const struct dentry *ancestor, const struct dentry *dentry)
{
	bool found = false;

	lock_acquire(&name_lock);
	for (;;) {
		if (dentry == ancestor) {
			found = true;
			break;
		}
		if (dentry->parent == dentry)
			break;
		dentry = dentry->parent;
	}
	lock_release(&name_lock);
	return found;
}

/* ---- Locks ---- */

static struct lock *directory_lock(const struct path *path)
{
	return &path->dentry->inode->directory->lock;
}

static void parents_lock(struct rename *rename)
{
	struct path *first = &rename->from_parent, *second = &rename->to_parent;

	if (first->dentry->inode == second->dentry->inode) {
		lock_acquire(directory_lock(first));
		return;
	}
	lock_acquire(&rename_lock);
	if (is_ancestor(second->dentry, first->dentry) ||
	    (!is_ancestor(first->dentry, second->dentry) && second->dentry < first->dentry)) {
		first = &rename->to_parent;
		second = &rename->from_parent;
	}
	lock_acquire(directory_lock(first));
	lock_acquire(directory_lock(second));
}

static void parents_unlock(struct rename *rename)
{
	lock_release(directory_lock(&rename->from_parent));
	if (rename->from_parent.dentry->inode == rename->to_parent.dentry->inode)
		return;
	lock_release(directory_lock(&rename->to_parent));
	lock_release(&rename_lock);
}

/* ---- Checks ---- */

static int names_find(struct rename *rename)
{
	const struct last_name *from = &rename->from_last, *to = &rename->to_last;
	int error = name_lookup_locked(rename->from_parent.dentry, from->name, from->size,
				       from->name, 0, &rename->from);

	if (error) {
		rename->from = NULL;
		return error;
	}
	error = name_lookup_locked(rename->to_parent.dentry, to->name, to->size, to->name, 0,
				   &rename->to);
	if (error)
		rename->to = NULL;
	if (error && error != -ENOENT)
		return error;
	if (rename->to && rename->flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (!rename->to && rename->flags & RENAME_EXCHANGE)
		return -ENOENT;
	if (!inode_is_directory(rename->from->inode) &&
	    (from->trailing_slash || (to->trailing_slash && !(rename->flags & RENAME_EXCHANGE))))
		return -ENOTDIR;
	if (rename->flags & RENAME_EXCHANGE && to->trailing_slash &&
	    !inode_is_directory(rename->to->inode))
		return -ENOTDIR;
	return 0;
}

static int loops_check(const struct rename *rename)
{
	if (is_ancestor(rename->from, rename->to_parent.dentry))
		return -EINVAL;
	if (rename->to && is_ancestor(rename->to, rename->from_parent.dentry))
		return rename->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	return 0;
}

/* A directory that changes its parent is written to: its "..". */
static int may_change_parent(const struct rename *rename, const struct dentry *dentry)
{
	if (!inode_is_directory(dentry->inode) ||
	    rename->from_parent.dentry->inode == rename->to_parent.dentry->inode)
		return 0;
	return inode_permission(dentry->inode, rename->walker->credentials, MAY_WRITE);
}

static int permissions_check(const struct rename *rename)
{
	const struct credentials *credentials = rename->walker->credentials;
	bool directory = inode_is_directory(rename->from->inode);
	int error = name_may_remove(&rename->from_parent, rename->from, credentials, directory);

	if (error)
		return error;
	if (!rename->to)
		error = directory_may_change(&rename->to_parent, credentials);
	else if (rename->flags & RENAME_EXCHANGE)
		error = name_may_remove(&rename->to_parent, rename->to, credentials,
					inode_is_directory(rename->to->inode));
	else
		error = name_may_remove(&rename->to_parent, rename->to, credentials, directory);
	if (!error)
		error = may_change_parent(rename, rename->from);
	if (!error && rename->flags & RENAME_EXCHANGE)
		error = may_change_parent(rename, rename->to);
	return error;
}

/* ---- The move ---- */

/* The dentry that will carry inode's name: the old one where the name fits into it. */
static struct dentry *mover_for(struct dentry *dentry, struct dentry *parent, const char *name,
				size_t size)
{
	struct dentry *fresh;

	if (size <= NAME_SHORT || dentry->flags & DENTRY_LONG) {
		dentry_get(dentry);
		return dentry;
	}
	fresh = dentry_create(parent, name, size, dentry->inode);
	if (fresh)
		inode_get(dentry->inode);
	return fresh;
}

/*
 * Gives a detached dentry its new place and name. Returns the parent to put. Within a change of
 * names.
 */
static struct dentry *dentry_move_locked(struct dentry *dentry, struct dentry *parent,
					 const char *name, size_t size)
{
	struct dentry *old = dentry_place_locked(dentry, parent, name, size);

	name_attach_locked(dentry);
	return old;
}

/*
 * An absence, cached or kept, stands where a name will be. Under name_lock. The dentry to put, or
 * NULL.
 */
static struct dentry *absence_take_locked(struct dentry *parent, const struct last_name *last)
{
	struct dentry *absence = name_find_locked(parent, name_hash(parent, last->name, last->size),
						  last->name, last->size);

	if (!absence)
		return NULL;
	dentry_get(absence);
	name_detach_locked(absence);
	return absence;
}

static void directories_touched(struct rename *rename)
{
	struct inode *from = rename->from_parent.dentry->inode,
		     *to = rename->to_parent.dentry->inode;

	atomic_or(&from->flags, INODE_PINNED_ENTRIES);
	atomic_or(&to->flags, INODE_PINNED_ENTRIES);
	inode_touch_modified(from);
	if (to != from)
		inode_touch_modified(to);
	inode_touch_changed(rename->from->inode);
}

static void link_counts_move(struct rename *rename, bool replaced)
{
	struct inode *from = rename->from_parent.dentry->inode,
		     *to = rename->to_parent.dentry->inode;
	bool directory = inode_is_directory(rename->from->inode);

	if (directory) {
		inode_unlink(from, 1);
		atomic_add(&to->nlink, 1);
	}
	if (!replaced)
		return;
	if (directory) {
		WRITE_ONCE(rename->to->inode->nlink, 0);
		inode_unlink(to, 1);
	} else {
		inode_unlink(rename->to->inode, 1);
		name_taken_off(rename->to->inode);
	}
	inode_touch_changed(rename->to->inode);
}

/*
 * What the old name will be: the whiteout, or an absence that hides a lower file, or *left NULL. 0
 * or -ENOMEM.
 */
static int left_create(const struct rename *rename, struct dentry **left)
{
	struct dentry *from = rename->from;

	*left = NULL;
	if (!rename->whiteout && !directory_needs_whiteout(rename->from_parent.dentry->inode))
		return 0;
	*left = dentry_create(from->parent, from->name, from->name_size, rename->whiteout);
	if (!*left)
		return -ENOMEM;
	if (rename->whiteout)
		inode_get(rename->whiteout);
	else
		(*left)->flags |= DENTRY_PINNED;
	return 0;
}

static int name_move(struct rename *rename)
{
	const struct last_name *last = &rename->to_last;
	struct dentry *from = rename->from, *to = rename->to, *left, *hidden, *old_parent;
	struct dentry *mover = mover_for(from, rename->to_parent.dentry, last->name, last->size);

	if (!mover)
		return -ENOMEM;
	if (left_create(rename, &left)) {
		dentry_put(mover);
		return -ENOMEM;
	}
	lock_acquire(&name_lock);
	name_change_begin();
	if (to) {
		name_detach_locked(to);
		to->flags |= DENTRY_DELETED;
	}
	hidden = absence_take_locked(rename->to_parent.dentry, last);
	name_detach_locked(from);
	old_parent = dentry_move_locked(mover, rename->to_parent.dentry, last->name, last->size);
	if (left)
		name_attach_locked(left);
	name_change_end();
	lock_release(&name_lock);
	dentry_put(old_parent);
	if (hidden)
		dentry_put(hidden);
	if (left)
		dentry_put(left);
	dentry_put(mover);
	link_counts_move(rename, to);
	directories_touched(rename);
	return 0;
}

static int names_exchange(struct rename *rename)
{
	struct dentry *from = rename->from, *to = rename->to, *from_parent, *to_parent;
	const struct last_name *from_last = &rename->from_last, *to_last = &rename->to_last;
	bool from_directory = inode_is_directory(from->inode),
	     to_directory = inode_is_directory(to->inode);
	struct dentry *a = mover_for(from, rename->to_parent.dentry, to_last->name, to_last->size);
	struct dentry *b =
		mover_for(to, rename->from_parent.dentry, from_last->name, from_last->size);

	if (a && b) {
		lock_acquire(&name_lock);
		name_change_begin();
		name_detach_locked(from);
		name_detach_locked(to);
		from_parent = dentry_move_locked(a, rename->to_parent.dentry, to_last->name,
						 to_last->size);
		to_parent = dentry_move_locked(b, rename->from_parent.dentry, from_last->name,
					       from_last->size);
		name_change_end();
		lock_release(&name_lock);
		dentry_put(from_parent);
		dentry_put(to_parent);
		if (from_directory != to_directory) {
			atomic_add(&rename->to_parent.dentry->inode->nlink,
				   from_directory ? 1 : -1u);
			atomic_add(&rename->from_parent.dentry->inode->nlink,
				   to_directory ? 1 : -1u);
		}
		directories_touched(rename);
		inode_touch_changed(to->inode);
	}
	if (a)
		dentry_put(a);
	if (b)
		dentry_put(b);
	return a && b ? 0 : -ENOMEM;
}

static void change_add(struct name_change *changes, u32 *count, const struct path *parent,
		       const struct last_name *last, struct inode *inode, bool added)
{
	changes[(*count)++] = (struct name_change){
		.parent = parent->dentry->inode, .inode = inode, .name = last->name,
		.name_size = last->size, .added = added,
		.is_last = !added && !READ_ONCE(inode->nlink),
	};
}

/* Tells of the move that was made. */
static void rename_keep(struct rename *rename)
{
	struct inode *from = rename->from->inode, *to = rename->to ? rename->to->inode : NULL;
	struct name_change changes[NAME_CHANGES_MAX];
	u32 count = 0;

	change_add(changes, &count, &rename->from_parent, &rename->from_last, from, false);
	if (to)
		change_add(changes, &count, &rename->to_parent, &rename->to_last, to, false);
	change_add(changes, &count, &rename->to_parent, &rename->to_last, from, true);
	if (rename->flags & RENAME_EXCHANGE)
		change_add(changes, &count, &rename->from_parent, &rename->from_last, to, true);
	if (rename->whiteout)
		change_add(changes, &count, &rename->from_parent, &rename->from_last,
			   rename->whiteout, true);
	keep_end(from->fs, changes, count);
}

static int rename_begin(const struct rename *rename)
{
	struct inode *to = rename->to ? rename->to->inode : NULL;
	bool to_stays = to && (rename->flags & RENAME_EXCHANGE ||
			       (!inode_is_directory(to) && READ_ONCE(to->nlink) > 1));
	struct inode *const taking_part[] = {
		rename->from_parent.dentry->inode, rename->to_parent.dentry->inode,
		rename->from->inode, to_stays ? to : NULL, rename->whiteout,
	};

	return keep_begin(taking_part, ARRAY_SIZE(taking_part), false);
}

static int rename_move(struct rename *rename)
{
	int error = 0;

	if (rename->flags & RENAME_EXCHANGE)
		return names_exchange(rename);
	if (rename->to && inode_is_directory(rename->to->inode))
		error = directory_retire(rename->to);
	return error ? error : name_move(rename);
}

/* What holds the dentry of a directory is to see where it lies now. */
static void dentry_follow(struct dentry *dentry, const struct path *parent,
			  const struct last_name *last)
{
	if (inode_is_directory(dentry->inode))
		dentry_follow_directory(dentry, parent->dentry, last->name, last->size);
}

static int rename_foreign(struct rename *rename)
{
	int error;

	if (rename->flags & RENAME_WHITEOUT)
		return -EINVAL;
	error = rename->from->inode->fs->foreign->rename(
		rename->from_parent.dentry->inode, &rename->from_last,
		rename->to_parent.dentry->inode, &rename->to_last, rename->flags);

	if (error)
		return error;
	dentry_follow(rename->from, &rename->to_parent, &rename->to_last);
	if (rename->flags & RENAME_EXCHANGE)
		dentry_follow(rename->to, &rename->from_parent, &rename->from_last);
	else if (rename->to)
		name_mark_deleted(rename->to);
	return 0;
}

static int rename_kept(struct rename *rename)
{
	int error = rename_begin(rename);

	if (error)
		return error;
	error = rename_move(rename);
	if (error)
		keep_end(rename->from->inode->fs, NULL, 0);
	else
		rename_keep(rename);
	return error;
}

/* In a file system whose names are kept here. */
static int rename_own(struct rename *rename)
{
	struct inode *whiteout;
	int error;

	if (!(rename->flags & RENAME_WHITEOUT))
		return rename_kept(rename);
	whiteout = name_make_inode(rename->walker, rename->from_parent.dentry, S_IFCHR, 0, NULL);
	if (IS_ERROR(whiteout))
		return PTR_ERROR(whiteout);
	rename->whiteout = whiteout;
	error = rename_kept(rename);
	/* It never had a name: nothing of it is kept. */
	if (error)
		whiteout->nlink = 0;
	inode_put(whiteout);
	return error;
}

/* inode has gone from one place to the other, where replaced was (NULL: nothing that is gone). */
static void move_tell(struct inode *inode, const struct path *from, const struct last_name *old,
		      const struct path *to, const struct last_name *new, struct inode *replaced)
{
	u32 kind = notify_kind(inode), cookie = notify_cookie();

	if (from->dentry->inode == to->dentry->inode)
		notify_name_watched(from->dentry->inode, WATCH_RENAME, old->name, old->size, 0);
	notify_name_watched(from->dentry->inode, IN_MOVED_FROM | kind, old->name, old->size,
			    cookie);
	notify_name_watched(to->dentry->inode, IN_MOVED_TO | kind, new->name, new->size, cookie);
	if (replaced)
		notify_inode(replaced, IN_ATTRIB);
	notify_inode(inode, IN_MOVE_SELF);
}

static void rename_tell(const struct rename *rename)
{
	bool exchange = rename->flags & RENAME_EXCHANGE;
	struct inode *to = rename->to ? rename->to->inode : NULL;

	move_tell(rename->from->inode, &rename->from_parent, &rename->from_last,
		  &rename->to_parent, &rename->to_last, exchange ? NULL : to);
	if (exchange)
		move_tell(to, &rename->to_parent, &rename->to_last, &rename->from_parent,
			  &rename->from_last, NULL);
}

static int rename_locked(struct rename *rename)
{
	bool is_foreign = rename->from_parent.dentry->inode->fs->foreign;
	int error = names_find(rename);

	if (!error)
		error = loops_check(rename);
	if (!error && rename->to && rename->to->inode == rename->from->inode)
		return 0;
	if (!error && rename->from_parent.dentry->inode->operations->lookup && !is_foreign)
		error = -EPERM;
	if (!error)
		error = permissions_check(rename);
	if (error)
		return error;
	error = is_foreign ? rename_foreign(rename) : rename_own(rename);
	if (!error && notify_is_wanted())
		rename_tell(rename);
	return error;
}

static int parents_check(const struct rename *rename)
{
	if (rename->from_parent.mount != rename->to_parent.mount)
		return -EXDEV;
	if (rename->from_last.kind != LAST_NORMAL)
		return -EBUSY;
	if (rename->to_last.kind != LAST_NORMAL)
		return rename->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	return 0;
}

int path_rename(const struct walker *walker, const struct path *old_start, const char *old_name,
		const struct path *new_start, const char *new_name, u32 flags)
{
	struct rename rename = { .walker = walker, .flags = flags };
	int error = path_walk_parent(walker, old_start, old_name, 0, &rename.from_parent,
				     &rename.from_last);

	if (error)
		return error;
	error = path_walk_parent(walker, new_start, new_name, 0, &rename.to_parent,
				 &rename.to_last);
	if (!error) {
		error = parents_check(&rename);
		if (!error) {
			parents_lock(&rename);
			error = rename_locked(&rename);
			parents_unlock(&rename);
		}
		if (rename.from)
			dentry_put(rename.from);
		if (rename.to)
			dentry_put(rename.to);
		path_put(&rename.to_parent);
	}
	path_put(&rename.from_parent);
	return error;
}
