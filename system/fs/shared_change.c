/* SPDX-License-Identifier: MIT */
/* Changes of what lies in volumes: made by the monitor; see shared.h and vfs/foreign.h. */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/channel.h"
#include "core/handle.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/shared.h"
#include "vfs/foreign.h"
#include "vfs/xattr.h"

/* ---- Names ---- */

/* An open that follows takes the handle, if it asks for the same. */
static void node_give(struct inode *inode, int handle, u32 flags)
{
	int unwanted = handle;

	lock_acquire(&inode->lock);
	if (inode->node->given < 0) {
		inode->node->given = handle;
		inode->node->given_flags = flags;
		unwanted = -1;
	}
	lock_release(&inode->lock);
	if (unwanted >= 0)
		handle_close(unwanted);
}

#define HANDLE_FLAGS (O_ACCMODE | O_APPEND)

/* Makes what a call asks for. */
static struct inode *file_make(struct shared_call *call, struct inode *directory,
			       const struct foreign_file *file)
{
	struct inode *inode;
	int error;

	call->request.mode = file->mode;
	call->request.uid = file->uid;
	call->request.gid = file->gid;
	error = shared_call_begin(call);
	if (error)
		return ERROR_PTR(error);
	inode = shared_call_inode(call, directory);
	if (call->handle >= 0 && IS_ERROR(inode))
		handle_close(call->handle);
	else if (call->handle >= 0)
		node_give(inode, call->handle, file->open_flags & HANDLE_FLAGS);
	return inode;
}

static struct inode *shared_make(struct inode *directory, const char *name, size_t size,
				 const struct foreign_file *file)
{
	struct shared_call call = shared_call_for(directory, VOLUME_MAKE);

	/* The host's devices are not the domain's. */
	if ((file->mode & S_IFMT) == S_IFCHR || (file->mode & S_IFMT) == S_IFBLK)
		return ERROR_PTR(-EPERM);
	call.request.flags = file->open_flags & HANDLE_FLAGS;
	call.name = name;
	call.name_size = size;
	call.value = file->target;
	call.value_size = file->target ? strlen(file->target) : 0;
	return file_make(&call, directory, file);
}

static struct inode *shared_make_nameless(struct inode *directory, const struct foreign_file *file)
{
	struct shared_call call = shared_call_for(directory, VOLUME_MAKE_NAMELESS);

	call.request.flags = file->open_flags & (HANDLE_FLAGS | O_EXCL);
	return file_make(&call, directory, file);
}

static int shared_link(struct inode *inode, struct inode *directory, const char *name, size_t size)
{
	struct shared_call call = shared_call_for(directory, VOLUME_LINK);

	call.request.other = inode->node->number;
	call.name = name;
	call.name_size = size;
	return shared_call_result(&call);
}

static int shared_remove(struct inode *directory, const char *name, size_t size, bool is_directory)
{
	struct shared_call call = shared_call_for(directory, VOLUME_REMOVE);

	call.request.flags = is_directory ? AT_REMOVEDIR : 0;
	call.name = name;
	call.name_size = size;
	return shared_call_result(&call);
}

static int shared_rename(struct inode *from, const struct last_name *name, struct inode *to,
			 const struct last_name *new_name, u32 flags)
{
	struct shared_call call = shared_call_for(from, VOLUME_RENAME);

	call.request.other = to->node->number;
	call.request.flags = flags;
	call.name = name->name;
	call.name_size = name->size;
	call.value = new_name->name;
	call.value_size = new_name->size;
	return shared_call_result(&call);
}

/* ---- Attributes ---- */

static int shared_change(struct inode *inode, const struct attribute_change *change)
{
	static const struct { u32 what, flag; } flags[] = {
		{ CHANGE_MODE, VOLUME_CHANGE_MODE },
		{ CHANGE_UID, VOLUME_CHANGE_UID },
		{ CHANGE_GID, VOLUME_CHANGE_GID },
		{ CHANGE_ATIME, VOLUME_CHANGE_ATIME },
		{ CHANGE_MTIME, VOLUME_CHANGE_MTIME },
		{ CHANGE_TIMES_TO_NOW, VOLUME_CHANGE_TO_NOW },
	};
	struct shared_call call = shared_call_for(inode, VOLUME_CHANGE);

	for (u32 i = 0; i < ARRAY_SIZE(flags); i++)
		call.request.flags |= change->what & flags[i].what ? flags[i].flag : 0;
	call.request.mode = change->mode;
	call.request.uid = change->uid;
	call.request.gid = change->gid;
	call.request.atime_ns = change->atime_ns;
	call.request.mtime_ns = change->mtime_ns;
	return shared_call_result(&call);
}

