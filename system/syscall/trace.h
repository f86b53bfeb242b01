/* SPDX-License-Identifier: MIT */
/*
 * --trace: each call of the programs printed to the log as strace prints it. Called only for
 * threads with WORK_TRACE. No locks of its own; a line is written whole.
 */
#ifndef SYSCALL_TRACE_H
#define SYSCALL_TRACE_H

#include "core/types.h"
#include "syscalls.h"

struct trace_row {
	const char *name;		/* NULL: no such call */
	u8 count;
	u8 kinds[6];			/* enum argument_kind */
};

extern const struct trace_row trace_table[SYSCALL_COUNT];

/* Before the handler: calls that may not come back (exit, exec) are printed here. */
void trace_enter(u64 number, const u64 arguments[6]);
/*
 * After it: arguments are the values at entry, result as the program gets it (or a restart code).
 */
void trace_exit(u64 number, const u64 arguments[6], long result);
/* A signal is about to be delivered. */
struct siginfo;
void trace_signal(const struct siginfo *info);
#endif
