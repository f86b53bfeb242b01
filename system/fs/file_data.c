/* SPDX-License-Identifier: MIT */
/*
 * Operations on the bytes of regular files, wherever they are (file_place.c); see file_data.h.
 */
#include "fs/file_data.h"

#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>

#include "core/channel.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/file_data_private.h"
#include "fs/file_layer.h"
#include "fs/file_handle.h"
#include "fs/overlay.h"
#include "memory/window.h"
#include "vfs/keep.h"

/* ---- Reading ---- */

static ssize_t heap_read(struct inode *inode, struct iter *to, u64 offset)
{
	size_t size, done;

	if (offset >= inode->size)
		return 0;
	size = MIN((u64)to->left, inode->size - offset);
	done = iter_copy_to(to, inode->data->bytes + offset, size);
	return size && !done ? -EFAULT : (ssize_t)done;
}

static struct window_source own_source(struct inode *inode)
{
	return (struct window_source){ .inode = inode, .open = own_handle_use, .handle = -1,
				       .writable = true, .identity = inode->data->own_serial,
				       .size = READ_ONCE(inode->size) };
}

static struct window_source lower_source(struct inode *inode)
{
	return (struct window_source){ .inode = inode, .open = lower_handle_use, .handle = -1,
				       .identity = inode->data->lower_serial,
				       .size = READ_ONCE(inode->size) };
}

static ssize_t host_read(int handle, struct iter *to, u64 offset)
{
	ssize_t done = 0;

	while (to->left) {
		u64 base;
		size_t size = iter_piece(to, &base);
		long count = host_pread(handle, base, size, offset + done);

		if (count < 0)
			return done ? done : count;
		iter_advance(to, count);
		done += count;
		if ((size_t)count < size)
			break;
	}
	return done;
}

/* Through a window where there is one; what it leaves over, by the host. */
static ssize_t source_read(struct window_source *source, struct iter *to, u64 offset)
{
	u64 end = source->size;
	ssize_t done, count;
	int handle;

	if (offset >= end)
		return 0;
	done = window_read(source, offset, to, MIN((u64)to->left, end - offset));
	if (offset + done == end || !to->left)
		return done;
	handle = window_source_handle(source);
	count = handle < 0 ? handle : host_read(handle, to, offset + done);
	return count < 0 ? (done ? done : count) : done + count;
}

static ssize_t own_read(struct inode *inode, struct iter *to, u64 offset)
{
	struct window_source source = own_source(inode);
	ssize_t result = source_read(&source, to, offset);

	if (source.handle >= 0)
		own_handle_done(inode);
	return result;
}

static ssize_t lower_read(struct inode *inode, struct iter *to, u64 offset)
{
	struct window_source source = lower_source(inode);
	ssize_t result = source_read(&source, to, offset);

	if (source.handle >= 0)
		lower_handle_done(inode);
	return result;
}

static ssize_t data_read(struct inode *inode, struct iter *to, u64 offset)
{
	struct file_data *data = inode->data;
	ssize_t result;

	switch (load_acquire(&data->place)) {
	case PLACE_OWN:
		return own_read(inode, to, offset);
	case PLACE_LOWER:
		return lower_read(inode, to, offset);
	case PLACE_LAYERED:
		return file_layer_read(inode, to, offset);
	default:
		lock_acquire(&inode->lock);
		result = data->place == PLACE_HEAP ? heap_read(inode, to, offset) :
						     own_read(inode, to, offset);
		lock_release(&inode->lock);
		return result;
	}
}

static ssize_t regular_read(struct file *file, struct iter *to, u64 *offset)
{
	ssize_t result = data_read(file->inode, to, *offset);

	if (result > 0)
		*offset += result;
	if (!(file->flags & O_NOATIME))
		inode_touch_accessed(file->inode);
	return result;
}

/* ---- Writing ---- */

static ssize_t heap_write(struct inode *inode, struct iter *from, u64 offset)
{
	struct file_data *data = inode->data;
	size_t done;

	file_data_clear(data, inode->size, offset);
	done = iter_copy_from(from, data->bytes + offset, from->left);
	if (!done)
		return -EFAULT;
	if (offset + done > inode->size)
		WRITE_ONCE(inode->size, offset + done);
	return (ssize_t)done;
}

static ssize_t host_write(int handle, struct iter *from, u64 offset)
{
	ssize_t done = 0;

	while (from->left) {
		u64 base;
		size_t size = iter_piece(from, &base);
		long count = host_pwrite(handle, base, size, offset + done);

		if (count < 0 && !done)
			return count == -ENOMEM ? -ENOSPC : count;
		if (count < 0)
			break;
		iter_advance(from, count);
		done += count;
		if ((size_t)count < size)
			break;
	}
	return done;
}

