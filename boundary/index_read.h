/* SPDX-License-Identifier: MIT */
/*
 * Reads an index (boundary/index.h) where it lies in memory, for both sides of the boundary. No
 * number of it is believed before it is checked: what is damaged is answered with -EUCLEAN at the
 * place where it is come upon. Everything is read only: an open index needs no locks.
 */
#ifndef BOUNDARY_INDEX_READ_H
#define BOUNDARY_INDEX_READ_H

#include <linux/errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "boundary/index.h"

/* Of st_mode: the names in C libraries and in the kernel's headers collide. */
#define INDEX_TYPE_MASK 0170000u
#define INDEX_IS_DIRECTORY(mode) (((mode) & INDEX_TYPE_MASK) == 0040000u)
#define INDEX_IS_LINK(mode) (((mode) & INDEX_TYPE_MASK) == 0120000u)

struct index {
	const char *data;
	size_t size;
	const struct index_header *header;
	const struct index_inode *inodes; /* number 1 first */
	const struct index_entry *entries;
	const char *text;
	bool mapped;
};

/* A name in a directory; the text is the index's own and does not end with NUL. */
struct index_name {
	const char *name;
	uint32_t name_size;
	uint32_t inode;
	uint32_t type; /* S_IFMT bits */
};

struct index_attribute {
	const char *name;
	const char *value;
	uint32_t name_size, value_size;
};

static inline bool index_part_fits(uint64_t offset, uint64_t count, uint64_t unit, uint64_t size)
{
	return !(offset & 7) && offset >= sizeof(struct index_header) && offset <= size &&
	       count <= (size - offset) / unit;
}

/*
 * Begins to read the size bytes at data, aligned to 8, which outlive *index. 0; -EUCLEAN: no index;
 * -EPROTO: one of another version.
 */
static inline int index_begin(struct index *index, const void *data, size_t size)
{
	const struct index_header *header = (const struct index_header *)data;

	if (size < sizeof(*header) ||
	    __builtin_memcmp(header->magic, INDEX_MAGIC, sizeof(header->magic)))
		return -EUCLEAN;
	if (header->version != INDEX_VERSION || header->header_size != sizeof(*header))
		return -EPROTO;
	if (header->size != size ||
	    !index_part_fits(header->inodes_offset, header->inode_count, sizeof(struct index_inode),
			     size) ||
	    !index_part_fits(header->entries_offset, header->entry_count,
			     sizeof(struct index_entry), size) ||
	    header->text_offset > size || header->text_size > size - header->text_offset ||
	    !header->inode_count || header->inode_count > UINT32_MAX ||
	    header->entry_count > UINT32_MAX)
		return -EUCLEAN;
	*index = (struct index){
		.data = (const char *)data,
		.size = size,
		.header = header,
		.inodes = (const struct index_inode *)((const char *)data + header->inodes_offset),
		.entries =
			(const struct index_entry *)((const char *)data + header->entries_offset),
		.text = (const char *)data + header->text_offset,
	};
	if (INDEX_IS_DIRECTORY(index->inodes[0].mode) && index->inodes[0].parent == INDEX_ROOT)
		return 0;
	return -EUCLEAN;
}

/* NULL: there is no inode of this number. */
static inline const struct index_inode *index_inode(const struct index *index, uint64_t number)
{
	return number && number <= index->header->inode_count ? &index->inodes[number - 1] : NULL;
}

/* NULL: that text is not there. */
static inline const char *index_text(const struct index *index, uint64_t offset, uint64_t size)
{
	uint64_t whole = index->header->text_size;

	return offset <= whole && size <= whole - offset ? index->text + offset : NULL;
}

static inline bool index_text_has(const char *text, uint32_t size, char c)
{
	for (uint32_t i = 0; i < size; i++) {
		if (text[i] == c)
			return true;
	}
	return false;
}

/* The entries of a directory. 0, -ENOTDIR, -EUCLEAN. */
static inline int index_entries(const struct index *index, uint32_t dir,
				const struct index_entry **entries, uint32_t *count)
{
	const struct index_inode *inode = index_inode(index, dir);

	if (!inode)
		return -EUCLEAN;
	if (!INDEX_IS_DIRECTORY(inode->mode))
		return -ENOTDIR;
	if (inode->first > index->header->entry_count ||
	    inode->count > index->header->entry_count - inode->first)
		return -EUCLEAN;
	*entries = index->entries + inode->first;
	*count = inode->count;
	return 0;
}

/* What an entry tells, checked. 0 or -EUCLEAN. */
static inline int index_entry_name(const struct index *index, const struct index_entry *entry,
				   struct index_name *out)
{
	const struct index_inode *inode = index_inode(index, entry->inode);
	const char *name = index_text(index, entry->name_offset, entry->name_size);

