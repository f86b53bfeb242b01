/* SPDX-License-Identifier: MIT */
/*
 * open(2): finding or making the file, permission, truncation, and the file's own open operation.
 * Locks: LOCK_DIRECTORY of the parent while a file is made.
 */
#include <linux/capability.h>
#include <linux/mount.h>

#include "core/heap.h"
#include "core/string.h"
#include "process/credentials.h"
#include "vfs/file.h"
#include "vfs/lease.h"
#include "vfs/names_private.h"
#include "vfs/notify.h"
#include "vfs/special.h"
#include "vfs/walk.h"

/* Flags that F_GETFL does not show. */
#define CREATION_FLAGS (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

static const struct file_operations path_only_operations;

static u32 open_may(u32 flags)
{
	u32 may = 0;

	if ((flags & O_ACCMODE) != O_WRONLY)
		may |= MAY_READ;
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))
		may |= MAY_WRITE;
	return may;
}

/* What the type of the file and the flags have against each other. */
static int open_check_type(const struct path *path, u32 flags, u32 may)
{
	struct inode *inode = path->dentry->inode;

	switch (inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		return (may & MAY_WRITE) || (flags & O_CREAT) ? -EISDIR : 0;
	case S_IFCHR:
	case S_IFBLK:
		return path->mount->flags & MS_NODEV ? -EACCES : 0;
	case S_IFREG:
		if (!(may & MAY_WRITE))
			return 0;
		return (path->mount->flags & MS_RDONLY) || inode->fs->read_only ? -EROFS : 0;
	default:
		return 0;
	}
}

static int open_check(const struct walker *walker, const struct path *path, u32 flags, u32 may)
{
	struct inode *inode = path->dentry->inode;
	int error;

	if ((flags & O_DIRECTORY) && !inode_is_directory(inode))
		return -ENOTDIR;
	error = open_check_type(path, flags, may);
	if (!error && may)
		error = inode_permission(inode, walker->credentials, may);
	if (!error && (flags & O_NOATIME) && walker->credentials->fsuid != inode->uid &&
	    !credentials_capable(walker->credentials, CAP_FOWNER))
		error = -EPERM;
	return error;
}

static bool is_special(const struct inode *inode)
{
	u32 type = inode->mode & S_IFMT;

	return type == S_IFIFO || type == S_IFCHR || type == S_IFBLK || type == S_IFSOCK;
}

static int open_by_type(struct inode *inode, struct file *file)
{
	int error = 0;

	if (is_special(inode))
		return special_open(inode, file);
	if (inode_is_regular(inode) && FILE_WRITABLE(file))
		error = file_claim_writing(file);
	if (!error)
		error = lease_break(inode, file->flags);
	if (!error && inode->operations->open)
		error = inode->operations->open(inode, file);
	return error;
}

/* Makes the file and lets its type do its part. */
static int file_open(const struct path *path, u32 flags, struct file **out)
{
	struct inode *inode = path->dentry->inode;
	struct file *file;
	int error;

	/* Terminals want to know of O_NOCTTY. */
	file = file_create(inode->file_operations, inode, path->dentry, path->mount,
			   flags & ~(CREATION_FLAGS & ~O_NOCTTY), NULL);
	if (!file)
		return -ENOMEM;
	file->is_reader = inode_is_regular(inode) && !FILE_WRITABLE(file);
	if (file->is_reader)
		inode_get_reader(inode);
	else
		inode_get(inode);
	path_get(path);
	error = open_by_type(inode, file);
	file->flags &= ~O_NOCTTY;
	if (error) {
		/* release belongs to a file that was opened. */
		file->operations = &path_only_operations;
		file_put(file);
		return error;
	}
	*out = file;
	return 0;
}

static int open_file(const struct path *path, u32 flags, struct file **out)
{
	struct inode *inode = path->dentry->inode;
	int error = file_open(path, flags, out);

	if (error)
		return error;
	(*out)->told = true;
	notify_file(*out, IN_OPEN);
	if (!(flags & O_TRUNC) || !inode_is_regular(inode))
		return 0;
	error = inode->operations->truncate ? inode->operations->truncate(inode, 0) : -EINVAL;
	if (error)
		file_put(*out);
	else
		notify_file(*out, IN_MODIFY);
	return error;
}

