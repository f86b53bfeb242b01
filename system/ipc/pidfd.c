/* SPDX-License-Identifier: MIT */
/*
 * pidfd: a reference on a process. Who waits for its end does so on process->end_wait; its state is
 * a word that is read without a lock.
 */
#include "ipc/pidfd.h"

#include "core/string.h"
#include "process/process.h"
#include "vfs/poll.h"

static u32 pidfd_poll(struct file *file, struct poll_request *request)
{
	struct process *process = file->private;

	poll_wait(request, &process->end_wait);
	return READ_ONCE(process->state) == PROCESS_RUNNING ? 0 : POLLIN | POLLRDNORM;
}

/* The number of a process that was waited for is no longer its own. */
static void pidfd_describe(struct file *file, struct file_details *details)
{
	const struct process *process = file->private;
	int pid = READ_ONCE(process->state) == PROCESS_DEAD ? -1 : (int)process->pid;
	char line[48];

	format(line, sizeof(line), "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
	details->add(details, line);
}

static void pidfd_release(struct file *file)
{
	process_put(file->private);
}

static const struct file_operations pidfd_operations = {
	.poll = pidfd_poll,
	.describe = pidfd_describe,
	.release = pidfd_release,
};

int pidfd_install(struct process *process, u32 flags)
{
	struct file *file = file_create_anonymous(&pidfd_operations, "anon_inode:[pidfd]", 0600,
						  O_RDWR | flags, process);
	int fd;

	if (!file)
		return -ENOMEM;
	process_get(process);
	fd = current_fd_install(file, true);
	if (fd < 0)
		file_put(file);
	return fd;
}

struct file *pidfd_get(int fd)
{
	struct file *file = current_fd_get(fd);

	if (!file || pidfd_process(file))
		return file;
	file_put(file);
	return NULL;
}

struct process *pidfd_process(const struct file *file)
{
	return file->operations == &pidfd_operations ? file->private : NULL;
}
