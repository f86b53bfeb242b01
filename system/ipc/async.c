/* SPDX-License-Identifier: MIT */
/* SIGIO. Takes process_tree_lock and the receivers' signal_lock. */
#include "ipc/async.h"

#include <linux/capability.h>

#include "process/process.h"
#include "signal/signal.h"

/* What a signal of his own tells the owner. */
static int code_of_events(u32 events)
{
	if (events & POLLMSG)
		return POLL_MSG;
	return events & POLLHUP ? POLL_HUP : events & POLLIN ? POLL_IN : POLL_OUT;
}

static signal_info owner_info(const struct file_owner *owner, u32 events)
{
	signal_info info = { .si_signo = SIGIO, .si_code = SI_KERNEL };

	if (!owner->signal)
		return info;
	info.si_signo = owner->signal;
	info.si_code = code_of_events(events);
	info.si_band = events;
	info.si_fd = owner->fd;
	return info;
}

void async_send(const struct file_owner *owner, u32 events)
{
	const struct credentials sender = {
		.uid = owner->uid, .euid = owner->euid,
		.cap_effective = owner->euid ? 0 : CAP_BIT(CAP_KILL),
	};
	signal_info info = owner_info(owner, events);
	struct process *process;

	/* Who can't be told any more is not missed: results do not matter. */
	if (owner->pid < 0)
		signal_send_group(-owner->pid, &info, &sender);
	if (owner->pid <= 0)
		return;
	process = process_find(owner->pid);
	if (!process)
		return;
	if (signal_permitted(&sender, 0, process, info.si_signo))
		signal_send_process(process, &info);
	process_put(process);
}

void async_owner_set(struct file *file, s32 pid)
{
	const struct credentials *credentials = process_current()->credentials;

	file->owner.uid = credentials->uid;
	file->owner.euid = credentials->euid;
	file->owner.pid = pid;
}

void async_own(struct file *file)
{
	if (!file->owner.pid)
		async_owner_set(file, (s32)process_current()->pid);
}
