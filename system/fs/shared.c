/* SPDX-License-Identifier: MIT */
/*
 * Inodes of volumes: lookups, attributes, listings; see shared.h. Fields of an inode are what the
 * monitor said last, single words without a lock. LOCK_CHANNEL while an answer is read.
 */
#include "fs/shared.h"

#include <linux/fcntl.h>
#include <linux/mount.h>

#include "core/channel.h"
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/identity.h"
#include "fs/tree.h"
#include "vfs/dentry.h"
#include "vfs/file.h"
#include "vfs/foreign.h"

#define DEVICES_MAX	64u
#define LIST_BYTES	32768u
#define VOLUMEFS_MAGIC	0x6d7a766c

static const struct inode_operations shared_operations;
static const struct file_operations shared_directory_operations;

/* ---- Numbers ---- */

/* Devices that lie in volumes. Under LOCK_CHANNEL. */
static u64 devices[DEVICES_MAX];

/* A small number for a device of the host, from 1 on; 0 where there are too many. */
static u32 device_number(u64 dev)
{
	for (u32 i = 0; i < DEVICES_MAX; i++) {
		if (!devices[i])
			devices[i] = dev;
		if (devices[i] == dev)
			return i + 1;
	}
	return 0;
}

/* One file seen in two volumes is two inodes; others of the identity table have small numbers. */
static u32 identity_device(u32 volume, u32 device)
{
	return (volume + 1) << 16 | device;
}

/* Numbers of one volume must differ, whatever is mounted in it on the host. */
static u64 number_shown(u32 device, u64 ino)
{
	return ino ^ (u64)(device - 1) << 48;
}

/* ---- What the monitor says ---- */

static void inode_fill(struct inode *inode, const struct node *node)
{
	WRITE_ONCE(inode->mode, node->mode);
	WRITE_ONCE(inode->nlink, node->nlink);
	WRITE_ONCE(inode->uid, node->uid);
	WRITE_ONCE(inode->gid, node->gid);
	WRITE_ONCE(inode->size, node->size);
	WRITE_ONCE(inode->blocks, node->blocks);
	WRITE_ONCE(inode->atime_ns, node->atime_ns);
	WRITE_ONCE(inode->mtime_ns, node->mtime_ns);
	WRITE_ONCE(inode->ctime_ns, node->ctime_ns);
}

static const struct file_operations *operations_of(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return &shared_file_operations;
	case S_IFDIR:
		return &shared_directory_operations;
	default:
		return NULL;
	}
}

/*
 * An inode for a node of the reply area, which takes number over. NULL: out of memory, or too many
 * devices; then the caller keeps number.
 */
static struct inode *inode_make(struct shared_fs *fs, const struct node *answer, u32 number)
{
	u32 device = device_number(answer->dev);
	struct shared_node *node = device ? heap_alloc(sizeof(*node)) : NULL;
	bool is_link = (answer->mode & S_IFMT) == S_IFLNK;
	char *target = NULL;
	struct inode *inode;

	if (node && is_link)
		target = heap_strdup(answer->text + answer->name_size + 1);
	inode = node && (target || !is_link) ?
		inode_create(&fs->fs, answer->mode, &shared_operations,
			     operations_of(answer->mode)) : NULL;
	if (!inode) {
		heap_free(target);
		heap_free(node);
		return NULL;
	}
	*node = (struct shared_node){ .number = number, .given = -1 };
	inode->node = node;
	inode->ino = number_shown(device, answer->ino);
	inode->lower_dev = identity_device(fs->volume, device);
	inode->rdev = DEVICE(answer->rdev_major, answer->rdev_minor);
	/* Others change it: it is never as somebody knew it. */
	inode->flags = INODE_CHANGED | (inode_is_directory(inode) ? INODE_UNCACHED : 0);
	if (is_link)
		inode->target = target;
	inode_fill(inode, answer);
	return inode;
}

static void forget_number(u32 number)
{
	request_tell(REQ_VOLUME_FORGET, 1, &number, sizeof(number));
}

/* The node that comes next in the reply area, or NULL. */
static const struct node *node_next(const struct shared_call *call, const struct node *node)
{
	const char *area = channel_reply_area();
	const char *next = node ? (const char *)node + node->record_size : area;

	return next < area + call->reply.data_size ? (const struct node *)next : NULL;
}

struct inode *shared_call_inode(struct shared_call *call, struct inode *directory)
{
	const struct node *outer = node_next(call, NULL), *node = node_next(call, outer);
	u32 number = (u32)call->reply.offset;
	struct inode *inode, *known;

	inode_fill(directory, outer);
	inode = inode_make(shared_fs_of(directory), node, number);
	if (!inode) {
		request_end();
		forget_number(number);
		return ERROR_PTR(-ENOMEM);
	}
	known = identity_add(inode);
	if (known != inode)
		inode_fill(known, node);
	request_end();
	return known;
}

int shared_refresh(struct inode *inode, struct attributes *out)
{
	struct shared_call call = shared_call_for(inode, VOLUME_LOOK);
	int error = shared_call_begin(&call);

	if (error)
		return error;
	inode_fill(inode, node_next(&call, NULL));
	request_end();
	out->mode = READ_ONCE(inode->mode);
	out->nlink = READ_ONCE(inode->nlink);
	out->uid = READ_ONCE(inode->uid);
	out->gid = READ_ONCE(inode->gid);
	out->size = READ_ONCE(inode->size);
	out->blocks = READ_ONCE(inode->blocks);
	out->atime_ns = READ_ONCE(inode->atime_ns);
	out->mtime_ns = READ_ONCE(inode->mtime_ns);
	out->ctime_ns = READ_ONCE(inode->ctime_ns);
	out->btime_ns = MIN(out->mtime_ns, out->ctime_ns);
	return 0;
}

