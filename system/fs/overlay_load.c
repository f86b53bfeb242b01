/* SPDX-License-Identifier: MIT */
/*
 * Inodes and names from what the overlay kept (overlay_kept.h), as they are asked for.
 *
 * Locks: what hangs on an entry belongs to whoever holds the directory's lock (names), or makes the
 * inode (the rest).
 */
#include "boundary/overlay_read.h"
#include "core/channel.h"
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/report.h"
#include "core/string.h"
#include "fs/identity.h"
#include "fs/image.h"
#include "fs/lower.h"
#include "fs/overlay.h"
#include "fs/overlay_kept.h"
#include "fs/overlay_parts.h"
#include "fs/tree.h"
#include "vfs/dentry.h"
#include "vfs/path.h"
#include "vfs/xattr.h"

#include <asm/stat.h>
#include <asm/unistd_64.h>

/* ---- Inodes ---- */

static int xattrs_apply(struct inode *inode, const struct kept *kept)
{
	for (const struct kept_xattr *at = kept->xattrs; at; at = at->next) {
		const struct overlay_xattr *xattr = &at->xattr;
		int error;

		xattr_unset(inode, xattr->text, xattr->name_size);
		if (xattr->removed)
			continue;
		error = xattr_preset(inode, xattr->text, xattr->name_size,
				     xattr->text + xattr->name_size, xattr->value_size);
		if (error)
			return error;
	}
	return 0;
}

/* A large file's size and times are those of its host file. */
static int object_look(struct inode *inode, struct overlay_slot *slot)
{
	bool shared = false;
	int handle = overlay_object_open(OVERLAY_OBJECT_ID(slot->data), &shared);
	struct stat host;
	s64 mtime_ns;
	long error;

	if (handle < 0)
		return handle;
	error = host_call2(__NR_fstat, handle, &host);
	/* A layered file got its size before its bits, and they say together where it ends. */
	if (!error && slot->layer_bits && (u64)host.st_size < slot->layer_end) {
		error = host_call2(__NR_ftruncate, handle, slot->layer_end);
		host.st_size = slot->layer_end;
	}
	handle_close(handle);
	if (error)
		return (int)error;
	inode->size = host.st_size;
	/* One that is shared is ground to this file, until it is changed. */
	inode->object = shared ? OVERLAY_OBJECT_ID(slot->data) : inode->object;
	if (shared)
		return 0;
	mtime_ns = (s64)host.st_mtime * 1000000000 + (s64)host.st_mtime_nsec;
	if (!(slot->flags & OVERLAY_TIMES_SET) &&
	    mtime_ns > slot->mtime_ns + OVERLAY_TIME_SLACK_NS)
		inode->mtime_ns = inode->ctime_ns = mtime_ns;
	return 0;
}

static int slot_apply(struct inode *inode, struct overlay_slot *slot)
{
	inode->mode = slot->mode;
	inode->uid = slot->uid;
	inode->gid = slot->gid;
	inode->nlink = slot->nlink;
	inode->rdev = DEVICE(slot->rdev_major, slot->rdev_minor);
	inode->size = slot->size;
	inode->mtime_ns = slot->mtime_ns;
	inode->ctime_ns = slot->ctime_ns;
	inode->atime_ns = inode->mtime_ns;
	inode->slot = slot;
	inode->flags |= INODE_CHANGED;
	if (OVERLAY_PLACE(slot->data) == OVERLAY_OBJECT) {
		int error = object_look(inode, slot);

		if (error)
			return error;
	}
	if (!inode->size || (OVERLAY_PLACE(slot->data) != OVERLAY_GROUND && !slot->layer_bits &&
			     inode->object < OVERLAY_OWN_OBJECT))
		inode->object = 0;
	inode->blocks = inode_is_regular(inode) ? (inode->size + 511) / 512 : 0;
	return 0;
}

/* The same file as another type would confuse what stands on it: slots do not change types. */
static bool type_fits(const struct inode *inode, const struct overlay_slot *slot)
{
	return (inode->mode & S_IFMT) == (slot->mode & S_IFMT);
}

