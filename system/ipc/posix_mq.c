/* SPDX-License-Identifier: MIT */
/*
 * The file system of POSIX message queues, and opening them. Names, owners and modes are those of
 * files, so that what is said of them is said in vfs/. Locks: mq_lock (LOCK_IPC) for the list of
 * queues and all that is in them; LOCK_DIRECTORY while one is made.
 */
#include "ipc/posix_mq.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>

#include "core/heap.h"
#include "core/string.h"
#include "fs/tree.h"
#include "ipc/mq_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"
#include "vfs/names_private.h"
#include "vfs/path.h"

#define MQ_MAGIC	0x19800202u
#define HARD_MESSAGES	65536l
#define HARD_SIZE	(16l << 20)
#define SHOWN_SIZE	80u		/* of each file */
#define OWN_BYTES	48u		/* what Linux counts for a message itself */

struct lock mq_lock = LOCK_INIT(LOCK_IPC);
static struct list all_queues = { &all_queues, &all_queues };
static u32 queue_count;
static struct mount *mqueues;		/* constant once mounted */

/* ---- Limits ---- */

static int attributes_check(const struct mq_attr *wanted)
{
	bool free = credentials_capable(process_current()->credentials, CAP_SYS_RESOURCE);

	if (wanted->mq_maxmsg <= 0 || wanted->mq_msgsize <= 0 ||
	    wanted->mq_maxmsg > (free ? HARD_MESSAGES : (long)MQ_MESSAGES_MAX) ||
	    wanted->mq_msgsize > (free ? HARD_SIZE : (long)MQ_SIZE_MAX))
		return -EINVAL;
	return 0;
}

static u64 mq_bytes(const struct mq *mq)
{
	return (u64)mq->messages_max * (mq->size_max + 2ul * OWN_BYTES);
}

static int mq_register(struct mq *mq)
{
	const struct process *process = process_current();
	u64 used = mq_bytes(mq), limit = READ_ONCE(process->limits[RLIMIT_MSGQUEUE].rlim_cur);
	const struct mq *other;
	int error = 0;

	lock_acquire(&mq_lock);
	list_for_each(other, &all_queues, node)
		if (other->owner == mq->owner)
			used += mq_bytes(other);
	if (queue_count >= MQ_QUEUES_MAX &&
	    !credentials_capable(process->credentials, CAP_SYS_RESOURCE))
		error = -ENOSPC;
	else if (limit != RLIM64_INFINITY && used > limit)
		error = -EMFILE;
	if (!error) {
		list_add_tail(&mq->node, &all_queues);
		queue_count++;
	}
	lock_release(&mq_lock);
	return error;
}

/* ---- Inodes ---- */

static int mq_inode_open(struct inode *inode, struct file *file)
{
	(void)inode, (void)file;
	return 0;
}

/* O_TRUNC by the file's name does nothing. */
static int mq_truncate(struct inode *inode, u64 size)
{
	(void)inode, (void)size;
	return 0;
}

static void mq_inode_release(struct inode *inode)
{
	struct mq *mq = inode->private;

	if (!mq)
		return;
	lock_acquire(&mq_lock);
	list_remove(&mq->node);
	queue_count--;
	lock_release(&mq_lock);
	mq_release_content(mq);
	heap_free(mq);
}

static const struct inode_operations mq_inode_operations = {
	.open = mq_inode_open,
	.truncate = mq_truncate,
	.release = mq_inode_release,
};

static int mq_create(const struct mq_attr *wanted, struct mq **out)
{
	int error = attributes_check(wanted);
	struct mq *mq;

	if (error)
		return error;
	mq = heap_alloc_zero(sizeof(*mq));
	if (!mq)
		return -ENOMEM;
	mq->messages_max = (u32)wanted->mq_maxmsg;
	mq->size_max = (u32)wanted->mq_msgsize;
	mq->owner = process_current()->credentials->uid;
	list_init(&mq->messages);
	list_init(&mq->senders);
	list_init(&mq->receivers);
	wait_queue_init(&mq->poll_queue);
	error = mq_register(mq);
	if (error) {
		heap_free(mq);
		return error;
	}
	*out = mq;
	return 0;
}

static struct inode *mq_inode_create(u32 mode, const struct mq_attr *wanted)
{
	struct inode *inode =
		inode_create(mqueues->fs, S_IFREG | mode, &mq_inode_operations, &mq_operations);
	struct mq *mq;
	int error;

	if (!inode)
		return ERROR_PTR(-ENOMEM);
	inode->size = SHOWN_SIZE;
	error = mq_create(wanted, &mq);
	if (error) {
		inode_put(inode);
		return ERROR_PTR(error);
	}
	inode->private = mq;
	return inode;
}

static const struct mq_attr attributes_default = {
	.mq_maxmsg = MQ_MESSAGES_DEFAULT, .mq_msgsize = MQ_SIZE_DEFAULT,
};

/* By open(2) or mknod(2) in the directory. */
static struct inode *mqueue_make(struct file_system *fs, u32 mode, u32 rdev, const char *target)
{
	(void)fs, (void)rdev, (void)target;
	if ((mode & S_IFMT) != S_IFREG)
		return ERROR_PTR(-EPERM);
	return mq_inode_create(mode & MODE_PERMISSIONS, &attributes_default);
}

static const struct inode_operations mqueue_directory_operations = {
	.make = mqueue_make,
};

struct mount *mqueue_mount(const struct path *mountpoint)
{
	struct mount *mount = tree_mount(mountpoint, "mqueue", "mqueue", 01777,
					 MS_NOSUID | MS_NODEV | MS_NOEXEC);