/* ---- Operations on inodes ---- */

static struct inode *shared_lookup(struct inode *directory, const char *name, size_t size)
{
	struct shared_call call = shared_call_for(directory, VOLUME_LOOKUP);
	int error;

	call.name = name;
	call.name_size = size;
	error = shared_call_begin(&call);
	return error ? ERROR_PTR(error) : shared_call_inode(&call, directory);
}

/* Where the host does not say, what it said last has to do. */
static void shared_attributes(struct inode *inode, struct attributes *out)
{
	(void)shared_refresh(inode, out);
}

static ssize_t shared_read_link(struct inode *inode, char *to, size_t size)
{
	return inode_is_symlink(inode) ? (ssize_t)strlcpy(to, inode->target, size) : -EINVAL;
}

static int shared_open(struct inode *inode, struct file *file)
{
	return inode_is_regular(inode) ? shared_open_regular(inode, file) : 0;
}

static int shared_truncate(struct inode *inode, u64 size)
{
	struct shared_call call = shared_call_for(inode, VOLUME_CHANGE);
	int error;

	if (!inode_is_regular(inode))
		return -EINVAL;
	call.request.flags = VOLUME_CHANGE_SIZE;
	call.request.size = size;
	error = shared_call_result(&call);
	if (!error)
		shared_rights_restore(inode);
	return error;
}

static void shared_release(struct inode *inode)
{
	identity_forget(inode);
	if (inode_is_symlink(inode))
		heap_free(inode->target);
	if (inode->node->given >= 0)
		handle_close(inode->node->given);
	shared_node_forget(inode->node);
}

static const struct inode_operations shared_operations = {
	.lookup = shared_lookup,
	.read_link = shared_read_link,
	.open = shared_open,
	.attributes = shared_attributes,
	.truncate = shared_truncate,
	.release = shared_release,
};

/* ---- Listings: offsets are the host's cookies ---- */

/* As getdents64(2) has it. */
struct record {
	u64 ino;
	u64 next;
	u16 size;
	u8 type;
	char name[];
} __packed;

/* What is above a volume is no business of the domain. */
static u64 record_number(const struct inode *directory, const struct record *record)
{
	u32 device = directory->lower_dev & 0xffff;

	if (directory->node->number == shared_fs_of(directory)->volume &&
	    !strcmp(record->name, ".."))
		return directory->ino;
	return number_shown(device, record->ino);
}

/* Emits what a call has listed. False: the sink is full. */
static bool records_emit(const struct shared_call *call, const struct inode *directory,
			 struct directory_sink *sink, u64 *offset)
{
	const char *at = channel_reply_area(), *end = at + call->reply.data_size;

	while (at < end) {
		const struct record *record = (const struct record *)at;

		if (!sink->emit(sink, record->name, strlen(record->name),
				record_number(directory, record), record->type, record->next))
			return false;
		*offset = record->next;
		at += record->size;
	}
	return true;
}

static int shared_iterate(struct file *file, struct directory_sink *sink, u64 *offset)
{
	bool is_full = false, is_end = false;

	while (!is_full && !is_end) {
		struct shared_call call = shared_call_for(file->inode, VOLUME_LIST);
		int error;

		call.request.size = *offset;
		call.request.mode = LIST_BYTES;
		error = shared_call_begin(&call);
		if (error)
			return error;
		is_end = !call.reply.data_size;
		is_full = !records_emit(&call, file->inode, sink, offset);
		request_end();
	}
	return 0;
}

static int shared_directory_sync(struct file *file, bool data_only)
{
	struct shared_call call = shared_call_for(file->inode, VOLUME_SYNC);

	(void)data_only;
	return shared_call_result(&call);
}

static const struct file_operations shared_directory_operations = {
	.read = file_read_directory,
	.seek = file_seek_endless,
	.iterate = shared_iterate,
	.sync = shared_directory_sync,
};

/* ---- Mounting ---- */

/* The root's node is there from the start, and stays. */
static struct inode *root_inode(struct shared_fs *fs)
{
	struct shared_call call = { .request = { .what = VOLUME_LOOK, .node = fs->volume },
				    .handle = -1 };
	int error = shared_call_begin(&call);
	struct inode *inode;

	if (error)
		return ERROR_PTR(error);
	inode = inode_make(fs, node_next(&call, NULL), fs->volume);
	if (inode)
		inode = identity_add(inode);
	request_end();
	return inode ? inode : ERROR_PTR(-ENOMEM);
}

struct mount *shared_mount(const struct path *mountpoint, u32 volume)
{
	bool read_only = config()->volumes[volume].flags & VOLUME_READ_ONLY;
	struct shared_fs *fs = heap_alloc_zero(sizeof(*fs));
	struct dentry *root;
	struct inode *inode;

	if (!fs)
		return ERROR_PTR(-ENOMEM);
	fs->volume = volume;
	fs->fs = (struct file_system){
		.type = "volume", .source = "volume", .magic = VOLUMEFS_MAGIC,
		.read_only = read_only, .has_xattrs = true, .foreign = &shared_foreign,
	};
	file_system_register(&fs->fs);
	inode = root_inode(fs);
	if (IS_ERROR(inode))
		return (struct mount *)inode;
	root = dentry_create_root(inode);
	if (!root) {
		inode_put(inode);
		return ERROR_PTR(-ENOMEM);
	}
	return mount_create(mountpoint, root, &fs->fs,
			    MS_NOSUID | MS_NODEV | (read_only ? MS_RDONLY : 0));
}
