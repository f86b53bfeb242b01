/* SPDX-License-Identifier: MIT */
/*
 * Opening the regular files of a tree: getting handles on lower files from the monitor.
 *
 * A request costs more than an open on the host, so a program that opens the files of a directory
 * in the order of its listing (tar, grep -r) gets the handles of those that follow in the same
 * request. Locks: LOCK_DIRECTORY while entries are read; LOCK_CHANNEL for the request.
 */
#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/file_data.h"
#include "fs/file_data_private.h"
#include "fs/lower.h"
#include "fs/file_handle.h"
#include "fs/tree.h"
#include "vfs/path.h"

#define FORESEEN_MAX 32
#define FORESEEN_BYTES 4096

/* The last file opened after another of its directory came behind it in the listing. */
static bool opens_are_in_order;

/* The files of one request. */
struct batch {
	u32 count;
	size_t size;
	struct inode *inodes[FORESEEN_MAX];	/* references held, but for the first */
	char *data;				/* FORESEEN_BYTES */
};

/* True where the file's bytes are the lower file's and no handle on it is there. */
static bool needs_handle(const struct inode *inode)
{
	const struct file_data *data = READ_ONCE(inode->data);

	if (!inode_is_regular(inode) || !tree_has_ground(inode) || READ_ONCE(inode->size) == 0)
		return false;
	return !data || (READ_ONCE(data->place) == PLACE_LOWER &&
			 READ_ONCE(data->lower.handle) < 0);
}

/* Appends the path of a lower file. False: no room. */
static bool batch_add_path(struct batch *batch, const struct inode *inode)
{
	const struct lower_path *directory = inode->lower_parent;
	size_t name_size = strlen(inode->lower_name) + 1;
	char *to = batch->data + batch->size;

	if (batch->size + directory->size + 1 + name_size > FORESEEN_BYTES)
		return false;
	if (directory->size) {
		memcpy(to, directory->text, directory->size);
		to += directory->size;
		*to++ = '/';
	}
	memcpy(to, inode->lower_name, name_size);
	batch->size = to + name_size - batch->data;
	return true;
}

/* False: no room. */
static bool batch_add(struct batch *batch, struct inode *inode)
{
	if (batch->count == FORESEEN_MAX)
		return false;
	if (inode->object) {
		memcpy(batch->data + batch->size, &inode->object, sizeof(inode->object));
		batch->size += sizeof(inode->object);
	} else if (!batch_add_path(batch, inode)) {
		return false;
	}
	batch->inodes[batch->count++] = inode;
	return true;
}

/*
 * Sends the batch; results for all but the first go to their inodes. The first one's handle or
 * -errno.
 */
static int batch_open(struct batch *batch)
{
	int handles[FORESEEN_MAX];
	struct reply reply;
	const s32 *results;
	int first, error;
	u32 next = 0, op = batch->inodes[0]->object ? REQ_OBJECTS : REQ_OPEN;

	error = lower_open(op, batch->data, batch->size, batch->count, &reply, handles);
	if (error)
		return error;
	results = (const s32 *)channel_reply_area();
	first = results[0];
	for (u32 i = 0; i < batch->count && next < reply.handles; i++) {
		if (results[i] < 0)
			continue;
		if (i == 0)
			first = handles[next++];
		else
			file_data_give_handle(batch->inodes[i], handles[next++]);
	}
	request_end();
	return first == 0 ? -ENFILE : first;	/* no room for the handle */
}

int tree_lower_open(struct inode *inode)
{
	struct batch batch = { .count = 0, .data = heap_alloc(FORESEEN_BYTES + PATH_MAX) };
	int result;

	if (!batch.data)
		return -ENOMEM;
	result = batch_add(&batch, inode) ? batch_open(&batch) : -ENAMETOOLONG;
	heap_free(batch.data);
	return result;
}

/* Adds what follows dentry in its directory's listing. LOCK_DIRECTORY held. */
static void batch_add_following(struct batch *batch, struct dentry *dentry)
{
	struct inode *directory = dentry->parent->inode;
	struct list *node = dentry->entry_node.next;
	u32 room = MIN(file_handles_limit() / 8, (u32)FORESEEN_MAX);

	/* Not so many that the host's table of handles could overflow. */
	for (; node != &directory->directory->entries && batch->count < room; node = node->next) {
		struct inode *inode = list_entry(node, struct dentry, entry_node)->inode;

		if (!inode || !needs_handle(inode))
			continue;
		if (!batch_add(batch, inode))
			return;
		inode_get(inode);
	}
}

static void open_with_following(struct inode *inode, struct dentry *dentry)
{
	struct batch batch = { .count = 0, .data = heap_alloc(FORESEEN_BYTES) };
	struct inode *directory = dentry->parent->inode;
	int handle;

	if (!batch.data)
		return;
	if (batch_add(&batch, inode)) {
		lock_acquire(&directory->directory->lock);
		if (!(dentry->flags & DENTRY_DETACHED) && dentry->parent->inode == directory)
			batch_add_following(&batch, dentry);
		lock_release(&directory->directory->lock);
		handle = batch_open(&batch);
		if (handle >= 0)
			file_data_give_handle(inode, handle);
		for (u32 i = 1; i < batch.count; i++)
			inode_put(batch.inodes[i]);
	}
	heap_free(batch.data);
}

/*
 * The domain's root may be nobody to the host: where not everybody may read a file, whether we may
 * is to be known at open, not at the first read.
 */
static int open_early(struct inode *inode)
{
	int handle = tree_lower_open(inode);

	if (handle < 0)
		return handle;
	file_data_give_handle(inode, handle);
	return 0;
}

/*
 * Asks for handles on this file and the next ones, where files are opened in the order of the
 * listing.
 */
static void open_foreseen(struct inode *inode, const struct file *file)
{
	struct dentry *dentry = file->dentry;
	struct inode *directory = dentry ? dentry->parent->inode : NULL;
	u64 last;

	if (!directory || !(READ_ONCE(directory->flags) & INODE_COMPLETE) ||
	    !directory_has_ground(directory))
		return;
	last = READ_ONCE(directory->directory->last_open_cookie);
	WRITE_ONCE(directory->directory->last_open_cookie, dentry->cookie);
	if (last)
		WRITE_ONCE(opens_are_in_order, dentry->cookie > last);
	if (READ_ONCE(opens_are_in_order) && needs_handle(inode) && !(file->flags & O_TRUNC))
		open_with_following(inode, dentry);
}

int tree_open_regular(struct inode *inode, struct file *file)
{
	int error = 0;

	open_foreseen(inode, file);
	if (inode->lower_parent && !(READ_ONCE(inode->mode) & S_IROTH) && needs_handle(inode))
		error = open_early(inode);
	return error ? error : file_data_open(inode, file);
}