	if (IS_ERROR(mount))
		return mount;
	mount->fs->magic = MQ_MAGIC;
	mount->fs->has_xattrs = false;
	mount->root->inode->operations = &mqueue_directory_operations;
	mqueues = mount;
	return mount;
}

/* ---- mq_open ---- */

/* A name as the kernel gets it: one component. Into buffer, NAME_MAX + 1 bytes. */
static int name_read(uptr from, char *buffer)
{
	ssize_t size = copy_string_from_user(buffer, from, NAME_MAX + 1);

	if (size < 0)
		return (int)size;
	if (!size)
		return -ENOENT;
	return strchr(buffer, '/') || !strcmp(buffer, ".") || !strcmp(buffer, "..") ? -EACCES : 0;
}

struct mq_opening {
	struct walker walker;
	u32 flags, mode;
	const struct mq_attr *attributes;
};

/* The queue's file, which is missing; umask is applied. *found gets a reference. */
static int queue_make_locked(const struct mq_opening *opening, const struct path *directory,
			     const struct last_name *last, struct dentry **found)
{
	int error = directory_may_change(directory, opening->walker.credentials);
	u32 mode = opening->mode & 0777 & ~READ_ONCE(opening->walker.fs->umask);
	struct inode *inode;

	if (error)
		return error;
	inode = mq_inode_create(mode, opening->attributes);
	if (IS_ERROR(inode))
		return (int)PTR_ERROR(inode);
	inode->uid = opening->walker.credentials->fsuid;
	inode->gid = opening->walker.credentials->fsgid;
	error = name_enter_kept(directory->dentry, last, inode, found);
	if (error)
		inode_put(inode);
	return error;
}

static int queue_find_locked(const struct mq_opening *opening, const struct path *directory,
			     const struct last_name *last, struct dentry **found, bool *made)
{
	int error = name_lookup_locked(directory->dentry, last->name, last->size, last->name, 0,
				       found);

	*made = false;
	if (!error && (opening->flags & O_CREAT) && (opening->flags & O_EXCL)) {
		dentry_put(*found);
		return -EEXIST;
	}
	if (error != -ENOENT || !(opening->flags & O_CREAT))
		return error;
	error = queue_make_locked(opening, directory, last, found);
	*made = !error;
	return error;
}

static u32 access_of(u32 flags)
{
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return MAY_READ;
	case O_WRONLY:
		return MAY_WRITE;
	default:
		return MAY_READ | MAY_WRITE;
	}
}

static int queue_open(const struct mq_opening *opening, const char *name, struct file **file)
{
	struct path directory = { mqueues, mqueues->root }, place = { .mount = mqueues };
	struct last_name last = { .name = name, .size = (u32)strlen(name) };
	struct inode *inode = directory.dentry->inode;
	bool made;
	int error;

	lock_acquire(&inode->directory->lock);
	error = queue_find_locked(opening, &directory, &last, &place.dentry, &made);
	lock_release(&inode->directory->lock);
	if (error)
		return error;
	/* Whoever makes a queue may open it, whatever its mode. */
	if (!made)
		error = inode_permission(place.dentry->inode, opening->walker.credentials,
					 access_of(opening->flags));
	if (!error)
		error = path_open_known(&opening->walker, &place,
					opening->flags & (O_ACCMODE | O_NONBLOCK), 0, file);
	path_put(&place);
	return error;
}

long sys_mq_open(uptr name_address, int flags, u32 mode, uptr attributes)
{
	struct process *process = process_current();
	struct mq_attr wanted = attributes_default;
	struct mq_opening opening = {
		.walker = { process->fs, process->credentials }, .flags = (u32)flags, .mode = mode,
		.attributes = &wanted,
	};
	char name[NAME_MAX + 1];
	struct file *file;
	int result;

	if (attributes && get_user(wanted, attributes))
		return -EFAULT;
	result = name_read(name_address, name);
	if (!result && (flags & O_ACCMODE) == O_ACCMODE)
		result = -EINVAL;
	if (!result)
		result = queue_open(&opening, name, &file);
	if (result)
		return result;
	result = current_fd_install(file, true);
	if (result < 0)
		file_put(file);
	return result;
}

long sys_mq_unlink(uptr name_address)
{
	struct process *process = process_current();
	struct walker walker = { process->fs, process->credentials };
	struct path directory = { mqueues, mqueues->root };
	char name[NAME_MAX + 1];
	int error = name_read(name_address, name);

	return error ? error : path_remove(&walker, &directory, name, false);
}

/* ---- mq_getsetattr ---- */

long sys_mq_getsetattr(int fd, uptr wanted_address, uptr old_address)
{
	struct mq_attr wanted = { 0 }, old = { 0 };
	struct file *file;
	const struct mq *mq;

	if (wanted_address && get_user(wanted, wanted_address))
		return -EFAULT;
	if (wanted.mq_flags & ~(long)O_NONBLOCK)
		return -EINVAL;
	file = current_fd_get(fd);
	mq = file ? mq_of(file) : NULL;
	if (!mq) {
		if (file)
			file_put(file);
		return -EBADF;
	}
	old.mq_maxmsg = mq->messages_max;
	old.mq_msgsize = mq->size_max;
	old.mq_curmsgs = READ_ONCE(mq->count);
	old.mq_flags = READ_ONCE(file->flags) & O_NONBLOCK;
	if (wanted_address && (wanted.mq_flags & O_NONBLOCK))
		atomic_or(&file->flags, O_NONBLOCK);
	else if (wanted_address)
		atomic_and(&file->flags, ~(u32)O_NONBLOCK);
	file_put(file);
	return old_address && put_user(old, old_address) ? -EFAULT : 0;
}
