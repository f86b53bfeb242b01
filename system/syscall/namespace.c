/* SPDX-License-Identifier: MIT */
/*
 * unshare(2) and setns(2): a domain is one namespace of each kind and has no others, as a kernel
 * that was built without them. No locks of its own.
 */
#include <linux/capability.h>
#include <linux/sched.h>

#include "process/credentials.h"
#include "process/process.h"
#include "syscall/syscall.h"
#include "vfs/file.h"

#define NAMESPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
			 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)
#define OF_THREADS	(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)

long sys_unshare(u64 flags)
{
	const struct process *process = process_current();
	int error = 0;

	if (flags & ~(u64)(NAMESPACES | OF_THREADS | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM))
		return -EINVAL;
	/* What threads share stays so; one alone shares nothing. */
	if (flags & (OF_THREADS | CLONE_NEWUSER | CLONE_NEWPID) && process->thread_count > 1)
		return -EINVAL;
	if (flags & CLONE_NEWUSER)
		return -EINVAL;
	if (flags & NAMESPACES)
		return credentials_capable(process->credentials, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (flags & CLONE_FS)
		error = process_own_fs();
	if (!error && flags & CLONE_FILES)
		error = process_own_files();
	return error;
}

/* No file stands for a namespace. */
long sys_setns(int fd, u64 type)
{
	struct file *file = current_fd_get(fd);

	(void)type;
	if (!file)
		return -EBADF;
	file_put(file);
	return -EINVAL;
}
