/* SPDX-License-Identifier: MIT */
/* Signals that come from outside, for the programs at a console's terminal. No locks of its own. */
#include "core/channel.h"
#include "core/host.h"
#include "ipc/stream.h"
#include "process/process.h"
#include "signal/signal.h"
#include "tty/job_control.h"
#include "tty/terminal.h"

/*
 * Nobody inside can continue what the group of a program from outside stops: its parent is the
 * caller's shell, outside. So the stop is made to be one, and who started the program stops with
 * it.
 */
static bool stop_leading_group(struct console_state *console)
{
	struct request request = { .op = REQ_STOPPED, .count = console->index,
				   .offset = stream_input_position() };
	struct process *leader = console->leader;
	struct reply reply;

	if (READ_ONCE(console->terminal.tty.foreground) != leader->pid ||
	    READ_ONCE(leader->actions[SIGTSTP - 1].handler) != (uptr)SIG_DFL)
		return false;
	job_control_signal(&console->terminal.tty, SIGSTOP);
	if (!request_begin(&request, NULL, &reply, NULL, 0))
		request_end();
	return true;
}

bool terminal_signal(struct console_state *console, int number)
{
	struct tty *tty = &console->terminal.tty;

	if (!console_has_terminal(console) || !READ_ONCE(tty->foreground))
		return false;
	switch (number) {
	case SIGTSTP:
		if (stop_leading_group(console))
			return true;
		/* fall through */
	case SIGINT:
	case SIGQUIT:
	case SIGWINCH:
	case SIGCONT:
		return job_control_signal(tty, number);
	}
	return false;
}

void terminal_hang_up(struct console_state *console)
{
	job_control_hang_up(&console->terminal.tty, process_current());
}
