/* SPDX-License-Identifier: MIT */
/*
 * Making, linking and removing names. Locks: LOCK_DIRECTORY of the directory around looking and
 * changing; name_lock for the change itself. Link counts change atomically.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "core/heap.h"
#include "core/string.h"
#include "process/credentials.h"
#include "vfs/foreign.h"
#include "vfs/keep.h"
#include "vfs/names_private.h"
#include "vfs/notify.h"

/* ---- Checks ---- */

static bool place_is_read_only(const struct path *place)
{
	return place->mount->flags & MS_RDONLY || place->dentry->inode->fs->read_only;
}

int directory_may_change(const struct path *directory, const struct credentials *credentials)
{
	struct inode *inode = directory->dentry->inode;

	if (place_is_read_only(directory))
		return -EROFS;
	if (READ_ONCE(inode->flags) & INODE_DEAD_DIRECTORY)
		return -ENOENT;
	return inode_permission(inode, credentials, MAY_WRITE | MAY_EXEC);
}

static bool sticky_forbids(const struct inode *directory, const struct inode *victim,
			   const struct credentials *credentials)
{
	return READ_ONCE(directory->mode) & S_ISVTX && credentials->fsuid != victim->uid &&
	       credentials->fsuid != directory->uid &&
	       !credentials_capable(credentials, CAP_FOWNER);
}

int name_may_remove(const struct path *directory, const struct dentry *victim,
		    const struct credentials *credentials, bool as_directory)
{
	int error = directory_may_change(directory, credentials);

	if (error)
		return error;
	if (sticky_forbids(directory->dentry->inode, victim->inode, credentials))
		return -EPERM;
	if (as_directory && !inode_is_directory(victim->inode))
		return -ENOTDIR;
	if (!as_directory && inode_is_directory(victim->inode))
		return -EISDIR;
	return READ_ONCE(victim->flags) & DENTRY_MOUNTPOINT ? -EBUSY : 0;
}

/* ---- Changes ---- */

void name_mark_deleted(struct dentry *dentry)
{
	lock_acquire(&name_lock);
	dentry->flags |= DENTRY_DELETED;
	lock_release(&name_lock);
}


bool directory_needs_whiteout(const struct inode *directory)
{
	return directory_has_ground(directory) && !(READ_ONCE(directory->flags) & INODE_COMPLETE);
}

static void inode_unpin(struct inode *inode)
{
	if (atomic_and(&inode->flags, ~INODE_PINNED) & INODE_PINNED)
		inode_put(inode);
}

/* The other names of a file would be loaded as it was before it was changed. */
void name_taken_off(struct inode *inode)
{
	if (READ_ONCE(inode->nlink) && READ_ONCE(inode->flags) & INODE_IN_IDENTITY_HASH) {
		inode_get(inode);
		if (atomic_or(&inode->flags, INODE_PINNED) & INODE_PINNED)
			inode_put(inode);
	}
	if (!READ_ONCE(inode->nlink))
		inode_unpin(inode);
}

void inode_unlink(struct inode *inode, u32 count)
{
	/* Some lower file systems don't count subdirectories. */
	if (READ_ONCE(inode->nlink) >= count)
		atomic_sub(&inode->nlink, count);
}

static void directory_touched(struct inode *directory)
{
	atomic_or(&directory->flags, INODE_PINNED_ENTRIES);
	inode_touch_modified(directory);
}

struct dentry *name_enter(struct dentry *directory, const char *name, size_t size,
			  struct inode *inode)
{
	struct dentry *fresh = dentry_create(directory, name, size, inode), *absent;

	if (!fresh)
		return NULL;
	lock_acquire(&name_lock);
	name_change_begin();
	absent = name_find_locked(directory, fresh->hash, name, size);
	if (absent) {
		dentry_get(absent);
		name_detach_locked(absent);
	}
	name_attach_locked(fresh);
	name_change_end();
	lock_release(&name_lock);
	if (absent)
		dentry_put(absent);
	directory_touched(directory->inode);
	return fresh;
}

/* Takes a name out; hides a lower file of the same name. Directory locked. 0 or -ENOMEM. */
static int name_take_out(struct dentry *victim)
{
	struct dentry *directory = victim->parent, *absence = NULL;

	if (directory_needs_whiteout(directory->inode)) {
		absence = dentry_create(directory, victim->name, victim->name_size, NULL);
		if (!absence)
			return -ENOMEM;
		absence->flags |= DENTRY_PINNED;
	}
	lock_acquire(&name_lock);
	name_detach_locked(victim);
	victim->flags |= DENTRY_DELETED;
	if (absence)
		name_attach_locked(absence);
	lock_release(&name_lock);
	if (absence)
		dentry_put(absence);
	directory_touched(directory->inode);
	return 0;
}

