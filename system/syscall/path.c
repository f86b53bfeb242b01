/* SPDX-License-Identifier: MIT */
/* Path names of programs; opening by name. No locks of its own. */
#include "syscall/path.h"

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>

#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "syscalls.h"
#include "vfs/names.h"
#include "vfs/notify.h"

/* ---- names and where they begin ---- */

static int start_from_fd(struct path_argument *argument, int fd)
{
	struct file *file = current_fd_get(fd);

	if (!file)
		return -EBADF;
	if (!file->dentry || (argument->name[0] && !inode_is_directory(file->inode))) {
		file_put(file);
		return -ENOTDIR;
	}
	argument->file = file;
	argument->place = (struct path){ .mount = file->mount, .dentry = file->dentry };
	argument->start = &argument->place;
	return 0;
}

int path_argument_init(struct path_argument *argument, int directory_fd, uptr name, int flags)
{
	ssize_t length = copy_string_from_user(argument->name, name, PATH_MAX);

	if (length < 0)
		return (int)length;
	if (!length && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	argument->walker = walker_current();
	argument->start = NULL;
	argument->file = NULL;
	if (directory_fd == AT_FDCWD || argument->name[0] == '/')
		return 0;
	return start_from_fd(argument, directory_fd);
}

void path_argument_release(struct path_argument *argument)
{
	if (argument->file)
		file_put(argument->file);
}

int path_argument_walk(int directory_fd, uptr name, int at_flags, u32 walk_flags,
		       struct path *place)
{
	struct path_argument argument;
	int error = path_argument_init(&argument, directory_fd, name, at_flags);

	if (error)
		return error;
	if (at_flags & AT_EMPTY_PATH)
		walk_flags |= WALK_EMPTY;
	error = path_walk(&argument.walker, argument.start, argument.name, walk_flags, place);
	path_argument_release(&argument);
	return error;
}

/* ---- targets ---- */

int target_of_fd(int fd, struct target *target)
{
	struct file *file = current_fd_get(fd);

	if (!file)
		return -EBADF;
	*target = (struct target){ .inode = file->inode, .mount = file->mount, .file = file };
	return 0;
}

int target_of_open_fd(int fd, struct target *target)
{
	int error = target_of_fd(fd, target);

	if (!error && target->file->flags & O_PATH) {
		target_release(target);
		return -EBADF;
	}
	return error;
}

int target_of_name(int directory_fd, uptr name, int at_flags, struct target *target)
{
	u32 walk_flags = at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
	char first;
	int error;

	if (at_flags & AT_EMPTY_PATH && directory_fd != AT_FDCWD) {
		if (get_user(first, name))
			return -EFAULT;
		if (!first)
			return target_of_fd(directory_fd, target);
	}
	*target = (struct target){ .file = NULL };
	error = path_argument_walk(directory_fd, name, at_flags, walk_flags, &target->place);
	if (error)
		return error;
	target->inode = target->place.dentry->inode;
	target->mount = target->place.mount;
	return 0;
}

void target_release(struct target *target)
{
	if (target->file)
		file_put(target->file);
	else
		path_put(&target->place);
}

void target_notify(const struct target *target, u32 event)
{
	if (target->file)
		notify_file(target->file, event);
	else
		notify_place(target->place.dentry, event);
}

/* ---- open ---- */

#define OPEN_KNOWN_FLAGS                                                                      \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | \
	 FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | \
	 O_PATH | O_TMPFILE)
#define OPEN_PATH_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int open_flags_check(u32 flags)
{
	if (flags & O_PATH)
		return 0;
	if ((flags & __O_TMPFILE) &&
	    ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_ACCMODE) == O_RDONLY))
		return -EINVAL;
	return 0;
}

