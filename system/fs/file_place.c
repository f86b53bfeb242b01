/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of regular files are, and how they move from one place to the next; see
 * file_data.h. Locks: inode->lock for all moves.
 */
#include <asm/stat.h>
#include <asm/unistd_64.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>

#include "core/channel.h"
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/file_data.h"
#include "fs/file_data_private.h"
#include "fs/file_layer.h"
#include "fs/file_handle.h"
#include "fs/overlay.h"
#include "fs/tree.h"
#include "vfs/keep.h"

/* Up to here a private file's bytes are in the heap, or in a piece of the overlay. */
#define HEAP_FILE_MAX	(64u << 10)
#define HEAP_FILE_MIN	64u

_Static_assert(HEAP_FILE_MAX <= OVERLAY_PIECE_MAX, "pieces are too small");

static u64 last_serial;

static u64 serial_next(void)
{
	return atomic_add(&last_serial, 1);
}

/* ---- Making and freeing ---- */

/* Where a file that was kept has its bytes. False: out of memory. */
static bool data_find_kept(struct file_data *data, const struct inode *inode)
{
	const struct overlay_slot *slot = inode->slot;

	if (inode->object >= OVERLAY_OWN_OBJECT)
		return true;
	switch (OVERLAY_PLACE(slot->data)) {
	case OVERLAY_PIECE:
		data->place = PLACE_HEAP;
		data->bytes = overlay_address(OVERLAY_PIECE_OFFSET(slot->data));
		data->capacity = (u32)OVERLAY_PIECE_CAPACITY(slot->data);
		break;
	case OVERLAY_OBJECT:
		data->place = slot->layer_bits ? PLACE_LAYERED : PLACE_OWN;
		data->own_serial = serial_next();
		if (slot->layer_bits)
			data->layer = file_layer_load(slot);
		return !slot->layer_bits || data->layer;
	}
	return true;
}

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
	file_handle_init(&data->lower);
	file_handle_init(&data->own);
	data->lower_serial = serial_next();
	if (inode->slot && !data_find_kept(data, inode)) {
		heap_free(data);
		return -ENOMEM;
	}
	if (!atomic_cas(&inode->data, (struct file_data *)NULL, data)) {
		file_layer_free(data->layer);
		heap_free(data);
	}
	return 0;
}

/* A large file that was kept: its object is asked for when it is first used. */
static int own_find(struct inode *inode)
{
	struct file_data *data = inode->data;
	int handle = 0;

	lock_acquire(&inode->lock);
	if (!data->own_is_found)
		handle = own_handle_use(inode);
	if (!data->own_is_found && handle >= 0) {
		if (data->layer)
			file_layer_recover(data->layer, handle);
		own_handle_done(inode);
		/* What it has was counted; whether it has holes is not known. */
		data->taken_end = inode->size;
		data->has_holes = true;
		store_release(&data->own_is_found, true);
	}
	lock_release(&inode->lock);
	return handle < 0 ? handle : 0;
}

/* inode->data is there, with all that its place needs. 0 or -errno. */
static int data_get(struct inode *inode)
{
	int error = data_create(inode);

	if (error)
		return error;
	if (load_acquire(&inode->data->place) >= PLACE_OWN &&
	    !load_acquire(&inode->data->own_is_found))
		return own_find(inode);
	return 0;
}

int file_data_open(struct inode *inode, struct file *file)
{
	(void)file;
	return data_get(inode);
}

void file_data_give_handle(struct inode *inode, int handle)
{
	if (data_create(inode))
		handle_close(handle);
	else
		file_handle_record(&inode->data->lower, handle);
}

static void own_forget(struct inode *inode)
{
	struct file_handle *own = &inode->data->own;

	if (inode->fs->keeper)
		file_handle_forget(own);
	else if (own->handle >= 0)
		handle_close(own->handle);
}

