/* SPDX-License-Identifier: MIT */
/* A pseudo-terminal as a terminal: its modes, window and flow. pty->lock as said in pty.h. */
#include "signal/signal.h"
#include "tty/job_control.h"
#include "tty/pty.h"

static void slave_get(struct tty *tty)
{
	pty_get(pty_of_tty(tty));
}

static void slave_put(struct tty *tty)
{
	pty_put(pty_of_tty(tty));
}

static void slave_hang_up(struct tty *tty)
{
	pty_hang_up(pty_of_tty(tty));
}

static void slave_modes_get(struct tty *tty, struct tty_modes *modes)
{
	struct pty *pty = pty_of_tty(tty);

	lock_acquire(&pty->lock);
	*modes = pty->discipline.modes;
	lock_release(&pty->lock);
}

/* VSTOP and VSTART are ^S and ^Q, and mean something: a master in packet mode may do it itself. */
static bool flow_is_usual(const struct tty_modes *modes)
{
	return modes->iflag & IXON && modes->cc[VSTOP] == TTY_DEFAULT_STOP &&
	       modes->cc[VSTART] == TTY_DEFAULT_START;
}

static u8 modes_note(u8 notes, const struct tty_modes *old, const struct tty_modes *new)
{
	bool usual = flow_is_usual(new);

	if (usual != flow_is_usual(old)) {
		notes &= ~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
		notes |= usual ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP;
	}
	return notes | ((old->lflag | new->lflag) & EXTPROC ? TIOCPKT_IOCTL : 0);
}

static int slave_modes_set(struct tty *tty, const struct tty_modes *modes, bool flush)
{
	struct pty *pty = pty_of_tty(tty);
	struct tty_modes new = *modes, old;

	/* No wire: there are no other sizes of bytes, and no parity. */
	new.cflag = (new.cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
	lock_acquire(&pty->lock);
	old = pty->discipline.modes;
	if (flush)
		discipline_flush_input(&pty->discipline);
	discipline_set_modes(&pty->discipline, &new);
	pty_settle_locked(pty);
	if (pty->packet)
		pty->packet_notes = modes_note(pty->packet_notes, &old, &new);
	lock_release(&pty->lock);
	pty_wake(pty);
	return 0;
}

static void slave_window_get(struct tty *tty, struct tty_window *window)
{
	struct pty *pty = pty_of_tty(tty);

	lock_acquire(&pty->lock);
	*window = pty->window;
	lock_release(&pty->lock);
}

static int slave_window_set(struct tty *tty, const struct tty_window *window)
{
	struct pty *pty = pty_of_tty(tty);
	bool same;

	lock_acquire(&pty->lock);
	same = pty->window.rows == window->rows && pty->window.columns == window->columns &&
	       pty->window.width == window->width && pty->window.height == window->height;
	pty->window = *window;
	lock_release(&pty->lock);
	if (!same)
		job_control_signal(tty, SIGWINCH);
	return 0;
}

/* What was written is with the master's bytes at once. */
static int slave_drain(struct tty *tty)
{
	(void)tty;
	return 0;
}

static void slave_flush(struct tty *tty, bool input, bool output)
{
	struct pty *pty = pty_of_tty(tty);

	lock_acquire(&pty->lock);
	if (input)
		discipline_flush_input(&pty->discipline);
	if (output)
		discipline_flush_output(&pty->discipline);
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
}

static void flow_locked(struct discipline *d, u32 action)
{
	u8 byte = d->modes.cc[action == TCIOFF ? VSTOP : VSTART];

	switch (action) {
	case TCOOFF:
		discipline_stop(d);
		d->stopped_by_call = true;
		break;
	case TCOON:
		d->stopped_by_call = false;
		discipline_start(d);
		break;
	default:
		if (byte != DISCIPLINE_DISABLED && byte_ring_room(d->output))
			byte_ring_put(d->output, &byte, sizeof(byte));
	}
}

static int slave_flow(struct tty *tty, u32 action)
{
	struct pty *pty = pty_of_tty(tty);

	if (action > TCION)
		return -EINVAL;
	lock_acquire(&pty->lock);
	flow_locked(&pty->discipline, action);
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
	return 0;
}

static u32 slave_input_count(struct tty *tty)
{
	struct pty *pty = pty_of_tty(tty);
	u32 count;

	lock_acquire(&pty->lock);
	count = discipline_count(&pty->discipline);
	lock_release(&pty->lock);
	return count;
}

static u32 slave_output_count(struct tty *tty)
{
	(void)tty;
	return 0;
}

static int slave_push(struct tty *tty, u8 byte)
{
	struct pty *pty = pty_of_tty(tty);

	lock_acquire(&pty->lock);
	discipline_receive(&pty->discipline, &byte, sizeof(byte));
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
	return 0;
}

const struct tty_driver pty_driver = {
	.open = pty_slave_open,
	.get = slave_get,
	.put = slave_put,
	.hang_up = slave_hang_up,
	.modes_get = slave_modes_get,
	.modes_set = slave_modes_set,
	.window_get = slave_window_get,
	.window_set = slave_window_set,
	.drain = slave_drain,
	.flush = slave_flush,
	.flow = slave_flow,
	.input_count = slave_input_count,
	.output_count = slave_output_count,
	.push = slave_push,
};
