/* SPDX-License-Identifier: MIT */
/* Input: what each byte that is typed does. */
#include "signal/signal.h"
#include "tty/discipline.h"

/* So much echo does not wait for the end of what was typed at once. */
#define ECHO_BATCH 256u

/* ---- What a byte does ---- */

/* True where the byte was one of them, which is not input. */
static bool receive_flow(struct discipline *d, u8 byte)
{
	if (is_control_char(d, byte, VSTART))
		discipline_start(d);
	else if (is_control_char(d, byte, VSTOP))
		discipline_stop(d);
	else
		return false;
	return true;
}

static void input_put(struct discipline *d, u8 byte)
{
	if (d->head - d->tail == DISCIPLINE_INPUT)
		return;
	d->input[d->head % DISCIPLINE_INPUT] = byte;
	WRITE_ONCE(d->head, d->head + 1);
}

/* PARMRK: \377 begins a mark, so one that is typed comes twice. */
static void input_put_marked(struct discipline *d, u8 byte)
{
	if (byte == 0377 && iflag(d, PARMRK))
		input_put(d, byte);
	input_put(d, byte);
}

static void line_end(struct discipline *d, u8 byte)
{
	if (d->head - d->tail == DISCIPLINE_INPUT)
		return;
	end_set(d, d->head);
	input_put(d, byte);
	WRITE_ONCE(d->line, d->head);
}

/* As it is typed; the column where the line began is what erasing a tab counts from. */
static void echo_typed(struct discipline *d, u8 byte)
{
	edit_finish_erasing(d);
	if (d->line == d->head)
		d->line_column = d->column;
	echo_char(d, byte);
}

static void receive_ordinary(struct discipline *d, u8 byte)
{
	if (lflag(d, ECHO))
		echo_typed(d, byte);
	input_put_marked(d, byte);
}

static void receive_literal_next(struct discipline *d)
{
	d->literal = true;
	if (!lflag(d, ECHO))
		return;
	edit_finish_erasing(d);
	if (lflag(d, ECHOCTL)) {
		echo_byte(d, '^');
		echo_byte(d, '\b');
	}
}

static void receive_newline(struct discipline *d)
{
	if (lflag(d, ECHO) || lflag(d, ECHONL))
		echo_byte(d, '\n');
	line_end(d, '\n');
}

static void receive_end_of_line(struct discipline *d, u8 byte)
{
	if (lflag(d, ECHO))
		echo_typed(d, byte);
	if (byte == 0377 && iflag(d, PARMRK))
		input_put(d, byte);
	line_end(d, byte);
}

/* What a byte means in canonical mode; false: nothing of its own. */
static bool receive_canonical(struct discipline *d, u8 byte)
{
	bool extended = lflag(d, IEXTEN);

	if (is_control_char(d, byte, VERASE) || is_control_char(d, byte, VKILL) ||
	    (extended && is_control_char(d, byte, VWERASE)))
		edit_erase(d, byte);
	else if (extended && is_control_char(d, byte, VLNEXT))
		receive_literal_next(d);
	else if (extended && lflag(d, ECHO) && is_control_char(d, byte, VREPRINT))
		edit_reprint(d, byte);
	else if (byte == '\n')
		receive_newline(d);
	else if (is_control_char(d, byte, VEOF))
		line_end(d, DISCIPLINE_DISABLED);
	else if (is_control_char(d, byte, VEOL) || (extended && is_control_char(d, byte, VEOL2)))
		receive_end_of_line(d, byte);
	else
		return false;
	return true;
}

static void receive_signal(struct discipline *d, u8 byte, int number)
{
	d->signals |= SIGNAL_BIT(number);
	if (!lflag(d, NOFLSH)) {
		byte_ring_cut(&d->echoes, 0);
		discipline_flush_output(d);
		discipline_flush_input(d);
	}
	if (iflag(d, IXON))
		discipline_start(d);
	if (lflag(d, ECHO))
		echo_char(d, byte);
}

static int signal_of(const struct discipline *d, u8 byte)
{
	if (is_control_char(d, byte, VINTR))
		return SIGINT;
	if (is_control_char(d, byte, VQUIT))
		return SIGQUIT;
	return is_control_char(d, byte, VSUSP) ? SIGTSTP : 0;
}

static u8 input_map(const struct discipline *d, u8 byte)
{
	if (iflag(d, ISTRIP))
		byte &= 0177;
	if (iflag(d, IUCLC) && lflag(d, IEXTEN) && byte >= 'A' && byte <= 'Z')
		byte += 'a' - 'A';
	return byte;
}

static void receive_mapped(struct discipline *d, u8 byte)
{
	bool from_return = byte == '\r' && iflag(d, ICRNL);

	if (byte == '\r' && iflag(d, IGNCR))
		return;
	if (from_return)
		byte = '\n';
	else if (byte == '\n' && iflag(d, INLCR))
		byte = '\r';
	if (lflag(d, ICANON) && receive_canonical(d, byte))
		return;
	if (!from_return) {
		receive_ordinary(d, byte);
		return;
	}
	if (lflag(d, ECHO))
		echo_byte(d, byte);
	input_put(d, byte);
}

static void receive(struct discipline *d, u8 byte)
{
	int number;

	byte = input_map(d, byte);
	if (d->literal) {
		d->literal = false;
		receive_ordinary(d, byte);
		return;
	}
	if (lflag(d, EXTPROC)) {
		input_put(d, byte);
		return;
	}
	if (iflag(d, IXON) && receive_flow(d, byte))
		return;
	number = lflag(d, ISIG) ? signal_of(d, byte) : 0;
	if (number) {
		receive_signal(d, byte, number);
		return;
	}
	if (iflag(d, IXON) && iflag(d, IXANY))
		discipline_start(d);
	receive_mapped(d, byte);
}

/* ---- Room ---- */

/*
 * One byte is kept free, so that a line that is too long can still be ended: what comes meanwhile
 * takes the last one's place. Once there is a line to read, input waits outside.
 */
static bool input_make_room(struct discipline *d)
{
	s32 room = DISCIPLINE_INPUT - (d->head - d->tail);

	if (iflag(d, PARMRK))
		room = (room + 2) / 3;
	if (room > 1)
		return true;
	if (!lflag(d, ICANON) || d->line != d->tail)
		return false;
	if (!room)
		WRITE_ONCE(d->head, d->head - 1);
	return true;
}

u32 discipline_receive(struct discipline *d, const u8 *bytes, u32 count)
{
	u32 done = 0;

	while (done < count && input_make_room(d)) {
		receive(d, bytes[done++]);
		if (byte_ring_used(&d->echoes) >= ECHO_BATCH)
			discipline_flush_echoes(d);
	}
	discipline_flush_echoes(d);
	return done;
}
