/* SPDX-License-Identifier: MIT */
/*
 * The line discipline, Linux's N_TTY: what becomes of bytes between whoever types and the programs
 * at a terminal. Input is edited and kept until it is read; echo and output are expanded on their
 * way out. It knows no files, processes or locks: its owner's lock guards it, and what is to happen
 * outside (signals, notes to a master in packet mode) it leaves for the owner to do.
 *
 * The terminals that programs were started at don't use it: their discipline is the host kernel's.
 */
#ifndef TTY_DISCIPLINE_H
#define TTY_DISCIPLINE_H

#include <asm/ioctls.h>
#include <asm/termbits.h>

#include "tty/byte_ring.h"
#include "tty/tty.h"

#define DISCIPLINE_INPUT	4096u
#define DISCIPLINE_DISABLED	0u	/* a control character that is none; marks an end of file */
#define DISCIPLINE_EXPANDED_MAX	8u	/* bytes that one byte of output becomes, at most */

struct discipline {
	struct tty_modes modes;
	struct byte_ring *output;	/* to whoever types */
	/*
	 * Echo that is to go there, once all that was typed at once has been looked at, and output
	 * is not stopped. What finds no room is lost.
	 */
	struct byte_ring echoes;
	/*
	 * Positions in input: of the next byte, of the next one to read, and of the line that is
	 * being edited.
	 */
	u32 head, tail, line;
	u32 column, line_column;	/* of the cursor, and where the line that is edited began */
	bool literal;			/* the next byte has no meaning (VLNEXT) */
	bool erasing;			/* ECHOPRT: within \.../ */
	bool stopped;			/* no output: VSTOP, tcflow(3) */
	bool stopped_by_call;		/* only tcflow(3) can start it again */
	/* for the owner to take: signals for the foreground group, TIOCPKT_* */
	u64 signals;
	u8 notes;
	u64 ends[DISCIPLINE_INPUT / 64];	/* bits: input that ends a line */
	u8 input[DISCIPLINE_INPUT];
};

/* As after the boot, with nothing in it; output is empty. 0 or -ENOMEM. */
int discipline_init(struct discipline *d, struct byte_ring *output) __must_check;
void discipline_release(struct discipline *d);
/* The modes of discipline_init(), and all state forgotten. */
void discipline_reset(struct discipline *d);

static inline bool discipline_is_canonical(const struct discipline *d)
{
	return READ_ONCE(d->modes.lflag) & ICANON && !(READ_ONCE(d->modes.lflag) & EXTPROC);
}

/* Forgets input, read or not. */
void discipline_flush_input(struct discipline *d);
/* Forgets output that can still be stopped. */
void discipline_flush_output(struct discipline *d);
void discipline_set_modes(struct discipline *d, const struct tty_modes *modes);
/* What VSTOP and VSTART do, and tcflow(3). */
void discipline_stop(struct discipline *d);
void discipline_start(struct discipline *d);

/* ---- Input (discipline_input.c, discipline_edit.c) ---- */

/* Bytes that were typed. How many were taken: fewer where input is full. */
u32 discipline_receive(struct discipline *d, const u8 *bytes, u32 count);

/* ---- Reading (discipline_read.c) ---- */

/* Is there what a read waits for: a line, or least bytes? May be called without the lock. */
bool discipline_has_input(const struct discipline *d, u32 least);
/* FIONREAD. */
u32 discipline_count(const struct discipline *d);
/*
 * Moves what there is: up to the end of a line, which may be an end of file (0 bytes), or all. Only
 * where discipline_has_input(). Bytes or -EFAULT.
 */
ssize_t discipline_take(struct discipline *d, struct iter *to);

/* ---- Output (discipline_output.c) ---- */

/* Can a write do something? May be called without the lock. */
bool discipline_has_room(const struct discipline *d);
/* Moves what fits to output, as the modes have it. Bytes of from, or -EFAULT. */
ssize_t discipline_write(struct discipline *d, struct iter *from);
/* Echo that waits goes to output as far as it can. */
void discipline_flush_echoes(struct discipline *d);

/* ---- Between its parts ---- */

static inline bool iflag(const struct discipline *d, u32 flag) { return d->modes.iflag & flag; }
static inline bool oflag(const struct discipline *d, u32 flag) { return d->modes.oflag & flag; }
static inline bool lflag(const struct discipline *d, u32 flag) { return d->modes.lflag & flag; }

/* Is byte this control character, by its index in cc? */
static inline bool is_control_char(const struct discipline *d, u8 byte, u32 index)
{
	return byte == d->modes.cc[index] && byte != DISCIPLINE_DISABLED;
}

static inline bool is_control_code(u8 byte) { return byte < 32 || byte == 127; }

/* A later byte of a character that takes one column. */
static inline bool is_continuation(const struct discipline *d, u8 byte)
{
	return iflag(d, IUTF8) && (byte & 0xc0) == 0x80;
}

static inline u8 input_at(const struct discipline *d, u32 position)
{
	return d->input[position % DISCIPLINE_INPUT];
}

static inline u64 *end_word(struct discipline *d, u32 position)
{
	return &d->ends[position % DISCIPLINE_INPUT / 64];
}

static inline bool end_is_at(const struct discipline *d, u32 position)
{
	return d->ends[position % DISCIPLINE_INPUT / 64] >> position % 64 & 1;
}

static inline void end_set(struct discipline *d, u32 position)
{
	*end_word(d, position) |= 1ull << position % 64;
}

static inline void end_clear(struct discipline *d, u32 position)
{
	*end_word(d, position) &= ~(1ull << position % 64);
}

/* Echo, expanded as output is. _char: with control codes as ^X where ECHOCTL says so. */
void echo_byte(struct discipline *d, u8 byte);
void echo_char(struct discipline *d, u8 byte);
/* The cursor goes back this far; without erasing. */
void echo_back(struct discipline *d, u32 columns);

/* VERASE, VWERASE, VKILL; VREPRINT; closes what ECHOPRT opened. */
void edit_erase(struct discipline *d, u8 byte);
void edit_reprint(struct discipline *d, u8 byte);
void edit_finish_erasing(struct discipline *d);

#endif
