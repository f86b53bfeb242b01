/* SPDX-License-Identifier: MIT */
/* The tree in memory; see tree.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boundary/index.h"
#include "host/image/tree.h"

#define FIRST_BUCKETS 1024u

static struct tree_inode *inode_create(uint32_t mode)
{
	struct tree_inode *inode = calloc(1, sizeof(*inode));

	if (inode)
		inode->mode = mode;
	return inode;
}

static void inode_put(struct tree_inode *inode)
{
	if (--inode->references)
		return;
	tree_drop_xattrs(inode);
	free(inode->target);
	free(inode);
}

int tree_init(struct tree *tree)
{
	*tree = (struct tree){ .bucket_count = FIRST_BUCKETS };
	tree->buckets = calloc(FIRST_BUCKETS, sizeof(struct tree_entry *));
	tree->root = inode_create(S_IFDIR | 0755);
	if (!tree->buckets || !tree->root) {
		free(tree->buckets);
		free(tree->root);
		*tree = (struct tree){ 0 };
		return -ENOMEM;
	}
	tree->root->references = 1;
	tree->root->parent = tree->root;
	return 0;
}

void tree_release(struct tree *tree)
{
	if (!tree->root)
		return;
	while (tree->root->children)
		tree_remove(tree, tree->root->children);
	inode_put(tree->root);
	free(tree->buckets);
	*tree = (struct tree){ 0 };
}

static struct tree_entry **bucket_of(const struct tree *tree, const struct tree_inode *dir,
				     uint32_t hash)
{
	uint64_t mixed = ((uintptr_t)dir >> 4 ^ (uint64_t)hash << 20) * 0x9e3779b97f4a7c15ull;

	return &tree->buckets[mixed >> 32 & (tree->bucket_count - 1)];
}

struct tree_entry *tree_find(const struct tree *tree, const struct tree_inode *dir,
			     const char *name, size_t size)
{
	uint32_t hash = index_hash(name, (uint32_t)size);
	struct tree_entry *entry = *bucket_of(tree, dir, hash);

	while (entry && (entry->dir != dir || entry->hash != hash || entry->name_size != size ||
			 memcmp(entry->name, name, size)))
		entry = entry->in_bucket;
	return entry;
}

/* Slower without more buckets, and still right: a lack of memory is no failure here. */
static void add_buckets(struct tree *tree)
{
	struct tree larger = { .bucket_count = 4 * tree->bucket_count };

	larger.buckets = calloc(larger.bucket_count, sizeof(struct tree_entry *));
	if (!larger.buckets)
		return;
	for (size_t i = 0; i < tree->bucket_count; i++) {
		struct tree_entry *entry = tree->buckets[i], *next;

		for (; entry; entry = next) {
			struct tree_entry **bucket = bucket_of(&larger, entry->dir, entry->hash);

			next = entry->in_bucket;
			entry->in_bucket = *bucket;
			*bucket = entry;
		}
	}
	free(tree->buckets);
	tree->buckets = larger.buckets;
	tree->bucket_count = larger.bucket_count;
}

static void entry_hang(struct tree *tree, struct tree_entry *entry)
{
	struct tree_entry **bucket = bucket_of(tree, entry->dir, entry->hash);
	struct tree_entry **first = &entry->dir->children;

	entry->in_bucket = *bucket;
	*bucket = entry;
	entry->next = *first;
	entry->link = first;
	if (*first)
		(*first)->link = &entry->next;
	*first = entry;
	entry->dir->child_count++;
	tree->entry_count++;
}

struct tree_entry *tree_add(struct tree *tree, struct tree_inode *dir, const char *name,
			    size_t size, struct tree_inode *inode, uint32_t mode)
{
	struct tree_entry *entry = calloc(1, sizeof(*entry) + size + 1);

	if (entry && !inode)
		inode = inode_create(mode);
	if (!entry || !inode) {
		free(entry);
		return NULL;
	}
	if (tree->entry_count >= tree->bucket_count)
		add_buckets(tree);
	memcpy(entry->name, name, size);
	entry->name_size = (uint32_t)size;
	entry->hash = index_hash(name, (uint32_t)size);
	entry->dir = dir;
	entry->inode = inode;
	inode->references++;
	if (S_ISDIR(inode->mode))
		inode->parent = dir;
	entry_hang(tree, entry);
	return entry;
}

/* As deep as the tree, which whoever makes paths limits. */
void tree_remove(struct tree *tree, struct tree_entry *entry)
{
	struct tree_entry **at = bucket_of(tree, entry->dir, entry->hash);

	while (entry->inode->children)
		tree_remove(tree, entry->inode->children);
	while (*at != entry)
		at = &(*at)->in_bucket;
	*at = entry->in_bucket;
	*entry->link = entry->next;
	if (entry->next)
		entry->next->link = entry->link;
	entry->dir->child_count--;
	tree->entry_count--;
	inode_put(entry->inode);
	free(entry);
}

static void xattr_free(struct tree_xattr *xattr)
{
	free(xattr->name);
	free(xattr->value);
	free(xattr);
}

static struct tree_xattr *xattr_create(const char *name, const void *value, size_t size)
{
	struct tree_xattr *xattr = calloc(1, sizeof(*xattr));

	if (!xattr)
		return NULL;
	xattr->name = strdup(name);
	xattr->value = malloc(size + 1);
	if (!xattr->name || !xattr->value) {
		xattr_free(xattr);
		return NULL;
	}
	if (size)
		memcpy(xattr->value, value, size);
	xattr->name_size = (uint32_t)strlen(name);
	xattr->value_size = (uint32_t)size;
	return xattr;
}

int tree_set_xattr(struct tree_inode *inode, const char *name, const void *value, size_t size)
{
	struct tree_xattr **at = &inode->xattrs;
	struct tree_xattr *xattr = xattr_create(name, value, size);

	if (!xattr)
		return -ENOMEM;
	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	xattr->next = *at;
	if (*at && !strcmp((*at)->name, name)) {
		xattr->next = (*at)->next;
		xattr_free(*at);
	}
	*at = xattr;
	return 0;
}

void tree_drop_xattrs(struct tree_inode *inode)
{
	struct tree_xattr *next;

	for (struct tree_xattr *xattr = inode->xattrs; xattr; xattr = next) {
		next = xattr->next;
		xattr_free(xattr);
	}
	inode->xattrs = NULL;
}
