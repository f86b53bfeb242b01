/* SPDX-License-Identifier: MIT */
/*
 * Who may use a terminal, and whom its signals reach. tty->session and foreground, process->tty and
 * lost_foreground by process_tree_lock. Where process->tty is set that terminal's session is the
 * process's own, and the terminal is not hung up: so the pointer needs no reference.
 */
#include "tty/job_control.h"

#include <asm/ioctls.h>
#include <linux/capability.h>

#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"
#include "vfs/file.h"

#define STEAL 1		/* argument of TIOCSCTTY */

struct tty *job_control_own(void)
{
	struct tty *tty;

	lock_acquire(&process_tree_lock);
	tty = process_current()->tty;
	if (tty)
		tty->driver->get(tty);
	lock_release(&process_tree_lock);
	return tty;
}

static bool is_own(const struct tty *tty)
{
	return READ_ONCE(process_current()->tty) == tty;
}

static bool may_administer(void)
{
	return credentials_capable(process_current()->credentials, CAP_SYS_ADMIN);
}

/* ---- Gaining and losing ---- */

static void take_locked(struct tty *tty)
{
	struct process *self = process_current();

	tty->session = self->sid;
	tty->foreground = self->pgid;
	self->tty = tty;
	self->lost_foreground = 0;
}

void job_control_begin(struct tty *tty)
{
	lock_acquire(&process_tree_lock);
	take_locked(tty);
	lock_release(&process_tree_lock);
}

/* One that is only written to does not become a way to read what is typed. */
void job_control_open(struct tty *tty, const struct file *file)
{
	struct process *self = process_current();

	lock_acquire(&process_tree_lock);
	if (self->is_session_leader && !self->tty && !tty->session && FILE_READABLE(file) &&
	    !tty_file_is_dead(tty, file))
		take_locked(tty);
	lock_release(&process_tree_lock);
}

static bool forget_one(struct process *process, void *data)
{
	if (process->tty == data)
		WRITE_ONCE(process->tty, NULL);
	return false;
}

static void forget_locked(struct tty *tty)
{
	process_for_each_locked(forget_one, tty);
	tty->session = tty->foreground = 0;
}

static void group_signal_locked(u32 group, int number)
{
	signal_info info = { .si_signo = number, .si_code = SI_KERNEL };

	signal_send_group_locked(group, &info, NULL);
}

void job_control_hang_up(struct tty *tty, const struct process *ending)
{
	struct process *leader;

	lock_acquire(&process_tree_lock);
	leader = tty->session ? process_find_locked(tty->session) : NULL;
	if (leader && leader != ending && leader->tty == tty) {
		leader->lost_foreground = tty->foreground;
		signal_send_simple(leader, SIGHUP, SI_KERNEL);
		signal_send_simple(leader, SIGCONT, SI_KERNEL);
	} else if (leader == ending && tty->foreground) {
		group_signal_locked(tty->foreground, SIGHUP);
		group_signal_locked(tty->foreground, SIGCONT);
	}
	forget_locked(tty);
	lock_release(&process_tree_lock);
}

struct group_look {
	u32 group, session;
};

static bool is_of_group(struct process *process, void *data)
{
	const struct group_look *look = data;

	return process->pgid == look->group && process->sid == look->session;
}

/* A group that lost its terminal hears of it once more, as nobody will bring it to the front. */
static void lost_foreground_signal_locked(struct process *leader)
{
	struct group_look look = { leader->lost_foreground, leader->sid };

	leader->lost_foreground = 0;
	if (!look.group || !process_for_each_locked(is_of_group, &look))
		return;
	group_signal_locked(look.group, SIGHUP);
	group_signal_locked(look.group, SIGCONT);
}

void job_control_leader_ends_locked(struct process *leader)
{
	struct tty *tty = leader->tty;

	if (!tty) {
		lost_foreground_signal_locked(leader);
		return;
	}
	if (tty->foreground)
		group_signal_locked(tty->foreground, SIGHUP);
	forget_locked(tty);
}

/* ---- Who may use it ---- */

static bool signal_is_unwanted(struct process *self, int number)
{
	bool unwanted;

	lock_acquire(&self->signal_lock);
	unwanted = (thread_current()->signal_mask & SIGNAL_BIT(number)) ||
		   self->actions[number - 1].handler == (uptr)SIG_IGN;
	lock_release(&self->signal_lock);
	return unwanted;
}

