/* SPDX-License-Identifier: MIT */
/* See file_layer.h. Locks: inode->lock for every change; readers look at bits without it. */
#include "fs/file_layer.h"

#include <asm/unistd_64.h>
#include <linux/fs.h>

#include "boundary/layout.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/file_data_private.h"
#include "fs/file_handle.h"
#include "fs/overlay.h"
#include "memory/iter.h"
#include "vfs/inode.h"

#define COPY_SIZE	(64u << 10)
#define WORD_BITS	64u

/* ---- Bits ---- */

static bool chunk_is_own(const struct file_layer *layer, u64 chunk)
{
	if (chunk >= layer->chunks || chunk << layer->shift >= READ_ONCE(layer->ground_end))
		return true;
	return __atomic_load_n(&layer->bits[chunk / WORD_BITS], __ATOMIC_ACQUIRE) >>
	       chunk % WORD_BITS & 1;
}

static void chunk_set_own(struct file_layer *layer, u64 chunk)
{
	if (chunk < layer->chunks)
		atomic_or(&layer->bits[chunk / WORD_BITS], 1ull << chunk % WORD_BITS);
}

static u64 chunk_size(const struct file_layer *layer)
{
	return 1ull << layer->shift;
}

/* ---- Making ---- */

/* Bytes of a bitmap for a file, with chunks as small as fit a piece. */
static u64 bits_size(u64 size, u32 *shift)
{
	u64 bytes;

	*shift = PAGE_SHIFT;
	while ((bytes = ((size >> *shift) + 8) / 8) > OVERLAY_PIECE_MAX)
		(*shift)++;
	return ROUND_UP(bytes, (u64)OVERLAY_UNIT);
}

struct file_layer *file_layer_create(struct inode *inode, u64 size)
{
	struct file_layer *layer = heap_alloc_zero(sizeof(*layer));
	int error = 0;

	if (!layer)
		return ERROR_PTR(-ENOMEM);
	layer->bits_size = bits_size(size, &layer->shift);
	layer->chunks = (size + chunk_size(layer) - 1) >> layer->shift;
	layer->ground_end = size;
	layer->is_kept = inode->fs->keeper;
	layer->bits = layer->is_kept ? overlay_layer_bits_alloc(layer->bits_size, &error)
				     : heap_alloc_zero(layer->bits_size);
	if (layer->bits)
		return layer;
	heap_free(layer);
	return ERROR_PTR(error ? error : -ENOMEM);
}

struct file_layer *file_layer_load(const struct overlay_slot *slot)
{
	struct file_layer *layer = heap_alloc_zero(sizeof(*layer));

	if (!layer)
		return NULL;
	layer->bits = overlay_address(OVERLAY_PIECE_OFFSET(slot->layer_bits));
	layer->bits_size = OVERLAY_PIECE_CAPACITY(slot->layer_bits);
	layer->shift = slot->layer_shift;
	layer->ground_end = slot->layer_end;
	layer->chunks = MIN((slot->layer_end + chunk_size(layer) - 1) >> layer->shift,
			    layer->bits_size * 8);
	layer->is_kept = true;
	return layer;
}

/* Chunks from one on that lie in a hole up to end, whole, are not own. */
static void hole_forget(struct file_layer *layer, u64 from, u64 end)
{
	u64 chunk = (from + chunk_size(layer) - 1) >> layer->shift;

	for (; chunk < layer->chunks && (chunk + 1) << layer->shift <= end; chunk++)
		layer->bits[chunk / WORD_BITS] &= ~(1ull << chunk % WORD_BITS);
}

void file_layer_recover(struct file_layer *layer, int own)
{
	u64 end = layer->chunks << layer->shift, at = 0;

	while (at < end) {
		long data = host_call3(__NR_lseek, own, at, SEEK_DATA), hole;

		hole_forget(layer, at, data < 0 ? end : MIN((u64)data, end));
		if (data < 0)
			break;
		hole = host_call3(__NR_lseek, own, data, SEEK_HOLE);
		if (hole <= data)
			break;
		at = (u64)hole;
	}
}

void file_layer_free(struct file_layer *layer)
{
	if (layer && !layer->is_kept)
		heap_free(layer->bits);
	heap_free(layer);
}

/* ---- Reading ---- */

/* How many bytes from offset on are in the same place, up to size; *own: which. */
static u64 run_length(const struct file_layer *layer, u64 offset, u64 size, bool *own)
{
	u64 chunk = offset >> layer->shift, ground_end = READ_ONCE(layer->ground_end), end;

	/* The last chunk of the ground need not be whole. */
	*own = offset >= ground_end || chunk_is_own(layer, chunk);
	do {
		chunk++;
		end = chunk << layer->shift;
	} while (end < offset + size && chunk_is_own(layer, chunk) == *own);
	if (!*own)
		end = MIN(end, ground_end);
	return MIN(end - offset, size);
}