static int open_path_only(const struct path *path, u32 flags, struct file **out)
{
	struct inode *inode = path->dentry->inode;

	if ((flags & O_DIRECTORY) && !inode_is_directory(inode))
		return -ENOTDIR;
	*out = file_create(&path_only_operations, inode, path->dentry, path->mount,
			   flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), NULL);
	if (!*out)
		return -ENOMEM;
	inode_get(inode);
	path_get(path);
	return 0;
}

int path_open_known(const struct walker *walker, const struct path *path, u32 flags, u32 may,
		    struct file **out)
{
	int error;

	if (flags & O_PATH)
		return open_path_only(path, flags, out);
	error = open_check(walker, path, flags, may);
	return error ? error : open_file(path, flags, out);
}

/* ---- Without a name ---- */

static int open_tmpfile(const struct walker *walker, const struct path *directory, u32 flags,
			u32 mode, struct file **out)
{
	struct path place = { .mount = directory->mount };
	struct inode *parent = directory->dentry->inode, *inode;
	int error;

	if (!inode_is_directory(parent))
		return -ENOTDIR;
	error = inode_permission(parent, walker->credentials, MAY_WRITE | MAY_EXEC);
	if (error)
		return error;
	if (parent->fs->read_only)
		return -EROFS;
	inode = parent->fs->foreign ?
		name_make_foreign(walker, directory->dentry, NULL, S_IFREG | mode, NULL, flags) :
		name_make_inode(walker, directory->dentry, S_IFREG | mode, 0, NULL);
	if (IS_ERROR(inode))
		return PTR_ERROR(inode) == -EPERM ? -EOPNOTSUPP : PTR_ERROR(inode);
	inode->nlink = 0;
	if (!(flags & O_EXCL))
		inode->flags |= INODE_LINKABLE;
	place.dentry = dentry_create(directory->dentry, "#tmpfile", 8, inode);
	if (!place.dentry) {
		inode_put(inode);
		return -ENOMEM;
	}
	place.dentry->flags |= DENTRY_DELETED;
	mount_get(place.mount);
	error = open_file(&place, flags & ~(O_TMPFILE | O_TRUNC), out);
	path_put(&place);
	return error;
}

/* ---- O_CREAT ---- */

/*
 * Makes the file, if it is still absent. *found: what is there now, with a reference; *made: by us.
 */
static int create_locked(const struct walker *walker, const struct path *parent,
			 const struct last_name *last, u32 flags, u32 mode, struct dentry **found,
			 bool *made)
{
	bool is_foreign = parent->dentry->inode->fs->foreign;
	struct inode *inode;
	int error;

	*made = false;
	error = name_lookup_locked(parent->dentry, last->name, last->size, last->name, WALK_OPENING,
				   found);
	if (error != -ENOENT)
		return error;
	error = directory_may_change(parent, walker->credentials);
	if (error)
		return error;
	if (is_foreign)
		inode = name_make_foreign(walker, parent->dentry, last, S_IFREG | mode, NULL,
					  flags);
	else
		inode = name_make_inode(walker, parent->dentry, S_IFREG | mode, 0, NULL);
	if (IS_ERROR(inode))
		return PTR_ERROR(inode) == -EPERM ? -EACCES : PTR_ERROR(inode);
	if (is_foreign) {
		*found = dentry_create(parent->dentry, last->name, last->size, inode);
		error = *found ? 0 : -ENOMEM;
	} else {
		error = name_enter_kept(parent->dentry, last, inode, found);
	}
	if (error) {
		/* It never had a name: nothing of it is kept. */
		inode->nlink = 0;
		inode_put(inode);
	}
	*made = !error;
	if (!error)
		notify_name(parent->dentry->inode, IN_CREATE, last->name, last->size);
	return error;
}

static int create_or_find(const struct walker *walker, const struct path *parent,
			  const struct last_name *last, u32 flags, u32 mode, struct dentry **found,
			  bool *made)
{
	struct inode *directory = parent->dentry->inode;
	int error;

	*made = false;
	do {
		error = name_lookup(parent->dentry, last->name, last->size, last->name,
				    WALK_OPENING, found);
		if (error != -ENOENT)
			return error;
		lock_acquire(&directory->directory->lock);
		error = create_locked(walker, parent, last, flags, mode, found, made);
		lock_release(&directory->directory->lock);
		/* Somebody outside of the domain was faster: that one is opened. */
	} while (error == -EEXIST && directory->fs->foreign && !(flags & O_EXCL));
	return error;
}

static bool is_link(const struct path *path, bool magic)
{
	struct inode *inode = path->dentry->inode;

	return inode_is_symlink(inode) && magic == (inode->operations->follow != NULL);
}