static int inode_apply(struct inode *inode, struct kept *kept)
{
	int error = 0;

	if (kept->slot && !type_fits(inode, kept->slot))
		return -EIO;
	if (kept->slot)
		error = slot_apply(inode, kept->slot);
	if (!error)
		error = xattrs_apply(inode, kept);
	if (!error && inode_is_directory(inode) && kept->names) {
		inode->flags |= INODE_KEPT_NAMES | INODE_PINNED_ENTRIES;
		inode->flags &= ~INODE_COMPLETE;
	}
	return error;
}

u32 overlay_links(u64 ino, u32 links)
{
	const struct kept *kept = kept_find(&kept_table, ino);

	return links + (kept ? kept->links : 0);
}

/*
 * After a power failure the slot may be older than the log, or not be there: with fewer links than
 * names, a file would go with a name that is not its last. inode->nlink is the image's.
 */
static void links_settle(struct inode *inode, struct kept *kept)
{
	u32 links = inode->nlink + kept->links;

	links = links > kept->gone ? links - kept->gone : 1;
	if (!kept->slot)
		inode->nlink = links;
	else if (!kept->is_counted)
		WRITE_ONCE(kept->slot->nlink, links);
	kept->is_counted = true;
}

int overlay_inode_apply(struct inode *inode)
{
	struct kept *kept = kept_find(&kept_table, inode->ino);

	if (!kept)
		return 0;
	if (!inode_is_directory(inode))
		links_settle(inode, kept);
	return inode_apply(inode, kept);
}

static int link_target_apply(struct inode *inode, const struct overlay_slot *slot)
{
	if (OVERLAY_PLACE(slot->data) != OVERLAY_PIECE || !slot->size || slot->size >= PATH_MAX)
		return -EIO;
	return tree_set_target(inode, overlay_address(OVERLAY_PIECE_OFFSET(slot->data)),
			       slot->size);
}

/* The inode of a file that was made in the domain, with a reference, or ERROR_PTR. */
static struct inode *own_inode(struct file_system *fs, struct kept *kept)
{
	const struct overlay_slot *slot = kept->slot;
	/* As many as there were at the start: some may be gone, and the file open. */
	bool has_names = kept->links > 1 && (slot->mode & S_IFMT) != S_IFDIR;
	struct inode *inode = has_names ? identity_find(0, kept->ino) : NULL;
	int error;

	if (inode)
		return inode;
	inode = tree_inode_create(fs, slot->mode);
	if (!inode)
		return ERROR_PTR(-ENOMEM);
	inode->ino = kept->ino;
	error = inode_apply(inode, kept);
	if (!error && inode_is_symlink(inode))
		error = link_target_apply(inode, slot);
	if (error) {
		inode_put(inode);
		return ERROR_PTR(error);
	}
	return has_names ? identity_add(inode) : inode;
}

/* ---- Names ---- */

static struct inode *kept_name_inode(struct file_system *fs, const struct kept_name *name)
{
	struct kept *kept;

	if (!name->ino)
		return NULL;
	if (name->ino < OVERLAY_OWN_INO)
		return image_inode(fs, (u32)name->ino);
	kept = kept_find(&kept_table, name->ino);
	return kept && kept->slot ? own_inode(fs, kept) : ERROR_PTR(-EIO);
}

static int kept_name_load(struct dentry *directory, const struct kept_name *name)
{
	struct inode *inode;

	if (tree_knows(directory, name->name, name->name_size))
		return 0;
	inode = kept_name_inode(directory->inode->fs, name);
	/* A file that was lost before it was synced has no name either. */
	if (PTR_ERROR(inode) == -EIO) {
		log_verbose("overlay: %.*s was never synced, and is lost", name->name_size,
			    name->name);
		inode = NULL;
	}
	if (IS_ERROR(inode))
		return (int)PTR_ERROR(inode);
	if (!inode && !directory_has_ground(directory->inode))
		return 0;
	return tree_enter_kept(directory, name->name, name->name_size, inode);
}

int overlay_names_load(struct dentry *directory)
{
	struct kept *kept = kept_find(&kept_table, directory->inode->ino);
	struct kept_name *name;

	while (kept && (name = kept->names)) {
		int error = kept_name_load(directory, name);

		if (error)
			return error;
		kept->names = name->sibling;
		heap_free(name);
	}
	atomic_and(&directory->inode->flags, ~INODE_KEPT_NAMES);
	return 0;
}