ssize_t file_layer_read(struct inode *inode, struct iter *to, u64 offset)
{
	struct file_data *data = inode->data;
	u64 end = READ_ONCE(inode->size);
	int ground = lower_handle_use(inode), file;
	ssize_t done = 0;
	long count = 1;

	if (ground < 0)
		return ground;
	file = own_handle_use(inode);
	if (file < 0) {
		lower_handle_done(inode);
		return file;
	}
	while (to->left && offset < end && count > 0) {
		u64 base, size = MIN((u64)iter_piece(to, &base), end - offset);
		bool own;

		size = run_length(data->layer, offset, size, &own);
		count = host_pread(own ? file : ground, base, size, offset);
		if (count <= 0)
			break;
		iter_advance(to, count);
		offset += count;
		done += count;
	}
	own_handle_done(inode);
	lower_handle_done(inode);
	return done || count >= 0 ? done : count;
}

/* ---- Writing ---- */

static long bytes_copy(int ground, int own, char *buffer, u64 from, u64 to)
{
	long count = 0;

	while (from < to) {
		count = host_pread(ground, (u64)buffer, MIN(to - from, (u64)COPY_SIZE), from);
		if (count > 0)
			count = host_pwrite(own, (u64)buffer, count, from);
		/* The ground ends early only where somebody outside has cut it. */
		if (count <= 0)
			break;
		from += count;
	}
	return MIN(count, 0l);
}

/* Copies [from, to) of the ground to the own file. 0 or -errno. */
static long ground_copy(struct inode *inode, u64 from, u64 to)
{
	char *buffer = heap_alloc(COPY_SIZE);
	int ground = buffer ? lower_handle_use(inode) : -ENOMEM;
	int own = ground < 0 ? ground : own_handle_use(inode);
	long error = own < 0 ? own : bytes_copy(ground, own, buffer, from, to);

	if (own >= 0)
		own_handle_done(inode);
	if (ground >= 0)
		lower_handle_done(inode);
	heap_free(buffer);
	return error;
}

static int chunk_copy(struct inode *inode, u64 chunk)
{
	struct file_layer *layer = inode->data->layer;
	long error;

	if (chunk_is_own(layer, chunk))
		return 0;
	error = ground_copy(inode, chunk << layer->shift,
			    MIN((chunk + 1) << layer->shift, layer->ground_end));
	if (!error)
		chunk_set_own(layer, chunk);
	return (int)error;
}

int file_layer_write_begin(struct inode *inode, u64 offset, u64 size)
{
	struct file_layer *layer = inode->data->layer;
	u64 inside = chunk_size(layer) - 1;
	int error = 0;

	if (offset & inside)
		error = chunk_copy(inode, offset >> layer->shift);
	if (!error && (offset + size) & inside && offset + size < layer->ground_end)
		error = chunk_copy(inode, (offset + size) >> layer->shift);
	return error;
}

u64 file_layer_write_end(struct inode *inode, u64 offset, u64 size, u64 written)
{
	struct file_layer *layer = inode->data->layer;
	u64 end = offset + written, chunk = offset >> layer->shift;

	/* The chunk in which a write ended early has neither all old nor all new bytes. */
	if (written < size && !chunk_is_own(layer, end >> layer->shift))
		end = MAX(end >> layer->shift << layer->shift, offset);
	for (; chunk << layer->shift < end; chunk++)
		chunk_set_own(layer, chunk);
	return end - offset;
}

int file_layer_truncate(struct inode *inode, u64 size)
{
	struct file_layer *layer = inode->data->layer;
	int error = 0;

	if (size >= layer->ground_end)
		return 0;
	if (size & (chunk_size(layer) - 1))
		error = chunk_copy(inode, size >> layer->shift);
	if (error)
		return error;
	WRITE_ONCE(layer->ground_end, size);
	if (inode->slot)
		WRITE_ONCE(inode->slot->layer_end, size);
	return 0;
}

int file_layer_complete(struct inode *inode)
{
	struct file_layer *layer = inode->data->layer;
	u64 at = 0;
	bool own;

	while (at < layer->ground_end) {
		u64 length = run_length(layer, at, layer->ground_end - at, &own);
		long error = own ? 0 : ground_copy(inode, at, at + length);

		if (error)
			return (int)error;
		for (u64 done = 0; !own && done < length; done += chunk_size(layer))
			chunk_set_own(layer, (at + done) >> layer->shift);
		at += length;
	}
	return 0;
}
