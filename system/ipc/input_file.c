/* SPDX-License-Identifier: MIT */
/*
 * See input_file.h. Locks: position_lock of the file, held by the callers in vfs/. What the host
 * says of size and times is asked for each time: the outer file may grow while it is read.
 */
#include "ipc/input_file.h"

#include <asm/stat.h>
#include <linux/fs.h>
#include <linux/magic.h>

#include "boundary/abi.h"
#include "core/channel.h"
#include "core/futex.h"
#include "core/host.h"
#include "core/string.h"
#include "ipc/stream.h"
#include "vfs/dentry.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

static struct file_system input_fs = { .type = "tmpfs", .source = "stdin", .magic = TMPFS_MAGIC,
				       .read_only = true };
static int input_handle;
/* descriptor 0 of the first program; a reference held for ever */
static struct file *first_file;

static ssize_t input_read(struct file *file, struct iter *to, u64 *offset)
{
	ssize_t done = 0;

	(void)file;
	while (to->left) {
		u64 base;
		size_t size = iter_piece(to, &base);
		long count = host_pread(input_handle, base, size, *offset);

		if (count < 0)
			return done ? done : count;
		iter_advance(to, count);
		*offset += count;
		done += count;
		if ((size_t)count < size)
			break;
	}
	return done;
}

static void input_attributes(struct inode *inode, struct attributes *out)
{
	struct stat host;

	(void)inode;
	if (host_call2(__NR_fstat, input_handle, &host))
		return;
	out->size = host.st_size;
	out->blocks = host.st_blocks;
	out->atime_ns = host.st_atime * NS_PER_SECOND + host.st_atime_nsec;
	out->mtime_ns = host.st_mtime * NS_PER_SECOND + host.st_mtime_nsec;
	out->ctime_ns = host.st_ctime * NS_PER_SECOND + host.st_ctime_nsec;
}

static u64 input_size(struct inode *inode)
{
	struct attributes attributes = { .size = inode->size };

	input_attributes(inode, &attributes);
	return attributes.size;
}

static loff_t input_seek(struct file *file, loff_t offset, int whence)
{
	loff_t position = offset;

	switch (whence) {
	case SEEK_CUR:
		position += file->position;
		break;
	case SEEK_END:
		position += input_size(file->inode);
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		position = host_call3(__NR_lseek, input_handle, offset, whence);
		if (position < 0)
			return position;
		break;
	}
	if (position < 0)
		return -EINVAL;
	file->position = position;
	return position;
}

static int input_map(struct file *file, u64 offset, u64 size, bool shared, bool writable,
		     struct map_source *source)
{
	(void)file, (void)offset, (void)size, (void)writable;
	source->handle = input_handle;
	source->read_only = shared;
	return 0;
}

static const struct file_operations input_file_operations = {
	.read = input_read,
	.seek = input_seek,
	.map = input_map,
};

static const struct inode_operations input_inode_operations = {
	.attributes = input_attributes,
};

static void inode_fill(struct inode *inode, const struct node *node)
{
	inode->nlink = node->nlink;
	inode->uid = node->uid;
	inode->gid = node->gid;
	inode->ino = node->ino;
	inode->size = node->size;
	inode->blocks = node->blocks;
}

/* A dentry that is in no directory, for /proc/PID/fd to show and to open the file by again. */
static struct dentry *dentry_make(struct inode *inode, const char *path)
{
	bool named = *path && strlen(path) <= NAME_MAX;
	const char *name = named ? path : "stdin";
	struct dentry *dentry = dentry_create(mount_root()->root, name, strlen(name), inode);

	if (dentry && !named)
		dentry->flags |= DENTRY_DELETED;
	return dentry;
}

static struct file *file_make(const struct node *node)
{
	struct inode *inode = inode_create(&input_fs, node->mode, &input_inode_operations,
					   &input_file_operations);
	struct dentry *dentry;
	struct file *file;

	if (!inode)
		return NULL;
	inode_fill(inode, node);
	dentry = dentry_make(inode, node->text);
	if (!dentry) {
		inode_put(inode);
		return NULL;
	}
	inode_get(inode);
	file = file_create(&input_file_operations, inode, dentry, mount_root(),
			   O_RDONLY | O_LARGEFILE, NULL);
	if (!file) {
		inode_put(inode);
		dentry_put(dentry);
	}
	return file;
}

struct file *input_file_create(void)
{
	struct request request = { .op = REQ_INPUT };
	struct reply reply;

	if (request_begin(&request, NULL, &reply, &input_handle, 1))
		return NULL;
	if (reply.handles)
		first_file = file_make((const struct node *)channel_reply_area());
	request_end();
	if (!first_file)
		return NULL;
	first_file->position = reply.offset;
	file_get(first_file);
	return first_file;
}

u64 stream_input_position(void)
{
	return first_file ? READ_ONCE(first_file->position) : 0;
}
