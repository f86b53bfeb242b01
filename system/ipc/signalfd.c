/* SPDX-License-Identifier: MIT */
/*
 * signalfd: reading takes pending signals of the process that reads, whoever made the file. The set
 * is a single word; who waits does so on process->signal_wait.
 */
#include "ipc/signalfd.h"

#include <linux/signalfd.h>

#include "core/heap.h"
#include "core/string.h"
#include "process/process.h"
#include "signal/signal.h"
#include "vfs/poll.h"

/* A process whose queue an epoll file watches by way of this file: it may end before both. */
struct watched {
	struct watched *next;
	struct process *process;	/* reference held */
};

struct signalfd {
	u64 set;
	struct lock lock;		/* LOCK_EVENT; guards watched */
	struct watched *watched;
};

/* Keeps the process's memory until the file is gone. False: out of memory. */
static bool process_keep(struct signalfd *signals, struct process *process)
{
	struct watched *known;

	lock_acquire(&signals->lock);
	for (known = signals->watched; known && known->process != process; known = known->next)
		;
	if (!known) {
		known = heap_alloc(sizeof(*known));
		if (known) {
			*known = (struct watched){ signals->watched, process };
			signals->watched = known;
			process_get(process);
		}
	}
	lock_release(&signals->lock);
	return known;
}

static void info_fill(struct signalfd_siginfo *to, const signal_info *info)
{
	memset(to, 0, sizeof(*to));
	to->ssi_signo = info->si_signo;
	to->ssi_errno = info->si_errno;
	to->ssi_code = info->si_code;
	to->ssi_pid = info->si_pid;
	to->ssi_uid = info->si_uid;
	if (info->si_signo == SIGCHLD && info->si_code > 0) {
		to->ssi_status = info->si_status;
		to->ssi_utime = info->si_utime;
		to->ssi_stime = info->si_stime;
	} else {
		to->ssi_int = info->si_int;
		to->ssi_ptr = (u64)info->si_ptr;
	}
}

static int take(struct signalfd *signals, signal_info *info)
{
	return signal_dequeue(READ_ONCE(signals->set), info);
}

/* As many as fit; sleeps only for the first. */
static ssize_t signalfd_read(struct file *file, struct iter *to, u64 *offset)
{
	struct signalfd *signals = file->private;
	struct signalfd_siginfo one;
	signal_info info;
	ssize_t done = 0;
	int error = 0;

	(void)offset;
	if (to->left < sizeof(one))
		return -EINVAL;
	while (to->left >= sizeof(one)) {
		if (!take(signals, &info)) {
			if (done || (file->flags & O_NONBLOCK))
				break;
			error = wait_event(&process_current()->signal_wait, take(signals, &info),
					   FOREVER);
			if (error)
				return error;
		}
		info_fill(&one, &info);
		if (iter_copy_to(to, &one, sizeof(one)) != sizeof(one))
			return done ? done : -EFAULT;
		done += sizeof(one);
	}
	return done ? done : -EAGAIN;
}

static u32 signalfd_poll(struct file *file, struct poll_request *request)
{
	struct signalfd *signals = file->private;
	struct thread *thread = thread_current();
	struct process *process = thread->process;

	if (!request || !request->lasting || process_keep(signals, process))
		poll_wait(request, &process->signal_wait);
	return (READ_ONCE(thread->pending) | READ_ONCE(process->pending)) & READ_ONCE(signals->set)
		       ? POLLIN
		       : 0;
}

static void signalfd_describe(struct file *file, struct file_details *details)
{
	const struct signalfd *signals = file->private;
	char line[40];

	format(line, sizeof(line), "sigmask:\t%016llx\n",
	       (unsigned long long)READ_ONCE(signals->set));
	details->add(details, line);
}

static void signalfd_release(struct file *file)
{
	struct signalfd *signals = file->private;

	while (signals->watched) {
		struct watched *watched = signals->watched;

		signals->watched = watched->next;
		process_put(watched->process);
		heap_free(watched);
	}
	heap_free(signals);
}

static const struct file_operations signalfd_operations = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.describe = signalfd_describe,
	.release = signalfd_release,
};

struct file *signalfd_create(u64 set, u32 flags)
{
	struct signalfd *signals = heap_alloc_zero(sizeof(*signals));
	struct file *file;

	if (!signals)
		return ERROR_PTR(-ENOMEM);
	lock_init(&signals->lock, LOCK_EVENT);
	signals->set = set;
	file = file_create_anonymous(&signalfd_operations, "anon_inode:[signalfd]", 0600,
				     O_RDWR | (flags & O_NONBLOCK), signals);
	if (!file) {
		heap_free(signals);
		return ERROR_PTR(-ENOMEM);
	}
	return file;
}

int signalfd_change(struct file *file, u64 set)
{
	struct signalfd *signals = file->private;

	if (file->operations != &signalfd_operations)
		return -EINVAL;
	WRITE_ONCE(signals->set, set);
	wait_queue_wake_all(&process_current()->signal_wait, 0);
	return 0;
}
