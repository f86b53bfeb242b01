/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of regular files are, and how they move from one place to the next; see
 * file_data.h.
 */
#include "fs/file_data.h"

#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/memfd.h>

#include "core/channel.h"
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/lower_handle.h"
#include "fs/file_data_private.h"
#include "fs/tree.h"
#include "memory/window.h"

/* Up to here a private file's bytes are in the heap. */
#define HEAP_FILE_MAX	(64u << 10)
#define HEAP_FILE_MIN	64u

static u64 last_serial;

/* Makes inode->data, once, whoever comes first. */
static int data_create(struct inode *inode)
{
	struct file_data *data;

	if (load_acquire(&inode->data))
		return 0;
	data = heap_alloc_zero(sizeof(*data));
	if (!data)
		return -ENOMEM;
	data->place = tree_has_ground(inode) ? PLACE_LOWER : PLACE_HEAP;
	data->handle = -1;
	data->lower_serial = atomic_add(&last_serial, 1);
	list_init(&data->handle_node);
	if (!atomic_cas(&inode->data, (struct file_data *)NULL, data))
		heap_free(data);
	return 0;
}

int file_data_open(struct inode *inode, struct file *file)
{
	(void)file;
	return data_create(inode);
}

void file_data_give_handle(struct inode *inode, int handle)
{
	if (data_create(inode))
		handle_close(handle);
	else
		lower_handle_record(inode->data, handle);
}

void file_data_free(struct inode *inode)
{
	struct file_data *data = inode->data;

	if (!data)
		return;
	lower_handle_forget(data);
	if (data->place == PLACE_MEMFD) {
		handle_close(data->memfd);
	}
	heap_free(data->bytes);
	heap_free(data);
	inode->data = NULL;
}

u64 file_data_blocks(struct inode *inode)
{
	struct file_data *data = inode->data;
	struct stat host;

	if (!data || data->place == PLACE_LOWER)
		return inode->blocks;
	if (data->place == PLACE_HEAP)
		return ROUND_UP(inode->size, PAGE_SIZE) / 512;
	return host_call2(__NR_fstat, data->memfd, &host) ? 0 : host.st_blocks;
}

/* ---- From place to place; inode->lock held ---- */

static int heap_reserve(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	u32 capacity = MAX(data->capacity, HEAP_FILE_MIN);
	char *bytes;

	if (size <= data->capacity)
		return 0;
	while (capacity < size)
		capacity *= 2;
	bytes = heap_alloc(capacity);
	if (!bytes)
		return -ENOSPC;
	if (data->bytes)
		memcpy(bytes, data->bytes, MIN(inode->size, (u64)data->capacity));
	heap_free(data->bytes);
	data->bytes = bytes;
	data->capacity = capacity;
	return 0;
}

static long memfd_fill_from_heap(struct inode *inode, int memfd)
{
	struct file_data *data = inode->data;
	u64 size = MIN(inode->size, (u64)data->capacity);
	long done = size ? host_pwrite(memfd, (u64)data->bytes, size, 0) : 0;

	return done < 0 ? done : done == (long)size ? 0 : -EIO;
}

static long memfd_fill_from_lower(struct inode *inode, int memfd)
{
	int handle = lower_handle_use(inode);
	loff_t offset = 0;
	long moved = 1;

	if (handle < 0)
		return handle;
	while (moved > 0 && (u64)offset < inode->size)
		moved = host_call4(__NR_sendfile, memfd, handle, &offset, inode->size - offset);
	lower_handle_done(inode);
	return moved < 0 ? moved : 0;
}

/* Moves the bytes to a memfd; inode->lock held. 0 or -errno. */
static int file_data_to_memfd(struct inode *inode)
{
	struct file_data *data = inode->data;
	long memfd, error;

	if (data->place == PLACE_MEMFD)
		return 0;
	do {
		memfd = host_call2(__NR_memfd_create, "object", MFD_CLOEXEC);
	} while (memfd == -EMFILE && lower_handle_spare());
	if (memfd < 0)
		return memfd == -EMFILE ? -ENFILE : (int)memfd;
	handle_came();
	error = data->place == PLACE_LOWER ? memfd_fill_from_lower(inode, memfd) :
					     memfd_fill_from_heap(inode, memfd);
	if (!error)
		error = host_call2(__NR_ftruncate, memfd, inode->size);
	if (error) {
		handle_close(memfd);
		return (int)error;
	}
	data->memfd = memfd;
	data->memfd_serial = atomic_add(&last_serial, 1);
	store_release(&data->place, PLACE_MEMFD);
	heap_free(data->bytes);
	data->bytes = NULL;
	data->capacity = 0;
	inode_changed(inode);
	return 0;
}

