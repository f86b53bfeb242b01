/* SPDX-License-Identifier: MIT */
/* The stat family, access, and what file systems say about themselves. No locks of its own. */
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "core/channel.h"
#include "core/futex.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "syscall/path.h"
#include "syscalls.h"
#include "vfs/foreign.h"
#include "vfs/keep.h"

/* Seconds and what is left over, for times before the epoch too. */
static s64 seconds_of(s64 ns)
{
	s64 seconds = ns / (s64)NS_PER_SECOND;

	return ns % (s64)NS_PER_SECOND < 0 ? seconds - 1 : seconds;
}

static u32 nanoseconds_of(s64 ns)
{
	return (u32)(ns - seconds_of(ns) * (s64)NS_PER_SECOND);
}

/* ---- stat ---- */

static long stat_write(struct inode *inode, uptr address)
{
	struct attributes a;
	struct stat stat;

	inode_attributes(inode, &a);
	stat = (struct stat){
		.st_dev = a.dev,
		.st_ino = a.ino,
		.st_nlink = a.nlink,
		.st_mode = a.mode,
		.st_uid = a.uid,
		.st_gid = a.gid,
		.st_rdev = a.rdev,
		.st_size = (long)a.size,
		.st_blksize = a.block_size,
		.st_blocks = (long)a.blocks,
		.st_atime = (u64)seconds_of(a.atime_ns),
		.st_atime_nsec = nanoseconds_of(a.atime_ns),
		.st_mtime = (u64)seconds_of(a.mtime_ns),
		.st_mtime_nsec = nanoseconds_of(a.mtime_ns),
		.st_ctime = (u64)seconds_of(a.ctime_ns),
		.st_ctime_nsec = nanoseconds_of(a.ctime_ns),
	};
	return put_user(stat, address);
}

static long stat_at(int directory_fd, uptr name, uptr address, int flags)
{
	struct target target;
	long error = target_of_name(directory_fd, name, flags, &target);

	if (error)
		return error;
	error = stat_write(target.inode, address);
	target_release(&target);
	return error;
}

long sys_stat(uptr name, uptr address)
{
	return stat_at(AT_FDCWD, name, address, 0);
}

