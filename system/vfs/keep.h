/* SPDX-License-Identifier: MIT */
/*
 * Telling a file system of changes that it is to keep beyond the domain's end. One that keeps
 * nothing has no keeper (file_system.keeper is NULL), and all of this costs a look at that.
 *
 * A change is announced, so that there is room to keep it, then made, then told of. Between
 * announcing and telling nothing may fail that has changed something.
 */
#ifndef VFS_KEEP_H
#define VFS_KEEP_H

#include "vfs/inode.h"

/* A name that came or went. */
struct name_change {
	struct inode *parent, *inode;
	const char *name;
	u32 name_size;
	bool added;
	bool is_last;		/* it went, and was the inode's last one */
};

/* The most that one change of the tree consists of: an exchange. */
#define NAME_CHANGES_MAX 4u

struct keeper {
	/*
	 * The inode can be kept as a changed one from now on. 0, -ENOSPC, -EDQUOT, -ENOMEM, -EIO.
	 * LOCK_INODE and LOCK_DIRECTORY may be held. frees: for a change that will free space, and
	 * may use what is held back for that, as begin.
	 */
	int (*prepare)(struct inode *inode, bool frees);
	/* Attributes have changed (data: as the file's bytes were), of one that was prepared. */
	void (*changed)(struct inode *inode, bool data);
	/* Makes room for a change of names or of an attribute; end is due. Errors likewise. */
	int (*begin)(bool frees);
	/* The change was made, or (count 0, xattr NULL) was not. */
	void (*end)(const struct name_change *changes, u32 count);
	/* value NULL: removed. Between begin and end; the name and the value fit (-ENOSPC). */
	void (*xattr)(struct inode *inode, const char *name, const void *value, size_t size);
	size_t xattr_value_max;
	/*
	 * What was told of until now is durable, but not the bytes of large files. 0 or -EIO,
	 * -ENOSPC. No short locks held.
	 */
	int (*sync)(void);
	/* Bytes of disk for changes, in all and left. 0 or -errno. */
	int (*space)(u64 *total, u64 *left);
	/* All that was told of and written is. Likewise. */
	int (*sync_all)(void);
};

static inline int keep_prepare(struct inode *inode)
{
	return inode->fs->keeper ? inode->fs->keeper->prepare(inode, false) : 0;
}

static inline void keep_changed(struct inode *inode, bool data)
{
	if (inode->fs->keeper)
		inode->fs->keeper->changed(inode, data);
}

/* As keeper.sync. */
static inline int keep_sync(const struct file_system *fs)
{
	return fs->keeper ? fs->keeper->sync() : 0;
}

/* sync(2), syncfs(2). 0 or -errno. */
static inline int keep_sync_all(const struct file_system *fs)
{
	return fs->keeper ? fs->keeper->sync_all() : 0;
}

/*
 * Prepares the inodes (NULL: none) for a change of names, and begins it. All of one file system.
 * frees: the change removes a name.
 */
int keep_begin(struct inode *const *inodes, u32 count, bool frees) __must_check;
void keep_end(const struct file_system *fs, const struct name_change *changes, u32 count);

#endif
