/* SPDX-License-Identifier: MIT */
/*
 * A file tree in memory, as it is gathered before an index is written from it: inodes with their
 * attributes, and entries that give them names in directories. It knows nothing of paths, sources
 * and stores.
 *
 * An inode lives as long as an entry or its creator holds it. Belongs to one thread.
 */
#ifndef HOST_IMAGE_TREE_H
#define HOST_IMAGE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct tree_xattr {
	struct tree_xattr *next;
	char *name;
	void *value;
	uint32_t name_size, value_size;
};

struct tree_inode {
	uint32_t mode, uid, gid;
	uint32_t rdev_major, rdev_minor;
	uint32_t references; /* entries; the root has one more */
	uint32_t number;     /* for the writer of an index */
	int64_t mtime_ns;
	uint64_t size;		     /* of a regular file */
	uint64_t object;	     /* the store's id, 0: none */
	char *target;		     /* of a symbolic link */
	struct tree_xattr *xattrs;   /* in the order of names, as bytes */
	struct tree_inode *parent;   /* directory: the one above; the root's is itself */
	struct tree_entry *children; /* directory; in no order */
	uint32_t child_count;
};

struct tree_entry {
	struct tree_entry *in_bucket;	 /* the next one */
	struct tree_entry *next, **link; /* in dir->children */
	struct tree_inode *dir, *inode;
	uint32_t hash;	/* index_hash() of the name */
	uint32_t layer; /* which layer of an image said it last */
	uint32_t name_size;
	char name[]; /* ends with NUL */
};

struct tree {
	struct tree_inode *root;
	struct tree_entry **buckets; /* all entries, by directory and name */
	size_t bucket_count;	     /* a power of two */
	size_t entry_count;
};

/* An empty root directory, mode 0755, owner 0. Returns 0 or -ENOMEM. */
int tree_init(struct tree *tree);
/* All zero is allowed. */
void tree_release(struct tree *tree);

/* NULL: there is no such entry. */
struct tree_entry *tree_find(const struct tree *tree, const struct tree_inode *dir,
			     const char *name, size_t size);

/*
 * A new entry in a directory that has none of that name. The inode gains a reference; NULL makes a
 * new one, all zero but for mode, which decides its kind. Returns NULL where memory is lacking.
 */
struct tree_entry *tree_add(struct tree *tree, struct tree_inode *dir, const char *name,
			    size_t size, struct tree_inode *inode, uint32_t mode);

/* With all that is below it. */
void tree_remove(struct tree *tree, struct tree_entry *entry);

/* Sets or replaces an extended attribute. Returns 0 or -ENOMEM. */
int tree_set_xattr(struct tree_inode *inode, const char *name, const void *value, size_t size);
void tree_drop_xattrs(struct tree_inode *inode);

#endif
