/* SPDX-License-Identifier: MIT */
/*
 * Inodes: making, freeing, permissions, times, and the numbers of file systems.
 * Locks: LOCK_INODE_CACHE for the numbers of file systems; the pools' own.
 */
#include "vfs/inode.h"

#include <linux/capability.h>

#include "core/heap.h"
#include "core/string.h"
#include "core/timer.h"
#include "process/credentials.h"
#include "vfs/dentry.h"
#include "vfs/file.h"
#include "vfs/foreign.h"
#include "vfs/keep.h"
#include "vfs/locks.h"
#include "vfs/pool.h"
#include "vfs/reclaim.h"
#include "vfs/special.h"
#include "vfs/xattr.h"

#define DIRECTORY_SIZE (sizeof(struct inode) + sizeof(((struct inode *)0)->directory[0]))

static struct pool inode_pool =
	POOL_INIT(sizeof(struct inode), offsetof(struct inode, identity_next), 4);
static struct pool directory_pool =
	POOL_INIT(DIRECTORY_SIZE, offsetof(struct inode, identity_next), 4);

static struct lock file_system_lock = LOCK_INIT(LOCK_INODE_CACHE);

void file_system_register(struct file_system *fs)
{
	static u32 last_minor = 24;

	lock_acquire(&file_system_lock);
	last_minor++;
	fs->dev = DEVICE(0, last_minor);
	lock_release(&file_system_lock);
}

s64 inode_now_ns(void)
{
	return clock_realtime_ns();
}

struct inode *inode_create(struct file_system *fs, u32 mode,
			   const struct inode_operations *operations,
			   const struct file_operations *file_operations)
{
	bool is_directory = (mode & S_IFMT) == S_IFDIR;
	struct inode *inode = pool_alloc(is_directory ? &directory_pool : &inode_pool);

	if (!inode)
		return NULL;
	*inode = (struct inode){
		.references = 1,
		.mode = mode,
		.nlink = is_directory ? 2 : 1,
		.flags = is_directory ? INODE_COMPLETE : 0,
		.lock = LOCK_INIT(LOCK_INODE),
		.ino = atomic_add(&fs->next_ino, 1),
		.fs = fs,
		.operations = operations,
		.file_operations = file_operations,
	};
	if (fs->release)
		atomic_add(&fs->users, 1);
	inode->atime_ns = inode->mtime_ns = inode->ctime_ns = inode_now_ns();
	if (is_directory) {
		memset(inode->directory, 0, sizeof(inode->directory[0]));
		lock_init(&inode->directory->lock, LOCK_DIRECTORY);
		list_init(&inode->directory->entries);
		list_init(&inode->directory->reclaim_node);
		inode->directory->next_cookie = 2;
	}
	return inode;
}

void file_system_put(struct file_system *fs)
{
	if (atomic_sub(&fs->users, 1) != 0)
		return;
	heap_free((void *)fs->source);
	heap_free(fs);
}

static void inode_free(struct inode *inode)
{
	struct file_system *fs = inode->fs;
	bool is_directory = inode_is_directory(inode);

	if (is_directory && !list_empty(&inode->directory->reclaim_node))
		reclaim_forget_directory(inode);
	if (inode->operations->release)
		inode->operations->release(inode);
	special_release_inode(inode);
	xattr_free_all(inode);
	inode_locks_free(inode);
	pool_free(is_directory ? &directory_pool : &inode_pool, inode);
	if (fs->release)
		file_system_put(fs);
}

void inode_put(struct inode *inode)
{
	if (atomic_sub(&inode->references, 1) == 0)
		inode_free(inode);
}

void inode_put_reader(struct inode *inode)
{
	if ((u32)atomic_sub(&inode->uses, INODE_READER) == 0)
		inode_free(inode);
}

