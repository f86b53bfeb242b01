/* SPDX-License-Identifier: MIT */
/*
 * Who may use a terminal, and whom its signals reach. console->terminal.session and foreground by
 * process_tree_lock; 0: none. Both are the program's, for which the console was made, at the start.
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

static bool is_of_session(struct console_state *console, void *data)
{
	u32 session = console->terminal.session;

	return console_has_terminal(console) && session && session == *(u32 *)data;
}

static bool session_has_terminal_locked(u32 sid)
{
	struct console_state *console = console_for_each(is_of_session, &sid);

	if (console)
		console_put(console);
	return console;
}

static bool is_own_locked(const struct console_state *console)
{
	u32 session = console->terminal.session;

	return session && process_current()->sid == session;
}

static bool is_own(const struct console_state *console)
{
	bool own;

	lock_acquire(&process_tree_lock);
	own = is_own_locked(console);
	lock_release(&process_tree_lock);
	return own;
}

struct console_state *job_control_own(void)
{
	struct console_state *console;

	lock_acquire(&process_tree_lock);
	console = console_for_each(is_of_session, &process_current()->sid);
	lock_release(&process_tree_lock);
	return console;
}

void job_control_begin(struct console_state *console)
{
	lock_acquire(&process_tree_lock);
	console->terminal.session = console->terminal.foreground = process_current()->pid;
	lock_release(&process_tree_lock);
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

int job_control_check(const struct console_state *console, int number)
{
	signal_info info = { .si_signo = number, .si_code = SI_KERNEL };
	struct process *self = process_current();
	bool background, orphaned;
	u32 foreground;

	lock_acquire(&process_tree_lock);
	foreground = console->terminal.foreground;
	background = is_own_locked(console) && foreground && self->pgid != foreground;
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

struct group_look {
	u32 group, session;
};

static bool is_of_group(struct process *process, void *data)
{
	const struct group_look *look = data;

	return process->pgid == look->group && process->sid == look->session;
}

static long foreground_set(struct console_state *console, uptr argument)
{
	struct group_look look;
	s32 group;
	long result;

	if (get_user(group, argument))
		return -EFAULT;
	if (!is_own(console))
		return -ENOTTY;
	result = job_control_check(console, SIGTTOU);
	if (result)
		return result;
	if (group < 0)
		return -EINVAL;
	lock_acquire(&process_tree_lock);
	look = (struct group_look){ group, console->terminal.session };
	if (process_for_each_locked(is_of_group, &look))
		console->terminal.foreground = group;
	else
		result = -EPERM;
	lock_release(&process_tree_lock);
	return result;
}

static long session_take(struct console_state *console)
{
	struct process *self = process_current();
	struct process *leader;
	long result = 0;
	u32 session;

	lock_acquire(&process_tree_lock);
	session = console->terminal.session;
	leader = session ? process_find_locked(session) : NULL;
	if (!self->is_session_leader)
		result = -EPERM;
	else if (self->sid != session && ((leader && leader->state == PROCESS_RUNNING) ||
					  session_has_terminal_locked(self->sid)))
		result = -EPERM;
	else if (self->sid != session)
		console->terminal.session = self->sid, console->terminal.foreground = self->pgid;
	lock_release(&process_tree_lock);
	return result;
}

static void session_end_locked(struct console_state *console)
{
	signal_info info = { .si_signo = SIGHUP, .si_code = SI_KERNEL };
	u32 foreground = console->terminal.foreground;

	console->terminal.session = console->terminal.foreground = 0;
	if (!foreground)
		return;
	signal_send_group_locked(foreground, &info, NULL);
	info.si_signo = SIGCONT;
	signal_send_group_locked(foreground, &info, NULL);
}

/* Only the leader's giving up is seen: a single process of a session has no terminal of its own. */
static long session_leave(struct console_state *console)
{
	long result = 0;

	lock_acquire(&process_tree_lock);
	if (!is_own_locked(console))
		result = -ENOTTY;
	else if (process_current()->is_session_leader)
		session_end_locked(console);
	lock_release(&process_tree_lock);
	return result;
}

void terminal_hang_up(struct console_state *console)
{
	lock_acquire(&process_tree_lock);
	session_end_locked(console);
	lock_release(&process_tree_lock);
}

long job_control_ioctl(struct console_state *console, u32 command, uptr argument)
{
	s32 value;

	switch (command) {
	case TIOCGPGRP:
	case TIOCGSID:
		if (!is_own(console))
			return -ENOTTY;
		value = command == TIOCGSID ? READ_ONCE(console->terminal.session)
					    : READ_ONCE(console->terminal.foreground);
		return put_user(value, argument);
	case TIOCSPGRP:
		return foreground_set(console, argument);
	case TIOCSCTTY:
		return session_take(console);
	case TIOCNOTTY:
		return session_leave(console);
	}
	return -ENOIOCTLCMD;
}

/* ---- Signals from outside ---- */

/*
 * Nobody inside can continue what the group of a program from outside stops: its parent is the
 * caller's shell, outside. So the stop is made to be one, and who started the program stops with
 * it.
 */
static bool stop_leading_group(struct console_state *console, u32 group)
{
	signal_info info = { .si_signo = SIGSTOP, .si_code = SI_KERNEL };
	struct request request = { .op = REQ_STOPPED, .count = console->index,
				   .offset = stream_input_position() };
	struct process *leader = console->leader;
	struct reply reply;

	if (group != leader->pid ||
	    READ_ONCE(leader->actions[SIGTSTP - 1].handler) != (uptr)SIG_DFL)
		return false;
	signal_send_group(group, &info, NULL);
	if (!request_begin(&request, NULL, &reply, NULL, 0))
		request_end();
	return true;
}

bool terminal_signal(struct console_state *console, int number)
{
	signal_info info = { .si_signo = number, .si_code = SI_KERNEL };
	u32 group = READ_ONCE(console->terminal.foreground);

	if (!console_has_terminal(console) || !group)
		return false;
	switch (number) {
	case SIGTSTP:
		if (stop_leading_group(console, group))
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
