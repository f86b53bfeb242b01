/* SPDX-License-Identifier: MIT */
/*
 * Loading names from the lower tree: of one path, or of a whole directory.
 *
 * Locks: the directory's LOCK_DIRECTORY is held by the caller. Directories that are made on the way
 * are filled before they can be found, so theirs is not needed. LOCK_CHANNEL while an answer is
 * read.
 */
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/file_data.h"
#include "fs/image.h"
#include "fs/lower.h"
#include "fs/overlay.h"
#include "fs/tree.h"
#include "vfs/path.h"
#include "vfs/reclaim.h"

/*
 * The dentry for what a node tells, detached, one reference; an absence for an error. NULL: no
 * memory.
 */
static struct dentry *node_dentry(struct dentry *parent, const struct node *node)
{
	struct inode *directory = parent->inode, *inode = NULL;
	struct dentry *dentry;

	if (!node->error) {
		inode = lower_inode(directory->fs, directory->directory->lower, node);
		if (!inode)
			return NULL;
	}
	dentry = dentry_create(parent, lower_node_name(node), node->name_size, inode);
	if (!dentry && inode)
		inode_put(inode);
	return dentry;
}

/* Makes it findable and gives up the reference: from now on it is only cached. */
static void dentry_publish(struct dentry *dentry)
{
	lock_acquire(&name_lock);
	name_attach_locked(dentry);
	atomic_sub(&dentry->references, 1);
	lock_release(&name_lock);
}

/*
 * Publishes a chain of new dentries from its end up to, without, top: what can be found is
 * complete.
 */
static void chain_publish(struct dentry *last, const struct dentry *top)
{
	while (last != top) {
		struct dentry *parent = last->parent;

		dentry_publish(last);
		reclaim_add_directory(parent);
		last = parent;
	}
}

static void chain_drop(struct dentry *last, const struct dentry *top)
{
	while (last != top) {
		struct dentry *parent = last->parent;

		dentry_put(last);
		last = parent;
	}
}

/*
 * Appends the components of path to text, up to the first that can't be asked for: "..", a name too
 * long, or no room. *whole: nothing was left out. The number of components.
 */
static u32 components_append(char *text, size_t size, size_t room, const char *path, bool *whole)
{
	u32 count = 0;

	for (;;) {
		size_t n = 0;

		while (*path == '/')
			path++;
		while (path[n] && path[n] != '/')
			n++;
		*whole = n == 0;
		if (n == 0 || n > NAME_MAX || size + n + 2 > room ||
		    (n == 2 && !memcmp(path, "..", 2)))
			break;
		if (n != 1 || path[0] != '.') {
			if (size)
				text[size++] = '/';
			memcpy(text + size, path, n);
			size += n;
			count++;
		}
		path += n;
	}
	text[size] = '\0';
	return count;
}

/* Takes the answer to a walk apart. */
static int chain_load(struct dentry *top, const struct reply *reply, int *handle)
{
	struct dentry *last = top;
	const struct node *node = NULL;
	int error = 0;

	while ((node = lower_node_next(reply, node))) {
		struct dentry *dentry;

		if (node->error && node->error != -ENOENT) {
			error = last == top ? node->error : 0;
			break;
		}
		dentry = node_dentry(last, node);
		if (!dentry) {
			chain_drop(last, top);
			return -ENOMEM;
		}
		last = dentry;
		if (node->has_handle && *handle >= 0) {
			file_data_give_handle(dentry->inode, *handle);
			*handle = -1;
		}
		if (!dentry->inode || !inode_is_directory(dentry->inode))
			break;
	}
	chain_publish(last, top);
	return error;
}

