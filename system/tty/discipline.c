/* SPDX-License-Identifier: MIT */
/* The discipline's state: modes, flow, flushing. */
#include "tty/discipline.h"

#include "boundary/layout.h"
#include "core/string.h"

#define CONTROL(letter) ((letter) & 037)

/* What the other end may have read by now stays: that much a terminal takes at once. */
#define FLUSH_KEEPS (DISCIPLINE_INPUT - 1)

static const struct tty_modes initial_modes = {
	.iflag = ICRNL | IXON,
	.oflag = OPOST | ONLCR,
	.cflag = B38400 | CS8 | CREAD,
	.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.cc = {
		[VINTR] = CONTROL('C'), [VQUIT] = CONTROL('\\'), [VERASE] = 0177,
		[VKILL] = CONTROL('U'), [VEOF] = CONTROL('D'), [VMIN] = 1,
		[VSTART] = TTY_DEFAULT_START, [VSTOP] = TTY_DEFAULT_STOP, [VSUSP] = CONTROL('Z'),
		[VREPRINT] = CONTROL('R'), [VDISCARD] = CONTROL('O'),
		[VWERASE] = CONTROL('W'), [VLNEXT] = CONTROL('V'),
	},
	.input_speed = 38400,
	.output_speed = 38400,
};

int discipline_init(struct discipline *d, struct byte_ring *output)
{
	d->output = output;
	discipline_reset(d);
	return byte_ring_init(&d->echoes, PAGE_SIZE);
}

void discipline_release(struct discipline *d)
{
	byte_ring_release(&d->echoes);
}

static void input_forget(struct discipline *d)
{
	WRITE_ONCE(d->tail, 0);
	WRITE_ONCE(d->line, 0);
	WRITE_ONCE(d->head, 0);
	d->erasing = false;
	memset(d->ends, 0, sizeof(d->ends));
}

void discipline_reset(struct discipline *d)
{
	d->modes = initial_modes;
	d->literal = d->stopped = d->stopped_by_call = false;
	d->column = d->line_column = 0;
	byte_ring_cut(&d->echoes, 0);
	input_forget(d);
}

/* ---- Flow ---- */

void discipline_stop(struct discipline *d)
{
	if (d->stopped)
		return;
	WRITE_ONCE(d->stopped, true);
	d->notes = (d->notes & ~TIOCPKT_START) | TIOCPKT_STOP;
}

void discipline_start(struct discipline *d)
{
	if (!d->stopped || d->stopped_by_call)
		return;
	WRITE_ONCE(d->stopped, false);
	d->notes = (d->notes & ~TIOCPKT_STOP) | TIOCPKT_START;
	discipline_flush_echoes(d);
}

/* ---- Flushing ---- */

void discipline_flush_input(struct discipline *d)
{
	input_forget(d);
	d->notes |= TIOCPKT_FLUSHREAD;
}

void discipline_flush_output(struct discipline *d)
{
	byte_ring_cut(d->output, FLUSH_KEEPS);
	d->notes |= TIOCPKT_FLUSHWRITE;
}

/* ---- Modes ---- */

/* What is there becomes a line, whole or not, so that it can be read. */
static void input_recount(struct discipline *d)
{
	memset(d->ends, 0, sizeof(d->ends));
	if (lflag(d, ICANON) && d->head != d->tail) {
		end_set(d, d->head - 1);
		WRITE_ONCE(d->line, d->head);
	} else {
		WRITE_ONCE(d->line, d->tail);
	}
	d->erasing = d->literal = false;
}

void discipline_set_modes(struct discipline *d, const struct tty_modes *modes)
{
	struct tty_modes old = d->modes;

	d->modes = *modes;
	if ((old.lflag ^ modes->lflag) & (ICANON | EXTPROC))
		input_recount(d);
	if (old.iflag & IXON && !iflag(d, IXON))
		discipline_start(d);
}
