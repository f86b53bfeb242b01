/* SPDX-License-Identifier: MIT */
/*
 * Writing an index; see index_write.h. Inodes are numbered in the order in which a walk level by
 * level, through entries in the order of the index, comes to them; so all follows from the tree
 * alone. No locks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boundary/index.h"
#include "host/image/digest.h"
#include "host/image/index_write.h"
#include "host/image/map.h"

struct writer {
	struct tree_inode **queue; /* inodes by number, less 1 */
	size_t inode_count;
	struct tree_entry **entries; /* in the order of the index */
	size_t entry_count;
	char *text;
	size_t text_size, text_room;
	struct map local; /* the store's object id to the local one */
	struct index_file *file;
};

static int compare_entries(const void *left, const void *right)
{
	const struct tree_entry *a = *(struct tree_entry *const *)left;
	const struct tree_entry *b = *(struct tree_entry *const *)right;
	uint32_t shorter = a->name_size < b->name_size ? a->name_size : b->name_size;
	int order;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	order = memcmp(a->name, b->name, shorter);
	return order ? order : (int)a->name_size - (int)b->name_size;
}

static void forget_numbers(struct tree *tree)
{
	tree->root->number = 0;
	for (size_t i = 0; i < tree->bucket_count; i++) {
		for (struct tree_entry *entry = tree->buckets[i]; entry; entry = entry->in_bucket)
			entry->inode->number = 0;
	}
}

static void number_inode(struct writer *writer, struct tree_inode *inode)
{
	if (inode->number)
		return;
	writer->queue[writer->inode_count++] = inode;
	inode->number = (uint32_t)writer->inode_count;
}

static void number_children(struct writer *writer, struct tree_inode *dir)
{
	struct tree_entry **first = writer->entries + writer->entry_count;

	for (struct tree_entry *entry = dir->children; entry; entry = entry->next)
		writer->entries[writer->entry_count++] = entry;
	qsort(first, dir->child_count, sizeof(*first), compare_entries);
	for (size_t i = 0; i < dir->child_count; i++)
		number_inode(writer, first[i]->inode);
}

static int number_tree(struct writer *writer, struct tree *tree, struct error *err)
{
	if (tree->entry_count >= UINT32_MAX)
		return error_set(err, E2BIG, "an index holds no more than %u names",
				 UINT32_MAX - 1);
	writer->queue = malloc((tree->entry_count + 1) * sizeof(struct tree_inode *));
	writer->entries = malloc((tree->entry_count + 1) * sizeof(struct tree_entry *));
	if (!writer->queue || !writer->entries)
		return error_set(err, ENOMEM, "index of %zu names", tree->entry_count);
	forget_numbers(tree);
	number_inode(writer, tree->root);
	for (size_t i = 0; i < writer->inode_count; i++)
		number_children(writer, writer->queue[i]);
	return 0;
}

/* Offsets of names and attributes have 32 bits, and so has the text as a whole. */
static int add_text(struct writer *writer, const void *data, size_t size, struct error *err)
{
	size_t need = writer->text_size + size;

	if (need > UINT32_MAX)
		return error_set(err, E2BIG,
				 "an index holds no more than 4 GiB of names and attributes");
	if (need > writer->text_room) {
		size_t room = 2 * need;
		char *text = realloc(writer->text, room);

		if (!text)
			return error_set(err, ENOMEM, "names of an index");
		writer->text = text;
		writer->text_room = room;
	}
	if (size)
		memcpy(writer->text + writer->text_size, data, size);
	writer->text_size = need;
	return 0;
}

static int write_xattrs(struct writer *writer, const struct tree_inode *from,
			struct index_inode *to, struct error *err)
{
	to->xattrs_offset = from->xattrs ? (uint32_t)writer->text_size : 0;
	for (const struct tree_xattr *xattr = from->xattrs; xattr; xattr = xattr->next) {
		struct index_xattr head = { .name_size = (uint16_t)xattr->name_size,
					    .value_size = xattr->value_size };

		int result = add_text(writer, &head, sizeof(head), err);

		if (!result)
			result = add_text(writer, xattr->name, xattr->name_size, err);
		if (!result)
			result = add_text(writer, xattr->value, xattr->value_size, err);
		if (result)
			return result;
	}
	to->xattrs_size = from->xattrs ? (uint32_t)writer->text_size - to->xattrs_offset : 0;
	return 0;
}

static int local_object(struct writer *writer, uint64_t object, uint64_t *local, struct error *err)
{
	struct index_file *file = writer->file;

	*local = object ? map_get(&writer->local, object, 0) : 0;
	if (!object || *local)
		return 0;
	if (map_set(&writer->local, object, 0, file->object_count + 1))
		return error_set(err, ENOMEM, "objects of an index");
	file->objects[file->object_count++] = object;
	*local = file->object_count;
	return 0;
}

