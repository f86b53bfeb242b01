/* SPDX-License-Identifier: MIT */
/* Walks over a whole index, and the check of all its numbers; see index_read.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/index_read.h"

/* A walk's place in each directory from the first down. */
struct level {
	uint32_t dir, place;
	size_t path_size; /* of the directory's own path */
};

struct walk {
	const struct index *index;
	struct level levels[INDEX_DEPTH_MAX];
	char path[INDEX_DEPTH_MAX * (INDEX_NAME_MAX + 1)];
};

/*
 * A directory has one entry, in the one that it calls its parent, and a higher number than that: so
 * no walk goes in circles, and none through a directory twice.
 */
static bool is_child(const struct index *index, uint32_t dir, uint32_t child)
{
	return child > dir && index_inode(index, child)->parent == dir;
}

static int walk_levels(struct walk *walk,
		       int (*visit)(const char *path, const struct index_name *name, void *data),
		       void *data)
{
	struct index_name name;
	size_t depth = 1;

	while (depth) {
		struct level *level = &walk->levels[depth - 1];
		size_t end = level->path_size;
		int result = index_list(walk->index, level->dir, level->place++, &name);

		if (result == -ENOENT) {
			depth--;
			continue;
		}
		if (result)
			return result;
		if (end)
			walk->path[end++] = '/';
		memcpy(walk->path + end, name.name, name.name_size);
		end += name.name_size;
		walk->path[end] = '\0';
		result = visit(walk->path, &name, data);
		if (result)
			return result;
		if (name.type != S_IFDIR)
			continue;
		if (depth == INDEX_DEPTH_MAX || !is_child(walk->index, level->dir, name.inode))
			return -EUCLEAN;
		walk->levels[depth++] = (struct level){ .dir = name.inode, .path_size = end };
	}
	return 0;
}

int index_walk(const struct index *index, uint32_t dir,
	       int (*visit)(const char *path, const struct index_name *name, void *data),
	       void *data)
{
	struct walk *walk = malloc(sizeof(*walk));
	int result;

	if (!walk)
		return -ENOMEM;
	walk->index = index;
	walk->levels[0] = (struct level){ .dir = dir };
	result = walk_levels(walk, visit, data);
	free(walk);
	return result;
}

struct check {
	const struct index *index;
	uint32_t *links;     /* entries that name an inode, by its number */
	uint64_t next_entry; /* where the next directory's entries begin */
	uint64_t objects;    /* the highest local id so far */
};

static bool entries_in_order(const struct index_entry *left, const struct index_name *left_name,
			     const struct index_entry *right, const struct index_name *right_name)
{
	uint32_t shorter = left_name->name_size < right_name->name_size ? left_name->name_size
									: right_name->name_size;
	int order;

	if (left->hash != right->hash)
		return left->hash < right->hash;
	order = memcmp(left_name->name, right_name->name, shorter);
	return order ? order < 0 : left_name->name_size < right_name->name_size;
}

static int check_directory(struct check *check, uint32_t dir, const char **finding)
{
	const struct index_inode *inode = index_inode(check->index, dir);
	const struct index_entry *entries;
	struct index_name name, last = { 0 };

	*finding = "the entries of a directory are not after those of the one before";
	if (inode->first != check->next_entry)
		return -EUCLEAN;
	entries = check->index->entries + inode->first;
	*finding = "an entry makes no sense";
	for (uint32_t i = 0; i < inode->count; i++, last = name) {
		int result = index_list(check->index, dir, i, &name);

		if (result || entries[i].hash != index_hash(name.name, name.name_size))
			return -EUCLEAN;
		if (i && !entries_in_order(&entries[i - 1], &last, &entries[i], &name))
			return -EUCLEAN;
		if (name.type == S_IFDIR &&
		    (!is_child(check->index, dir, name.inode) || check->links[name.inode]))
			return -EUCLEAN;
		check->links[name.inode]++;
	}
	check->next_entry += inode->count;
	return 0;
}

static bool object_is_right(struct check *check, const struct index_inode *inode)
{
	if (!S_ISREG(inode->mode) || !inode->size)
		return !inode->object;
	if (!inode->object || inode->object > check->objects + 1)
		return false;
	if (inode->object > check->objects)
		check->objects++;
	return true;
}

static int check_inode(struct check *check, uint32_t number, const char **finding)
{
	const struct index_inode *inode = index_inode(check->index, number);
	struct index_attribute attribute;
	uint32_t offset = 0, size;
	const char *target;
	int result;

	*finding = "an extended attribute makes no sense";
	while (!(result = index_xattr(check->index, number, &offset, &attribute)))
		;
	if (result != -ENODATA)
		return result;
	*finding = "an object is out of order";
	if (!object_is_right(check, inode))
		return -EUCLEAN;
	*finding = "a symbolic link has no target";
	switch (inode->mode & S_IFMT) {
	case S_IFDIR:
		return check_directory(check, number, finding);
	case S_IFLNK:
		return index_target(check->index, number, &target, &size);
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	}
	*finding = "an inode is of no known kind";
	return -EUCLEAN;
}

/* Counts of links, once all entries were seen. */
static int check_links(const struct check *check, uint32_t number, const char **finding)
{
	const struct index_inode *inode = index_inode(check->index, number);

	*finding = "an inode has no name, or a wrong count of links";
	if (number == INDEX_ROOT)
		return check->links[number] ? -EUCLEAN : 0;
	if (!check->links[number] ||
	    (!S_ISDIR(inode->mode) && inode->nlink != check->links[number]))
		return -EUCLEAN;
	return 0;
}

int index_check(const struct index *index, struct error *err)
{
	const struct index_header *header = index->header;
	struct check check = { .index = index };
	const char *finding = "";
	uint64_t number;
	int result = 0;

	check.links = calloc(header->inode_count + 1, sizeof(*check.links));
	if (!check.links)
		return error_set(err, ENOMEM, "check of an index");
	for (number = 1; number <= header->inode_count && !result; number++)
		result = check_inode(&check, (uint32_t)number, &finding);
	if (!result &&
	    (check.next_entry != header->entry_count || check.objects != header->object_count)) {
		finding = "a total is wrong";
		result = -EUCLEAN;
	}
	for (uint64_t i = 1; i <= header->inode_count && !result; i++)
		result = check_links(&check, (uint32_t)i, &finding);
	free(check.links);
	return result ? error_set(err, EUCLEAN, "damaged index: %s", finding) : 0;
}