void file_data_free(struct inode *inode)
{
	struct file_data *data = inode->data;

	if (!data)
		return;
	file_handle_forget(&data->lower);
	own_forget(inode);
	file_layer_free(data->layer);
	/* A piece of the overlay is freed with the inode's slot. */
	if (!inode->fs->keeper)
		heap_free(data->bytes);
	heap_free(data);
	inode->data = NULL;
}

/* What the host knows of a file of its own. 0 or -errno. */
static long own_stat(struct inode *inode, struct stat *host)
{
	int own = own_handle_use(inode);
	long error;

	if (own < 0)
		return own;
	error = host_call2(__NR_fstat, own, host);
	own_handle_done(inode);
	return error;
}

u64 file_data_blocks(struct inode *inode)
{
	struct file_data *data = inode->data;
	struct stat host;

	if (!data || data->place == PLACE_LOWER ||
	    (data->place >= PLACE_OWN && !READ_ONCE(data->own_is_found)))
		return inode->blocks;
	/* What is the ground's counts too. */
	if (data->place == PLACE_LAYERED)
		return (inode->size + 511) / 512;
	if (data->place == PLACE_HEAP)
		return ROUND_UP(inode->size, PAGE_SIZE) / 512;
	return own_stat(inode, &host) ? 0 : host.st_blocks;
}

void file_data_note_times(struct inode *inode)
{
	const struct file_data *data = inode->data;
	struct stat host;
	s64 mtime_ns;

	if (!data || !READ_ONCE(data->is_mapped) || inode->slot->flags & OVERLAY_TIMES_SET ||
	    own_stat(inode, &host))
		return;
	mtime_ns = (s64)host.st_mtime * 1000000000 + (s64)host.st_mtime_nsec;
	/* Of a write by a system call the host's coarse clock tells an earlier time than ours. */
	if (mtime_ns <= READ_ONCE(inode->mtime_ns))
		return;
	WRITE_ONCE(inode->mtime_ns, mtime_ns);
	WRITE_ONCE(inode->ctime_ns, mtime_ns);
	inode_changed(inode, true);
}

/* ---- Small files ---- */

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

static int bytes_reserve(struct inode *inode, u64 size)
{
	return inode->fs->keeper ? overlay_piece_reserve(inode, size) : heap_reserve(inode, size);
}

static void bytes_drop(struct inode *inode)
{
	struct file_data *data = inode->data;

	if (inode->fs->keeper) {
		overlay_piece_drop(inode);
		return;
	}
	heap_free(data->bytes);
	data->bytes = NULL;
	data->capacity = 0;
}

/* What comes from the image is durable there, and must be so here before this place counts. */
static int bytes_settle(struct inode *inode)
{
	return inode->fs->keeper ? overlay_piece_settle(inode) : 0;
}

static int lower_to_heap(struct inode *inode)
{
	struct file_data *data = inode->data;
	int error = bytes_reserve(inode, inode->size), handle;
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
	error = bytes_settle(inode);
	if (error)
		return error;
	store_release(&data->place, PLACE_HEAP);
	inode_changed(inode, true);
	return 0;
}

/* ---- Files of their own ---- */

static long own_fill_from_heap(struct inode *inode, int own)
{
	struct file_data *data = inode->data;
	u64 size = MIN(inode->size, (u64)data->capacity);
	long done = size ? host_pwrite(own, (u64)data->bytes, size, 0) : 0;

	return done < 0 ? done : done == (long)size ? 0 : -EIO;
}

static long own_fill_from_lower(struct inode *inode, int own)
{
	int handle = lower_handle_use(inode);
	loff_t offset = 0;
	long moved = 1;

	if (handle < 0)
		return handle;
	while (moved > 0 && (u64)offset < inode->size)
		moved = host_call4(__NR_sendfile, own, handle, &offset, inode->size - offset);
	lower_handle_done(inode);
	return moved < 0 ? moved : 0;
}

