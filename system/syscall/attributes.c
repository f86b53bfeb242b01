/* SPDX-License-Identifier: MIT */
/*
 * Calls that change attributes: permissions, owner, times, size; sync and memfd_create. No locks of
 * its own.
 */
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#include "core/futex.h"
#include "fs/tree.h"
#include "memory/usercopy.h"
#include "syscall/file_size.h"
#include "syscall/path.h"
#include "syscalls.h"
#include "vfs/foreign.h"
#include "vfs/keep.h"
#include "vfs/names.h"
#include "vfs/notify.h"

/* What a change is for watchers: one time alone stands for what usually sets it. 0: nothing. */
static u32 change_event(const struct attribute_change *change)
{
	u32 times = change->what & (CHANGE_ATIME | CHANGE_MTIME);

	if (change->what & (CHANGE_MODE | CHANGE_UID | CHANGE_GID))
		return IN_ATTRIB;
	if (!times || times == (CHANGE_ATIME | CHANGE_MTIME))
		return times ? IN_ATTRIB : 0;
	return times == CHANGE_ATIME ? IN_ACCESS : IN_MODIFY;
}

static long target_change(struct target *target, const struct attribute_change *change)
{
	long error =
		path_change(target->mount, target->inode, process_current()->credentials, change);

	if (!error)
		target_notify(target, change_event(change));
	target_release(target);
	return error;
}

static long change_at(int directory_fd, uptr name, int flags, const struct attribute_change *change)
{
	struct target target;
	long error = target_of_name(directory_fd, name, flags, &target);

	return error ? error : target_change(&target, change);
}

static long change_fd(int fd, const struct attribute_change *change)
{
	struct target target;
	long error = target_of_open_fd(fd, &target);

	return error ? error : target_change(&target, change);
}

/* ---- permissions ---- */

static struct attribute_change change_of_mode(u32 mode)
{
	return (struct attribute_change){ .what = CHANGE_MODE, .mode = mode & MODE_PERMISSIONS };
}

long sys_fchmodat2(int directory_fd, uptr name, u32 mode, int flags)
{
	struct attribute_change change = change_of_mode(mode);
	struct target target;
	long error;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	error = target_of_name(directory_fd, name, flags, &target);
	if (error)
		return error;
	if (!inode_is_symlink(target.inode))
		return target_change(&target, &change);
	target_release(&target);
	return -EOPNOTSUPP;
}

long sys_fchmodat(int directory_fd, uptr name, u32 mode)
{
	return sys_fchmodat2(directory_fd, name, mode, 0);
}

long sys_chmod(uptr name, u32 mode)
{
	return sys_fchmodat2(AT_FDCWD, name, mode, 0);
}

long sys_fchmod(int fd, u32 mode)
{
	struct attribute_change change = change_of_mode(mode);

	return change_fd(fd, &change);
}

/* ---- owner ---- */

static struct attribute_change change_of_owner(u32 uid, u32 gid)
{
	return (struct attribute_change){
		.what = (uid == ~0u ? 0 : CHANGE_UID) | (gid == ~0u ? 0 : CHANGE_GID),
		.uid = uid, .gid = gid,
	};
}

long sys_fchownat(int directory_fd, uptr name, u32 uid, u32 gid, int flags)
{
	struct attribute_change change = change_of_owner(uid, gid);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(directory_fd, name, flags, &change);
}

long sys_chown(uptr name, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, 0);
}

long sys_lchown(uptr name, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, u32 uid, u32 gid)
{
	struct attribute_change change = change_of_owner(uid, gid);

	return change_fd(fd, &change);
}

/* ---- times ---- */

/* As sys/stat.h has them; the kernel's headers leave them out. */
#define UTIME_NOW	((1l << 30) - 1l)
#define UTIME_OMIT	((1l << 30) - 2l)

static bool nanoseconds_ok(const struct __kernel_timespec *time)
{
	return (u64)time->tv_nsec < NS_PER_SECOND || time->tv_nsec == UTIME_NOW ||
	       time->tv_nsec == UTIME_OMIT;
}

static s64 time_of(const struct __kernel_timespec *time)
{
	if (time->tv_nsec == UTIME_NOW)
		return inode_now_ns();
	return time->tv_sec * (s64)NS_PER_SECOND + time->tv_nsec;
}

