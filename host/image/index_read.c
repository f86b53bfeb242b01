/* SPDX-License-Identifier: MIT */
/* Reading an index in place; see index_read.h. Everything here is read only: no locks. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "host/image/index_read.h"

static bool part_fits(uint64_t offset, uint64_t count, uint64_t unit, uint64_t size)
{
	return !(offset & 7) && offset >= sizeof(struct index_header) && offset <= size &&
	       count <= (size - offset) / unit;
}

static int check_header(const struct index_header *header, size_t size, struct error *err)
{
	if (size < sizeof(*header) || memcmp(header->magic, INDEX_MAGIC, sizeof(header->magic)))
		return error_set(err, EUCLEAN, "this is no index of an image");
	if (header->version != INDEX_VERSION || header->header_size != sizeof(*header))
		return error_set(err, EPROTO,
				 "an index of version %u, and this program knows version %u: "
				 "import the image again",
				 header->version, INDEX_VERSION);
	if (header->size != size)
		return error_set(err, EUCLEAN, "an index of %zu bytes that should have %llu", size,
				 (unsigned long long)header->size);
	if (!part_fits(header->inodes_offset, header->inode_count, sizeof(struct index_inode),
		       size) ||
	    !part_fits(header->entries_offset, header->entry_count, sizeof(struct index_entry),
		       size) ||
	    header->text_offset > size || header->text_size > size - header->text_offset ||
	    !header->inode_count || header->inode_count > UINT32_MAX ||
	    header->entry_count > UINT32_MAX)
		return error_set(err, EUCLEAN, "the parts of an index do not fit into it");
	return 0;
}

int index_init(struct index *index, const void *data, size_t size, struct error *err)
{
	const struct index_header *header = data;
	int result = check_header(header, size, err);

	if (result)
		return result;
	*index = (struct index){
		.data = data,
		.size = size,
		.header = header,
		.inodes = (const void *)((const char *)data + header->inodes_offset),
		.entries = (const void *)((const char *)data + header->entries_offset),
		.text = (const char *)data + header->text_offset,
	};
	if (S_ISDIR(index->inodes[0].mode) && index->inodes[0].parent == INDEX_ROOT)
		return 0;
	return error_set(err, EUCLEAN, "the root of an index is no directory");
}

int index_open(struct index *index, int fd, struct error *err)
{
	struct stat status;
	void *data;
	int result;

	if (fstat(fd, &status))
		return error_set(err, errno, "index");
	if (status.st_size < (off_t)sizeof(struct index_header))
		return error_set(err, EUCLEAN, "this is no index of an image");
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return error_set(err, errno, "index");
	result = index_init(index, data, (size_t)status.st_size, err);
	if (result)
		munmap(data, (size_t)status.st_size);
	else
		index->mapped = true;
	return result;
}

void index_release(struct index *index)
{
	if (index->mapped)
		munmap((void *)(uintptr_t)index->data, index->size);
	*index = (struct index){ 0 };
}

const struct index_inode *index_inode(const struct index *index, uint64_t number)
{
	return number && number <= index->header->inode_count ? &index->inodes[number - 1] : NULL;
}

/* NULL: that text is not there. */
static const char *text_at(const struct index *index, uint64_t offset, uint64_t size)
{
	uint64_t whole = index->header->text_size;

	return offset <= whole && size <= whole - offset ? index->text + offset : NULL;
}

/* The entries of a directory. */
static int entries_of(const struct index *index, uint32_t dir, const struct index_entry **entries,
		      uint32_t *count)
{
	const struct index_inode *inode = index_inode(index, dir);

	if (!inode)
		return -EUCLEAN;
	if (!S_ISDIR(inode->mode))
		return -ENOTDIR;
	if (inode->first > index->header->entry_count ||
	    inode->count > index->header->entry_count - inode->first)
		return -EUCLEAN;
	*entries = index->entries + inode->first;
	*count = inode->count;
	return 0;
}

