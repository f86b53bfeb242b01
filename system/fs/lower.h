/* SPDX-License-Identifier: MIT */
/*
 * The lower tree as the monitor shows it: places in it, and the inodes made from what the monitor
 * says of them. Used by fs/tree_load.c and fs/tree_open.c only.
 */
#ifndef FS_LOWER_H
#define FS_LOWER_H

#include "boundary/abi.h"
#include "core/types.h"

struct file_system;
struct inode;

/*
 * The path of a directory, relative to the lower root, without slashes at its ends; "" is the root.
 */
struct lower_path {
	refcount references;
	u32 size;
	u32 depth;		/* components */
	char text[];		/* ends with NUL */
};

/* parent's path with a name behind it (parent NULL: the root itself). NULL: out of memory. */
struct lower_path *lower_path_create(const struct lower_path *parent, const char *name,
				     size_t size);
void lower_path_put(struct lower_path *path);

/*
 * Looks at a path of the lower tree and what is on the way to it: REQ_WALK. count: components to
 * skip. On success the reply area holds the nodes, until request_end().
 */
int lower_walk(const char *path, u32 count, bool open_last, struct reply *reply, int *handle);
/* REQ_LIST from offset on; likewise. */
int lower_list(const struct lower_path *path, u64 offset, struct reply *reply);
/*
 * REQ_OPEN of count paths that follow one another in data, or REQ_OBJECTS of count ids. Up to count
 * handles; likewise.
 */
int lower_open(u32 op, const char *data, size_t size, u32 count, struct reply *reply, int *handles);

/* The node behind this one (NULL at first) in the reply area; NULL at the end. */
const struct node *lower_node_next(const struct reply *reply, const struct node *node);
static inline const char *lower_node_name(const struct node *node)
{
	return node->text;
}

/*
 * The inode for what a node tells of, with a reference: one that is known already where the file
 * has several names. NULL: out of memory.
 */
struct inode *lower_inode(struct file_system *fs, struct lower_path *directory,
			  const struct node *node);
/* The last reference to such an inode goes. */
void lower_inode_forget(struct inode *inode);

#endif
