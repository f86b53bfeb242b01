/* SPDX-License-Identifier: MIT */
/* Calls on processes as files, but for those that wait and send signals. No locks of its own. */
#include "ipc/pidfd.h"

#include "process/process.h"
#include "process/ptrace.h"
#include "syscalls.h"

/* A process, or -EINVAL where the number is only a thread's. */
static struct process *process_for_pidfd(s32 pid)
{
	struct process *process;
	bool is_thread = false;

	lock_acquire(&process_tree_lock);
	process = process_find_locked((u32)pid);
	if (process)
		process_get(process);
	else
		is_thread = thread_find_locked((u32)pid);
	lock_release(&process_tree_lock);
	if (process)
		return process;
	return ERROR_PTR(is_thread ? -EINVAL : -ESRCH);
}

long sys_pidfd_open(s32 pid, u64 flags)
{
	struct process *process;
	long fd;

	if ((u32)flags & ~(u32)O_NONBLOCK || pid <= 0)
		return -EINVAL;
	process = process_for_pidfd(pid);
	if (IS_ERROR(process))
		return PTR_ERROR(process);
	fd = pidfd_install(process, (u32)flags);
	process_put(process);
	return fd;
}

/* A file of process with a reference, for who may see what is inside of it. ERROR_PTR. */
static struct file *file_of_process(struct process *process, int fd)
{
	struct fd_table *files;
	struct file *file;
	bool allowed;

	if (READ_ONCE(process->state) != PROCESS_RUNNING)
		return ERROR_PTR(-ESRCH);
	lock_acquire(&process->signal_lock);
	allowed = ptrace_may_access_locked(process, PTRACE_REAL_IDS);
	files = allowed ? process->files : NULL;
	if (files)
		refcount_get(&files->references);
	lock_release(&process->signal_lock);
	if (!files)
		return ERROR_PTR(allowed ? -ESRCH : -EPERM);
	file = fd_get(files, fd);
	fd_table_put(files);
	return file ? file : ERROR_PTR(-EBADF);
}

long sys_pidfd_getfd(int pidfd, int fd, u64 flags)
{
	struct file *target, *file;
	long result;

	if ((u32)flags)
		return -EINVAL;
	target = pidfd_get(pidfd);
	if (!target)
		return -EBADF;
	file = file_of_process(pidfd_process(target), fd);
	file_put(target);
	if (IS_ERROR(file))
		return PTR_ERROR(file);
	result = current_fd_install(file, true);
	if (result < 0)
		file_put(file);
	return result;
}