int directory_retire(struct dentry *directory)
{
	struct inode *inode = directory->inode;
	int error = 0;

	lock_acquire(&inode->directory->lock);
	if (!(READ_ONCE(inode->flags) & INODE_COMPLETE) && inode->operations->load_all)
		error = inode->operations->load_all(directory);
	if (!error && inode->directory->entry_count)
		error = -ENOTEMPTY;
	if (!error)
		atomic_or(&inode->flags, INODE_DEAD_DIRECTORY);
	lock_release(&inode->directory->lock);
	if (!error)
		name_forget_absences(directory);
	return error;
}

void name_keep(struct inode *parent, struct inode *inode, const char *name, u32 size, bool added)
{
	struct name_change change = {
		.parent = parent, .inode = inode, .name = name, .name_size = size, .added = added,
		.is_last = !added && !READ_ONCE(inode->nlink),
	};

	keep_end(parent->fs, &change, 1);
}

/* ---- Making ---- */

/* A program that is made in a directory of its group must not run as a group of others. */
static u32 mode_made(const struct walker *walker, const struct inode *directory, u32 mode)
{
	const u32 runs_as_group = S_ISGID | S_IXGRP;

	if (S_ISDIR(mode) || !(READ_ONCE(directory->mode) & S_ISGID) ||
	    (mode & runs_as_group) != runs_as_group ||
	    credentials_in_group(walker->credentials, READ_ONCE(directory->gid)) ||
	    credentials_capable(walker->credentials, CAP_FSETID))
		return mode;
	return mode & ~(u32)S_ISGID;
}

struct inode *name_make_inode(const struct walker *walker, const struct dentry *parent, u32 mode,
			      u32 rdev, const char *target)
{
	const struct inode *directory = parent->inode;
	struct inode *inode;

	if (!directory->operations->make)
		return ERROR_PTR(-EPERM);
	inode = directory->operations->make(directory->fs, mode_made(walker, directory, mode), rdev,
					    target);
	if (IS_ERROR(inode))
		return inode;
	inode->uid = walker->credentials->fsuid;
	inode->gid = walker->credentials->fsgid;
	if (directory->mode & S_ISGID) {
		inode->gid = directory->gid;
		if (inode_is_directory(inode))
			inode->mode |= S_ISGID;
	}
	return inode;
}

int name_enter_kept(struct dentry *parent, const struct last_name *last, struct inode *inode,
		    struct dentry **out)
{
	struct inode *const taking_part[] = { parent->inode, inode };
	int error = keep_begin(taking_part, 2, false);

	if (error)
		return error;
	*out = name_enter(parent, last->name, last->size, inode);
	if (!*out) {
		keep_end(parent->inode->fs, NULL, 0);
		return -ENOMEM;
	}
	if (inode_is_directory(inode))
		atomic_add(&parent->inode->nlink, 1);
	name_keep(parent->inode, inode, last->name, last->size, true);
	return 0;
}

struct inode *name_make_foreign(const struct walker *walker, const struct dentry *parent,
				const struct last_name *last, u32 mode, const char *target,
				u32 open_flags)
{
	struct foreign_file file = {
		.mode = mode_made(walker, parent->inode, mode),
		.uid = walker->credentials->fsuid, .gid = walker->credentials->fsgid,
		.target = target, .open_flags = open_flags,
	};

	if (!last)
		return parent->inode->fs->foreign->make_nameless(parent->inode, &file);
	return parent->inode->fs->foreign->make(parent->inode, last->name, last->size, &file);
}

/* What a new name is to be. */
struct making {
	u32 mode, rdev;
	const char *target;
	struct inode **made;	/* gets a reference; NULL: not wanted */
};

/* Puts a new name into a file system whose names are kept here. */
static int make_own(const struct walker *walker, const struct path *parent,
		    const struct last_name *last, const struct making *making)
{
	struct inode *inode = name_make_inode(walker, parent->dentry, making->mode, making->rdev,
					      making->target);
	struct dentry *dentry;
	int error;

	if (IS_ERROR(inode))
		return PTR_ERROR(inode);
	error = name_enter_kept(parent->dentry, last, inode, &dentry);
	if (error) {
		/* It never had a name: nothing of it is kept. */
		inode->nlink = 0;
		inode_put(inode);
		return error;
	}
	if (making->made) {
		inode_get(inode);
		*making->made = inode;
	}
	dentry_put(dentry);
	return 0;
}