static int lower_to_heap(struct inode *inode)
{
	struct file_data *data = inode->data;
	int error = heap_reserve(inode, inode->size), handle;
	u64 done = 0;
	long count = 1;

	if (error)
		return error;
	handle = lower_handle_use(inode);
	if (handle < 0)
		return handle;
	while (count > 0 && done < inode->size) {
		count = host_pread(handle, (u64)data->bytes + done, inode->size - done, done);
		done += MAX(count, 0l);
	}
	lower_handle_done(inode);
	if (count < 0)
		return (int)count;
	inode->size = done;
	store_release(&data->place, PLACE_HEAP);
	inode_changed(inode);
	return 0;
}

/* Makes the file private and able to hold size bytes. */
static int make_writable(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	int error = 0;

	if (data->place == PLACE_LOWER && inode->size <= HEAP_FILE_MAX)
		error = lower_to_heap(inode);
	if (error || data->place == PLACE_MEMFD)
		return error;
	if (data->place == PLACE_LOWER || size > HEAP_FILE_MAX)
		return file_data_to_memfd(inode);
	return heap_reserve(inode, size);
}

/* Zeroes of [from, to) that a shorter file left undefined. */
static void heap_clear(struct file_data *data, u64 from, u64 to)
{
	if (to > from)
		memset(data->bytes + from, 0, to - from);
}

/* Do seals forbid a change that leaves at least end bytes? */
static bool sealed_against(const struct inode *inode, u32 seals, u64 end)
{
	return inode->seals & (seals | (end > inode->size ? F_SEAL_GROW : 0));
}

static int truncate_locked(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	long error;

	if (sealed_against(inode, size < inode->size ? F_SEAL_SHRINK : 0, size))
		return -EPERM;
	if (data->place == PLACE_LOWER && !size) {
		/* Nothing of the lower file is needed. */
		inode->size = 0;
		store_release(&data->place, PLACE_HEAP);
		return 0;
	}
	error = make_writable(inode, MAX(size, inode->size));
	if (error)
		return (int)error;
	if (data->place == PLACE_MEMFD) {
		error = host_call2(__NR_ftruncate, data->memfd, size);
		if (error)
			return (int)error;
	} else {
		heap_clear(data, inode->size, size);
	}
	WRITE_ONCE(inode->size, size);
	return 0;
}

int file_data_truncate(struct inode *inode, u64 size)
{
	int error = data_create(inode);

	if (error)
		return error;
	if (size > INT64_MAX)
		return -EFBIG;
	lock_acquire(&inode->lock);
	error = truncate_locked(inode, size);
	lock_release(&inode->lock);
	if (!error)
		inode_touch_modified(inode);
	return error;
}

/* ---- Reading ---- */

static ssize_t heap_read(struct inode *inode, struct iter *to, u64 offset)
{
	size_t size;

	if (offset >= inode->size)
		return 0;
	size = MIN((u64)to->left, inode->size - offset);
	return size && !iter_copy_to(to, inode->data->bytes + offset, size) ? -EFAULT
									    : (ssize_t)size;
}

static struct window_source memfd_source(const struct file_data *data)
{
	return (struct window_source){ data->memfd, true, data->memfd_serial };
}

/* Through a window where there is one; what it leaves over, by the host. */
static ssize_t source_read(struct inode *inode, const struct window_source *source, struct iter *to,
			   u64 offset)
{
	u64 end = READ_ONCE(inode->size);
	ssize_t done = 0;

	if (offset >= end)
		return 0;
	done = window_read(source, offset, to, MIN((u64)to->left, end - offset));
	if (offset + done == end)
		return done;
	while (to->left) {
		u64 base;
		size_t size = iter_piece(to, &base);
		long count = host_pread(source->handle, base, size, offset + done);

		if (count < 0)
			return done ? done : count;
		iter_advance(to, count);
		done += count;
		if ((size_t)count < size)
			break;
	}
	return done;
}

static ssize_t memfd_read(struct inode *inode, struct iter *to, u64 offset)
{
	struct window_source source = memfd_source(inode->data);

	return source_read(inode, &source, to, offset);
}

static ssize_t lower_read(struct inode *inode, struct iter *to, u64 offset)
{
	struct window_source source = { .identity = inode->data->lower_serial };
	ssize_t result;

	source.handle = lower_handle_use(inode);
	if (source.handle < 0)
		return source.handle;
	result = source_read(inode, &source, to, offset);
	lower_handle_done(inode);
	return result;
}

