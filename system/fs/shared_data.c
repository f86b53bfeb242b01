/* SPDX-License-Identifier: MIT */
/*
 * Open regular files of volumes. Each has a handle of its own on the host's file, by which it is
 * read, written and mapped: so what others write is seen at once, and what is appended by several
 * goes to the end, which only the host knows. A file that begins or ceases to append gets another
 * handle, and keeps the former one, which may be in use.
 */
#include <asm/stat.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "fs/file_handle.h"
#include "fs/shared.h"
#include "memory/iter.h"
#include "vfs/file.h"

#define PIECES_MAX 16

/* file->private. */
struct shared_file {
	int handles[2];			/* by whether it appends; -1: not asked for; atomic */
};

/* ---- Handles ---- */

/* A handle on the inode's file for these flags, or -errno. */
static int handle_ask(struct inode *inode, u32 flags)
{
	int error;

	for (;;) {
		struct shared_call call = shared_call_for(inode, VOLUME_OPEN);

		call.request.flags = flags;
		error = shared_call_result(&call);
		if (!error && call.handle >= 0)
			return call.handle;
		/* No room for it in the domain. */
		if (!error && !file_handle_spare())
			return -ENFILE;
		if (error)
			return error;
	}
}

/* The handle that came when the file was made, if it was for these flags; else -1. */
static int handle_take_given(struct inode *inode, u32 flags)
{
	struct shared_node *node = inode->node;
	int handle = -1;

	lock_acquire(&inode->lock);
	if (node->given >= 0 && node->given_flags == flags) {
		handle = node->given;
		node->given = -1;
	}
	lock_release(&inode->lock);
	return handle;
}

int shared_open_regular(struct inode *inode, struct file *file)
{
	struct shared_file *shared = heap_alloc(sizeof(*shared));
	u32 flags = file->flags & (O_ACCMODE | O_APPEND);
	int handle;

	if (!shared)
		return -ENOMEM;
	handle = handle_take_given(inode, flags);
	if (handle < 0)
		handle = handle_ask(inode, flags);
	if (handle < 0) {
		heap_free(shared);
		return handle;
	}
	*shared = (struct shared_file){ { -1, -1 } };
	shared->handles[!!(flags & O_APPEND)] = handle;
	file->private = shared;
	return 0;
}

/* A handle to read by, which may be either. */
static int handle_any(const struct file *file)
{
	const struct shared_file *shared = file->private;
	int handle = READ_ONCE(shared->handles[0]);

	return handle >= 0 ? handle : READ_ONCE(shared->handles[1]);
}

