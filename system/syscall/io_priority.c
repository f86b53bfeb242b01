/* SPDX-License-Identifier: MIT */
/*
 * ioprio_get(2), ioprio_set(2): kept and inherited, one for each process; it changes nothing, as
 * the host lets no domain choose whose pages are read first. Locks: process_tree_lock keeps the
 * processes, signal_lock the credentials that are looked at.
 */
#include <linux/capability.h>
#include <linux/ioprio.h>

#include "process/process.h"
#include "syscalls.h"

struct priority_visit {
	int which;
	u32 who;
	int priority;		/* to set, or the best found */
	bool set;
	long result;
};

static bool process_matches(const struct priority_visit *visit, const struct process *process)
{
	switch (visit->which) {
	case IOPRIO_WHO_PROCESS:
		return process->pid == visit->who;
	case IOPRIO_WHO_PGRP:
		return process->pgid == visit->who;
	default:
		return process->credentials->uid == visit->who;
	}
}

/* What a process has that never said: by its nice value. */
static int effective(const struct process *process)
{
	if (IOPRIO_PRIO_CLASS(process->io_priority) != IOPRIO_CLASS_NONE)
		return process->io_priority;
	return (int)IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, (process->nice + 20) / 5);
}

static void process_visit(struct priority_visit *visit, struct process *process)
{
	const struct credentials *own = process_current()->credentials, *its = process->credentials;
	int priority = effective(process);

	if (!visit->set) {
		if (visit->which == IOPRIO_WHO_PROCESS)
			priority = process->io_priority;
		/* The smaller number is the better one. */
		visit->result = visit->result == -ESRCH ? priority :
							  MIN(visit->result, (long)priority);
	} else if (own->euid != its->uid && own->uid != its->uid &&
		   !credentials_capable(own, CAP_SYS_NICE)) {
		visit->result = -EPERM;
	} else {
		process->io_priority = (u16)visit->priority;
		if (visit->result == -ESRCH)
			visit->result = 0;
	}
}

static bool visit_one(struct process *process, void *data)
{
	struct priority_visit *visit = data;

	lock_acquire(&process->signal_lock);
	if (process->state == PROCESS_RUNNING && process->credentials &&
	    process_matches(visit, process))
		process_visit(visit, process);
	lock_release(&process->signal_lock);
	return visit->result == -EPERM;
}

/* Threads have their process's. */
static u32 process_of_thread(u32 tid)
{
	struct thread *thread;
	u32 pid = 0;

	lock_acquire(&process_tree_lock);
	thread = thread_find_locked(tid);
	if (thread)
		pid = thread->process->pid;
	lock_release(&process_tree_lock);
	return pid;
}

static long visit_all(struct priority_visit *visit)
{
	struct process *self = process_current();

	if (visit->which < IOPRIO_WHO_PROCESS || visit->which > IOPRIO_WHO_USER)
		return -EINVAL;
	if (!visit->who)
		visit->who = visit->which == IOPRIO_WHO_PROCESS ? self->pid :
			     visit->which == IOPRIO_WHO_PGRP ? self->pgid : self->credentials->uid;
	else if (visit->which == IOPRIO_WHO_PROCESS)
		visit->who = process_of_thread(visit->who);
	visit->result = -ESRCH;
	process_for_each(visit_one, visit);
	return visit->result;
}

static long priority_check(int priority)
{
	const struct credentials *own = process_current()->credentials;

	switch (IOPRIO_PRIO_CLASS(priority)) {
	case IOPRIO_CLASS_RT:
		if (!credentials_capable(own, CAP_SYS_ADMIN) &&
		    !credentials_capable(own, CAP_SYS_NICE))
			return -EPERM;
		/* fall through */
	case IOPRIO_CLASS_BE:
		return IOPRIO_PRIO_DATA(priority) >= IOPRIO_NR_LEVELS ? -EINVAL : 0;
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return IOPRIO_PRIO_DATA(priority) ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

long sys_ioprio_set(int which, int who, int priority)
{
	struct priority_visit visit = {
		.which = which, .who = (u32)who, .set = true, .priority = priority,
	};
	long error = priority_check(priority);

	return error ? error : visit_all(&visit);
}

long sys_ioprio_get(int which, int who)
{
	struct priority_visit visit = { .which = which, .who = (u32)who };

	return visit_all(&visit);
}
