/* SPDX-License-Identifier: MIT */
/* Changes of attributes. Locks: inode->lock around a change of several of them. */
#include <linux/capability.h>
#include <linux/mount.h>

#include "process/credentials.h"
#include "vfs/foreign.h"
#include "vfs/keep.h"
#include "vfs/lease.h"
#include "vfs/names.h"

#define CHANGE_OWNER (CHANGE_UID | CHANGE_GID)
#define CHANGE_TIMES (CHANGE_ATIME | CHANGE_MTIME)

static bool is_owner(const struct inode *inode, const struct credentials *credentials)
{
	return credentials->fsuid == READ_ONCE(inode->uid) ||
	       credentials_capable(credentials, CAP_FOWNER);
}

static bool may_give_away(const struct inode *inode, const struct credentials *credentials,
			  const struct attribute_change *change)
{
	bool owner = credentials->fsuid == inode->uid;

	if (credentials_capable(credentials, CAP_CHOWN))
		return true;
	if (change->what & CHANGE_UID && (!owner || change->uid != inode->uid))
		return false;
	return !(change->what & CHANGE_GID) ||
	       (owner &&
		(change->gid == inode->gid || credentials_in_group(credentials, change->gid)));
}

static int change_check(const struct inode *inode, const struct credentials *credentials,
			const struct attribute_change *change)
{
	if (READ_ONCE(inode->flags) & INODE_IMMUTABLE)
		return -EPERM;
	if (change->what & CHANGE_MODE && !is_owner(inode, credentials))
		return -EPERM;
	if (!may_give_away(inode, credentials, change))
		return -EPERM;
	if (!(change->what & CHANGE_TIMES) || is_owner(inode, credentials))
		return 0;
	if (change->what & CHANGE_TIMES_TO_NOW)
		return inode_permission(inode, credentials, MAY_WRITE);
	return -EPERM;
}

/* The group bit is lost by who is not in the group. */
static u32 mode_allowed(u32 mode, u32 gid, const struct credentials *credentials)
{
	if (mode & S_ISGID && !credentials_in_group(credentials, gid) &&
	    !credentials_capable(credentials, CAP_FSETID))
		mode &= ~(u32)S_ISGID;
	return mode;
}

/* What a new owner must not inherit: the bits that give a program its owner's rights. */
static u32 mode_without_rights(u32 mode)
{
	if ((mode & S_IFMT) == S_IFDIR)
		return mode;
	mode &= ~(u32)S_ISUID;
	return mode & S_IXGRP ? mode & ~(u32)S_ISGID : mode;
}

static void change_apply_locked(struct inode *inode, const struct credentials *credentials,
				const struct attribute_change *change)
{
	if (change->what & CHANGE_UID)
		WRITE_ONCE(inode->uid, change->uid);
	if (change->what & CHANGE_GID)
		WRITE_ONCE(inode->gid, change->gid);
	if (change->what & CHANGE_OWNER)
		WRITE_ONCE(inode->mode, mode_without_rights(inode->mode));
	if (change->what & CHANGE_MODE)
		WRITE_ONCE(inode->mode, (inode->mode & S_IFMT) |
			   mode_allowed(change->mode & MODE_PERMISSIONS, inode->gid, credentials));
	if (change->what & CHANGE_ATIME)
		WRITE_ONCE(inode->atime_ns, change->atime_ns);
	if (change->what & CHANGE_MTIME)
		WRITE_ONCE(inode->mtime_ns, change->mtime_ns);
}

void foreign_drop_mode(struct inode *inode)
{
	struct attribute_change change = {
		.what = CHANGE_MODE, .mode = READ_ONCE(inode->mode) & MODE_PERMISSIONS,
	};

	/* A failure leaves what the host makes of a write by somebody without rights. */
	(void)inode->fs->foreign->change(inode, &change);
}

/* By what the file is now, as far as anybody can say. */
static int change_foreign(struct inode *inode, const struct credentials *credentials,
			  const struct attribute_change *change)
{
	struct attribute_change allowed = *change;
	struct attributes now;
	int error;

	inode_attributes(inode, &now);
	error = change_check(inode, credentials, change);
	if (error)
		return error;
	allowed.mode = mode_allowed(change->mode & MODE_PERMISSIONS, now.gid, credentials);
	return inode->fs->foreign->change(inode, &allowed);
}

int path_change(const struct mount *mount, struct inode *inode,
		const struct credentials *credentials, const struct attribute_change *change)
{
	int error;

	if (inode->fs->read_only || (mount && mount->flags & MS_RDONLY))
		return -EROFS;
	if (inode->fs->foreign)
		return change_foreign(inode, credentials, change);
	lock_acquire(&inode->lock);
	error = change_check(inode, credentials, change);
	if (!error)
		error = keep_prepare(inode);
	if (!error)
		change_apply_locked(inode, credentials, change);
	lock_release(&inode->lock);
	if (!error)
		inode_touch_changed(inode);
	return error;
}

int path_truncate(const struct path *path, const struct credentials *credentials, u64 size)
{
	struct inode *inode = path->dentry->inode;
	int error;

	if (inode_is_directory(inode))
		return -EISDIR;
	if (!inode_is_regular(inode))
		return -EINVAL;
	error = inode_permission(inode, credentials, MAY_WRITE);
	if (error)
		return error;
	if (inode->fs->read_only || path->mount->flags & MS_RDONLY)
		return -EROFS;
	error = inode_claim_writing(inode);
	if (error)
		return error;
	error = lease_break(inode, O_WRONLY);
	if (!error) {
		inode_drop_privileges(inode, credentials);
		error = inode->operations->truncate ? inode->operations->truncate(inode, size)
						    : -EINVAL;
	}
	inode_end_writing(inode);
	return error;
}
