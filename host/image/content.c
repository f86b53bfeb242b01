/* SPDX-License-Identifier: MIT */
/*
 * The builder's bytes: from a source into objects of the store, and to the hasher beside it.
 * Objects are sealed when they are whole and their hash is there. No locks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/builder.h"
#include "host/image/interrupt.h"
#include "host/image/paths.h"

#define HOLE_UNIT 65536u /* so much that is zero and aligned is left out */
/* So much of a hole is told to the hasher at once: what is on its way is done in a moment. */
#define ZEROS_UNIT (1u << 20)

static bool is_zero(const char *data, size_t size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

static int write_object(struct builder *builder, const char *data, size_t size, uint64_t offset,
			struct error *err)
{
	int result = 0;

	if (!builder->object)
		result = object_create(builder->store, &builder->object, err);
	while (size && !result) {
		ssize_t done =
			object_write(builder->store, builder->object, data, size, offset, err);

		if (done <= 0) {
			result = done ? (int)done : error_set(err, EIO, "nothing was written");
			break;
		}
		data += done;
		size -= (size_t)done;
		offset += (uint64_t)done;
		if (offset > builder->stored)
			builder->stored = offset;
	}
	if (result)
		error_context(err, "entry %.200s", builder->path);
	return result;
}

/* How many bytes from here on are of one sort, zero or not, looked at in aligned units. */
static size_t run_size(const char *data, size_t size, uint64_t offset, bool *zero)
{
	size_t at = 0;

	while (at < size) {
		size_t unit = HOLE_UNIT - (offset + at) % HOLE_UNIT;
		bool unit_zero;

		if (unit > size - at)
			unit = size - at;
		unit_zero = unit == HOLE_UNIT && is_zero(data + at, unit);
		if (!at)
			*zero = unit_zero;
		if (unit_zero != *zero)
			break;
		at += unit;
	}
	return at;
}

int builder_check_size(const struct builder *builder, uint64_t size, struct error *err)
{
	char limit[SIZE_TEXT_SIZE];

	if (size <= builder->file_max)
		return 0;
	return entry_error(err, EFBIG, builder->path,
			   "%llu bytes are more than one file may have (%s; see --max-file)",
			   (unsigned long long)size, size_print(builder->file_max, limit));
}

/* What lies between what is hashed and end is zero. A few bytes of an archive can say terabytes. */
static int hash_hole(struct builder *builder, uint64_t end, struct error *err)
{
	int result = 0;

	while (builder->hashed < end && !result) {
		uint64_t left = end - builder->hashed;
		uint64_t part = left < ZEROS_UNIT ? left : ZEROS_UNIT;

		hasher_zeros(builder->hasher, part);
		builder->hashed += part;
		result = interrupt_check(err);
	}
	return result;
}

static int hash_bytes(struct builder *builder, const void *data, size_t size, uint64_t offset,
		      struct error *err)
{
	int result;

	if (offset < builder->hashed)
		builder->out_of_order = true;
	if (builder->out_of_order)
		return 0;
	result = hash_hole(builder, offset, err);
	if (result)
		return result;
	hasher_add(builder->hasher, data, size);
	builder->hashed = offset + size;
	return 0;
}

int builder_write(struct builder *builder, const void *data, size_t size, uint64_t offset,
		  struct error *err)
{
	const char *from = data;
	uint64_t end = offset + size;
	int result = builder_check_size(builder, end < offset ? UINT64_MAX : end, err);

	if (!result)
		result = interrupt_check(err);
	if (!result)
		result = hash_bytes(builder, data, size, offset, err);
	if (result)
		return result;
	progress_add(builder->progress, 0, size);
	while (size) {
		bool zero = false;
		size_t run = run_size(from, size, offset, &zero);

		result = zero ? 0 : write_object(builder, from, run, offset, err);

		if (result)
			return result;
		from += run;
		size -= run;
		offset += run;
	}
	if (end > builder->written)
		builder->written = end;
	return 0;
}

/* One reference for all files of the same content. */
static int hold(struct builder *builder, object_id object, struct error *err)
{
	if (map_get(&builder->held, object, 0))
		return object_put(builder->store, object, err);
	if (map_set(&builder->held, object, 0, 1))
		return error_set(err, ENOMEM, "objects of an image");
	return 0;
}

static int seal(struct builder *builder, struct unsealed *file, struct error *err)
{
	object_id sealed;
	int result;

	if (file->job.error)
		result = error_set(err, -file->job.error, "SHA-256");
	else if (file->is_hashed)
		result = object_seal_hashed(builder->store, file->object, file->size,
					    file->job.hash, &sealed, err);
	else
		result = object_seal(builder->store, file->object, &sealed, err);
	if (!result)
		result = hold(builder, sealed, err);
	if (result)
		error_context(err, "entry %.200s", file->path);
	else
		file->inode->object = sealed;
	free(file->path);
	return result;
}

/* Seals the oldest files until at most `left` are left, and further ones whose hash is there. */
static int seal_oldest(struct builder *builder, size_t left, struct error *err)
{
	int result = 0;

	while (builder->unsealed_begin != builder->unsealed_end && !result) {
		struct unsealed *file =
			&builder->unsealed[builder->unsealed_begin % BUILDER_UNSEALED_MAX];

		if (builder->unsealed_end - builder->unsealed_begin > left)
			hasher_wait(builder->hasher, &file->job);
		else if (!hasher_is_done(builder->hasher, &file->job))
			break;
		builder->unsealed_begin++;
		result = seal(builder, file, err);
	}
	return result;
}

int builder_settle(struct builder *builder, struct error *err)
{
	return seal_oldest(builder, 0, err);
}

/* The file is whole, and waits for its hash. There is room: see builder_end(). */
static int add_unsealed(struct builder *builder, uint64_t size, struct error *err)
{
	struct unsealed *file = &builder->unsealed[builder->unsealed_end % BUILDER_UNSEALED_MAX];
	int result = builder->out_of_order ? 0 : hash_hole(builder, size, err);
	char *path;

	if (result)
		return result;
	path = strdup(builder->path);
	if (!path)
		return entry_error(err, ENOMEM, builder->path, "it finds no room");
	*file = (struct unsealed){ .inode = builder->current,
				   .object = builder->object,
				   .size = size,
				   .path = path,
				   .is_hashed = !builder->out_of_order };
	hasher_end(builder->hasher, &file->job);
	builder->unsealed_end++;
	return 0;
}

static int end_object(struct builder *builder, uint64_t size, struct error *err)
{
	int result = 0;

	if (!builder->object)
		result = object_create(builder->store, &builder->object, err);
	if (!result && size != builder->stored)
		result = object_truncate(builder->store, builder->object, size, err);
	if (result)
		error_context(err, "entry %.200s", builder->path);
	else
		result = add_unsealed(builder, size, err);
	return result ? result : seal_oldest(builder, BUILDER_UNSEALED_MAX - 1, err);
}

int builder_share(struct builder *builder, object_id object, uint64_t size, struct error *err)
{
	int result = 0;

	if (!map_get(&builder->held, object, 0)) {
		result = object_get(builder->store, object, err);
		if (!result)
			result = hold(builder, object, err);
	}
	if (result) {
		error_context(err, "entry %.200s", builder->path);
		return result;
	}
	builder->current->object = object;
	builder->current->size = size;
	progress_add(builder->progress, 1, 0);
	return 0;
}

int builder_end(struct builder *builder, uint64_t size, struct error *err)
{
	int result = builder_check_size(builder, size, err);

	if (result)
		return result;
	if (S_ISREG(builder->current->mode)) {
		builder->current->size = size;
		builder->current->object = 0;
		if (size)
			result = end_object(builder, size, err);
	}
	progress_add(builder->progress, 1, 0);
	return result;
}
