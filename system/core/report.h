/* SPDX-License-Identifier: MIT */
/*
 * What the layer says: lines to the log ring (which mezzo prints on its standard error), and the
 * report of a crash of the layer itself.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include "core/types.h"

struct regs;

/*
 * One line to the log (a newline is added). Never sleeps for long; a full ring drops the line and
 * counts.
 */
void log_line(const char *format, ...) __printf(1, 2);
/* The same, only where the domain runs with --verbose. */
void log_verbose(const char *format, ...) __printf(1, 2);
/* Raw text, for the tracer, whole or not at all. */
void log_write(const char *text, size_t size);
bool log_is_tracing(void);

/*
 * The system layer is broken: writes the report (reason, call in progress, registers, symbolised
 * stack) to the log, tells the monitor (REQ_CRASH), and ends the domain. regs may be NULL. Takes no
 * locks.
 */
__noreturn void layer_crash(const struct regs *regs, const char *format, ...) __printf(2, 3);

/*
 * The host has ended a thread that was not to end (killed from outside, no memory), and the heap
 * may be in any state: one line to the log, word to the monitor (REQ_KILLED), and the end of the
 * domain. Takes no locks.
 */
__noreturn void layer_bereaved(const char *format, ...) __printf(1, 2);

#define panic(...)	layer_crash(NULL, __VA_ARGS__)
#define BUG_ON(condition) do { \
		if (unlikely(condition)) \
			panic("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* Name of a system call, or NULL. Supplied by syscall/trace.c, from the table of calls. */
const char *syscall_name(u64 number);

/*
 * Name and offset of a function of the layer; NULL where unknown (from a generated table,
 * core/symbols.h).
 */
const char *symbol_name(uptr address, u64 *offset);

#endif
