/* SPDX-License-Identifier: MIT */
/* Extended attributes of the merged tree; see merged.h. */
#include <errno.h>
#include <stdlib.h>

#include "host/change/merged.h"
#include "host/change/table.h"

/* Attributes of one inode: those of the image, those of the changes, and what becomes of both. */
struct attributes {
	const struct merged *merged;
	const struct change_inode *change;
	size_t next_change;
	struct merged_attribute *out;
	size_t count;
};

static const struct overlay_xattr *change_at(const struct attributes *from)
{
	if (!from->change || from->next_change == from->change->xattr_count)
		return NULL;
	return from->merged->changes.xattrs[from->change->first_xattr + from->next_change].xattr;
}

static int attribute_add(struct attributes *to, const struct merged_attribute *attribute)
{
	struct merged_attribute *fresh = TABLE_ADD(to->out, to->count);

	if (!fresh)
		return -ENOMEM;
	*fresh = *attribute;
	return 0;
}

/* The next change, where it sets something. */
static int change_take(struct attributes *to)
{
	const struct overlay_xattr *xattr = change_at(to);
	struct merged_attribute attribute = {
		.name = xattr->text, .name_size = xattr->name_size,
		.value = xattr->text + xattr->name_size, .value_size = xattr->value_size,
	};

	to->next_change++;
	return xattr->removed ? 0 : attribute_add(to, &attribute);
}

/* The next one of the image, and the changes up to it. */
static int image_take(struct attributes *to, const struct index_attribute *from)
{
	struct merged_attribute attribute = {
		.name = from->name, .name_size = from->name_size,
		.value = from->value, .value_size = from->value_size,
	};
	const struct overlay_xattr *change;
	int order = 1, result = 0;

	while (!result && order > 0 && (change = change_at(to))) {
		order = change_compare_names(from->name, from->name_size, change->text,
					     change->name_size);
		if (order >= 0)
			result = change_take(to);
	}
	return result || !order ? result : attribute_add(to, &attribute);
}

static int attributes_merge(struct attributes *to, uint64_t ino)
{
	struct index_attribute from;
	uint32_t offset = 0;
	int result = 0;

	while (ino < OVERLAY_OWN_INO && !result) {
		result = index_xattr(&to->merged->index, (uint32_t)ino, &offset, &from);
		if (!result)
			result = image_take(to, &from);
	}
	if (result == -ENODATA)
		result = 0;
	while (!result && change_at(to))
		result = change_take(to);
	return result;
}

int merged_xattrs(const struct merged *merged, uint64_t ino, struct merged_attribute **out,
		  size_t *count, struct error *err)
{
	struct attributes to = { .merged = merged,
				 .change = changes_inode(&merged->changes, ino) };
	int result = attributes_merge(&to, ino);

	if (!result) {
		*out = to.out;
		*count = to.count;
		return 0;
	}
	free(to.out);
	return error_set(err, -result, "extended attributes");
}
