/* SPDX-License-Identifier: MIT */
/* Process groups and sessions. All fields by process_tree_lock. */
#include "process/process.h"
#include "signal/signal.h"
#include "syscalls.h"

/* ---- Orphaned groups ---- */

struct group_look {
	u32 pgid;
	const struct process *ignored;
};

/* A member whose parent can do job control for the group. */
static bool group_is_held(struct process *process, void *data)
{
	const struct group_look *look = data;
	struct process *parent = process->parent;

	if (process->pgid != look->pgid || process == look->ignored ||
	    process->state != PROCESS_RUNNING)
		return false;
	return parent && parent != init_process && parent != look->ignored &&
	       parent->pgid != look->pgid && parent->sid == process->sid;
}

static bool group_has_stopped(struct process *process, void *data)
{
	const struct group_look *look = data;

	return process->pgid == look->pgid && process != look->ignored && process->stopped;
}

bool group_is_orphaned_locked(u32 pgid, const struct process *ignored)
{
	struct group_look look = { pgid, ignored };

	return !process_for_each_locked(group_is_held, &look);
}

/* The group of process may lose, with ending, the last one who could continue it. */
static void group_check_one_locked(struct process *process, struct process *ending)
{
	struct process *parent = process->parent;
	struct group_look look = { process->pgid, ending };
	signal_info info = { .si_signo = SIGHUP, .si_code = SI_KERNEL };

	if (!parent || parent->pgid == process->pgid || parent->sid != process->sid)
		return;
	if (!process_for_each_locked(group_has_stopped, &look))
		return;
	if (!group_is_orphaned_locked(process->pgid, ending))
		return;
	signal_send_group_locked(process->pgid, &info, NULL);
	info.si_signo = SIGCONT;
	signal_send_group_locked(process->pgid, &info, NULL);
}

void group_orphan_check_locked(struct process *process)
{
	struct process *child;

	group_check_one_locked(process, process);
	list_for_each(child, &process->children, sibling_node)
		group_check_one_locked(child, process);
}

/* ---- System calls ---- */

struct session_look {
	u32 pgid, sid;
};

static bool group_in_session(struct process *process, void *data)
{
	const struct session_look *look = data;

	return process->pgid == look->pgid && process->sid == look->sid;
}

static long group_set_locked(struct process *self, u32 pid, u32 pgid)
{
	struct process *process = process_find_locked(pid);
	struct session_look look = { pgid, self->sid };

	if (!process)
		return -ESRCH;
	if (process != self && process->parent != self)
		return -ESRCH;
	if (process != self && process->sid != self->sid)
		return -EPERM;
	if (process != self && process->has_execed)
		return -EACCES;
	if (process->is_session_leader)
		return -EPERM;
	if (pgid != pid && !process_for_each_locked(group_in_session, &look))
		return -EPERM;
	if (process->pgid != pgid)
		process_set_group_locked(process, pgid, process->sid);
	return 0;
}

long sys_setpgid(s32 pid, s32 pgid)
{
	struct process *self = process_current();
	long result;

	if (pid == 0)
		pid = self->pid;
	if (pgid == 0)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	lock_acquire(&process_tree_lock);
	result = group_set_locked(self, pid, pgid);
	lock_release(&process_tree_lock);
	return result;
}

long sys_getpgid(s32 pid)
{
	struct process *process;
	long result = -ESRCH;

	if (pid == 0)
		return process_current()->pgid;
	lock_acquire(&process_tree_lock);
	process = process_find_locked(pid);
	if (process)
		result = process->pgid;
	lock_release(&process_tree_lock);
	return result;
}

long sys_getpgrp(void)
{
	return process_current()->pgid;
}

static bool group_exists(struct process *process, void *data)
{
	return process->pgid == *(u32 *)data;
}

long sys_setsid(void)
{
	struct process *self = process_current();
	long result = -EPERM;
	u32 pid = self->pid;

	lock_acquire(&process_tree_lock);
	if (!self->is_session_leader && !process_for_each_locked(group_exists, &pid)) {
		process_set_group_locked(self, pid, pid);
		self->is_session_leader = true;
		self->tty = NULL;
		result = pid;
	}
	lock_release(&process_tree_lock);
	return result;
}

long sys_getsid(s32 pid)
{
	struct process *process;
	long result = -ESRCH;

	if (pid == 0)
		return process_current()->sid;
	lock_acquire(&process_tree_lock);
	process = process_find_locked(pid);
	if (process)
		result = process->sid;
	lock_release(&process_tree_lock);
	return result;
}