static ssize_t data_read(struct inode *inode, struct iter *to, u64 offset)
{
	struct file_data *data = inode->data;
	ssize_t result;

	switch (load_acquire(&data->place)) {
	case PLACE_MEMFD:
		return memfd_read(inode, to, offset);
	case PLACE_LOWER:
		return lower_read(inode, to, offset);
	default:
		lock_acquire(&inode->lock);
		result = data->place == PLACE_HEAP ? heap_read(inode, to, offset) :
						     memfd_read(inode, to, offset);
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

	heap_clear(data, inode->size, offset);
	done = iter_copy_from(from, data->bytes + offset, from->left);
	if (!done)
		return -EFAULT;
	if (offset + done > inode->size)
		WRITE_ONCE(inode->size, offset + done);
	return (ssize_t)done;
}

static ssize_t memfd_write(struct inode *inode, struct iter *from, u64 offset)
{
	struct window_source source = memfd_source(inode->data);
	ssize_t done = 0;

	if (offset + from->left <= inode->size)
		done = window_write(&source, offset, from, from->left);
	while (from->left) {
		u64 base;
		size_t size = iter_piece(from, &base);
		long count = host_pwrite(inode->data->memfd, base, size, offset + done);

		if (count < 0) {
			if (!done)
				return count == -ENOMEM ? -ENOSPC : count;
			break;
		}
		iter_advance(from, count);
		done += count;
		if ((size_t)count < size)
			break;
	}
	if (offset + done > inode->size)
		WRITE_ONCE(inode->size, offset + done);
	return done;
}

static ssize_t write_locked(struct inode *inode, struct iter *from, u64 offset)
{
	u64 end = offset + from->left;
	int error;

	if (end < offset || end > INT64_MAX)
		return -EFBIG;
	if (sealed_against(inode, F_SEAL_WRITE | F_SEAL_FUTURE_WRITE, end))
		return -EPERM;
	error = make_writable(inode, MAX(end, inode->size));
	if (error)
		return error;
	return inode->data->place == PLACE_HEAP ? heap_write(inode, from, offset) :
						  memfd_write(inode, from, offset);
}

static ssize_t regular_write(struct file *file, struct iter *from, u64 *offset)
{
	struct inode *inode = file->inode;
	ssize_t result;

	if (!from->left)
		return 0;
	lock_acquire(&inode->lock);
	if (file->flags & O_APPEND)
		*offset = inode->size;
	result = write_locked(inode, from, *offset);
	lock_release(&inode->lock);
	if (result > 0) {
		*offset += result;
		inode_touch_modified(inode);
	}
	return result;
}

/* ---- The rest ---- */

/* SEEK_DATA and SEEK_HOLE: a memfd knows; anything else is data from end to end. */
static loff_t seek_in_space(struct inode *inode, loff_t offset, int whence)
{
	if (offset < 0 || (u64)offset >= inode->size)
		return -ENXIO;
	if (load_acquire(&inode->data->place) == PLACE_MEMFD)
		return host_call3(__NR_lseek, inode->data->memfd, offset, whence);
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

static int regular_map(struct file *file, u64 offset, u64 size, bool shared, bool writable,
		       struct map_source *source)
{
	struct inode *inode = file->inode;
	struct file_data *data = inode->data;
	int error = 0;

	(void)offset;
	(void)size;
	lock_acquire(&inode->lock);
	if (shared && writable && sealed_against(inode, F_SEAL_WRITE | F_SEAL_FUTURE_WRITE, 0)) {
		error = -EPERM;
	} else if (data->place == PLACE_LOWER && !(shared && writable)) {
		error = lower_handle_use(inode);
		if (error >= 0) {
			source->handle = error;
			source->read_only = shared;
			source->in_use = true;
			error = 0;
		}
	} else {
		error = file_data_to_memfd(inode);
		source->handle = data->memfd;
	}
	lock_release(&inode->lock);
	return error;
}

static void regular_map_end(struct file *file)
{
	lower_handle_done(file->inode);
}

static int regular_sync(struct file *file, bool data_only)
{
	/* Private files live as long as the domain, and so does the memory that they are in. */
	(void)file;
	(void)data_only;
	return 0;
}

static int regular_truncate(struct file *file, u64 size)
{
	return file_data_truncate(file->inode, size);
}

static int allocate_locked(struct inode *inode, int mode, u64 offset, u64 size)
{
	u64 end = offset + size,
	    new_size = mode & FALLOC_FL_KEEP_SIZE ? inode->size : MAX(end, inode->size);
	struct file_data *data = inode->data;
	long result = 0;
	int error;

	if (sealed_against(inode, mode & FALLOC_FL_PUNCH_HOLE ? F_SEAL_WRITE : 0, new_size))
		return -EPERM;
	/* The host would look for the memory until it has killed somebody. */
	if (!(mode & FALLOC_FL_PUNCH_HOLE) && size > config()->memory_total)
		return -ENOSPC;
	error = make_writable(inode, MAX(end, inode->size));
	if (error)
		return error;
	if (data->place == PLACE_MEMFD) {
		result = host_call4(__NR_fallocate, data->memfd, mode & ~FALLOC_FL_ZERO_RANGE,
				    offset, size);
	} else {
		heap_clear(data, inode->size, new_size);
		if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
			heap_clear(data, offset, MIN(end, new_size));
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
	.map_end = regular_map_end,
	.sync = regular_sync,
	.truncate = regular_truncate,
	.allocate = regular_allocate,
};
