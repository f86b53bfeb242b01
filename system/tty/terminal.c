/* SPDX-License-Identifier: MIT */
/*
 * Terminals as files; see terminal.h. Bytes go through the rings of the console's streams
 * (ipc/stream.c), modes through the monitor. console->terminal.lock (LOCK_EVENT) guards the modes.
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

static bool stream_is_terminal(const struct console_state *console, u32 index)
{
	return console->stream_flags[index] & STREAM_IS_TTY;
}

/* The streams that lead to the terminal; NULL: none does. */
static struct stream_end *input_stream(struct console_state *console)
{
	return stream_is_terminal(console, STREAM_IN) ? &console->streams[STREAM_IN] : NULL;
}

static struct stream_end *output_stream(struct console_state *console)
{
	if (stream_is_terminal(console, STREAM_OUT))
		return &console->streams[STREAM_OUT];
	return stream_is_terminal(console, STREAM_ERR) ? &console->streams[STREAM_ERR] : NULL;
}

/* ---- Bytes ---- */

static ssize_t terminal_read(struct file *file, struct iter *to, u64 *offset)
{
	struct console_state *console = file->private;
	struct stream_end *input = input_stream(console);
	int error = job_control_check(console, SIGTTIN);

	(void)offset;
	if (error)
		return error;
	return input ? stream_take(input, file, to) : -EIO;
}

static ssize_t terminal_write(struct file *file, struct iter *from, u64 *offset)
{
	struct console_state *console = file->private;
	struct stream_end *output = output_stream(console);
	int error = 0;

	(void)offset;
	if (console_is_hung_up(console))
		return -EIO;
	if (READ_ONCE(console->terminal.modes.lflag) & TOSTOP)
		error = job_control_check(console, SIGTTOU);
	if (error)
		return error;
	return output ? stream_give(output, file, from) : -EIO;
}

static u32 terminal_poll(struct file *file, struct poll_request *request)
{
	struct stream_end *input = input_stream(file->private);
	struct stream_end *output = output_stream(file->private);
	u32 state = 0;

	if (input && FILE_READABLE(file))
		state |= stream_state(input, request);
	if (output && FILE_WRITABLE(file))
		state |= stream_state(output, request);
	return state;
}

/* ---- Modes ---- */

static long modes_get(struct console_state *console, uptr argument)
{
	struct terminal_modes copy;

	lock_acquire(&console->terminal.lock);
	copy = console->terminal.modes;
	lock_release(&console->terminal.lock);
	return copy_to_user(argument, &copy, sizeof(copy));
}

/* What was written before is shown in the modes it was written for. */
static int output_drain(struct console_state *console)
{
	struct stream_end *output = output_stream(console);

	return output ? stream_drain(output) : 0;
}

static void input_drop(struct console_state *console)
{
	struct stream_end *input = input_stream(console);

	if (input)
		stream_drop_input(input);
}

static long modes_set(struct console_state *console, u32 command, uptr argument)
{
	struct terminal_modes wanted;
	struct request request = { .op = REQ_TERMINAL, .count = console->index,
				   .data_size = sizeof(wanted) };
	struct reply reply;
	long result;

	if (copy_from_user(&wanted, argument, sizeof(wanted)))
		return -EFAULT;
	result = job_control_check(console, SIGTTOU);
	if (!result && command != TCSETS)
		result = output_drain(console);
	if (result)
		return result;
	if (command == TCSETSF) {
		request.flags = TERMINAL_FLUSH_INPUT;
		input_drop(console);
	}
	result = request_begin(&request, (const char *)&wanted, &reply, NULL, 0);
	if (result)
		return result;
	lock_acquire(&console->terminal.lock);
	console->terminal.modes = wanted;
	lock_release(&console->terminal.lock);
	request_end();
	return 0;
}

static long terminal_flush(struct console_state *console, uptr which)
{
	int error = job_control_check(console, SIGTTOU);

	if (error)
		return error;
	if (which > FLUSH_BOTH)
		return -EINVAL;
	if (which != FLUSH_OUTPUT)
		input_drop(console);
	return 0;
}

static long window_get(struct console_state *console, uptr argument)
{
	const struct terminal *terminal = &console_shared(console)->terminal;
	u16 size[4] = { terminal->rows, terminal->columns, terminal->width, terminal->height };

	return copy_to_user(argument, size, sizeof(size));
}

static long count_get(const struct stream_end *stream, uptr argument)
{
	s32 count = stream ? stream_waiting(stream) : 0;

	return put_user(count, argument);
}

static long terminal_command(struct console_state *console, u32 command, uptr argument)
{
	s32 discipline = 0;
	long result;

	switch (command) {
	case TCGETS:
		return modes_get(console, argument);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return modes_set(console, command, argument);
	case TIOCGWINSZ:
		return window_get(console, argument);
	case TIOCSWINSZ:	/* the window is the outer terminal's */
	case TIOCSTI:
		return -EPERM;
	case TCFLSH:
		return terminal_flush(console, argument);
	case TCSBRK:
	case TCSBRKP:
		return output_drain(console);
	case FIONREAD:
		return count_get(input_stream(console), argument);
	case TIOCOUTQ:
		return count_get(output_stream(console), argument);
	case TIOCGETD:
		return put_user(discipline, argument);
	}
	result = job_control_ioctl(console, command, argument);
	return result == -ENOIOCTLCMD ? -ENOTTY : result;
}

static long terminal_ioctl(struct file *file, u32 command, uptr argument)
{
	struct console_state *console = file->private;
	long result;

	if (!console_enter(console))
		return -EIO;
	result = terminal_command(console, command, argument);
	console_leave(console);
	return result;
}

static void terminal_release(struct file *file)
{
	console_put(file->private);
}

static const struct file_operations terminal_operations = {
	.read = terminal_read,
	.write = terminal_write,
	.poll = terminal_poll,
	.ioctl = terminal_ioctl,
	.release = terminal_release,
};

/* ---- Opening ---- */

/* /dev/console is a session's own terminal too; without one, that of the first program. */
static int terminal_open(struct inode *inode, struct file *file)
{
	u32 minor = DEVICE_MINOR(inode->rdev);
	struct console_state *console;

	if (minor > MINOR_CONSOLE)
		return -ENXIO;
	console = job_control_own();
	if (!console && minor == MINOR_CONSOLE)
		console = console_find(CONSOLE_FIRST);
	if (!console)
		return -ENXIO;
	if (!console_has_terminal(console)) {
		console_put(console);
		return -ENXIO;
	}
	file->operations = &terminal_operations;
	file->private = console;
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
	special_register_device(false, MAJOR_TERMINAL, &terminal_special);
}

int terminal_install(struct console_state *console, struct fd_table *table,
		     const struct walker *walker)
{
	struct file *file;
	int fd, error;

	if (!console_has_terminal(console))
		return 0;
	job_control_begin(console);
	error = path_open(walker, NULL, "/dev/console", O_RDWR, 0, WALK_FOLLOW, &file);
	if (error)
		return error;
	for (u32 i = STREAM_IN; i < STREAM_COUNT && !error; i++) {
		if (!stream_is_terminal(console, i))
			continue;
		file_get(file);
		fd = fd_install_at(table, file, i, STREAM_COUNT, false);
		if (fd < 0) {
			file_put(file);
			error = fd;
		}
	}
	file_put(file);
	return error;
}
