/* SPDX-License-Identifier: MIT */
/*
 * What every terminal is: a device that may control a session, with a driver behind it. There are
 * two drivers: pseudo-terminals (pty.h), and the terminals that programs were started at
 * (terminal.h). A terminal is part of its driver's own structure.
 */
#ifndef TTY_TTY_H
#define TTY_TTY_H

#include "core/types.h"

struct file;

#define TTY_MAJOR_AUX		5
#define TTY_MINOR_CURRENT	0	/* /dev/tty: the caller's own */
#define TTY_MINOR_CONSOLE	1
#define TTY_MINOR_PTMX		2
#define TTY_MAJOR_PTS		136

/* As Linux's struct termios2; struct termios is all but the speeds. */
struct tty_modes {
	u32 iflag, oflag, cflag, lflag;
	u8 line;
	u8 cc[19];
	u32 input_speed, output_speed;
};

#define TTY_MODES_OLD_SIZE offsetof(struct tty_modes, input_speed)

/* As Linux's struct winsize. */
struct tty_window {
	u16 rows, columns, width, height;
};

struct tty;

/* Called without locks, for files that are not hung up; open, get, put and hang_up for any. */
struct tty_driver {
	/* Makes file one more of the terminal, and takes a reference for it. 0 or -errno. */
	int (*open)(struct tty *tty, struct file *file);
	/* process_tree_lock may be held. */
	void (*get)(struct tty *tty);
	void (*put)(struct tty *tty);
	/* All files that lead here are dead from now on, and its session has lost it. */
	void (*hang_up)(struct tty *tty);
	/* Speeds that the driver does not know stay as they are. */
	void (*modes_get)(struct tty *tty, struct tty_modes *modes);
	/* flush: forgets input that was not read. 0 or -errno. */
	int (*modes_set)(struct tty *tty, const struct tty_modes *modes, bool flush);
	void (*window_get)(struct tty *tty, struct tty_window *window);
	int (*window_set)(struct tty *tty, const struct tty_window *window);
	/* Sleeps until output is on its way: 0 or -ERESTARTSYS. */
	int (*drain)(struct tty *tty);
	void (*flush)(struct tty *tty, bool input, bool output);
	/* tcflow(3): TCOOFF and so on. 0 or -EINVAL. */
	int (*flow)(struct tty *tty, u32 action);
	/* Bytes that a read would find, and that wait to go out. */
	u32 (*input_count)(struct tty *tty);
	u32 (*output_count)(struct tty *tty);
	/* TIOCSTI: as if typed. 0 or -EPERM. */
	int (*push)(struct tty *tty, u8 byte);
};

struct tty {
	const struct tty_driver *driver;	/* constant, as is device */
	u32 device;			/* as st_rdev shows it */
	u32 hangups;			/* atomic; see tty_file_is_dead() */
	bool exclusive;			/* TIOCEXCL; a single word */
	u32 session, foreground;	/* process_tree_lock; 0: none */
};

/* Was the terminal hung up after the file was opened? The driver's open notes which it was. */
bool tty_file_is_dead(const struct tty *tty, const struct file *file);
void tty_file_note(const struct tty *tty, struct file *file);

/*
 * ioctl(2) on a file of the terminal itself: all that does not depend on the driver. -ENOTTY for
 * what it does not know.
 */
long tty_ioctl(struct tty *tty, struct file *file, u32 command, uptr argument);
/*
 * The part of it that the file of another end (a pseudo-terminal's master) shares: modes, window,
 * session. -ENOIOCTLCMD for others.
 */
long tty_ioctl_shared(struct tty *tty, struct file *file, u32 command, uptr argument);

/* Arguments of TCFLSH, which libc's headers hide behind functions. */
#define TTY_FLUSH_INPUT		0
#define TTY_FLUSH_OUTPUT	1
#define TTY_FLUSH_BOTH		2

#define TTY_DEFAULT_START	('Q' & 037)
#define TTY_DEFAULT_STOP	('S' & 037)

/* What poll(2) shows of a file that is dead. */
#define TTY_DEAD_STATE \
	(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM)

#define ENOIOCTLCMD 515

/* Makes the devices of all terminals known (tty_open.c). Once, before the first program. */
void tty_register(void);

#endif