static int make_locked(const struct walker *walker, const struct path *parent,
		       const struct last_name *last, const struct making *making)
{
	struct inode *directory = parent->dentry->inode, *inode;
	bool is_foreign = directory->fs->foreign;
	struct dentry *dentry;
	int error =
		name_lookup_locked(parent->dentry, last->name, last->size, last->name, 0, &dentry);

	if (!error)
		dentry_put(dentry);
	if (error != -ENOENT)
		return error ? error : -EEXIST;
	if (last->trailing_slash && (making->mode & S_IFMT) != S_IFDIR)
		return -ENOENT;
	error = directory->operations->lookup && !is_foreign ? -ENOENT :
		directory_may_change(parent, walker->credentials);
	if (error)
		return error;
	if (!is_foreign)
		return make_own(walker, parent, last, making);
	inode = name_make_foreign(walker, parent->dentry, last, making->mode, making->target, 0);
	if (IS_ERROR(inode))
		return PTR_ERROR(inode);
	if (making->made)
		*making->made = inode;
	else
		inode_put(inode);
	return 0;
}

static int make_at(const struct walker *walker, const struct path *start, const char *name,
		   const struct making *making)
{
	struct last_name last;
	struct path parent;
	int error = path_walk_parent(walker, start, name, 0, &parent, &last);

	if (error)
		return error;
	if (last.kind != LAST_NORMAL) {
		error = -EEXIST;
	} else {
		lock_acquire(&parent.dentry->inode->directory->lock);
		error = make_locked(walker, &parent, &last, making);
		if (!error)
			notify_name(parent.dentry->inode,
				    IN_CREATE | (S_ISDIR(making->mode) ? IN_ISDIR : 0), last.name,
				    last.size);
		lock_release(&parent.dentry->inode->directory->lock);
	}
	path_put(&parent);
	return error;
}

int path_make(const struct walker *walker, const struct path *start, const char *name, u32 mode,
	      u32 rdev)
{
	struct making making = {
		.mode = mode & ~READ_ONCE(walker->fs->umask), .rdev = rdev,
	};

	return make_at(walker, start, name, &making);
}

int path_make_socket(const struct walker *walker, const char *name, u32 permissions,
		     struct inode **made)
{
	struct making making = {
		.mode = S_IFSOCK | (permissions & ~READ_ONCE(walker->fs->umask)), .made = made,
	};

	return make_at(walker, NULL, name, &making);
}

int path_symlink(const struct walker *walker, const char *target, const struct path *start,
		 const char *name)
{
	struct making making = { .mode = S_IFLNK | 0777, .target = target };

	return make_at(walker, start, name, &making);
}

/* ---- Linking ---- */

/*
 * One link more, unless the last one went meanwhile: who took it has told so to the keeper, and
 * what was kept of the file is free. What O_TMPFILE made never had one.
 */
