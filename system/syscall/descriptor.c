/* SPDX-License-Identifier: MIT */
/*
 * Calls on descriptors themselves: dup, close, fcntl, ioctl's common part, pipe. Entries of a
 * table are looked at and changed under table->lock (LOCK_FD_TABLE).
 */
#include <asm/ioctls.h>

#include "ipc/async.h"
#include "ipc/dnotify.h"
#include "ipc/lease.h"
#include "ipc/pipe.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscall/syscall.h"
#include "vfs/inode.h"
#include "vfs/locks.h"

#define SETTABLE_FLAGS ((u32)(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME))

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

#ifndef F_DUPFD_CLOEXEC
#define F_LINUX_SPECIFIC_BASE 1024
#define F_SETLEASE	(F_LINUX_SPECIFIC_BASE + 0)
#define F_GETLEASE	(F_LINUX_SPECIFIC_BASE + 1)
#define F_NOTIFY	(F_LINUX_SPECIFIC_BASE + 2)
#define F_DUPFD_CLOEXEC	(F_LINUX_SPECIFIC_BASE + 6)
#define F_SETPIPE_SZ	(F_LINUX_SPECIFIC_BASE + 7)
#define F_GETPIPE_SZ	(F_LINUX_SPECIFIC_BASE + 8)
#define F_ADD_SEALS	(F_LINUX_SPECIFIC_BASE + 9)
#define F_GET_SEALS	(F_LINUX_SPECIFIC_BASE + 10)
#endif

static struct fd_table *table_current(void)
{
	return process_current()->files;
}

static u64 fd_limit(void)
{
	return process_current()->limits[RLIMIT_NOFILE].rlim_cur;
}

/* ---- dup ---- */

static long dup_from(int fd, u64 lowest, bool close_on_exec)
{
	struct file *file = current_fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = lowest >= fd_limit()
			 ? -EINVAL
			 : fd_install(table_current(), file, lowest, fd_limit(), close_on_exec);
	if (result < 0)
		file_put(file);
	return result;
}

long sys_dup(int fd)
{
	struct file *file = current_fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = current_fd_install(file, false);
	if (result < 0)
		file_put(file);
	return result;
}

static long dup_to(int fd, int to, bool close_on_exec)
{
	struct file *file;
	long result;

	if (to < 0 || (u64)to >= fd_limit())
		return -EBADF;
	file = current_fd_get(fd);
	if (!file)
		return -EBADF;
	result = fd_install_at(table_current(), file, to, fd_limit(), close_on_exec);
	if (result < 0)
		file_put(file);
	return result;
}

long sys_dup2(int fd, int to)
{
	struct file *file;

	if (fd != to)
		return dup_to(fd, to, false);
	file = current_fd_get(fd);
	if (!file)
		return -EBADF;
	file_put(file);
	return to;
}

long sys_dup3(int fd, int to, int flags)
{
	if (flags & ~O_CLOEXEC || fd == to)
		return -EINVAL;
	return dup_to(fd, to, flags & O_CLOEXEC);
}

/* ---- close ---- */

long sys_close(int fd)
{
	return fd_close(table_current(), fd);
}

static void range_set_close_on_exec(struct fd_table *table, u32 first, u32 last)
{
	lock_acquire(&table->lock);
	for (u32 fd = first; fd < table->capacity && fd <= last; fd++)
		table->entries[fd].close_on_exec = true;
	lock_release(&table->lock);
}

long sys_close_range(u32 first, u32 last, u64 flags)
{
	struct fd_table *table;

	if (flags & ~(u64)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE && process_own_files())
		return -ENOMEM;
	table = table_current();
	if (flags & CLOSE_RANGE_CLOEXEC) {
		range_set_close_on_exec(table, first, last);
		return 0;
	}
	for (u32 fd = first; fd < READ_ONCE(table->capacity) && fd <= last; fd++)
		fd_close(table, fd);
	return 0;
}

/* ---- fcntl ---- */

/* FD_CLOEXEC of a descriptor; with change >= 0 it is set to that. -EBADF. */
static long fd_close_on_exec(int fd, int change)
{
	struct fd_table *table = table_current();
	long result = -EBADF;

	lock_acquire(&table->lock);
	if ((u32)fd < table->capacity && table->entries[fd].file) {
		struct fd_entry *entry = &table->entries[fd];

		result = change < 0 ? entry->close_on_exec : 0;
		if (change >= 0)
			entry->close_on_exec = change;
	}
	lock_release(&table->lock);
	return result;
}

static void file_change_flags(struct file *file, u32 clear, u32 set)
{
	u32 old = READ_ONCE(file->flags);

	while (!atomic_cas(&file->flags, old, (old & ~clear) | set))
		old = READ_ONCE(file->flags);
	if (file->operations->flags_changed)
		file->operations->flags_changed(file);
}

/*
 * The owner is a process, or a group as a negative number. Threads are taken as their process is.
 */
static long owner_get(const struct file *file, uptr address)
{
	s32 owner = file->owner.pid;
	struct f_owner_ex out = {
		.type = owner < 0 ? F_OWNER_PGRP : F_OWNER_PID,
		.pid = owner < 0 ? -owner : owner,
	};

	return put_user(out, address);
}