void shared_rights_restore(struct inode *inode)
{
	const u32 rights = S_ISUID | S_ISGID;
	struct attribute_change change = { .what = CHANGE_MODE, .mode = READ_ONCE(inode->mode) };
	struct attributes now;

	if (likely(!(change.mode & rights)))
		return;
	/* Somebody else may have given it another mode meanwhile. */
	if (!shared_refresh(inode, &now) && now.mode != change.mode &&
	    (now.mode & ~rights) == (change.mode & ~rights) && !shared_change(inode, &change))
		WRITE_ONCE(inode->mode, change.mode);
}

/* ---- Extended attributes ---- */

/* Copies what was answered, as the calls of these names do. Ends the request. */
static ssize_t answer_copy(const struct shared_call *call, void *to, size_t size)
{
	size_t answered = call->reply.data_size;
	ssize_t result = size && answered > size ? -ERANGE : (ssize_t)answered;

	if (size && result > 0)
		memcpy(to, channel_reply_area(), answered);
	request_end();
	return result;
}

static ssize_t shared_xattr_get(struct inode *inode, const char *name, void *value, size_t size)
{
	struct shared_call call = shared_call_for(inode, VOLUME_XATTR_GET);
	int error;

	call.name = name;
	call.name_size = strlen(name);
	error = shared_call_begin(&call);
	return error ? error : answer_copy(&call, value, size);
}

static ssize_t shared_xattr_list(struct inode *inode, char *list, size_t size)
{
	struct shared_call call = shared_call_for(inode, VOLUME_XATTR_LIST);
	int error = shared_call_begin(&call);

	return error ? error : answer_copy(&call, list, size);
}

static int shared_xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
			    u32 flags)
{
	struct shared_call call = shared_call_for(inode, VOLUME_XATTR_SET);

	if (size > VOLUME_VALUE_MAX)
		return -ENOSPC;
	call.request.flags = flags;
	call.name = name;
	call.name_size = strlen(name);
	call.value = value;
	call.value_size = size;
	return shared_call_result(&call);
}

static int shared_xattr_remove(struct inode *inode, const char *name)
{
	struct shared_call call = shared_call_for(inode, VOLUME_XATTR_REMOVE);

	call.name = name;
	call.name_size = strlen(name);
	return shared_call_result(&call);
}

/* ---- The whole ---- */

static int shared_space(struct inode *inode, struct foreign_space *out)
{
	struct shared_call call = shared_call_for(inode, VOLUME_STATFS);
	struct volume_space space;
	int error = shared_call_begin(&call);

	if (error)
		return error;
	memcpy(&space, channel_reply_area(), sizeof(space));
	request_end();
	*out = (struct foreign_space){
		.type = space.type, .block_size = space.block_size, .blocks = space.blocks,
		.blocks_free = space.blocks_free, .blocks_available = space.blocks_available,
		.files = space.files, .files_free = space.files_free,
	};
	return 0;
}

static int shared_sync_all(struct file_system *fs)
{
	struct shared_call call = {
		.request = {
			.what = VOLUME_SYNC,
			.node = container_of(fs, struct shared_fs, fs)->volume,
		},
		.handle = -1,
	};

	return shared_call_result(&call);
}

const struct foreign shared_foreign = {
	.make = shared_make,
	.make_nameless = shared_make_nameless,
	.link = shared_link,
	.remove = shared_remove,
	.rename = shared_rename,
	.change = shared_change,
	.xattr_get = shared_xattr_get,
	.xattr_list = shared_xattr_list,
	.xattr_set = shared_xattr_set,
	.xattr_remove = shared_xattr_remove,
	.space = shared_space,
	.sync_all = shared_sync_all,
};