/* In a tree over an image: what is kept of former runs comes first. */
static int load_image(struct dentry *directory, const char *path)
{
	const struct inode *inode = directory->inode;
	const char *end = strchr(path, '/');
	int error = 0;

	if (READ_ONCE(inode->flags) & INODE_KEPT_NAMES)
		error = overlay_names_load(directory);
	if (error)
		return error;
	if (!directory_has_ground(inode)) {
		tree_loaded_all(directory);
		return 0;
	}
	return tree_knows(directory, path, end ? (size_t)(end - path) : strlen(path))
		       ? 0 : image_load(directory, path);
}

int tree_load(struct dentry *directory, const char *path, u32 walk_flags)
{
	const struct lower_path *lower = directory->inode->directory->lower;
	size_t room;
	char *text;
	struct reply reply;
	int handle = -1, error;
	bool whole;

	if (READ_ONCE(directory->inode->flags) & INODE_KEPT_NAMES || !lower)
		return load_image(directory, path);
	room = MIN(lower->size + strlen(path) + 2, (size_t)PATH_MAX + NAME_MAX);
	if (lower->size + NAME_MAX + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	text = heap_alloc(room + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, lower->text, lower->size);
	components_append(text, lower->size, room + 1, path, &whole);
	error = lower_walk(text, lower->depth, whole && (walk_flags & WALK_OPENING), &reply,
			   &handle);
	if (!error) {
		error = chain_load(directory, &reply, &handle);
		request_end();
	}
	if (handle >= 0)
		handle_close(handle);
	heap_free(text);
	return error;
}

bool tree_knows(struct dentry *directory, const char *name, size_t size)
{
	u32 hash = name_hash(directory, name, size);
	struct dentry *known;

	lock_acquire(&name_lock);
	known = name_find_locked(directory, hash, name, size);
	lock_release(&name_lock);
	return known;
}

int tree_enter_loaded(struct dentry *directory, const char *name, size_t size, struct inode *inode)
{
	bool known = tree_knows(directory, name, size);
	struct dentry *dentry = known ? NULL : dentry_create(directory, name, size, inode);

	if (dentry)
		dentry_publish(dentry);
	else if (inode)
		inode_put(inode);
	return dentry || known ? 0 : -ENOMEM;
}

int tree_enter_kept(struct dentry *directory, const char *name, size_t size, struct inode *inode)
{
	struct dentry *dentry = dentry_create(directory, name, size, inode);

	if (!dentry) {
		if (inode)
			inode_put(inode);
		return -ENOMEM;
	}
	if (!inode)
		dentry->flags |= DENTRY_PINNED;
	dentry_publish(dentry);
	return 0;
}

/* One entry of a listing. */
static int entry_load(struct dentry *directory, const struct node *node)
{
	struct inode *inode;

	if (node->error || tree_knows(directory, lower_node_name(node), node->name_size))
		return 0;
	inode = lower_inode(directory->inode->fs, directory->inode->directory->lower, node);
	return inode ? tree_enter_loaded(directory, lower_node_name(node), node->name_size, inode)
		     : -ENOMEM;
}

void tree_loaded_all(struct dentry *directory)
{
	atomic_or(&directory->inode->flags, INODE_COMPLETE);
	reclaim_add_directory(directory);
	name_forget_absences(directory);
}

int tree_load_all(struct dentry *directory)
{
	struct inode *inode = directory->inode;
	struct reply reply = { .offset = 0 };

	if (READ_ONCE(inode->flags) & INODE_KEPT_NAMES) {
		int error = overlay_names_load(directory);

		if (error)
			return error;
	}
	if (inode->directory->image_inode)
		return image_load_all(directory);
	if (!inode->directory->lower) {
		tree_loaded_all(directory);
		return 0;
	}

	do {
		const struct node *node = NULL;
		int error = lower_list(inode->directory->lower, reply.offset, &reply);

		if (error)
			return error;
		while (!error && (node = lower_node_next(&reply, node)))
			error = entry_load(directory, node);
		request_end();
		if (error)
			return error;
	} while (reply.offset);
	tree_loaded_all(directory);
	return 0;
}
