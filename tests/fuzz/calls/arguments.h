/* SPDX-License-Identifier: MIT */
/* The table of calls, from system/syscall/syscalls.tbl, and likely arguments for them. */
#ifndef FUZZ_CALLS_ARGUMENTS_H
#define FUZZ_CALLS_ARGUMENTS_H

#include <stddef.h>

#include "tests/fuzz/calls/random.h"

enum { CALL_ARGUMENTS = 6, DESCRIPTORS = 48 };

struct call {
	long number;
	const char *name;
	const char *kinds[CALL_ARGUMENTS]; /* as in the table's fourth column; NULL: no argument */
};

extern const struct call call_table[];
extern const size_t call_count;

/*
 * Memory that calls read and write: structures at random places of it, with the unreadable page
 * behind its end in reach.
 */
struct arena {
	char *memory; /* its last page can't be touched */
	char *ground; /* for calls that map and unmap */
};

/* Makes an arena that processes share. Ends the program where it can't; it is never freed. */
struct arena arena_create(void);

/*
 * Fills all six arguments for a call: mostly what each one's kind asks for, seldom anything.
 * Pointers go into the arena, which is written to.
 */
void arguments_choose(struct random *random, struct arena *arena, const struct call *call,
		      long *arguments);

#endif
