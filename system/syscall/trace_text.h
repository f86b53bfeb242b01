/* SPDX-License-Identifier: MIT */
/* Inside the tracer: one line of text, and how values are written into it. */
#ifndef SYSCALL_TRACE_TEXT_H
#define SYSCALL_TRACE_TEXT_H

#include "core/types.h"

#define TRACE_STRING_MAX 32	/* bytes of data shown, as strace does */

struct text {
	u32 used;
	char bytes[1536];	/* a longer line is cut */
};

/* A call as the printers see it. */
struct traced {
	u64 number;
	const u64 *arguments;
	bool returned;		/* false: before the call; what it returns is not there yet */
	long result;
};

void text_put(struct text *text, const char *format, ...) __printf(2, 3);
/* Program memory as a quoted string; its address where it can't be read. */
void text_put_data(struct text *text, uptr address, u64 size);
void text_put_string(struct text *text, uptr address, u32 max);
void text_put_flags(struct text *text, u32 kind, u64 value);
void text_put_signal(struct text *text, u32 number);

/* Argument index of a call, by its kind. */
void text_put_argument(struct text *text, const struct traced *call, u32 kind, u32 index);

#endif
