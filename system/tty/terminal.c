/* SPDX-License-Identifier: MIT */
/*
 * The terminal as a file; see terminal.h. Bytes go through the streams' rings (ipc/stream.c), modes
 * through the monitor. terminal_lock (LOCK_EVENT) guards the modes; the rest is constant.
 */
#include "tty/terminal.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>

#include "core/channel.h"
#include "core/host.h"
#include "core/string.h"
#include "ipc/stream.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"
#include "tty/job_control.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/path.h"
#include "vfs/special.h"

#define MAJOR_TERMINAL	5
#define MINOR_TTY	0
#define MINOR_CONSOLE	1

/* arguments of TCFLSH, which libc's headers hide behind functions */
#define FLUSH_INPUT	0
#define FLUSH_OUTPUT	1
#define FLUSH_BOTH	2

static struct lock terminal_lock = LOCK_INIT(LOCK_EVENT);
static struct terminal_modes modes;

static bool stream_is_terminal(u32 index)
{
	return config()->stream_flags[index] & STREAM_IS_TTY;
}

bool terminal_exists(void)
{
	return stream_is_terminal(STREAM_IN) || stream_is_terminal(STREAM_OUT) ||
	       stream_is_terminal(STREAM_ERR);
}

/* The stream that leads to the terminal; STREAM_COUNT: none does. */
static u32 output_stream(void)
{
	if (stream_is_terminal(STREAM_OUT))
		return STREAM_OUT;
	return stream_is_terminal(STREAM_ERR) ? STREAM_ERR : STREAM_COUNT;
}

/* ---- Bytes ---- */

static ssize_t terminal_read(struct file *file, struct iter *to, u64 *offset)
{
	int error = job_control_check(SIGTTIN);

	(void)offset;
	if (error)
		return error;
	return stream_is_terminal(STREAM_IN) ? stream_take(STREAM_IN, file, to) : -EIO;
}

static ssize_t terminal_write(struct file *file, struct iter *from, u64 *offset)
{
	u32 output = output_stream();
	int error = 0;

	(void)offset;
	if (READ_ONCE(modes.lflag) & TOSTOP)
		error = job_control_check(SIGTTOU);
	if (error)
		return error;
	return output < STREAM_COUNT ? stream_give(output, file, from) : -EIO;
}

static u32 terminal_poll(struct file *file, struct poll_request *request)
{
	u32 output = output_stream(), state = 0;

	if (stream_is_terminal(STREAM_IN) && FILE_READABLE(file))
		state |= stream_state(STREAM_IN, request);
	if (output < STREAM_COUNT && FILE_WRITABLE(file))
		state |= stream_state(output, request);
	return state;
}

/* ---- Modes ---- */

static long modes_get(uptr argument)
{
	struct terminal_modes copy;

	lock_acquire(&terminal_lock);
	copy = modes;
	lock_release(&terminal_lock);
	return copy_to_user(argument, &copy, sizeof(copy));
}

/* What was written before is shown in the modes it was written for. */
static int output_drain(void)
{
	u32 output = output_stream();

	return output < STREAM_COUNT ? stream_drain(output) : 0;
}

static long modes_set(u32 command, uptr argument)
{
	struct request request = { .op = REQ_TERMINAL, .data_size = sizeof(modes) };
	struct terminal_modes wanted;
	struct reply reply;
	long result;

	if (copy_from_user(&wanted, argument, sizeof(wanted)))
		return -EFAULT;
	result = job_control_check(SIGTTOU);
	if (!result && command != TCSETS)
		result = output_drain();
	if (result)
		return result;
	if (command == TCSETSF) {
		request.flags = TERMINAL_FLUSH_INPUT;
		stream_drop_input();
	}
	result = request_begin(&request, (const char *)&wanted, &reply, NULL, 0);
	if (result)
		return result;
	lock_acquire(&terminal_lock);
	modes = wanted;
	lock_release(&terminal_lock);
	request_end();
	return 0;
}

static long terminal_flush(uptr which)
{
	int error = job_control_check(SIGTTOU);

	if (error)
		return error;
	if (which > FLUSH_BOTH)
		return -EINVAL;
	if (which != FLUSH_OUTPUT)
		stream_drop_input();
	return 0;
}

static long window_get(uptr argument)
{
	const struct terminal *terminal = &channel()->terminal;
	u16 size[4] = { terminal->rows, terminal->columns, terminal->width, terminal->height };

	return copy_to_user(argument, size, sizeof(size));
}

static long count_get(u32 index, uptr argument)
{
	s32 count = index < STREAM_COUNT ? stream_waiting(index) : 0;

	return put_user(count, argument);
}

static long terminal_ioctl(struct file *file, u32 command, uptr argument)
{
	s32 discipline = 0;
	long result;

	(void)file;
	switch (command) {
	case TCGETS:
		return modes_get(argument);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return modes_set(command, argument);
	case TIOCGWINSZ:
		return window_get(argument);
	case TIOCSWINSZ:	/* the window is the outer terminal's */
	case TIOCSTI:
		return -EPERM;
	case TCFLSH:
		return terminal_flush(argument);
	case TCSBRK:
	case TCSBRKP:
		return output_drain();
	case FIONREAD:
		return count_get(STREAM_IN, argument);
	case TIOCOUTQ:
		return count_get(output_stream(), argument);
	case TIOCGETD:
		return put_user(discipline, argument);
	}
	result = job_control_ioctl(command, argument);
	return result == -ENOIOCTLCMD ? -ENOTTY : result;
}

static const struct file_operations terminal_operations = {
	.read = terminal_read,
	.write = terminal_write,
	.poll = terminal_poll,
	.ioctl = terminal_ioctl,
};

/* ---- Opening ---- */

static int terminal_open(struct inode *inode, struct file *file)
{
	u32 minor = DEVICE_MINOR(inode->rdev);

	if (minor > MINOR_CONSOLE || !terminal_exists())
		return -ENXIO;
	if (minor == MINOR_TTY && !job_control_is_own())
		return -ENXIO;
	file->operations = &terminal_operations;
	return 0;
}

static void terminal_release_inode(struct inode *inode)
{
	(void)inode;
}

static const struct special_operations terminal_special = {
	.open = terminal_open,
	.release_inode = terminal_release_inode,
};

void terminal_register(void)
{
	modes = channel()->terminal.modes;
	special_register_device(false, MAJOR_TERMINAL, &terminal_special);
}

int terminal_install(struct fd_table *table, const struct walker *walker)
{
	struct file *file;
	int fd, error;

	if (!terminal_exists())
		return 0;
	error = path_open(walker, NULL, "/dev/console", O_RDWR, 0, WALK_FOLLOW, &file);
	if (error)
		return error;
	for (u32 i = STREAM_IN; i <= STREAM_ERR && !error; i++) {
		if (!stream_is_terminal(i))
			continue;
		file_get(file);
		fd = fd_install_at(table, file, i, STREAM_ERR + 1, false);
		if (fd < 0) {
			file_put(file);
			error = fd;
		}
	}
	file_put(file);
	return error;
}