static long owner_set_typed(struct file *file, uptr address)
{
	struct f_owner_ex in;

	if (get_user(in, address))
		return -EFAULT;
	if (in.type < F_OWNER_TID || in.type > F_OWNER_PGRP)
		return -EINVAL;
	async_owner_set(file, in.type == F_OWNER_PGRP ? -in.pid : in.pid);
	return 0;
}

static u32 settable_flags(const struct file *file)
{
	return SETTABLE_FLAGS | (file->operations->signals ? FASYNC : 0);
}

static long file_fcntl(struct file *file, int fd, u32 command, u64 argument)
{
	switch (command) {
	case F_GETFL:
		return file->flags;
	case F_SETFL:
		file->owner.fd = fd;
		file_change_flags(file, settable_flags(file), argument & settable_flags(file));
		return 0;
	case F_GETOWN:
		return file->owner.pid;
	case F_SETOWN:
		async_owner_set(file, argument);
		return 0;
	case F_GETOWN_EX:
		return owner_get(file, argument);
	case F_SETOWN_EX:
		return owner_set_typed(file, argument);
	case F_GETSIG:
		return file->owner.signal;
	case F_SETSIG:
		if (argument > SIGNAL_COUNT)
			return -EINVAL;
		file->owner.signal = argument;
		return 0;
	case F_GETLEASE:
		return lease_get(file);
	case F_SETLEASE:
		return lease_set(file, fd, (int)argument);
	case F_NOTIFY:
		return dnotify_watch(file, table_current(), fd, (u32)argument);
	case F_GETPIPE_SZ:
		return pipe_get_size(file);
	case F_SETPIPE_SZ:
		return pipe_set_size(file, (u32)argument);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return file_lock_fcntl(file, table_current(), process_current()->pid, command,
				       argument);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return file_seals_fcntl(file, command, argument);
	default:
		return -EINVAL;
	}
}

long sys_fcntl(int fd, u32 command, u64 argument)
{
	struct file *file;
	long result;

	switch (command) {
	case F_GETFD:
		return fd_close_on_exec(fd, -1);
	case F_SETFD:
		return fd_close_on_exec(fd, argument & FD_CLOEXEC);
	case F_DUPFD:
		return dup_from(fd, (u32)argument, false);
	case F_DUPFD_CLOEXEC:
		return dup_from(fd, (u32)argument, true);
	}
	file = current_fd_get(fd);
	if (!file)
		return -EBADF;
	result = -EBADF;
	if (command == F_GETFL || !(file->flags & O_PATH))
		result = file_fcntl(file, fd, command, argument);
	file_put(file);
	return result;
}

/* ---- ioctl ---- */

/* FIONBIO, FIOASYNC. */
static long ioctl_flag(struct file *file, u32 flag, uptr address)
{
	s32 on;

	if (get_user(on, address))
		return -EFAULT;
	if (flag & ~settable_flags(file))
		return on ? -ENOTTY : 0;
	file_change_flags(file, flag, on ? flag : 0);
	return 0;
}

static long file_ioctl(struct file *file, int fd, u32 command, u64 argument)
{
	switch (command) {
	case FIOCLEX:
		return fd_close_on_exec(fd, 1);
	case FIONCLEX:
		return fd_close_on_exec(fd, 0);
	case FIONBIO:
		return ioctl_flag(file, O_NONBLOCK, argument);
	case FIOASYNC:
		file->owner.fd = fd;
		return ioctl_flag(file, FASYNC, argument);
	case FIONREAD:
		if (inode_is_regular(file->inode)) {
			s32 left = READ_ONCE(file->inode->size) - READ_ONCE(file->position);

			return put_user(left, argument);
		}
	}
	return file->operations->ioctl ? file->operations->ioctl(file, command, argument) : -ENOTTY;
}

long sys_ioctl(int fd, u32 command, u64 argument)
{
	struct file *file = current_fd_get(fd);
	long result = -EBADF;

	if (!file)
		return -EBADF;
	if (!(file->flags & O_PATH))
		result = file_ioctl(file, fd, command, argument);
	file_put(file);
	return result;
}

/* ---- pipe ---- */

long sys_pipe2(uptr address, int flags)
{
	struct file *ends[2];
	int fds[2] = { -1, -1 };
	long error;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	error = pipe_create_files(flags & O_NONBLOCK, ends);
	if (error)
		return error;
	for (int i = 0; i < 2; i++) {
		fds[i] = error ? -1 : current_fd_install(ends[i], flags & O_CLOEXEC);
		if (fds[i] >= 0)
			continue;
		error = error ? error : fds[i];
		file_put(ends[i]);
	}
	if (!error && copy_to_user(address, fds, sizeof(fds)))
		error = -EFAULT;
	for (int i = 0; i < 2 && error; i++)
		if (fds[i] >= 0)
			fd_close(table_current(), fds[i]);
	return error;
}

long sys_pipe(uptr address)
{
	return sys_pipe2(address, 0);
}
