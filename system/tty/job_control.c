/* SPDX-License-Identifier: MIT */
/*
 * Who may use the terminal, and whom its signals reach. session and foreground by
 * process_tree_lock; 0: none. Both are the first program's at the start.
 */
#include "tty/job_control.h"

#include <asm/ioctls.h>

#include "boundary/abi.h"
#include "core/host.h"
#include "memory/usercopy.h"
#include "ipc/stream.h"
#include "process/process.h"
#include "signal/signal.h"
#include "tty/terminal.h"

static u32 session = FIRST_PROGRAM_PID;
static u32 foreground = FIRST_PROGRAM_PID;

bool job_control_is_own(void)
{
	bool own;

	lock_acquire(&process_tree_lock);
	own = session && process_current()->sid == session;
	lock_release(&process_tree_lock);
	return own;
}

static bool signal_is_unwanted(struct process *self, int number)
{
	bool unwanted;

	lock_acquire(&self->signal_lock);
	unwanted = (thread_current()->signal_mask & SIGNAL_BIT(number)) ||
		   self->actions[number - 1].handler == (uptr)SIG_IGN;
	lock_release(&self->signal_lock);
	return unwanted;
}

int job_control_check(int number)
{
	signal_info info = { .si_signo = number, .si_code = SI_KERNEL };
	struct process *self = process_current();
	bool background, orphaned;

	lock_acquire(&process_tree_lock);
	background = session && self->sid == session && foreground && self->pgid != foreground;
	orphaned = background && group_is_orphaned_locked(self->pgid, NULL);
	lock_release(&process_tree_lock);
	if (!background)
		return 0;
	if (signal_is_unwanted(self, number))
		return number == SIGTTIN ? -EIO : 0;
	if (orphaned)
		return -EIO;
	signal_send_group(self->pgid, &info, NULL);
	return -ERESTARTSYS;
}

/* ---- The commands ---- */

static bool is_of_group(struct process *process, void *data)
{
	return process->pgid == *(u32 *)data && process->sid == session;
}

static long foreground_set(uptr argument)
{
	s32 group;
	long result;

	if (get_user(group, argument))
		return -EFAULT;
	if (!job_control_is_own())
		return -ENOTTY;
	result = job_control_check(SIGTTOU);
	if (result)
		return result;
	if (group < 0)
		return -EINVAL;
	lock_acquire(&process_tree_lock);
	if (process_for_each_locked(is_of_group, &group))
		foreground = group;
	else
		result = -EPERM;
	lock_release(&process_tree_lock);
	return result;
}

static long session_take(void)
{
	struct process *self = process_current();
	struct process *leader;
	long result = 0;

	lock_acquire(&process_tree_lock);
	leader = session ? process_find_locked(session) : NULL;
	if (!self->is_session_leader)
		result = -EPERM;
	else if (self->sid != session && leader && leader->state == PROCESS_RUNNING)
		result = -EPERM;
	else if (self->sid != session)
		session = self->sid, foreground = self->pgid;
	lock_release(&process_tree_lock);
	return result;
}

/* Only the leader's giving up is seen: a single process of a session has no terminal of its own. */
static long session_leave(void)
{
	signal_info info = { .si_signo = SIGHUP, .si_code = SI_KERNEL };
	struct process *self = process_current();

	if (!job_control_is_own())
		return -ENOTTY;
	lock_acquire(&process_tree_lock);
	if (self->is_session_leader) {
		signal_send_group_locked(foreground, &info, NULL);
		info.si_signo = SIGCONT;
		signal_send_group_locked(foreground, &info, NULL);
		session = foreground = 0;
	}
	lock_release(&process_tree_lock);
	return 0;
}

long job_control_ioctl(u32 command, uptr argument)
{
	s32 value;

	switch (command) {
	case TIOCGPGRP:
	case TIOCGSID:
		if (!job_control_is_own())
			return -ENOTTY;
		value = command == TIOCGSID ? READ_ONCE(session) : READ_ONCE(foreground);
		return put_user(value, argument);
	case TIOCSPGRP:
		return foreground_set(argument);
	case TIOCSCTTY:
		return session_take();
	case TIOCNOTTY:
		return session_leave();
	}
	return -ENOIOCTLCMD;
}

/* ---- Signals from outside ---- */

/*
 * Nobody inside can continue what the first program's group stops: its parent is the caller's
 * shell, outside. So the stop is made to be one, and the monitor stops with it.
 */
static bool stop_first_group(u32 group)
{
	signal_info info = { .si_signo = SIGSTOP, .si_code = SI_KERNEL };
	struct request request = { .op = REQ_STOPPED, .offset = stream_input_position() };
	struct process *first;
	struct reply reply;
	bool by_default;

	if (group != FIRST_PROGRAM_PID)
		return false;
	first = process_find(FIRST_PROGRAM_PID);
	if (!first)
		return false;
	by_default = READ_ONCE(first->actions[SIGTSTP - 1].handler) == (uptr)SIG_DFL;
	process_put(first);
	if (!by_default)
		return false;
	signal_send_group(group, &info, NULL);
	if (!request_begin(&request, NULL, &reply, NULL, 0))
		request_end();
	return true;
}

bool terminal_signal(int number)
{
	signal_info info = { .si_signo = number, .si_code = SI_KERNEL };
	u32 group = READ_ONCE(foreground);

	if (!terminal_exists() || !group)
		return false;
	switch (number) {
	case SIGTSTP:
		if (stop_first_group(group))
			return true;
		/* fall through */
	case SIGINT:
	case SIGQUIT:
	case SIGWINCH:
	case SIGCONT:
		return signal_send_group(group, &info, NULL) == 0;
	}
	return false;
}
