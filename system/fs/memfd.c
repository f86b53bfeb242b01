/* SPDX-License-Identifier: MIT */
/*
 * Regular files without a name, for memfd_create(2) and shared memory, and the seals of the former.
 * Locks: LOCK_INODE for inode->seals, which the operations of file_data.c look at with it held.
 */
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>

#include "core/string.h"
#include "fs/file_data.h"
#include "fs/tree.h"
#include "vfs/locks.h"
#include "vfs/path.h"

#define SEALS_ALL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define PREFIX "memfd:"

static struct file_system memfd_fs = { .type = "tmpfs", .source = "memfd", .magic = TMPFS_MAGIC };

/* A dentry that is in no directory, for /proc/PID/fd and maps to show. */
static struct dentry *nameless_dentry(const char *text, struct inode *inode)
{
	struct dentry *dentry = dentry_create(mount_root()->root, text, strlen(text), inode);

	if (dentry)
		dentry->flags |= DENTRY_DELETED;
	return dentry;
}

struct file *tree_create_memory(const char *shown, u32 mode)
{
	struct inode *inode = tree_inode_create(&memfd_fs, S_IFREG | mode);
	struct dentry *dentry;
	struct file *file;

	if (!inode)
		return ERROR_PTR(-ENOMEM);
	inode->nlink = 0;
	dentry = nameless_dentry(shown, inode);
	if (!dentry) {
		inode_put(inode);
		return ERROR_PTR(-ENOMEM);
	}
	inode_get(inode);
	file = file_create(&file_data_operations, inode, dentry, mount_root(), O_RDWR | O_LARGEFILE,
			   NULL);
	if (!file) {
		inode_put(inode);
		dentry_put(dentry);
		return ERROR_PTR(-ENOMEM);
	}
	if (file_data_open(inode, file)) {
		file_put(file);
		return ERROR_PTR(-ENOMEM);
	}
	return file;
}

struct file *tree_create_memfd(const char *name, u32 flags)
{
	char text[NAME_MAX + 1];
	struct file *file;

	format(text, sizeof(text), PREFIX "%s", name);
	file = tree_create_memory(text, 0777);
	if (IS_ERROR(file))
		return file;
	/* Nobody else knows it yet. */
	file->inode->flags |= INODE_SEALABLE;
	file->inode->seals = flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL;
	return file;
}

static long seals_add(struct file *file, u64 seals)
{
	struct inode *inode = file->inode;
	long result = 0;

	if (!FILE_WRITABLE(file) || (file->flags & O_PATH))
		return -EPERM;
	if (seals & ~(u64)SEALS_ALL)
		return -EINVAL;
	lock_acquire(&inode->lock);
	if (inode->seals & F_SEAL_SEAL)
		result = -EPERM;
	else
		inode->seals |= seals;
	lock_release(&inode->lock);
	return result;
}

long file_seals_fcntl(struct file *file, u32 command, u64 argument)
{
	if (!(file->inode->flags & INODE_SEALABLE))
		return -EINVAL;
	return command == F_GET_SEALS ? (long)READ_ONCE(file->inode->seals)
				      : seals_add(file, argument);
}