int job_control_check(const struct tty *tty, int number)
{
	signal_info info = { .si_signo = number, .si_code = SI_KERNEL };
	struct process *self = process_current();
	bool background, orphaned;

	lock_acquire(&process_tree_lock);
	background = self->tty == tty && tty->foreground && self->pgid != tty->foreground;
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

bool job_control_signal(struct tty *tty, int number)
{
	signal_info info = { .si_signo = number, .si_code = SI_KERNEL };
	u32 group = READ_ONCE(tty->foreground);

	return group && !signal_send_group(group, &info, NULL);
}

/* ---- The commands ---- */

static bool group_find(struct process *process, void *data)
{
	const struct group_look *look = data;

	return process->pgid == look->group;
}

/* -ESRCH: there is no such group or process; -EPERM: it is another session's. */
static int foreground_check_locked(u32 group)
{
	struct group_look look = { group, process_current()->sid };
	struct process *process;

	if (process_for_each_locked(is_of_group, &look))
		return 0;
	if (process_for_each_locked(group_find, &look))
		return -EPERM;
	process = group ? process_find_locked(group) : NULL;
	if (!process)
		return -ESRCH;
	return process->sid == look.session ? 0 : -EPERM;
}

static long foreground_set(struct tty *tty, uptr argument)
{
	s32 group;
	long result = job_control_check(tty, SIGTTOU);

	if (result)
		return result == -EIO ? -ENOTTY : result;
	if (get_user(group, argument))
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	lock_acquire(&process_tree_lock);
	result = is_own(tty) ? foreground_check_locked(group) : -ENOTTY;
	if (!result)
		tty->foreground = group;
	lock_release(&process_tree_lock);
	return result;
}

static int take_check_locked(const struct tty *tty, const struct file *file, bool steal)
{
	struct process *self = process_current();

	if (!self->is_session_leader || self->tty)
		return -EPERM;
	if (tty->session && !(steal && may_administer()))
		return -EPERM;
	return FILE_READABLE(file) || may_administer() ? 0 : -EPERM;
}

static int session_take_locked(struct tty *tty, const struct file *file, bool steal)
{
	struct process *self = process_current();
	int error;

	if (self->is_session_leader && self->sid == tty->session)
		return 0;
	error = take_check_locked(tty, file, steal);
	if (error)
		return error;
	forget_locked(tty);
	take_locked(tty);
	return 0;
}

/* The file of the other end does not die with the terminal's own. */
static long session_take(struct tty *tty, const struct file *file, bool is_own_end, bool steal)
{
	long result;

	lock_acquire(&process_tree_lock);
	result = is_own_end && tty_file_is_dead(tty, file) ? -EIO :
		 session_take_locked(tty, file, steal);
	lock_release(&process_tree_lock);
	return result;
}

/* The leader gives it up for its whole session, any other process for itself. */
static long session_leave(struct tty *tty)
{
	struct process *self = process_current();
	long result = 0;

	lock_acquire(&process_tree_lock);
	if (self->tty != tty) {
		result = -ENOTTY;
	} else if (self->is_session_leader) {
		if (tty->foreground) {
			group_signal_locked(tty->foreground, SIGHUP);
			group_signal_locked(tty->foreground, SIGCONT);
		}
		forget_locked(tty);
	} else {
		self->tty = NULL;
	}
	lock_release(&process_tree_lock);
	return result;
}

long job_control_ioctl(struct tty *tty, const struct file *file, bool is_own_end, u32 command,
		       uptr argument)
{
	s32 value;

	switch (command) {
	case TIOCGPGRP:
	case TIOCGSID:
		if (is_own_end && !is_own(tty))
			return -ENOTTY;
		value = command == TIOCGSID ? READ_ONCE(tty->session) : READ_ONCE(tty->foreground);
		return command == TIOCGSID && !value ? -ENOTTY : put_user(value, argument);
	case TIOCSPGRP:
		return foreground_set(tty, argument);
	case TIOCSCTTY:
		return session_take(tty, file, is_own_end, argument == STEAL);
	case TIOCNOTTY:
		return is_own_end ? session_leave(tty) : -ENOTTY;
	}
	return -ENOIOCTLCMD;
}
