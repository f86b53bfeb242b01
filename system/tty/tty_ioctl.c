/* SPDX-License-Identifier: MIT */
/* The commands of terminals, whatever their driver. No locks of its own. */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/capability.h>

#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"
#include "syscalls.h"
#include "tty/job_control.h"
#include "tty/tty.h"
#include "vfs/file.h"

#define INPUT_SPEED_SHIFT IBSHIFT

static bool is_capable(u32 capability)
{
	return credentials_capable(process_current()->credentials, capability);
}

/* ---- Dead files ---- */

bool tty_file_is_dead(const struct tty *tty, const struct file *file)
{
	return READ_ONCE(tty->hangups) != file->position;
}

void tty_file_note(const struct tty *tty, struct file *file)
{
	file->position = READ_ONCE(tty->hangups);
}

long sys_vhangup(void)
{
	struct tty *tty;

	if (!is_capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty = job_control_own();
	if (tty) {
		tty->driver->hang_up(tty);
		tty->driver->put(tty);
	}
	return 0;
}

/* ---- Modes ---- */

/* By the CBAUD bits of a word, CBAUDEX folded in. */
static const u32 speeds[] = {
	0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400,
	57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000,
	2000000, 2500000, 3000000, 3500000, 4000000,
};

/* other: what BOTHER stands for. */
static u32 speed_of(u32 bits, u32 other)
{
	u32 index = bits & CBAUDEX ? (bits & ~CBAUDEX) + 15 : bits;

	if (bits == BOTHER)
		return other;
	return index < ARRAY_SIZE(speeds) ? speeds[index] : 0;
}

static void speeds_fill(struct tty_modes *modes)
{
	u32 input = modes->cflag >> INPUT_SPEED_SHIFT & CBAUD;

	modes->output_speed = speed_of(modes->cflag & CBAUD, modes->output_speed);
	modes->input_speed = input ? speed_of(input, modes->input_speed) : modes->output_speed;
}

static long modes_get(struct tty *tty, uptr argument, size_t size)
{
	struct tty_modes modes = { 0 };

	tty->driver->modes_get(tty, &modes);
	speeds_fill(&modes);
	return copy_to_user(argument, &modes, size);
}

enum modes_when { MODES_NOW, MODES_DRAIN, MODES_FLUSH };

static long modes_set(struct tty *tty, enum modes_when when, uptr argument, size_t size)
{
	struct tty_modes modes = { 0 };
	long error = job_control_check(tty, SIGTTOU);

	if (error)
		return error;
	tty->driver->modes_get(tty, &modes);
	if (copy_from_user(&modes, argument, size))
		return -EFAULT;
	speeds_fill(&modes);
	/* What was written before is shown in the modes it was written for. */
	error = when == MODES_NOW ? 0 : tty->driver->drain(tty);
	return error ? error : tty->driver->modes_set(tty, &modes, when == MODES_FLUSH);
}

/* ---- Window ---- */

static long window_get(struct tty *tty, uptr argument)
{
	struct tty_window window;

	tty->driver->window_get(tty, &window);
	return copy_to_user(argument, &window, sizeof(window));
}

static long window_set(struct tty *tty, uptr argument)
{
	struct tty_window window;

	if (copy_from_user(&window, argument, sizeof(window)))
		return -EFAULT;
	return tty->driver->window_set(tty, &window);
}

/* ---- What is on its way ---- */

static long flush(struct tty *tty, uptr which)
{
	int error = job_control_check(tty, SIGTTOU);

	if (error)
		return error;
	if (which > TTY_FLUSH_BOTH)
		return -EINVAL;
	tty->driver->flush(tty, which != TTY_FLUSH_OUTPUT, which != TTY_FLUSH_INPUT);
	return 0;
}

static long flow(struct tty *tty, uptr action)
{
	int error = job_control_check(tty, SIGTTOU);

	return error ? error : tty->driver->flow(tty, MIN(action, (uptr)UINT32_MAX));
}

/* There is no line that a break could be sent on, but it comes after what was written. */
static long send_break(struct tty *tty)
{
	int error = job_control_check(tty, SIGTTOU);

	return error ? error : tty->driver->drain(tty);
}

static long push(struct tty *tty, uptr argument)
{
	bool may = is_capable(CAP_SYS_ADMIN);
	u8 byte;

	if (READ_ONCE(process_current()->tty) != tty && !may)
		return -EPERM;
	if (get_user(byte, argument))
		return -EFAULT;
	return tty->driver->push(tty, byte);
}

static long number_put(s32 value, uptr argument)
{
	return put_user(value, argument);
}

/* N_TTY is the only discipline. */
static long discipline_set(struct tty *tty, uptr argument)
{
	s32 discipline;
	long error;

	if (get_user(discipline, argument))
		return -EFAULT;
	error = send_break(tty);
	return error ? error : discipline ? -EINVAL : 0;
}

static long exclusive_set(struct tty *tty, bool exclusive)
{
	WRITE_ONCE(tty->exclusive, exclusive);
	return 0;
}

static long hang_up(struct tty *tty)
{
	if (!is_capable(CAP_SYS_ADMIN))
		return -EPERM;
	tty->driver->hang_up(tty);
	return 0;
}

/* ---- The commands ---- */

static long modes_ioctl(struct tty *tty, u32 command, uptr argument)
{
	switch (command) {
	case TCGETS:
		return modes_get(tty, argument, TTY_MODES_OLD_SIZE);
	case TCGETS2:
		return modes_get(tty, argument, sizeof(struct tty_modes));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return modes_set(tty, command - TCSETS, argument, TTY_MODES_OLD_SIZE);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return modes_set(tty, command - TCSETS2, argument, sizeof(struct tty_modes));
	case TIOCGWINSZ:
		return window_get(tty, argument);
	case TIOCSWINSZ:
		return window_set(tty, argument);
	case TIOCGETD:
		return number_put(0, argument);		/* N_TTY, the only one */
	case TIOCGDEV:
		return put_user(tty->device, argument);
	}
	return -ENOIOCTLCMD;
}

long tty_ioctl_shared(struct tty *tty, struct file *file, u32 command, uptr argument)
{
	long result = modes_ioctl(tty, command, argument);

	return result == -ENOIOCTLCMD ? job_control_ioctl(tty, file, false, command, argument)
				      : result;
}

static long own_ioctl(struct tty *tty, u32 command, uptr argument)
{
	switch (command) {
	case TCFLSH:
		return flush(tty, argument);
	case TCXONC:
		return flow(tty, argument);
	case TCSBRK:
	case TCSBRKP:
		return send_break(tty);
	case TIOCSETD:
		return discipline_set(tty, argument);
	case FIONREAD:
		return number_put(tty->driver->input_count(tty), argument);
	case TIOCOUTQ:
		return number_put(tty->driver->output_count(tty), argument);
	case TIOCSTI:
		return push(tty, argument);
	case TIOCEXCL:
	case TIOCNXCL:
		return exclusive_set(tty, command == TIOCEXCL);
	case TIOCGEXCL:
		return number_put(READ_ONCE(tty->exclusive), argument);
	case TIOCVHANGUP:
		return hang_up(tty);
	case TIOCGPTPEER:	/* for a master */
		return -EIO;
	}
	return -ENOTTY;
}

long tty_ioctl(struct tty *tty, struct file *file, u32 command, uptr argument)
{
	long result;

	if (tty_file_is_dead(tty, file))
		return command == TIOCSPGRP ? -ENOTTY : -EIO;
	result = modes_ioctl(tty, command, argument);
	if (result == -ENOIOCTLCMD)
		result = job_control_ioctl(tty, file, true, command, argument);
	return result == -ENOIOCTLCMD ? own_ioctl(tty, command, argument) : result;
}
