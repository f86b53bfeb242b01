/* SPDX-License-Identifier: MIT */
/*
 * kcmp(2): whether two processes share something, and an order among what they do not. Locks: as a
 * reader of other processes' pointers, signal_lock of each in turn; what is compared are addresses,
 * which are not followed.
 */
#include <linux/kcmp.h>

#include "core/host.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "syscalls.h"
#include "vfs/file.h"

/* Addresses of the heap are nobody's business: their order is that of a product. */
static u64 order_of(const void *pointer)
{
	static u64 factor;
	u64 random, none = 0;

	if (!READ_ONCE(factor) &&
	    host_call3(__NR_getrandom, &random, sizeof(random), 0) == sizeof(random))
		atomic_cas(&factor, none, random | 1);
	return (u64)pointer * READ_ONCE(factor);
}

/* What is compared, for the descriptor table; and NULL without -EINVAL: it has none. */
static const void *part_locked(struct process *process, int type)
{
	switch (type) {
	case KCMP_VM:
		return process->mm;
	case KCMP_FILES:
		return process->files;
	case KCMP_FS:
		return process->fs;
	case KCMP_SIGHAND:
		return process->actions;
	case KCMP_SYSVSEM:
		return process->sem_undos;
	default:	/* KCMP_IO: nothing is shared there but with oneself */
		return NULL;
	}
}

/* 0 with the order of the part; -ESRCH, -EPERM, -EBADF. */
static int part_find(s32 pid, int type, u64 fd, u64 *order)
{
	struct process *process = process_find((u32)pid);
	struct fd_table *files = NULL;
	struct file *file;
	int error = 0;

	if (!process)
		return -ESRCH;
	lock_acquire(&process->signal_lock);
	if (process->state != PROCESS_RUNNING || !process->credentials)
		error = -ESRCH;
	else if (!ptrace_may_access_locked(process, PTRACE_REAL_IDS))
		error = -EPERM;
	else if (type != KCMP_FILE)
		*order = order_of(part_locked(process, type));
	else if (process->files)
		refcount_get(&(files = process->files)->references);
	lock_release(&process->signal_lock);
	process_put(process);
	if (error || type != KCMP_FILE)
		return error;
	file = files && fd <= INT32_MAX ? fd_get(files, (int)fd) : NULL;
	if (files)
		fd_table_put(files);
	if (!file)
		return -EBADF;
	*order = order_of(file);
	file_put(file);
	return 0;
}

static bool type_is_known(int type)
{
	return type >= KCMP_FILE && type <= KCMP_SYSVSEM;
}

long sys_kcmp(s32 first_pid, s32 second_pid, int type, u64 first_fd, u64 second_fd)
{
	u64 first, second;
	int error = part_find(first_pid, type_is_known(type) ? type : KCMP_VM, first_fd, &first);

	if (!error)
		error = part_find(second_pid, type_is_known(type) ? type : KCMP_VM, second_fd,
				  &second);
	if (error)
		return error;
	if (!type_is_known(type))
		return type == KCMP_EPOLL_TFD ? -EOPNOTSUPP : -EINVAL;
	return first == second ? 0 : first < second ? 1 : 2;
}
