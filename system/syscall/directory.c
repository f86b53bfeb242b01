/* SPDX-License-Identifier: MIT */
/* Working directory, root, umask. fs_context's own lock guards what is changed. */
#include <linux/capability.h>
#include <linux/fcntl.h>

#include "core/string.h"
#include "memory/usercopy.h"
#include "syscall/path.h"
#include "syscalls.h"

static int may_enter(const struct inode *inode)
{
	return inode_permission(inode, process_current()->credentials, MAY_EXEC);
}

long sys_chdir(uptr name)
{
	struct path place;
	int error = path_argument_walk(AT_FDCWD, name, 0, WALK_FOLLOW | WALK_DIRECTORY, &place);

	if (error)
		return error;
	error = may_enter(place.dentry->inode);
	if (error)
		path_put(&place);
	else
		fs_context_set_cwd(process_current()->fs, &place);
	return error;
}

long sys_fchdir(int fd)
{
	struct file *file = current_fd_get(fd);
	struct path place;
	int error = 0;

	if (!file)
		return -EBADF;
	place = (struct path){ .mount = file->mount, .dentry = file->dentry };
	if (!place.dentry || !inode_is_directory(file->inode))
		error = -ENOTDIR;
	else
		error = may_enter(file->inode);
	if (!error) {
		path_get(&place);
		fs_context_set_cwd(process_current()->fs, &place);
	}
	file_put(file);
	return error;
}

long sys_chroot(uptr name)
{
	struct path place;
	int error = path_argument_walk(AT_FDCWD, name, 0, WALK_FOLLOW | WALK_DIRECTORY, &place);

	if (error)
		return error;
	error = may_enter(place.dentry->inode);
	if (!error && !credentials_capable(process_current()->credentials, CAP_SYS_CHROOT))
		error = -EPERM;
	if (error)
		path_put(&place);
	else
		fs_context_set_root(process_current()->fs, &place);
	return error;
}

long sys_getcwd(uptr buffer, size_t size)
{
	struct fs_context *fs = process_current()->fs;
	struct path root, cwd;
	char name[PATH_MAX];
	ssize_t length;
	bool deleted;

	fs_context_root(fs, &root);
	fs_context_cwd(fs, &cwd);
	deleted = READ_ONCE(cwd.dentry->flags) & DENTRY_DELETED;
	length = deleted ? -ENOENT : path_of(&cwd, &root, name, sizeof(name));
	path_put(&cwd);
	path_put(&root);
	if (length < 0)
		return length;
	if ((size_t)length + 1 > size)
		return -ERANGE;
	return copy_to_user(buffer, name, (size_t)length + 1) ? -EFAULT : length + 1;
}

long sys_umask(u32 mask)
{
	struct fs_context *fs = process_current()->fs;
	u32 old;

	lock_acquire(&fs->lock);
	old = fs->umask;
	fs->umask = mask & 0777;
	lock_release(&fs->lock);
	return old;
}
