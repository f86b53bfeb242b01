/* SPDX-License-Identifier: MIT */
/* Output and echo: what bytes become on their way out, and where they leave the cursor. */
#include "core/string.h"
#include "memory/iter.h"
#include "tty/discipline.h"

#define PIECE 256u
#define TAB 8u

/* ---- Expanding ---- */

static u32 expand_newline(struct discipline *d, u8 *out)
{
	u32 count = 0;

	if (oflag(d, ONLRET))
		d->column = 0;
	if (oflag(d, ONLCR)) {
		d->column = 0;
		out[count++] = '\r';
	}
	d->line_column = d->column;
	out[count++] = '\n';
	return count;
}

static u32 expand_return(struct discipline *d, u8 *out)
{
	if (oflag(d, ONOCR) && !d->column)
		return 0;
	out[0] = oflag(d, OCRNL) ? '\n' : '\r';
	if (!oflag(d, OCRNL) || oflag(d, ONLRET))
		d->line_column = d->column = 0;
	return 1;
}

static u32 expand_tab(struct discipline *d, u8 *out)
{
	u32 spaces = TAB - d->column % TAB;

	d->column += spaces;
	out[0] = '\t';
	if ((d->modes.oflag & TABDLY) != XTABS)
		return 1;
	memset(out, ' ', spaces);
	return spaces;
}

/* What a byte becomes with OPOST. */
static u32 expand(struct discipline *d, u8 byte, u8 out[DISCIPLINE_EXPANDED_MAX])
{
	switch (byte) {
	case '\n':
		return expand_newline(d, out);
	case '\r':
		return expand_return(d, out);
	case '\t':
		return expand_tab(d, out);
	case '\b':
		d->column -= d->column > 0;
		break;
	default:
		if (is_control_code(byte))
			break;
		if (oflag(d, OLCUC) && byte >= 'a' && byte <= 'z')
			byte -= 'a' - 'A';
		d->column += !is_continuation(d, byte);
	}
	out[0] = byte;
	return 1;
}

/* ---- Programs' output ---- */

bool discipline_has_room(const struct discipline *d)
{
	return !READ_ONCE(d->stopped) && byte_ring_room(d->output) >= DISCIPLINE_EXPANDED_MAX;
}

/* No more bytes at a time than surely fit, whatever they become. */
static ssize_t write_expanded(struct discipline *d, struct iter *from)
{
	u8 in[PIECE], out[PIECE * DISCIPLINE_EXPANDED_MAX];
	ssize_t moved = 0;

	while (from->left && discipline_has_room(d)) {
		u32 room = byte_ring_room(d->output) / DISCIPLINE_EXPANDED_MAX;
		size_t piece = MIN((size_t)MIN(room, PIECE), from->left);
		size_t copied = iter_copy_from(from, in, piece);
		u32 count = 0;

		for (size_t i = 0; i < copied; i++)
			count += expand(d, in[i], out + count);
		byte_ring_put(d->output, out, count);
		moved += copied;
		if (copied < piece)
			return moved ? moved : -EFAULT;
	}
	return moved;
}

ssize_t discipline_write(struct discipline *d, struct iter *from)
{
	discipline_flush_echoes(d);
	if (!discipline_has_room(d))
		return 0;
	return oflag(d, OPOST) ? write_expanded(d, from) : byte_ring_fill(d->output, from);
}

/* ---- Echo ---- */

void discipline_flush_echoes(struct discipline *d)
{
	while (!d->stopped && byte_ring_used(&d->echoes) && byte_ring_room(d->output)) {
		const u8 *bytes;
		u32 piece = MIN(byte_ring_piece(&d->echoes, &bytes), byte_ring_room(d->output));

		byte_ring_put(d->output, bytes, piece);
		byte_ring_drop(&d->echoes, piece);
	}
}

static void echo_put(struct discipline *d, const u8 *bytes, u32 count)
{
	if (byte_ring_room(&d->echoes) >= count)
		byte_ring_put(&d->echoes, bytes, count);
}

void echo_byte(struct discipline *d, u8 byte)
{
	u8 out[DISCIPLINE_EXPANDED_MAX] = { byte };

	echo_put(d, out, oflag(d, OPOST) ? expand(d, byte, out) : 1);
}

void echo_char(struct discipline *d, u8 byte)
{
	if (!lflag(d, ECHOCTL) || !is_control_code(byte) || byte == '\t') {
		echo_byte(d, byte);
		return;
	}
	echo_put(d, (u8[]){ '^', byte ^ 0100 }, 2);
	d->column += 2;
}

void echo_back(struct discipline *d, u32 columns)
{
	for (; columns; columns--) {
		echo_put(d, (u8[]){ '\b' }, 1);
		d->column -= d->column > 0;
	}
}