static bool link_add(struct inode *inode)
{
	u32 links = READ_ONCE(inode->nlink);

	do {
		if (!links && !(READ_ONCE(inode->flags) & INODE_LINKABLE))
			return false;
	} while (!__atomic_compare_exchange_n(&inode->nlink, &links, links + 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

static int link_locked(const struct walker *walker, const struct path *old,
		       const struct path *parent, const struct last_name *last)
{
	struct inode *inode = old->dentry->inode;
	struct dentry *dentry;
	int error =
		name_lookup_locked(parent->dentry, last->name, last->size, last->name, 0, &dentry);

	if (!error)
		dentry_put(dentry);
	if (error != -ENOENT)
		return error ? error : -EEXIST;
	if (last->trailing_slash)
		return -ENOENT;
	if (old->mount != parent->mount)
		return -EXDEV;
	error = directory_may_change(parent, walker->credentials);
	if (error)
		return error;
	if (inode_is_directory(inode))
		return -EPERM;
	if (inode->fs->foreign)
		return inode->fs->foreign->link(inode, parent->dentry->inode, last->name,
						last->size);
	if (!parent->dentry->inode->operations->make)
		return -EPERM;
	if (!link_add(inode))
		return -ENOENT;
	inode_get(inode);
	error = name_enter_kept(parent->dentry, last, inode, &dentry);
	if (error) {
		inode_unlink(inode, 1);
		inode_put(inode);
		return error;
	}
	inode_touch_changed(inode);
	dentry_put(dentry);
	return 0;
}

static void link_tell(const struct path *old, const struct path *parent,
		      const struct last_name *last)
{
	notify_inode(old->dentry->inode, IN_ATTRIB);
	notify_name(parent->dentry->inode, IN_CREATE, last->name, last->size);
}

int path_link(const struct walker *walker, const struct path *old_start, const char *old_name,
	      u32 at_flags, const struct path *new_start, const char *new_name)
{
	u32 walk_flags = (at_flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) |
			 (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct last_name last;
	struct path old, parent;
	int error = path_walk(walker, old_start, old_name, walk_flags, &old);

	if (error)
		return error;
	error = path_walk_parent(walker, new_start, new_name, 0, &parent, &last);
	if (!error) {
		if (last.kind != LAST_NORMAL) {
			error = -EEXIST;
		} else {
			lock_acquire(&parent.dentry->inode->directory->lock);
			error = link_locked(walker, &old, &parent, &last);
			if (!error)
				link_tell(&old, &parent, &last);
			lock_release(&parent.dentry->inode->directory->lock);
		}
		path_put(&parent);
	}
	path_put(&old);
	return error;
}

/* ---- Removing ---- */

static int remove_victim(const struct walker *walker, const struct path *parent,
			 struct dentry *victim, bool directory)
{
	struct inode *inode = victim->inode;
	/* One that keeps other names is kept as changed: it has fewer links. */
	struct inode *const taking_part[] = {
		parent->dentry->inode,
		!directory && READ_ONCE(inode->nlink) > 1 ? inode : NULL,
	};
	const struct foreign *foreign = inode->fs->foreign;
	int error = name_may_remove(parent, victim, walker->credentials, directory);

	if (!error && foreign) {
		error = foreign->remove(parent->dentry->inode, victim->name, victim->name_size,
					directory);
		if (!error)
			name_mark_deleted(victim);
		return error;
	}
	if (!error && parent->dentry->inode->operations->lookup)
		error = -EPERM;
	if (!error)
		error = keep_begin(taking_part, 2, true);
	if (error)
		return error;
	if (directory)
		error = directory_retire(victim);
	if (!error)
		error = name_take_out(victim);
	if (error) {
		keep_end(inode->fs, NULL, 0);
		return error;
	}
	if (directory) {
		WRITE_ONCE(inode->nlink, 0);
		inode_unlink(parent->dentry->inode, 1);
	} else {
		inode_unlink(inode, 1);
		name_taken_off(inode);
	}
	name_keep(parent->dentry->inode, inode, victim->name, victim->name_size, false);
	inode_touch_changed(inode);
	return 0;
}

static int remove_locked(const struct walker *walker, const struct path *parent,
			 const struct last_name *last, bool directory, struct dentry **victim)
{
	int error =
		name_lookup_locked(parent->dentry, last->name, last->size, last->name, 0, victim);

	if (error) {
		*victim = NULL;
		return error;
	}
	if (last->trailing_slash && !directory)
		return inode_is_directory((*victim)->inode) ? -EISDIR : -ENOTDIR;
	return remove_victim(walker, parent, *victim, directory);
}

static int last_cannot_go(const struct last_name *last, bool directory)
{
	switch (last->kind) {
	case LAST_NORMAL:
		return 0;
	case LAST_DOT:
		return directory ? -EINVAL : -EISDIR;
	case LAST_DOT_DOT:
		return directory ? -ENOTEMPTY : -EISDIR;
	default:
		return directory ? -EBUSY : -EISDIR;
	}
}

int path_remove(const struct walker *walker, const struct path *start, const char *name,
		bool directory)
{
	struct dentry *victim = NULL;
	struct last_name last;
	struct path parent;
	int error = path_walk_parent(walker, start, name, 0, &parent, &last);

	if (error)
		return error;
	error = last_cannot_go(&last, directory);
	if (!error) {
		lock_acquire(&parent.dentry->inode->directory->lock);
		error = remove_locked(walker, &parent, &last, directory, &victim);
		if (!error)
			notify_removed(victim);
		lock_release(&parent.dentry->inode->directory->lock);
	}
	/* The last name may free the file: without locks. */
	if (victim)
		dentry_put(victim);
	path_put(&parent);
	return error;
}