static ssize_t source_write(struct window_source *source, struct iter *from, u64 offset)
{
	ssize_t done = 0, count;
	int handle;

	if (offset + from->left <= source->size)
		done = window_write(source, offset, from, from->left);
	if (!from->left)
		return done;
	handle = window_source_handle(source);
	count = handle < 0 ? handle : host_write(handle, from, offset + done);
	return count < 0 ? (done ? done : count) : done + count;
}

static ssize_t own_write(struct inode *inode, struct iter *from, u64 offset)
{
	struct window_source source = own_source(inode);
	ssize_t done = source_write(&source, from, offset);

	if (source.handle >= 0)
		own_handle_done(inode);
	if (done > 0 && offset + done > inode->size)
		WRITE_ONCE(inode->size, offset + done);
	return done;
}

/* To a host file, of which there may be a limit. */
static ssize_t host_file_write(struct inode *inode, struct iter *from, u64 offset)
{
	int error = overlay_disk_take(inode, offset, from->left);
	size_t size = from->left;
	ssize_t done = error ? error : own_write(inode, from, offset);

	if (!inode->fs->keeper)
		return done;
	/* The host's disk may be full whatever was asked for. */
	while (!error && overlay_disk_reclaim(done))
		done = own_write(inode, from, offset);
	overlay_disk_taken(inode, done == (ssize_t)size);
	return done;
}

static ssize_t layered_write(struct inode *inode, struct iter *from, u64 offset)
{
	u64 size = from->left, counts;
	ssize_t done = file_layer_write_begin(inode, offset, size);

	if (!done)
		done = host_file_write(inode, from, offset);
	if (done <= 0)
		return done;
	counts = file_layer_write_end(inode, offset, size, done);
	return counts ? (ssize_t)counts : -EFAULT;
}

static ssize_t write_locked(struct inode *inode, struct iter *from, u64 offset)
{
	u64 end = offset + from->left;
	int error;

	if (end < offset || end > INT64_MAX)
		return -EFBIG;
	if (file_data_is_sealed(inode, F_SEAL_WRITE | F_SEAL_FUTURE_WRITE, end))
		return -EPERM;
	error = file_data_make_writable(inode, MAX(end, inode->size));
	if (error)
		return error;
	switch (inode->data->place) {
	case PLACE_HEAP:
		return heap_write(inode, from, offset);
	case PLACE_LAYERED:
		return layered_write(inode, from, offset);
	default:
		return host_file_write(inode, from, offset);
	}
}

static ssize_t regular_write(struct file *file, struct iter *from, u64 *offset)
{
	struct inode *inode = file->inode;
	ssize_t result;

	if (!from->left)
		return 0;
	lock_acquire(&inode->lock);
	if (file->flags & O_APPEND || from->append)
		*offset = inode->size;
	result = write_locked(inode, from, *offset);
	lock_release(&inode->lock);
	if (result > 0) {
		int error;

		*offset += result;
		inode_touch_modified(inode);
		error = file->flags & O_DSYNC ? file_data_sync(inode) : 0;
		result = error ? error : result;
	}
	return result;
}

/* ---- The rest ---- */

/* SEEK_DATA and SEEK_HOLE: a memfd knows; anything else is data from end to end. */
static loff_t seek_in_space(struct inode *inode, loff_t offset, int whence)
{
	loff_t result;
	int own;

	if (offset < 0 || (u64)offset >= inode->size)
		return -ENXIO;
	if (load_acquire(&inode->data->place) == PLACE_OWN) {
		own = own_handle_use(inode);
		if (own < 0)
			return own;
		result = host_call3(__NR_lseek, own, offset, whence);
		own_handle_done(inode);
		return result;
	}
	return whence == SEEK_DATA ? offset : (loff_t)inode->size;
}

static loff_t regular_seek(struct file *file, loff_t offset, int whence)
{
	loff_t position;

	switch (whence) {
	case SEEK_SET:
		position = offset;
		break;
	case SEEK_CUR:
		position = file->position + offset;
		break;
	case SEEK_END:
		position = READ_ONCE(file->inode->size) + offset;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		position = seek_in_space(file->inode, offset, whence);
		if (position < 0)
			return position;
		break;
	default:
		return -EINVAL;
	}
	if (position < 0)
		return -EINVAL;
	file->position = position;
	return position;
}

static int map_lower(struct inode *inode, bool shared, struct map_source *source)
{
	int handle = lower_handle_use(inode);

	if (handle < 0)
		return handle;
	source->handle = handle;
	source->read_only = shared;
	source->done = lower_handle_done;
	return 0;
}