	if (!inode || !name || !entry->name_size || entry->name_size > INDEX_NAME_MAX ||
	    index_text_has(name, entry->name_size, '/') ||
	    index_text_has(name, entry->name_size, '\0') ||
	    (name[0] == '.' &&
	     (entry->name_size == 1 || (entry->name_size == 2 && name[1] == '.'))) ||
	    entry->type != inode->mode >> 12 || entry->inode == INDEX_ROOT)
		return -EUCLEAN;
	*out = (struct index_name){ .name = name,
				    .name_size = entry->name_size,
				    .inode = entry->inode,
				    .type = inode->mode & INDEX_TYPE_MASK };
	return 0;
}

/* The first entry whose hash is not below this one. */
static inline uint32_t index_find_hash(const struct index_entry *entries, uint32_t count,
				       uint32_t hash)
{
	uint32_t low = 0;

	while (count) {
		uint32_t half = count / 2;

		if (entries[low + half].hash < hash) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return low;
}

/* A name in a directory. 0 with *inode, -ENOENT, -ENOTDIR, -EUCLEAN. */
static inline int index_lookup(const struct index *index, uint32_t dir, const char *name,
			       size_t size, uint32_t *inode)
{
	const struct index_entry *entries;
	struct index_name found;
	uint32_t count, hash;
	int result = index_entries(index, dir, &entries, &count);

	if (result || size > INDEX_NAME_MAX)
		return result ? result : -ENOENT;
	hash = index_hash(name, (uint32_t)size);
	for (uint32_t i = index_find_hash(entries, count, hash);
	     i < count && entries[i].hash == hash; i++) {
		if (entries[i].name_size != size)
			continue;
		result = index_entry_name(index, &entries[i], &found);
		if (result)
			return result;
		if (!__builtin_memcmp(found.name, name, size)) {
			*inode = found.inode;
			return 0;
		}
	}
	return -ENOENT;
}

/* The entry of a directory by its place, from 0. 0, -ENOENT beyond the last, -ENOTDIR, -EUCLEAN. */
static inline int index_list(const struct index *index, uint32_t dir, uint32_t place,
			     struct index_name *out)
{
	const struct index_entry *entries;
	uint32_t count;
	int result = index_entries(index, dir, &entries, &count);

	if (result)
		return result;
	return place < count ? index_entry_name(index, &entries[place], out) : -ENOENT;
}

/* The target of a symbolic link, not ended by NUL. 0, -EINVAL (it is none), -EUCLEAN. */
static inline int index_target(const struct index *index, uint32_t number, const char **target,
			       uint32_t *size)
{
	const struct index_inode *inode = index_inode(index, number);
	const char *text;

	if (!inode)
		return -EUCLEAN;
	if (!INDEX_IS_LINK(inode->mode))
		return -EINVAL;
	text = index_text(index, inode->first, inode->size);
	if (!text || !inode->size || inode->size > INDEX_TARGET_MAX ||
	    index_text_has(text, (uint32_t)inode->size, '\0'))
		return -EUCLEAN;
	*target = text;
	*size = (uint32_t)inode->size;
	return 0;
}

/*
 * The extended attribute at *offset, from 0, which goes on to the next. 0, -ENODATA after the last,
 * -EUCLEAN.
 */
static inline int index_xattr(const struct index *index, uint32_t number, uint32_t *offset,
			      struct index_attribute *out)
{
	const struct index_inode *inode = index_inode(index, number);
	const char *text =
		inode ? index_text(index, inode->xattrs_offset, inode->xattrs_size) : NULL;
	struct index_xattr head;
	uint64_t left;

	if (!text || *offset > inode->xattrs_size)
		return -EUCLEAN;
	left = inode->xattrs_size - *offset;
	if (!left)
		return -ENODATA;
	if (left < sizeof(head))
		return -EUCLEAN;
	__builtin_memcpy(&head, text + *offset, sizeof(head));
	left -= sizeof(head);
	if (!head.name_size || head.name_size > INDEX_NAME_MAX || head.name_size > left ||
	    head.value_size > left - head.name_size)
		return -EUCLEAN;
	*out = (struct index_attribute){ .name = text + *offset + sizeof(head),
					 .name_size = head.name_size,
					 .value_size = head.value_size };
	out->value = out->name + head.name_size;
	if (index_text_has(out->name, out->name_size, '\0'))
		return -EUCLEAN;
	*offset += (uint32_t)sizeof(head) + head.name_size + head.value_size;
	return 0;
}

#endif
