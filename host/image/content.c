/* SPDX-License-Identifier: MIT */
/*
 * The builder's bytes: from a source into objects of the store, which are sealed when they are
 * whole. No locks.
 */
#include <errno.h>
#include <string.h>

#include "host/image/builder.h"
#include "host/image/paths.h"

#define HOLE_UNIT 65536u /* so much that is zero and aligned is left out */

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

int builder_write(struct builder *builder, const void *data, size_t size, uint64_t offset,
		  struct error *err)
{
	const char *from = data;
	uint64_t end = offset + size;
	int result = builder_check_size(builder, end < offset ? UINT64_MAX : end, err);

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

static int seal(struct builder *builder, uint64_t size, struct error *err)
{
	object_id sealed;
	int result = 0;

	if (!builder->object)
		result = object_create(builder->store, &builder->object, err);
	if (!result)
		result = object_truncate(builder->store, builder->object, size, err);
	if (!result)
		result = object_seal(builder->store, builder->object, &sealed, err);
	if (!result)
		result = hold(builder, sealed, err);
	if (result) {
		error_context(err, "entry %.200s", builder->path);
		return result;
	}
	builder->current->object = sealed;
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
			result = seal(builder, size, err);
	}
	progress_add(builder->progress, 1, 0);
	return result;
}
