/* SPDX-License-Identifier: MIT */
/*
 * Requests about the lower tree, and inodes from their answers.
 * Locks: LOCK_CHANNEL is held between an answer and request_end().
 */
#include "fs/lower.h"

#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/identity.h"
#include "fs/tree.h"
#include "vfs/inode.h"

#define LOWER_DEVICES_MAX 64

/* Under LOCK_CHANNEL: written as answers are read. */
static u64 lower_devices[LOWER_DEVICES_MAX];

/* ---- Paths ---- */

struct lower_path *lower_path_create(const struct lower_path *parent, const char *name, size_t size)
{
	size_t before = parent && parent->size ? parent->size + 1 : 0;
	struct lower_path *path = heap_alloc(sizeof(*path) + before + size + 1);

	if (!path)
		return NULL;
	refcount_init(&path->references, 1);
	path->size = before + size;
	path->depth = parent ? parent->depth + 1 : 0;
	if (before) {
		memcpy(path->text, parent->text, parent->size);
		path->text[parent->size] = '/';
	}
	memcpy(path->text + before, name, size);
	path->text[path->size] = '\0';
	return path;
}

void lower_path_put(struct lower_path *path)
{
	if (path && refcount_put(&path->references))
		heap_free(path);
}

/* ---- Requests ---- */

int lower_walk(const char *path, u32 count, bool open_last, struct reply *reply, int *handle)
{
	struct request request = {
		.op = REQ_WALK,
		.count = count,
		.flags = open_last ? REQUEST_OPEN_LAST : 0,
		.data_size = strlen(path) + 1,
	};

	if (request.data_size > REQUEST_DATA_MAX)
		return -ENAMETOOLONG;
	return request_begin(&request, path, reply, handle, 1);
}

int lower_list(const struct lower_path *path, u64 offset, struct reply *reply)
{
	struct request request = { .op = REQ_LIST, .offset = offset, .data_size = path->size + 1 };

	return request_begin(&request, path->text, reply, NULL, 0);
}

int lower_open(u32 op, const char *data, size_t size, u32 count, struct reply *reply, int *handles)
{
	struct request request = { .op = op, .count = count, .data_size = size };

	return request_begin(&request, data, reply, handles, count);
}

const struct node *lower_node_next(const struct reply *reply, const struct node *node)
{
	const char *area = channel_reply_area();
	const char *next = node ? (const char *)node + node->record_size : area;

	if (next >= area + reply->data_size)
		return NULL;
	return (const struct node *)next;
}

/* ---- Inodes ---- */

/* A small number for a device of the host; 0 where there are too many. */
static u32 device_number(u64 dev)
{
	for (u32 i = 0; i < LOWER_DEVICES_MAX; i++) {
		if (lower_devices[i] == 0)
			lower_devices[i] = dev;
		if (lower_devices[i] == dev)
			return i + 1;
	}
	return 0;
}

/* Inode numbers of the first device are shown as they are; others must not look equal to them. */
static u64 inode_number(u32 device, u64 ino)
{
	return ino ^ ((u64)(device - 1) << 48);
}

void lower_inode_forget(struct inode *inode)
{
	if (inode_is_directory(inode))
		lower_path_put(inode->directory->lower);
	if (inode->lower_parent) {
		lower_path_put(inode->lower_parent);
		heap_free((void *)inode->lower_name);
	}
}

static void inode_fill(struct inode *inode, const struct node *node)
{
	inode->nlink = node->nlink;
	inode->uid = node->uid;
	inode->gid = node->gid;
	inode->rdev = DEVICE(node->rdev_major, node->rdev_minor);
	inode->size = node->size;
	inode->blocks = node->blocks;
	inode->atime_ns = node->atime_ns;
	inode->mtime_ns = node->mtime_ns;
	inode->ctime_ns = node->ctime_ns;
}

/* What depends on the type. False: out of memory. */
static bool inode_fill_type(struct inode *inode, struct lower_path *directory,
			    const struct node *node)
{
	const char *name = lower_node_name(node);

	switch (inode->mode & S_IFMT) {
	case S_IFDIR:
		inode->flags &= ~INODE_COMPLETE;
		inode->directory->lower = lower_path_create(directory, name, node->name_size);
		return inode->directory->lower;
	case S_IFREG:
		inode->lower_name = heap_strdup(name);
		if (!inode->lower_name)
			return false;
		inode->lower_parent = directory;
		refcount_get(&directory->references);
		return true;
	case S_IFLNK:
		return !tree_set_target(inode, name + node->name_size + 1, node->target_size);
	default:
		return true;
	}
}

struct inode *lower_inode(struct file_system *fs, struct lower_path *directory,
			  const struct node *node)
{
	bool has_names = node->nlink > 1 && (node->mode & S_IFMT) != S_IFDIR;
	struct inode *inode = NULL;
	u32 device;
	u64 ino;

	device = device_number(node->dev);
	ino = inode_number(device, node->ino);
	if (has_names)
		inode = identity_find(device, ino);
	if (inode)
		return inode;
	inode = tree_inode_create(fs, node->mode);
	if (!inode)
		return NULL;
	inode_fill(inode, node);
	inode->ino = ino;
	inode->lower_dev = device;
	if (!inode_fill_type(inode, directory, node)) {
		inode_put(inode);
		return NULL;
	}
	return has_names && device ? identity_add(inode) : inode;
}