static long open_and_install(struct path_argument *argument, u32 flags, u32 mode, u32 walk_flags)
{
	struct file *file;
	long fd = path_open(&argument->walker, argument->start, argument->name, flags, mode,
			    walk_flags, &file);

	if (fd)
		return fd;
	fd = current_fd_install(file, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}

static long open_at(int directory_fd, uptr name, u32 flags, u32 mode, u32 walk_flags)
{
	struct path_argument argument;
	long result;

	if (flags & O_PATH)
		flags &= OPEN_PATH_FLAGS;
	flags |= O_LARGEFILE;
	result = open_flags_check(flags);
	if (!result)
		result = path_argument_init(&argument, directory_fd, name, 0);
	/* An absolute name does not begin at the descriptor, unless that is its root. */
	if (!result && (walk_flags & WALK_IN_ROOT) && !argument.start && directory_fd != AT_FDCWD)
		result = start_from_fd(&argument, directory_fd);
	if (result)
		return result;
	result = open_and_install(&argument, flags, mode & MODE_PERMISSIONS, walk_flags);
	path_argument_release(&argument);
	return result;
}

long sys_open(uptr name, int flags, u32 mode)
{
	return open_at(AT_FDCWD, name, (u32)flags & OPEN_KNOWN_FLAGS, mode, 0);
}

long sys_openat(int directory_fd, uptr name, int flags, u32 mode)
{
	return open_at(directory_fd, name, (u32)flags & OPEN_KNOWN_FLAGS, mode, 0);
}

long sys_creat(uptr name, u32 mode)
{
	return open_at(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode, 0);
}

static int resolve_flags(u64 resolve, u32 *walk_flags)
{
	static const struct { u32 resolve, walk; } pairs[] = {
		{ RESOLVE_NO_XDEV, WALK_NO_MOUNTS },
		{ RESOLVE_NO_MAGICLINKS, WALK_NO_MAGIC },
		{ RESOLVE_NO_SYMLINKS, WALK_NO_SYMLINKS },
		{ RESOLVE_BENEATH, WALK_BENEATH },
		{ RESOLVE_IN_ROOT, WALK_IN_ROOT },
	};

	*walk_flags = 0;
	for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (resolve & pairs[i].resolve)
			*walk_flags |= pairs[i].walk;
		resolve &= ~(u64)pairs[i].resolve;
	}
	if (*walk_flags & WALK_BENEATH && *walk_flags & WALK_IN_ROOT)
		return -EINVAL;
	if (resolve & ~(u64)RESOLVE_CACHED)
		return -EINVAL;
	if (resolve)
		*walk_flags |= WALK_CACHED;
	return 0;
}

/* A structure of a later kernel may be longer where what is new is zero. */
static int open_how_read(uptr address, size_t size, struct open_how *how)
{
	u8 rest[64];

	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (copy_from_user(how, address, sizeof(*how)))
		return -EFAULT;
	for (size_t done = sizeof(*how); done < size;) {
		size_t n = MIN(size - done, sizeof(rest));

		if (copy_from_user(rest, address + done, n))
			return -EFAULT;
		for (size_t i = 0; i < n; i++)
			if (rest[i])
				return -E2BIG;
		done += n;
	}
	return 0;
}

long sys_openat2(int directory_fd, uptr name, uptr how_address, size_t size)
{
	struct open_how how;
	u32 walk_flags;
	int error = open_how_read(how_address, size, &how);

	if (error)
		return error;
	if (how.flags & ~(u64)OPEN_KNOWN_FLAGS || how.mode & ~(u64)MODE_PERMISSIONS)
		return -EINVAL;
	if (how.mode && !(how.flags & (O_CREAT | __O_TMPFILE)))
		return -EINVAL;
	if (how.flags & O_PATH && how.flags & ~(u64)OPEN_PATH_FLAGS)
		return -EINVAL;
	error = resolve_flags(how.resolve, &walk_flags);
	if (error)
		return error;
	return open_at(directory_fd, name, (u32)how.flags, (u32)how.mode, walk_flags);
}

/* ---- programs, for exec ---- */

static int open_exec(const struct walker *walker, const struct path *place, struct file **out)
{
	struct inode *inode = place->dentry->inode;
	int error;

	if (!inode_is_regular(inode) || place->mount->flags & MS_NOEXEC)
		return -EACCES;
	error = path_open_known(walker, place, O_RDONLY | O_LARGEFILE, MAY_EXEC, out);
	if (error)
		return error;
	error = file_claim_running(*out);
	if (error)
		file_put(*out);
	return error;
}

int path_open_exec(const char *path, struct file **out)
{
	struct walker walker = walker_current();
	struct path place;
	int error = path_walk(&walker, NULL, path, WALK_FOLLOW | WALK_OPENING, &place);

	if (error)
		return error;
	error = open_exec(&walker, &place, out);
	path_put(&place);
	return error;
}

int path_open_exec_at(int directory_fd, const char *path, int flags, struct file **out)
{
	struct walker walker = walker_current();
	u32 walk_flags = WALK_OPENING | (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
			 (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct path start, place;
	struct file *file;
	int error;

	if (directory_fd == AT_FDCWD || path[0] == '/') {
		error = path_walk(&walker, NULL, path, walk_flags, &place);
	} else {
		file = current_fd_get(directory_fd);
		if (!file)
			return -EBADF;
		start = (struct path){ .mount = file->mount, .dentry = file->dentry };
		error = !file->dentry ? -EACCES
				      : path_walk(&walker, &start, path, walk_flags, &place);
		file_put(file);
	}
	if (error)
		return error;
	error = inode_is_symlink(place.dentry->inode) ? -ELOOP : open_exec(&walker, &place, out);
	path_put(&place);
	return error;
}

ssize_t file_read_kernel(struct file *file, void *to, size_t size, u64 offset)
{
	struct iter iter;
	size_t done = 0;
	ssize_t n = 1;

	if (!file->operations->read)
		return -EINVAL;
	while (done < size && n > 0) {
		iter_init_kernel(&iter, (char *)to + done, size - done);
		n = file->operations->read(file, &iter, &offset);
		if (n < 0)
			return n;
		done += (size_t)n;
	}
	if (done)
		notify_file(file, IN_ACCESS);
	return (ssize_t)done;
}
