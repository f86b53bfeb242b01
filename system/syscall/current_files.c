/* SPDX-License-Identifier: MIT */
/* Descriptors of the calling process, with its own table and limit. */
#include "process/process.h"
#include "vfs/file.h"

struct file *current_fd_get(int fd)
{
	return fd_get(process_current()->files, fd);
}

int current_fd_install(struct file *file, bool close_on_exec)
{
	struct process *process = process_current();

	return fd_install(process->files, file, 0, process->limits[RLIMIT_NOFILE].rlim_cur,
			  close_on_exec);
}