/* times NULL: both are now. False: nothing is to be changed. */
static bool change_of_times(const struct __kernel_timespec *times, struct attribute_change *change)
{
	*change = (struct attribute_change){
		.what = CHANGE_ATIME | CHANGE_MTIME | CHANGE_TIMES_TO_NOW,
	};
	if (!times || (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW)) {
		change->atime_ns = change->mtime_ns = inode_now_ns();
		return true;
	}
	change->what = 0;
	if (times[0].tv_nsec != UTIME_OMIT) {
		change->what |= CHANGE_ATIME;
		change->atime_ns = time_of(&times[0]);
	}
	if (times[1].tv_nsec != UTIME_OMIT) {
		change->what |= CHANGE_MTIME;
		change->mtime_ns = time_of(&times[1]);
	}
	return change->what;
}

/* name 0: the descriptor itself, as futimens(3) has it. */
static long times_change(int directory_fd, uptr name, const struct __kernel_timespec *times,
			 int flags)
{
	struct attribute_change change;

	if (times && (!nanoseconds_ok(&times[0]) || !nanoseconds_ok(&times[1])))
		return -EINVAL;
	if (!change_of_times(times, &change))
		return 0;
	if (name)
		return change_at(directory_fd, name, flags, &change);
	if (directory_fd == AT_FDCWD)
		return -EFAULT;
	return flags ? -EINVAL : change_fd(directory_fd, &change);
}

long sys_utimensat(int directory_fd, uptr name, uptr address, int flags)
{
	struct __kernel_timespec times[2];

	if (address && copy_from_user(times, address, sizeof(times)))
		return -EFAULT;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return times_change(directory_fd, name, address ? times : NULL, flags);
}

long sys_futimesat(int directory_fd, uptr name, uptr address)
{
	s64 values[2][2];
	struct __kernel_timespec times[2];

	if (!address)
		return times_change(directory_fd, name, NULL, 0);
	if (copy_from_user(values, address, sizeof(values)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (values[i][1] < 0 || values[i][1] >= 1000000)
			return -EINVAL;
		times[i] = (struct __kernel_timespec){
			.tv_sec = values[i][0], .tv_nsec = values[i][1] * 1000,
		};
	}
	return times_change(directory_fd, name, times, 0);
}

long sys_utimes(uptr name, uptr address)
{
	return sys_futimesat(AT_FDCWD, name, address);
}

long sys_utime(uptr name, uptr address)
{
	struct __kernel_timespec times[2] = { { 0, 0 }, { 0, 0 } };
	s64 seconds[2];

	if (!address)
		return times_change(AT_FDCWD, name, NULL, 0);
	if (copy_from_user(seconds, address, sizeof(seconds)))
		return -EFAULT;
	times[0].tv_sec = seconds[0];
	times[1].tv_sec = seconds[1];
	return times_change(AT_FDCWD, name, times, 0);
}

/* ---- size ---- */

long sys_truncate(uptr name, s64 size)
{
	struct path place;
	long error;

	if (size < 0)
		return -EINVAL;
	error = path_argument_walk(AT_FDCWD, name, 0, WALK_FOLLOW, &place);
	if (error)
		return error;
	if ((u64)size > READ_ONCE(place.dentry->inode->size))
		error = file_size_check((u64)size);
	if (!error)
		error = path_truncate(&place, process_current()->credentials, (u64)size);
	if (!error)
		notify_place(place.dentry, IN_MODIFY);
	path_put(&place);
	return error;
}

/* ---- the rest of what files have ---- */

/*
 * Only the root's file system and volumes can have anything to write back. As on Linux, errors are
 * not told.
 */
long sys_sync(void)
{
	keep_sync_all(mount_root()->fs);
	mount_sync_foreign();
	return 0;
}

long sys_syncfs(int fd)
{
	struct target target;
	long error = target_of_open_fd(fd, &target);

	if (error)
		return error;
	if (target.inode->fs->foreign)
		error = target.inode->fs->foreign->sync_all(target.inode->fs);
	else
		error = keep_sync_all(target.inode->fs);
	target_release(&target);
	return error;
}

#define MEMFD_NAME_MAX 249
#define MEMFD_FLAGS (MFD_CLOEXEC | MFD_ALLOW_SEALING)

long sys_memfd_create(uptr name_address, u32 flags)
{
	char name[MEMFD_NAME_MAX + 1];
	ssize_t length;
	struct file *file;
	int fd;

	if (flags & ~MEMFD_FLAGS)
		return -EINVAL;
	length = copy_string_from_user(name, name_address, sizeof(name));
	if (length < 0)
		return length == -ENAMETOOLONG ? -EINVAL : length;
	file = tree_create_memfd(name, flags);
	if (IS_ERROR(file))
		return PTR_ERROR(file);
	file->inode->uid = process_current()->credentials->fsuid;
	file->inode->gid = process_current()->credentials->fsgid;
	fd = current_fd_install(file, flags & MFD_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}