/* With all that is known of the file's bytes, and durable where they were. 0 or -errno. */
static long own_fill(struct inode *inode, int own)
{
	struct file_data *data = inode->data;
	long error = overlay_disk_take(inode, 0, inode->size);

	if (error)
		return error;
	error = data->place == PLACE_LOWER ? own_fill_from_lower(inode, own)
					   : own_fill_from_heap(inode, own);
	overlay_disk_taken(inode, !error);
	if (!error)
		error = host_call2(__NR_ftruncate, own, inode->size);
	if (!error && inode->fs->keeper && overlay_bytes_are_synced(inode))
		error = host_call1(__NR_fdatasync, own);
	return error;
}

/* A new host file, empty: an object of the domain's own (with *id), or memory. Or -errno. */
static long own_create(struct inode *inode, u64 *id)
{
	bool is_kept = inode->fs->keeper;
	long own;

	do {
		own = is_kept ? overlay_object_create(id)
			      : host_call2(__NR_memfd_create, "object", MFD_CLOEXEC);
	} while ((own == -EMFILE || own == -ENFILE) && file_handle_spare());
	if (own < 0)
		return own == -EMFILE ? -ENFILE : own;
	if (!is_kept)
		handle_came();
	return own;
}

/* Begins to use a host file that has what it needs. */
static void own_use(struct inode *inode, int own, u64 id, enum place place)
{
	struct file_data *data = inode->data;

	if (inode->fs->keeper)
		file_handle_record(&data->own, own);
	else
		data->own.handle = own;
	data->own_is_found = true;
	data->own_serial = serial_next();
	if (id)
		overlay_object_set(inode, id, data->layer);
	store_release(&data->place, place);
	bytes_drop(inode);
	inode_changed(inode, true);
}

static void own_give_up(int own, u64 id)
{
	handle_close(own);
	if (id)
		overlay_object_free(id, 0);
}

int file_data_to_own(struct inode *inode)
{
	struct file_data *data = inode->data;
	long own, error;
	u64 id = 0;

	if (data->place == PLACE_OWN)
		return 0;
	error = keep_prepare(inode);
	if (!error && data->place == PLACE_LAYERED) {
		error = overlay_disk_take(inode, 0, inode->size);
		if (!error)
			error = file_layer_complete(inode);
		overlay_disk_taken(inode, !error);
		if (!error)
			store_release(&data->place, PLACE_OWN);
	}
	if (error || data->place == PLACE_OWN)
		return (int)error;
	own = own_create(inode, &id);
	if (own < 0)
		return (int)own;
	error = own_fill(inode, (int)own);
	if (error)
		own_give_up((int)own, id);
	else
		own_use(inode, (int)own, id, PLACE_OWN);
	return (int)error;
}

/* A large file is changed for the first time: an own file for what is changed. 0 or -errno. */
static int lower_to_layered(struct inode *inode)
{
	struct file_layer *layer = file_layer_create(inode, inode->size);
	long own, error;
	u64 id = 0;

	if (IS_ERROR(layer))
		return (int)PTR_ERROR(layer);
	own = own_create(inode, &id);
	error = own < 0 ? own : host_call2(__NR_ftruncate, own, inode->size);
	if (error) {
		if (own >= 0)
			own_give_up((int)own, id);
		file_layer_free(layer);
		return (int)error;
	}
	inode->data->layer = layer;
	inode->data->has_holes = true;
	own_use(inode, (int)own, id, PLACE_LAYERED);
	return 0;
}

static int own_sync(struct inode *inode)
{
	int own = own_handle_use(inode), error;

	if (own < 0)
		return own;
	error = (int)host_call1(__NR_fdatasync, own);
	own_handle_done(inode);
	return error;
}

static int own_truncate(struct inode *inode, u64 size)
{
	int own = own_handle_use(inode), error;

	if (own < 0)
		return own;
	error = (int)host_call2(__NR_ftruncate, own, size);
	own_handle_done(inode);
	return error;
}