void inode_attributes(struct inode *inode, struct attributes *out)
{
	*out = (struct attributes){
		.ino = inode->ino,
		.size = READ_ONCE(inode->size),
		.blocks = READ_ONCE(inode->blocks),
		.dev = inode->fs->dev,
		.mode = READ_ONCE(inode->mode),
		.nlink = READ_ONCE(inode->nlink),
		.uid = READ_ONCE(inode->uid),
		.gid = READ_ONCE(inode->gid),
		.rdev = inode->rdev,
		.block_size = 4096,
		.atime_ns = READ_ONCE(inode->atime_ns),
		.mtime_ns = READ_ONCE(inode->mtime_ns),
		.ctime_ns = READ_ONCE(inode->ctime_ns),
	};
	out->btime_ns = MIN(out->mtime_ns, out->ctime_ns);
	if (inode->operations->attributes)
		inode->operations->attributes(inode, out);
}

static bool permission_by_capability(u32 mode, const struct credentials *credentials, u32 may)
{
	bool is_directory = (mode & S_IFMT) == S_IFDIR;

	if (credentials_capable(credentials, CAP_DAC_OVERRIDE) &&
	    (is_directory || !(may & MAY_EXEC) || (mode & 0111)))
		return true;
	return credentials_capable(credentials, CAP_DAC_READ_SEARCH) &&
	       (may == MAY_READ || (is_directory && !(may & MAY_WRITE)));
}

int inode_permission(const struct inode *inode, const struct credentials *credentials, u32 may)
{
	u32 mode = READ_ONCE(inode->mode);
	u32 granted = mode;

	if (may & MAY_WRITE && READ_ONCE(inode->flags) & INODE_IMMUTABLE)
		return -EPERM;
	if (credentials->fsuid == READ_ONCE(inode->uid))
		granted = mode >> 6;
	else if (((mode >> 3) ^ mode) & 7 &&
		 credentials_in_group(credentials, READ_ONCE(inode->gid)))
		granted = mode >> 3;
	if ((granted & may) == may)
		return 0;
	return permission_by_capability(mode, credentials, may) ? 0 : -EACCES;
}

void inode_drop_privileges(struct inode *inode, const struct credentials *credentials)
{
	u32 drop = inode->mode & S_ISUID;

	if (!inode_is_regular(inode) || credentials_capable(credentials, CAP_FSETID))
		return;
	if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		drop |= S_ISGID;
	if (!drop)
		return;
	atomic_and(&inode->mode, ~drop);
	if (inode->fs->foreign)
		foreign_drop_mode(inode);
	else
		inode_touch_changed(inode);
}

void inode_changed(struct inode *inode, bool data)
{
	if (!(READ_ONCE(inode->flags) & INODE_CHANGED))
		atomic_or(&inode->flags, INODE_CHANGED);
	keep_changed(inode, data);
}

void inode_touch_modified(struct inode *inode)
{
	s64 now = inode_now_ns();

	WRITE_ONCE(inode->mtime_ns, now);
	WRITE_ONCE(inode->ctime_ns, now);
	inode_changed(inode, true);
}

void inode_touch_changed(struct inode *inode)
{
	WRITE_ONCE(inode->ctime_ns, inode_now_ns());
	inode_changed(inode, false);
}

/* As relatime does: only where it tells something new. */
void inode_touch_accessed(struct inode *inode)
{
	s64 atime = READ_ONCE(inode->atime_ns);

	if (atime <= READ_ONCE(inode->mtime_ns) || atime <= READ_ONCE(inode->ctime_ns))
		WRITE_ONCE(inode->atime_ns, inode_now_ns());
}

bool directory_emit_dots(struct file *file, struct directory_sink *sink, u64 *offset)
{
	struct dentry *dentry = file->dentry;

	if (*offset == 0) {
		if (!sink->emit(sink, ".", 1, file->inode->ino, directory_type(S_IFDIR), 1))
			return false;
		*offset = 1;
	}
	if (*offset == 1) {
		if (!sink->emit(sink, "..", 2, dentry->parent->inode->ino, directory_type(S_IFDIR),
				2))
			return false;
		*offset = 2;
	}
	return true;
}
