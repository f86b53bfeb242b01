/* SPDX-License-Identifier: MIT */
/* Open files: making them, counting references, the last of which releases. No locks of its own. */
#include "vfs/file.h"

#include <linux/fs.h>
#include <linux/magic.h>

#include "core/heap.h"
#include "vfs/dentry.h"
#include "vfs/inode.h"
#include "vfs/mount.h"
#include "vfs/lease.h"
#include "vfs/locks.h"
#include "vfs/notify.h"
#include "vfs/poll.h"

static struct file_system anonymous_fs = {
	.type = "anon_inodefs",
	.source = "anon_inodefs",
	.magic = ANON_INODE_FS_MAGIC,
	.is_made_up = true,
};

/* By /proc/PID/fd: only pipes can be opened again, and those are special. */
static int anonymous_open(struct inode *inode, struct file *file)
{
	(void)inode, (void)file;
	return -ENXIO;
}

static const struct inode_operations anonymous_operations = { .open = anonymous_open };

struct file *file_create(const struct file_operations *operations, struct inode *inode,
			 struct dentry *dentry, struct mount *mount, u32 flags, void *private)
{
	struct file *file = heap_alloc_zero(sizeof(*file));

	if (!file)
		return NULL;
	refcount_init(&file->references, 1);
	file->flags = flags;
	file->operations = operations;
	file->inode = inode;
	file->dentry = dentry;
	file->mount = mount;
	file->private = private;
	lock_init(&file->position_lock, LOCK_FILE_POSITION);
	list_init(&file->epoll_items);
	return file;
}

struct file *file_create_anonymous(const struct file_operations *operations, const char *name,
				   u32 mode, u32 flags, void *private)
{
	struct inode *inode = inode_create(&anonymous_fs, mode, &anonymous_operations, operations);
	struct file *file;

	if (!inode)
		return NULL;
	inode->lower_name = name;
	file = file_create(operations, inode, NULL, NULL, flags, private);
	if (!file)
		inode_put(inode);
	return file;
}

const char *file_anonymous_name(const struct file *file)
{
	return file->inode->fs == &anonymous_fs ? file->inode->lower_name : NULL;
}

/* Adds one of this sign, unless there are ones of the other. */
static int inode_claim(struct inode *inode, s8 sign)
{
	s32 n = READ_ONCE(inode->writers);

	do {
		if (n * sign < 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&inode->writers, &n, n + sign, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return 0;
}

static int file_claim(struct file *file, s8 sign)
{
	int error = inode_claim(file->inode, sign);

	if (!error)
		file->write_claim = sign;
	return error;
}

loff_t file_seek_endless(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += file->position;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	file->position = offset;
	return offset;
}

ssize_t file_read_directory(struct file *file, struct iter *to, u64 *offset)
{
	(void)file, (void)to, (void)offset;
	return -EISDIR;
}

int file_claim_writing(struct file *file)
{
	return file_claim(file, 1);
}

int file_claim_running(struct file *file)
{
	return file_claim(file, -1);
}

int inode_claim_writing(struct inode *inode)
{
	return inode_claim(inode, 1);
}

void inode_end_writing(struct inode *inode)
{
	atomic_sub(&inode->writers, 1);
}

/* Of a file that may be watched. Whether it was the last. */
static bool reference_drop(struct file *file)
{
	u32 count;

	do {
		count = READ_ONCE(file->references.count);
		if (unlikely(count & FILE_WATCHED) && file->operations->put_watched(file))
			return false;
	} while (count & FILE_WATCHED || !atomic_cas(&file->references.count, count, count - 1));
	return count == 1;
}

void file_put(struct file *file)
{
	bool may_be_watched = file->operations && file->operations->put_watched;

	if (may_be_watched ? !reference_drop(file) : !refcount_put(&file->references))
		return;
	if (!list_empty(&file->epoll_items))
		epoll_forget_file(file);
	if (file->told)
		notify_file(file, FILE_WRITABLE(file) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	file_locks_release(file);
	lease_file_gone(file);
	if (file->write_claim)
		atomic_sub(&file->inode->writers, file->write_claim);
	if (file->operations && file->operations->release)
		file->operations->release(file);
	if (file->dentry)
		dentry_put(file->dentry);
	if (file->is_reader)
		inode_put_reader(file->inode);
	else
		inode_put(file->inode);
	/* With the last of a file system go its files. */
	if (file->dentry)
		mount_put(file->mount);
	heap_free(file);
}