long sys_lstat(uptr name, uptr address)
{
	return stat_at(AT_FDCWD, name, address, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(int fd, uptr address)
{
	struct target target;
	long error = target_of_fd(fd, &target);

	if (error)
		return error;
	error = stat_write(target.inode, address);
	target_release(&target);
	return error;
}

long sys_newfstatat(int directory_fd, uptr name, uptr address, int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return stat_at(directory_fd, name, address, flags);
}

/* ---- statx ---- */

static struct statx_timestamp statx_time(s64 ns)
{
	return (struct statx_timestamp){
		.tv_sec = seconds_of(ns), .tv_nsec = nanoseconds_of(ns),
	};
}

static long statx_write(const struct target *target, uptr address)
{
	struct attributes a;
	struct statx stat;

	inode_attributes(target->inode, &a);
	stat = (struct statx){
		.stx_mask = STATX_BASIC_STATS | STATX_BTIME | (target->mount ? STATX_MNT_ID : 0),
		.stx_blksize = a.block_size,
		.stx_nlink = a.nlink,
		.stx_uid = a.uid,
		.stx_gid = a.gid,
		.stx_mode = (u16)a.mode,
		.stx_ino = a.ino,
		.stx_size = a.size,
		.stx_blocks = a.blocks,
		.stx_atime = statx_time(a.atime_ns),
		.stx_btime = statx_time(a.btime_ns),
		.stx_ctime = statx_time(a.ctime_ns),
		.stx_mtime = statx_time(a.mtime_ns),
		.stx_rdev_major = DEVICE_MAJOR(a.rdev),
		.stx_rdev_minor = DEVICE_MINOR(a.rdev),
		.stx_dev_major = DEVICE_MAJOR(a.dev),
		.stx_dev_minor = DEVICE_MINOR(a.dev),
		.stx_mnt_id = target->mount ? target->mount->id : 0,
	};
	return put_user(stat, address);
}

long sys_statx(int directory_fd, uptr name, int flags, u64 mask, uptr address)
{
	struct target target;
	long error;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE || (u32)mask & STATX__RESERVED)
		return -EINVAL;
	error = target_of_name(directory_fd, name, flags, &target);
	if (error)
		return error;
	error = statx_write(&target, address);
	target_release(&target);
	return error;
}

/* ---- access ---- */

/* What access(2) asks with: the real ids, and the capabilities that go with them. */
static void credentials_of_real_ids(const struct credentials *own, struct credentials *real)
{
	*real = *own;
	real->fsuid = own->uid;
	real->fsgid = own->gid;
	real->cap_effective = own->uid ? 0 : own->cap_permitted;
}

static long access_place(const struct path *place, const struct credentials *credentials, u32 may)
{
	struct inode *inode = place->dentry->inode;

	if (may & MAY_WRITE && (inode_is_regular(inode) || inode_is_directory(inode)) &&
	    (place->mount->flags & MS_RDONLY || inode->fs->read_only))
		return -EROFS;
	if (may & MAY_EXEC && inode_is_regular(inode) && place->mount->flags & MS_NOEXEC)
		return -EACCES;
	return inode_permission(inode, credentials, may);
}

static long access_at(int directory_fd, uptr name, int mode, int flags)
{
	const struct credentials *own = process_current()->credentials;
	u32 walk_flags = flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
	struct path_argument argument;
	struct credentials real;
	struct path place;
	long error;

	if (mode & ~7)
		return -EINVAL;
	error = path_argument_init(&argument, directory_fd, name, flags);
	if (error)
		return error;
	if (!(flags & AT_EACCESS) && (own->uid != own->fsuid || own->gid != own->fsgid ||
				      own->cap_effective != (own->uid ? 0 : own->cap_permitted))) {
		credentials_of_real_ids(own, &real);
		argument.walker.credentials = &real;
	}
	if (flags & AT_EMPTY_PATH)
		walk_flags |= WALK_EMPTY;
	error = path_walk(&argument.walker, argument.start, argument.name, walk_flags, &place);
	if (!error) {
		error = mode ? access_place(&place, argument.walker.credentials, (u32)mode) : 0;
		path_put(&place);
	}
	path_argument_release(&argument);
	return error;
}

long sys_access(uptr name, int mode)
{
	return access_at(AT_FDCWD, name, mode, 0);
}

long sys_faccessat(int directory_fd, uptr name, int mode)
{
	return access_at(directory_fd, name, mode, 0);
}

long sys_faccessat2(int directory_fd, uptr name, int mode, int flags)
{
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return access_at(directory_fd, name, mode, flags);
}

/* ---- statfs ---- */

/* Space is the domain's memory, or the disk: that is where what it changes is kept. */
static void statfs_space(const struct file_system *fs, u64 *total, u64 *left)
{
	struct heap_usage usage;

	*total = *left = 0;
	if (fs->is_made_up || (fs->keeper && !fs->keeper->space(total, left)))
		return;
	heap_usage(&usage);
	*total = config()->memory_total;
	*left = *total > usage.page_bytes ? *total - usage.page_bytes : 0;
}

/* As the host has it. */
static int statfs_foreign(struct inode *inode, struct statfs *stat)
{
	struct foreign_space space;
	int error = inode->fs->foreign->space(inode, &space);

	if (error)
		return error;
	stat->f_bsize = stat->f_frsize = (long)space.block_size;
	stat->f_blocks = (long)space.blocks;
	stat->f_bfree = (long)space.blocks_free;
	stat->f_bavail = (long)space.blocks_available;
	stat->f_files = (long)space.files;
	stat->f_ffree = (long)space.files_free;
	return 0;
}

/* Pipes and sockets are of file systems of their own in Linux. */
static u32 magic_of(const struct inode *inode)
{
	if (inode->fs->magic != ANON_INODE_FS_MAGIC)
		return inode->fs->magic;
	switch (inode->mode & S_IFMT) {
	case S_IFIFO:
		return PIPEFS_MAGIC;
	case S_IFSOCK:
		return SOCKFS_MAGIC;
	default:
		return ANON_INODE_FS_MAGIC;
	}
}

static long statfs_write(struct inode *inode, const struct mount *mount, uptr address)
{
	const struct file_system *fs = inode->fs;
	struct statfs stat;
	u64 total, left;

	statfs_space(fs, &total, &left);
	total /= PAGE_SIZE;
	left /= PAGE_SIZE;
	stat = (struct statfs){
		.f_type = (long)magic_of(inode), .f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE,
		.f_blocks = (long)total, .f_bfree = (long)left,
		.f_files = (long)total, .f_ffree = (long)left,
		.f_fsid = { { (int)fs->dev, 0 } }, .f_namelen = NAME_MAX,
		/* The kernel's ST_VALID, and MS_* flags, which are ST_* of the same values. */
		.f_flags = 0x20 | (mount ? (long)(mount->flags & 0xf) : 0),
	};
	stat.f_bavail = stat.f_bfree;
	if (fs->foreign) {
		int error = statfs_foreign(inode, &stat);

		if (error)
			return error;
	}
	return put_user(stat, address);
}

long sys_statfs(uptr name, uptr address)
{
	struct target target;
	long error = target_of_name(AT_FDCWD, name, 0, &target);

	if (error)
		return error;
	error = statfs_write(target.inode, target.mount, address);
	target_release(&target);
	return error;
}

long sys_fstatfs(int fd, uptr address)
{
	struct target target;
	long error = target_of_fd(fd, &target);

	if (error)
		return error;
	error = statfs_write(target.inode, target.mount, address);
	target_release(&target);
	return error;
}