/* A magic link leads to a file, not to a name. */
static int open_magic(const struct walker *walker, const struct path *link, u32 flags,
		      u32 walk_flags, struct file **out)
{
	struct inode *inode = link->dentry->inode;
	struct path place;
	int error = walk_flags & (WALK_NO_MAGIC | WALK_NO_SYMLINKS)
			    ? -ELOOP
			    : inode->operations->follow(inode, &place);

	if (error)
		return error;
	error = path_open_known(walker, &place, flags, open_may(flags), out);
	path_put(&place);
	return error;
}

/*
 * One round of O_CREAT. *link: the last component is a symbolic link to be followed, whose target
 * (for heap_free) is walked next from *parent (reference kept then).
 */
static int open_create_once(const struct walker *walker, const struct path *start, const char *name,
			    u32 flags, u32 mode, u32 walk_flags, struct file **out,
			    struct path *parent, char **link)
{
	struct last_name last;
	struct path place;
	bool made;
	int error = path_walk_parent(walker, start, name, walk_flags, parent, &last);

	if (error)
		return error;
	*link = NULL;
	if (last.kind != LAST_NORMAL)
		error = flags & O_EXCL ? -EEXIST : -EISDIR;
	else if (last.trailing_slash)
		error = -EISDIR;
	else
		error = create_or_find(walker, parent, &last, flags, mode, &place.dentry, &made);
	if (error)
		goto out;
	place.mount = parent->mount;
	mount_get(place.mount);
	if (made) {
		/* Whoever makes a file may open it, whatever its mode. */
		error = open_file(&place, flags & ~O_TRUNC, out);
	} else if (flags & O_EXCL) {
		error = -EEXIST;
	} else if (is_link(&place, true) && !(flags & O_NOFOLLOW)) {
		error = open_magic(walker, &place, flags, walk_flags, out);
	} else if (is_link(&place, false) && !(flags & O_NOFOLLOW)) {
		*link = link_target(place.dentry->inode);
		error = IS_ERROR(*link) ? PTR_ERROR(*link) : 0;
		path_put(&place);
		if (error)
			goto out;
		return 0;
	} else {
		path_cross_mounts(&place);
		error = path_open_known(walker, &place, flags, open_may(flags), out);
	}
	path_put(&place);
out:
	path_put(parent);
	return error;
}

static int open_create(const struct walker *walker, const struct path *start, const char *name,
		       u32 flags, u32 mode, u32 walk_flags, struct file **out)
{
	struct path parents[2];
	char *link, *previous = NULL;
	int error, in_use = 0;

	for (u32 links = 0;; links++) {
		error = open_create_once(walker, start, name, flags, mode, walk_flags, out,
					 &parents[in_use], &link);
		if (previous) {
			heap_free(previous);
			path_put(start);
		}
		if (error || !link)
			return error;
		if (links == SYMLINKS_MAX || (walk_flags & WALK_NO_SYMLINKS)) {
			heap_free(link);
			path_put(&parents[in_use]);
			return -ELOOP;
		}
		start = &parents[in_use];
		in_use = !in_use;
		name = previous = link;
	}
}

int path_open(const struct walker *walker, const struct path *start, const char *name, u32 flags,
	      u32 mode, u32 walk_flags, struct file **out)
{
	struct path place;
	int error;

	if (walk_flags & WALK_CACHED && flags & (O_CREAT | O_TRUNC | __O_TMPFILE))
		return -EAGAIN;
	if (flags & __O_TMPFILE) {
		error = path_walk(walker, start, name, walk_flags | WALK_FOLLOW, &place);
		if (error)
			return error;
		error = open_tmpfile(walker, &place, flags, mode & ~READ_ONCE(walker->fs->umask),
				     out);
		path_put(&place);
		return error;
	}
	if ((flags & O_CREAT) && (flags & O_DIRECTORY))
		return -EINVAL;
	if (!(flags & O_NOFOLLOW))
		walk_flags |= WALK_FOLLOW;
	if (flags & O_CREAT)
		return open_create(walker, start, name, flags, mode & ~READ_ONCE(walker->fs->umask),
				   walk_flags, out);
	if (flags & O_DIRECTORY)
		walk_flags |= WALK_DIRECTORY;
	error = path_walk(walker, start, name, walk_flags | WALK_OPENING, &place);
	if (error)
		return error;
	error = path_open_known(walker, &place, flags, open_may(flags), out);
	path_put(&place);
	return error;
}