/* ---- Changes ---- */

int file_data_make_writable(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	int error = keep_prepare(inode);

	if (!error && data->place == PLACE_LOWER && inode->size <= HEAP_FILE_MAX)
		error = lower_to_heap(inode);
	if (error || data->place >= PLACE_OWN)
		return error;
	/* Layers lie over the image alone. */
	if (data->place == PLACE_LOWER && inode->size >= LAYERED_FILE_MIN &&
	    inode->object < OVERLAY_OWN_OBJECT)
		return lower_to_layered(inode);
	if (data->place == PLACE_LOWER || size > HEAP_FILE_MAX)
		return file_data_to_own(inode);
	return bytes_reserve(inode, size);
}

int file_data_make_whole(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	int error = file_data_make_writable(inode, size);

	if (!error && data->place == PLACE_LAYERED)
		error = file_data_to_own(inode);
	/* Holes that programs make are none that a power failure has left. */
	if (!error && inode->slot && inode->slot->layer_bits) {
		error = own_sync(inode);
		if (!error) {
			WRITE_ONCE(data->layer->ground_end, 0);
			overlay_layer_end(inode);
		}
	}
	return error;
}

/* Zeroes of [from, to) that a shorter file left undefined. */
void file_data_clear(struct file_data *data, u64 from, u64 to)
{
	if (to > from)
		memset(data->bytes + from, 0, to - from);
}

bool file_data_is_sealed(const struct inode *inode, u32 seals, u64 end)
{
	return inode->seals & (seals | (end > inode->size ? F_SEAL_GROW : 0));
}

/* Nothing of the lower file is needed. */
static int truncate_lower(struct inode *inode)
{
	int error = keep_prepare(inode);

	if (error)
		return error;
	inode->size = 0;
	store_release(&inode->data->place, PLACE_HEAP);
	if (inode->fs->keeper)
		overlay_bytes_drop(inode);
	return 0;
}

static int truncate_locked(struct inode *inode, u64 size)
{
	struct file_data *data = inode->data;
	long error;

	if (file_data_is_sealed(inode, size < inode->size ? F_SEAL_SHRINK : 0, size))
		return -EPERM;
	if (data->place == PLACE_LOWER && !size)
		return truncate_lower(inode);
	error = file_data_make_writable(inode, MAX(size, inode->size));
	if (error)
		return (int)error;
	/* Also of one that has become whole: what is kept of its layer must not come back. */
	if (data->layer)
		error = file_layer_truncate(inode, size);
	if (error)
		return (int)error;
	if (data->place >= PLACE_OWN) {
		/* Through a mapping what is new is filled without asking. */
		if (data->is_mapped && size > inode->size && config()->disk_limit)
			error = overlay_disk_take(inode, inode->size, size - inode->size);
		overlay_disk_taken(inode, !error);
		if (!error)
			error = own_truncate(inode, size);
		if (error)
			return (int)error;
		data->taken_end = MIN(data->taken_end, size);
		if (size < inode->size)
			overlay_disk_freed();
	} else {
		file_data_clear(data, inode->size, size);
	}
	WRITE_ONCE(inode->size, size);
	return 0;
}

int file_data_truncate(struct inode *inode, u64 size)
{
	int error = data_get(inode);

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

/* Not while the bytes move, which looks at it before and resets it after. */
static void synced_note(struct inode *inode)
{
	lock_acquire(&inode->lock);
	inode->data->is_synced = true;
	lock_release(&inode->lock);
}

int file_data_sync(struct inode *inode)
{
	struct file_data *data = inode->data;
	int error = 0;

	if (!inode->fs->keeper || !inode->slot)
		return 0;
	if (load_acquire(&data->place) >= PLACE_OWN)
		error = own_sync(inode);
	else
		synced_note(inode);
	return error ? error : inode->fs->keeper->sync();
}