/* The one to write by, which must append or not as the file does now. Or -errno. */
static int handle_to_write(struct file *file, bool append)
{
	struct shared_file *shared = file->private;
	int *place = &shared->handles[append], handle = READ_ONCE(*place), former = -1;

	if (likely(handle >= 0))
		return handle;
	handle = handle_ask(file->inode, (file->flags & O_ACCMODE) | (append ? O_APPEND : 0));
	if (handle < 0)
		return handle;
	if (__atomic_compare_exchange_n(place, &former, handle, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return handle;
	handle_close(handle);
	return former;
}

static void shared_file_release(struct file *file)
{
	struct shared_file *shared = file->private;

	for (int i = 0; i < 2; i++) {
		if (shared->handles[i] >= 0)
			handle_close(shared->handles[i]);
	}
	heap_free(shared);
}

static ssize_t handle_size(int handle)
{
	struct stat stat;
	long error = host_call2(__NR_fstat, handle, &stat);

	return error ? error : stat.st_size;
}

/* ---- Bytes ---- */

/*
 * One host call for as much as it takes: what a program writes at once is to lie together, though
 * others append meanwhile. Bytes moved, with *asked how many were to be, or -errno.
 */
static long move_some(int handle, struct iter *iter, bool writing, u64 offset, size_t *asked)
{
	struct iovec pieces[PIECES_MAX];
	struct iter ahead = *iter;
	u32 count = 0;
	u64 base;

	*asked = 0;
	while (ahead.left && count < PIECES_MAX) {
		size_t size = iter_piece(&ahead, &base);

		pieces[count++] = (struct iovec){ (void *)base, size };
		iter_advance(&ahead, size);
		*asked += size;
	}
	if (count == 1)
		return writing ? host_pwrite(handle, base, *asked, offset) :
				 host_pread(handle, base, *asked, offset);
	return host_call5(writing ? __NR_pwritev : __NR_preadv, handle, pieces, count, offset, 0);
}

static ssize_t move_bytes(int handle, struct iter *iter, bool writing, u64 offset)
{
	ssize_t done = 0;

	while (iter->left) {
		size_t asked;
		long count = move_some(handle, iter, writing, offset + done, &asked);

		if (count < 0)
			return done ? done : count;
		iter_advance(iter, count);
		done += count;
		if ((size_t)count < asked)
			break;
	}
	return done;
}

static ssize_t shared_read(struct file *file, struct iter *to, u64 *offset)
{
	ssize_t done = move_bytes(handle_any(file), to, false, *offset);

	if (done > 0)
		*offset += done;
	return done;
}

static ssize_t shared_write(struct file *file, struct iter *from, u64 *offset)
{
	bool append = file->flags & O_APPEND || from->append;
	int handle = handle_to_write(file, append);
	ssize_t done, end;

	if (handle < 0)
		return handle;
	done = move_bytes(handle, from, true, *offset);
	if (done <= 0)
		return done;
	shared_rights_restore(file->inode);
	end = append ? handle_size(handle) : (ssize_t)*offset + done;
	if (end >= 0)
		*offset = end;
	if (file->flags & O_DSYNC) {
		long error = host_call1(__NR_fdatasync, handle);

		return error ? error : done;
	}
	return done;
}

static loff_t shared_seek(struct file *file, loff_t offset, int whence)
{
	loff_t position = offset;

	if (whence == SEEK_CUR) {
		position += file->position;
	} else if (whence == SEEK_END) {
		ssize_t size = handle_size(handle_any(file));

		if (size < 0)
			return size;
		position += size;
	} else if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		position = host_call3(__NR_lseek, handle_any(file), offset, whence);
		if (position < 0)
			return position;
	} else if (whence != SEEK_SET) {
		return -EINVAL;
	}
	if (position < 0)
		return -EINVAL;
	file->position = position;
	return position;
}

/* The host's very file: so a shared mapping is one with all others of it. */
static int shared_map(struct file *file, u64 offset, u64 size, bool shared, bool writable,
		      struct map_source *source)
{
	(void)offset, (void)size, (void)shared, (void)writable;
	source->handle = handle_any(file);
	return 0;
}

static int shared_sync(struct file *file, bool data_only)
{
	return (int)host_call1(data_only ? __NR_fdatasync : __NR_fsync, handle_any(file));
}

static int shared_file_truncate(struct file *file, u64 size)
{
	int error = (int)host_call2(__NR_ftruncate, handle_any(file), size);

	if (!error)
		shared_rights_restore(file->inode);
	return error;
}

static int shared_allocate(struct file *file, int mode, u64 offset, u64 size)
{
	struct shared_call call = shared_call_for(file->inode, VOLUME_ALLOCATE);
	int error;

	call.request.mode = (u32)mode;
	call.request.offset = offset;
	call.request.size = size;
	/* The filter lets holes through, and nothing that takes disk. */
	if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		error = (int)host_call4(__NR_fallocate, handle_any(file), mode, offset, size);
	else
		error = shared_call_result(&call);
	if (!error)
		shared_rights_restore(file->inode);
	return error;
}

const struct file_operations shared_file_operations = {
	.read = shared_read,
	.write = shared_write,
	.seek = shared_seek,
	.map = shared_map,
	.sync = shared_sync,
	.truncate = shared_file_truncate,
	.allocate = shared_allocate,
	.release = shared_file_release,
};