static int name_of(const struct index *index, const struct index_entry *entry,
		   struct index_name *out)
{
	const struct index_inode *inode = index_inode(index, entry->inode);
	const char *name = text_at(index, entry->name_offset, entry->name_size);

	if (!inode || !name || !entry->name_size || entry->name_size > INDEX_NAME_MAX ||
	    memchr(name, '/', entry->name_size) || memchr(name, '\0', entry->name_size) ||
	    (name[0] == '.' &&
	     (entry->name_size == 1 || (entry->name_size == 2 && name[1] == '.'))) ||
	    entry->type != inode->mode >> 12 || entry->inode == INDEX_ROOT)
		return -EUCLEAN;
	*out = (struct index_name){ .name = name,
				    .name_size = entry->name_size,
				    .inode = entry->inode,
				    .type = inode->mode & S_IFMT };
	return 0;
}

/* The first entry whose hash is not below this one. */
static uint32_t find_hash(const struct index_entry *entries, uint32_t count, uint32_t hash)
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

int index_lookup(const struct index *index, uint32_t dir, const char *name, size_t size,
		 uint32_t *inode)
{
	const struct index_entry *entries;
	struct index_name found;
	uint32_t count, hash;
	int result = entries_of(index, dir, &entries, &count);

	if (result || size > INDEX_NAME_MAX)
		return result ? result : -ENOENT;
	hash = index_hash(name, (uint32_t)size);
	for (uint32_t i = find_hash(entries, count, hash); i < count && entries[i].hash == hash;
	     i++) {
		if (entries[i].name_size != size)
			continue;
		result = name_of(index, &entries[i], &found);
		if (result)
			return result;
		if (!memcmp(found.name, name, size)) {
			*inode = found.inode;
			return 0;
		}
	}
	return -ENOENT;
}

int index_list(const struct index *index, uint32_t dir, uint32_t place, struct index_name *out)
{
	const struct index_entry *entries;
	uint32_t count;
	int result = entries_of(index, dir, &entries, &count);

	if (result)
		return result;
	return place < count ? name_of(index, &entries[place], out) : -ENOENT;
}

int index_target(const struct index *index, uint32_t number, const char **target, uint32_t *size)
{
	const struct index_inode *inode = index_inode(index, number);
	const char *text;

	if (!inode)
		return -EUCLEAN;
	if (!S_ISLNK(inode->mode))
		return -EINVAL;
	text = text_at(index, inode->first, inode->size);
	if (!text || !inode->size || inode->size > INDEX_TARGET_MAX ||
	    memchr(text, '\0', inode->size))
		return -EUCLEAN;
	*target = text;
	*size = (uint32_t)inode->size;
	return 0;
}

int index_xattr(const struct index *index, uint32_t number, uint32_t *offset,
		struct index_attribute *out)
{
	const struct index_inode *inode = index_inode(index, number);
	const char *text = inode ? text_at(index, inode->xattrs_offset, inode->xattrs_size) : NULL;
	struct index_xattr head;
	uint64_t left;

	if (!text || *offset > inode->xattrs_size)
		return -EUCLEAN;
	left = inode->xattrs_size - *offset;
	if (!left)
		return -ENODATA;
	if (left < sizeof(head))
		return -EUCLEAN;
	memcpy(&head, text + *offset, sizeof(head));
	left -= sizeof(head);
	if (!head.name_size || head.name_size > INDEX_NAME_MAX || head.name_size > left ||
	    head.value_size > left - head.name_size)
		return -EUCLEAN;
	*out = (struct index_attribute){ .name = text + *offset + sizeof(head),
					 .name_size = head.name_size,
					 .value_size = head.value_size };
	out->value = out->name + head.name_size;
	if (memchr(out->name, '\0', out->name_size))
		return -EUCLEAN;
	*offset += (uint32_t)sizeof(head) + head.name_size + head.value_size;
	return 0;
}
