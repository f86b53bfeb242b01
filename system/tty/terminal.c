/* SPDX-License-Identifier: MIT */
/*
 * The driver of the terminals that programs were started at; see terminal.h. Bytes go through the
 * rings of the console's streams (ipc/stream.c), modes through the monitor. console->terminal.lock
 * (LOCK_EVENT) guards the modes.
 */
#include "tty/terminal.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/capability.h>

#include "core/channel.h"
#include "core/host.h"
#include "core/string.h"
#include "ipc/stream.h"
#include "process/process.h"
#include "signal/signal.h"
#include "tty/job_control.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/path.h"

_Static_assert(sizeof(struct terminal_modes) == TTY_MODES_OLD_SIZE &&
	       sizeof(struct tty_window) == 4 * sizeof(u16), "both are as Linux has them");

static struct console_state *console_of_tty(const struct tty *tty)
{
	return container_of(tty, struct console_state, terminal.tty);
}

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
	int error;

	(void)offset;
	if (tty_file_is_dead(&console->terminal.tty, file))
		return 0;
	error = job_control_check(&console->terminal.tty, SIGTTIN);
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
	if (console_is_hung_up(console) || tty_file_is_dead(&console->terminal.tty, file))
		return -EIO;
	if (READ_ONCE(console->terminal.modes.lflag) & TOSTOP)
		error = job_control_check(&console->terminal.tty, SIGTTOU);
	if (error)
		return error;
	return output ? stream_give(output, file, from) : -EIO;
}

static u32 terminal_poll(struct file *file, struct poll_request *request)
{
	struct console_state *console = file->private;
	struct stream_end *input = input_stream(console), *output = output_stream(console);
	u32 state = 0;

	if (input && FILE_READABLE(file))
		state |= stream_state(input, request);
	if (output && FILE_WRITABLE(file))
		state |= stream_state(output, request);
	return tty_file_is_dead(&console->terminal.tty, file) ? TTY_DEAD_STATE : state;
}

/* ---- What a terminal does ---- */

static void terminal_get(struct tty *tty)
{
	console_get(console_of_tty(tty));
}

static void terminal_put(struct tty *tty)
{
	console_put(console_of_tty(tty));
}

/*
 * The streams stay, for those files that are opened from now on. A read that sleeps ends with what
 * is typed next.
 */
static void terminal_cut_off(struct tty *tty)
{
	atomic_add(&tty->hangups, 1);
	job_control_hang_up(tty, NULL);
}

static void terminal_modes_get(struct tty *tty, struct tty_modes *modes)
{
	struct console_state *console = console_of_tty(tty);

	lock_acquire(&console->terminal.lock);
	memcpy(modes, &console->terminal.modes, sizeof(console->terminal.modes));
	lock_release(&console->terminal.lock);
}

static void input_drop(struct console_state *console)
{
	struct stream_end *input = input_stream(console);

	if (input)
		stream_drop_input(input);
}

static int terminal_modes_set(struct tty *tty, const struct tty_modes *modes, bool flush)
{
	struct console_state *console = console_of_tty(tty);
	struct terminal_modes wanted;
	struct request request = { .op = REQ_TERMINAL, .count = console->index,
				   .data_size = sizeof(wanted) };
	struct reply reply;
	int error;

	memcpy(&wanted, modes, sizeof(wanted));
	if (flush) {
		request.flags = TERMINAL_FLUSH_INPUT;
		input_drop(console);
	}
	error = request_begin(&request, (const char *)&wanted, &reply, NULL, 0);
	if (error)
		return error;
	lock_acquire(&console->terminal.lock);
	console->terminal.modes = wanted;
	lock_release(&console->terminal.lock);
	request_end();
	return 0;
}

static void terminal_window_get(struct tty *tty, struct tty_window *window)
{
	const struct terminal *terminal = &console_shared(console_of_tty(tty))->terminal;

	*window = (struct tty_window){ terminal->rows, terminal->columns, terminal->width,
				       terminal->height };
}

/* The window is the outer terminal's, as is what was typed. */
static int terminal_window_set(struct tty *tty, const struct tty_window *window)
{
	(void)tty, (void)window;
	return -EPERM;
}

static int terminal_push(struct tty *tty, u8 byte)
{
	(void)tty, (void)byte;
	return -EPERM;
}

static int terminal_drain(struct tty *tty)
{
	struct stream_end *output = output_stream(console_of_tty(tty));

	return output ? stream_drain(output) : 0;
}

static void terminal_flush(struct tty *tty, bool input, bool output)
{
	(void)output;	/* it is outside already, or about to be */
	if (input)
		input_drop(console_of_tty(tty));
}

/* Output is stopped by the keys of the outer terminal. */
static int terminal_flow(struct tty *tty, u32 action)
{
	(void)tty;
	return action > TCION ? -EINVAL : 0;
}

static u32 terminal_input_count(struct tty *tty)
{
	const struct stream_end *input = input_stream(console_of_tty(tty));

	return input ? stream_waiting(input) : 0;
}

static u32 terminal_output_count(struct tty *tty)
{
	const struct stream_end *output = output_stream(console_of_tty(tty));

	return output ? stream_waiting(output) : 0;
}

static long terminal_ioctl(struct file *file, u32 command, uptr argument)
{
	struct console_state *console = file->private;
	long result;

	if (!console_enter(console))
		return -EIO;
	result = tty_ioctl(&console->terminal.tty, file, command, argument);
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

static int terminal_open(struct tty *tty, struct file *file)
{
	struct console_state *console = console_of_tty(tty);

	if (READ_ONCE(tty->exclusive) &&
	    !credentials_capable(process_current()->credentials, CAP_SYS_ADMIN))
		return -EBUSY;
	console_get(console);
	tty_file_note(tty, file);
	file->operations = &terminal_operations;
	file->private = console;
	return 0;
}

static const struct tty_driver terminal_driver = {
	.open = terminal_open,
	.get = terminal_get,
	.put = terminal_put,
	.hang_up = terminal_cut_off,
	.modes_get = terminal_modes_get,
	.modes_set = terminal_modes_set,
	.window_get = terminal_window_get,
	.window_set = terminal_window_set,
	.drain = terminal_drain,
	.flush = terminal_flush,
	.flow = terminal_flow,
	.input_count = terminal_input_count,
	.output_count = terminal_output_count,
	.push = terminal_push,
};

struct tty *terminal_first(void)
{
	struct console_state *console = console_find(CONSOLE_FIRST);

	if (console && console_has_terminal(console))
		return &console->terminal.tty;
	if (console)
		console_put(console);
	return NULL;
}

int terminal_install(struct console_state *console, struct fd_table *table,
		     const struct walker *walker)
{
	struct file *file;
	int fd, error;

	if (!console_has_terminal(console))
		return 0;
	console->terminal.tty.driver = &terminal_driver;
	console->terminal.tty.device = DEVICE(TTY_MAJOR_AUX, TTY_MINOR_CONSOLE);
	job_control_begin(&console->terminal.tty);
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