static uint32_t count_links(const struct tree_inode *inode)
{
	uint32_t links = 2;

	if (!S_ISDIR(inode->mode))
		return inode->references;
	for (const struct tree_entry *entry = inode->children; entry; entry = entry->next)
		links += S_ISDIR(entry->inode->mode);
	return links;
}

static int write_inode(struct writer *writer, const struct tree_inode *from, struct index_inode *to,
		       size_t *first, struct error *err)
{
	size_t target_size = from->target ? strlen(from->target) : 0;
	int result = 0;

	*to = (struct index_inode){
		.mode = from->mode,
		.uid = from->uid,
		.gid = from->gid,
		.nlink = count_links(from),
		.rdev_major = from->rdev_major,
		.rdev_minor = from->rdev_minor,
		.size = from->target ? target_size : from->size,
		.mtime_ns = from->mtime_ns,
	};
	if (S_ISDIR(from->mode)) {
		to->parent = from->parent->number;
		to->first = *first;
		to->count = from->child_count;
		*first += from->child_count;
	} else if (from->target) {
		to->first = writer->text_size;
		result = add_text(writer, from->target, target_size, err);
	}
	writer->file->files++;
	if (S_ISREG(from->mode))
		writer->file->bytes += from->size;
	if (!result)
		result = local_object(writer, from->object, &to->object, err);
	return result ? result : write_xattrs(writer, from, to, err);
}

static int write_entry(struct writer *writer, const struct tree_entry *from, struct index_entry *to,
		       struct error *err)
{
	*to = (struct index_entry){
		.hash = from->hash,
		.inode = from->inode->number,
		.name_offset = (uint32_t)writer->text_size,
		.name_size = (uint16_t)from->name_size,
		.type = (uint16_t)(from->inode->mode >> 12),
	};
	return add_text(writer, from->name, from->name_size, err);
}

static int write_all(struct writer *writer, struct index_inode *inodes, struct index_entry *entries,
		     struct error *err)
{
	size_t first = 0;
	int result = 0;

	for (size_t i = 0; i < writer->inode_count && !result; i++)
		result = write_inode(writer, writer->queue[i], &inodes[i], &first, err);
	for (size_t i = 0; i < writer->entry_count && !result; i++)
		result = write_entry(writer, writer->entries[i], &entries[i], err);
	return result;
}

/* The parts in one piece of memory, with the header, whose hash comes last. */
static int assemble(struct writer *writer, struct error *err)
{
	size_t inodes_size = writer->inode_count * sizeof(struct index_inode);
	size_t entries_size = writer->entry_count * sizeof(struct index_entry);
	struct index_file *file = writer->file;
	struct index_header header = {
		.magic = INDEX_MAGIC,
		.version = INDEX_VERSION,
		.header_size = sizeof(header),
		.inode_count = writer->inode_count,
		.inodes_offset = sizeof(header),
		.entry_count = writer->entry_count,
		.entries_offset = sizeof(header) + inodes_size,
	};
	size_t fixed = sizeof(header) + inodes_size + entries_size;
	char *data = calloc(1, fixed);
	int result;

	file->data = data;
	if (!data)
		return error_set(err, ENOMEM, "index of %zu names", writer->entry_count);
	result = write_all(writer, (void *)(data + header.inodes_offset),
			   (void *)(data + header.entries_offset), err);
	if (result)
		return result;
	header.text_offset = fixed;
	header.text_size = writer->text_size;
	header.object_count = file->object_count;
	header.size = file->size = fixed + writer->text_size;
	data = realloc(data, file->size);
	if (!data)
		return error_set(err, ENOMEM, "index of %zu names", writer->entry_count);
	file->data = data;
	if (writer->text_size)
		memcpy(data + fixed, writer->text, writer->text_size);
	result = digest_of(data + sizeof(header), file->size - sizeof(header), header.hash, err);
	memcpy(data, &header, sizeof(header));
	return result;
}

int index_write(struct tree *tree, struct index_file *file, struct error *err)
{
	struct writer writer = { .file = file };
	int result;

	*file = (struct index_file){ 0 };
	result = number_tree(&writer, tree, err);
	if (!result) {
		file->objects = malloc((writer.inode_count + 1) * sizeof(*file->objects));
		result = file->objects ? assemble(&writer, err)
				       : error_set(err, ENOMEM, "objects of an index");
	}
	free(writer.queue);
	free(writer.entries);
	free(writer.text);
	map_release(&writer.local);
	if (result)
		index_file_release(file);
	return result;
}

void index_file_release(struct index_file *file)
{
	free(file->data);
	free(file->objects);
	*file = (struct index_file){ 0 };
}