/* changes: the mapping changes the file. */
static int map_own(struct inode *inode, bool changes, struct map_source *source)
{
	int error = file_data_to_own(inode), handle;

	/* Through a mapping holes are filled without asking. */
	if (!error && changes && config()->disk_limit)
		error = overlay_disk_take(inode, 0, inode->size);
	overlay_disk_taken(inode, !error);
	if (error)
		return error;
	handle = own_handle_use(inode);
	if (handle < 0)
		return handle;
	source->handle = handle;
	source->done = own_handle_done;
	if (changes && inode->fs->keeper)
		WRITE_ONCE(inode->data->is_mapped, true);
	return 0;
}

static int regular_map(struct file *file, u64 offset, u64 size, bool shared, bool writable,
		       struct map_source *source)
{
	struct inode *inode = file->inode;
	bool changes = shared && writable;
	int error = 0;

	(void)offset;
	(void)size;
	lock_acquire(&inode->lock);
	if (changes && file_data_is_sealed(inode, F_SEAL_WRITE | F_SEAL_FUTURE_WRITE, 0))
		error = -EPERM;
	else if (inode->data->place == PLACE_LOWER && !changes)
		error = map_lower(inode, shared, source);
	else
		error = map_own(inode, changes, source);
	lock_release(&inode->lock);
	return error;
}

static int regular_sync(struct file *file, bool data_only)
{
	(void)data_only;
	return file_data_sync(file->inode);
}

static int regular_truncate(struct file *file, u64 size)
{
	return file_data_truncate(file->inode, size);
}

static long own_punch(struct inode *inode, u64 offset, u64 size)
{
	int own = own_handle_use(inode);
	long error;

	if (own < 0)
		return own;
	inode->data->has_holes = true;
	overlay_disk_freed();
	error = host_call4(__NR_fallocate, own, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			   size);
	own_handle_done(inode);
	return error;
}

/* Disk is the monitor's to give; memory comes by itself. */
static long own_allocate(struct inode *inode, int mode, u64 offset, u64 size)
{
	u64 end = mode & FALLOC_FL_KEEP_SIZE ? MIN(offset + size, inode->size) : offset + size;
	int own = inode->data->own.handle;
	long error = 0;

	if (inode->fs->keeper)
		return overlay_disk_allocate(inode, mode, offset, size);
	if (end > inode->size)
		error = host_call2(__NR_ftruncate, own, end);
	/* Behind its end a memory file keeps nothing. */
	if (!error && end > offset)
		error = window_fill(own, offset, end - offset);
	if (error && end > inode->size)
		host_call2(__NR_ftruncate, own, inode->size);
	return error;
}

static int allocate_locked(struct inode *inode, int mode, u64 offset, u64 size)
{
	u64 end = offset + size,
	    new_size = mode & FALLOC_FL_KEEP_SIZE ? inode->size : MAX(end, inode->size);
	struct file_data *data = inode->data;
	long result = 0;
	int error;

	if (file_data_is_sealed(inode, mode & FALLOC_FL_PUNCH_HOLE ? F_SEAL_WRITE : 0, new_size))
		return -EPERM;
	/* The host would look for the memory until it has killed somebody. */
	if (!inode->fs->keeper && !(mode & FALLOC_FL_PUNCH_HOLE) && size > config()->memory_total)
		return -ENOSPC;
	error = file_data_make_whole(inode, MAX(end, inode->size));
	if (error)
		return error;
	if (data->place == PLACE_OWN) {
		result = mode & FALLOC_FL_PUNCH_HOLE ? own_punch(inode, offset, size) :
						       own_allocate(inode, mode, offset, size);
	} else {
		file_data_clear(data, inode->size, new_size);
		if (mode & FALLOC_FL_PUNCH_HOLE)
			file_data_clear(data, offset, MIN(end, new_size));
	}
	if (!result)
		WRITE_ONCE(inode->size, new_size);
	return (int)result;
}

static int regular_allocate(struct file *file, int mode, u64 offset, u64 size)
{
	struct inode *inode = file->inode;
	int error;

	switch (mode) {
	case 0:
	case FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE:
		break;
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
		/* The host's memfds can't: a hole, then space. */
		error = regular_allocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset,
					 size);
		return error ?: regular_allocate(file, mode & FALLOC_FL_KEEP_SIZE, offset, size);
	default:
		return -EOPNOTSUPP;
	}
	lock_acquire(&inode->lock);
	error = allocate_locked(inode, mode, offset, size);
	lock_release(&inode->lock);
	if (!error)
		inode_touch_modified(inode);
	return error;
}

const struct file_operations file_data_operations = {
	.read = regular_read,
	.write = regular_write,
	.seek = regular_seek,
	.map = regular_map,
	.sync = regular_sync,
	.truncate = regular_truncate,
	.allocate = regular_allocate,
};
