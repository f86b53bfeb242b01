/* SPDX-License-Identifier: MIT */
/*
 * Changes of what is mounted where; see mount.h. Locks: name_lock (LOCK_DENTRY_CACHE), under which
 * each change is whole. References are given back after it is released.
 */
#include <linux/mount.h>

#include "vfs/dentry.h"
#include "vfs/inode.h"
#include "vfs/mount_private.h"

#define MNT_DETACH	2u
#define MNT_EXPIRE	4u

/* ---- Off the tree ---- */

/* Is dentry at this mount still covered by something? */
static bool is_mountpoint_locked(const struct dentry *dentry)
{
	struct mount *mount;

	list_for_each(mount, &mount_list, node)
		if (mount->mountpoint == dentry && mount->parent)
			return true;
	return false;
}

/* Takes a mount off the tree; what it lay on is the caller's to put. */
static struct path mount_detach_locked(struct mount *mount)
{
	struct path was = { mount->parent, mount->mountpoint };

	name_change_begin();
	mount->parent = NULL;
	list_remove(&mount->node);
	if (!is_mountpoint_locked(was.dentry))
		was.dentry->flags &= ~DENTRY_MOUNTPOINT;
	name_change_end();
	return was;
}

static void place_put(const struct path *was)
{
	dentry_put(was->dentry);
	mount_put(was->mount);
}

/* A mount that lies on this one, or NULL. */
static struct mount *child_find_locked(const struct mount *parent)
{
	struct mount *mount;

	list_for_each(mount, &mount_list, node)
		if (mount->parent == parent)
			return mount;
	return NULL;
}

/* The deepest first, until nothing is left of the tree of mounts at top. */
static void tree_detach(struct mount *top)
{
	struct mount *mount, *child;
	struct path was;

	do {
		lock_acquire(&name_lock);
		/* Somebody else may have been faster. */
		mount = top->parent ? top : NULL;
		while (mount && (child = child_find_locked(mount)))
			mount = child;
		if (mount)
			was = mount_detach_locked(mount);
		lock_release(&name_lock);
		if (mount) {
			place_put(&was);
			mount_put(mount);	/* the tree's own */
		}
	} while (mount && mount != top);
}

/* Two references are its own and the caller's. */
static int removal_check_locked(struct mount *mount, u32 flags)
{
	if (!mount->parent)
		return -EINVAL;
	if (flags & MNT_DETACH)
		return 0;
	if (child_find_locked(mount) || (mount->is_counted && READ_ONCE(mount->references) > 2))
		return -EBUSY;
	if (flags & MNT_EXPIRE && !mount->is_expiring) {
		mount->is_expiring = true;
		return -EAGAIN;
	}
	return 0;
}

int mount_remove(const struct path *path, u32 flags)
{
	struct mount *mount = path->mount;
	struct path was;
	int error;

	if (!path_is_mount(path))
		return -EINVAL;
	lock_acquire(&name_lock);
	error = removal_check_locked(mount, flags);
	if (!error && !(flags & MNT_DETACH))
		was = mount_detach_locked(mount);
	lock_release(&name_lock);
	if (error)
		return error;
	if (flags & MNT_DETACH) {
		tree_detach(mount);
	} else {
		place_put(&was);
		mount_put(mount);
	}
	return 0;
}

/* ---- On the tree ---- */

/* A directory covers directories, anything else anything else. */
static bool kinds_fit(const struct dentry *from, const struct dentry *to)
{
	return inode_is_directory(from->inode) == inode_is_directory(to->inode);
}

/* Is the place at or below top, which is in one mount? */
static bool is_below_locked(const struct mount *mount, const struct dentry *dentry,
			    const struct path *top)
{
	for (; mount; dentry = mount->mountpoint, mount = mount->parent) {
		if (mount != top->mount)
			continue;
		while (dentry != top->dentry && dentry != mount->root && dentry != dentry->parent)
			dentry = dentry->parent;
		return dentry == top->dentry;
	}
	return false;
}

/* A copy that covers the same place in the copies. False: out of memory. */
static bool copy_add_locked(struct mount *mount)
{
	struct path at = { mount->parent->copy, mount->mountpoint };

	dentry_get(mount->root);
	mount->copy = mount_alloc(mount->root, mount->fs, mount->flags);
	if (!mount->copy) {
		atomic_sub(&mount->root->references, 1);	/* mount holds one */
		return false;
	}
	mount_attach_locked(mount->copy, &at);
	return true;
}

/* A mount below from that has no copy yet, though its parent has. NULL: none. top: from's copy. */
static struct mount *uncopied_find_locked(const struct path *from, const struct mount *top)
{
	struct mount *mount;

	list_for_each(mount, &mount_list, node)
		if (mount != top && mount != from->mount && !mount->copy && mount->parent &&
		    mount->parent->copy &&
		    is_below_locked(mount->parent, mount->mountpoint, from))
			return mount;
	return NULL;
}

/*
 * Copies what is mounted below from to the same places of top. Copies have none themselves, so
 * nothing that is made now is copied.
 */
static bool tree_copy_locked(const struct path *from, struct mount *top)
{
	struct mount *mount;
	bool done = true;

	from->mount->copy = top;
	while (done && (mount = uncopied_find_locked(from, top)))
		done = copy_add_locked(mount);
	list_for_each(mount, &mount_list, node)
		mount->copy = NULL;
	return done;
}

int mount_bind(const struct path *from, const struct path *to, bool recursive)
{
	struct mount *mount;
	bool done = true;

	if (!kinds_fit(from->dentry, to->dentry))
		return -ENOTDIR;
	dentry_get(from->dentry);
	mount = mount_alloc(from->dentry, from->mount->fs, from->mount->flags);
	if (!mount) {
		dentry_put(from->dentry);
		return -ENOMEM;
	}
	lock_acquire(&name_lock);
	mount_attach_locked(mount, to);
	if (recursive)
		done = tree_copy_locked(from, mount);
	lock_release(&name_lock);
	if (!done)
		tree_detach(mount);
	return done ? 0 : -ENOMEM;
}

int mount_move(const struct path *from, const struct path *to)
{
	struct mount *mount = from->mount;
	struct path was = { 0 };
	int error = 0;

	if (!path_is_mount(from))
		return -EINVAL;
	if (!kinds_fit(from->dentry, to->dentry))
		return -ENOTDIR;
	lock_acquire(&name_lock);
	if (!mount->parent)
		error = -EINVAL;
	else if (is_below_locked(to->mount, to->dentry, from))
		error = -ELOOP;
	if (!error) {
		was = mount_detach_locked(mount);
		mount_attach_locked(mount, to);
	}
	lock_release(&name_lock);
	if (!error)
		place_put(&was);
	return error;
}
