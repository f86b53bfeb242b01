/* SPDX-License-Identifier: MIT */
/* Editing of the line that is being typed: erasing, and showing that on the screen. */
#include "tty/discipline.h"

#define TAB 8u

enum erase_kind { ERASE_CHAR, ERASE_WORD, ERASE_LINE };

void edit_finish_erasing(struct discipline *d)
{
	if (!d->erasing)
		return;
	echo_byte(d, '/');
	d->erasing = false;
}

void edit_reprint(struct discipline *d, u8 byte)
{
	edit_finish_erasing(d);
	echo_char(d, byte);
	echo_byte(d, '\n');
	for (u32 position = d->line; position != d->head; position++)
		echo_char(d, input_at(d, position));
}

/* ---- Showing what was erased ---- */

/* ECHOPRT: the bytes from position on, as on paper. */
static void show_on_paper(struct discipline *d, u32 position, u32 count)
{
	if (!d->erasing) {
		echo_byte(d, '\\');
		d->erasing = true;
	}
	echo_char(d, input_at(d, position));
	while (--count) {
		echo_byte(d, input_at(d, ++position));
		d->column -= d->column > 0;
	}
}

/*
 * How far a tab at the line's end moved the cursor follows from the columns before it, back to the
 * tab before that, or to where the line began.
 */
static void show_tab(struct discipline *d)
{
	u32 columns = 0, position = d->head;
	bool after_tab = false;

	while (position != d->line && !after_tab) {
		u8 byte = input_at(d, --position);

		if (byte == '\t')
			after_tab = true;
		else if (is_control_code(byte))
			columns += lflag(d, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(d, byte))
			columns++;
	}
	if (!after_tab)
		columns += d->line_column;
	echo_back(d, TAB - columns % TAB);
}

static void show_rubbed_out(struct discipline *d)
{
	echo_byte(d, '\b');
	echo_byte(d, ' ');
	echo_byte(d, '\b');
}

/* count bytes are gone, of which byte was the first; they still lie behind head. */
static void show_erased(struct discipline *d, enum erase_kind kind, u8 byte, u32 count)
{
	if (lflag(d, ECHOPRT)) {
		show_on_paper(d, d->head, count);
	} else if (kind == ERASE_CHAR && !lflag(d, ECHOE)) {
		echo_char(d, d->modes.cc[VERASE]);
	} else if (byte == '\t') {
		show_tab(d);
	} else {
		if (is_control_code(byte) && lflag(d, ECHOCTL))
			show_rubbed_out(d);
		if (!is_control_code(byte) || lflag(d, ECHOCTL))
			show_rubbed_out(d);
	}
}

/* ---- Erasing ---- */

/* The line is gone, and that can't be shown by erasing it on the screen. */
static void kill_line(struct discipline *d)
{
	d->head = d->line;
	if (!lflag(d, ECHO))
		return;
	edit_finish_erasing(d);
	echo_char(d, d->modes.cc[VKILL]);
	if (lflag(d, ECHOK))
		echo_byte(d, '\n');
}

static bool is_of_word(u8 byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z') || byte == '_' ||
	       (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7);	/* the letters of Latin-1 */
}

/* Where the last character of the line begins; head where there is no whole one. */
static u32 last_character(const struct discipline *d)
{
	u32 position = d->head;
	u8 byte;

	do
		byte = input_at(d, --position);
	while (is_continuation(d, byte) && position != d->line);
	return is_continuation(d, byte) ? d->head : position;
}

static void erase(struct discipline *d, enum erase_kind kind)
{
	bool in_word = false;

	while (d->head != d->line) {
		u32 position = last_character(d), count = d->head - position;
		u8 byte = input_at(d, position);

		if (!count)
			break;
		if (kind == ERASE_WORD && in_word && !is_of_word(byte))
			break;
		in_word |= is_of_word(byte);
		d->head = position;
		if (lflag(d, ECHO))
			show_erased(d, kind, byte, count);
		if (kind == ERASE_CHAR)
			break;
	}
	if (d->head == d->line && lflag(d, ECHO))
		edit_finish_erasing(d);
}

void edit_erase(struct discipline *d, u8 byte)
{
	bool shows_kill = lflag(d, ECHO) && lflag(d, ECHOK) && lflag(d, ECHOKE) && lflag(d, ECHOE);

	if (d->head == d->line)
		return;
	if (is_control_char(d, byte, VERASE))
		erase(d, ERASE_CHAR);
	else if (is_control_char(d, byte, VWERASE) && lflag(d, IEXTEN))
		erase(d, ERASE_WORD);
	else if (shows_kill)
		erase(d, ERASE_LINE);
	else
		kill_line(d);
}
