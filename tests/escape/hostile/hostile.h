/* SPDX-License-Identifier: MIT */
/*
 * A system layer that is an attacker's from its first instruction. Its "command" is the name of an
 * attack. One that the host has stopped by an error says so and leaves; one that the host ends says
 * nothing more; one that gets what it must not says "escaped".
 */
#ifndef TESTS_ESCAPE_HOSTILE_H
#define TESTS_ESCAPE_HOSTILE_H

#include "tests/layer/frame.h"

struct attack {
	const char *name;
	void (*run)(void);
};

/* Each table ends with a row without a name. */
extern const struct attack disk_attacks[], monitor_attacks[];

/* What the host answered: an error, or "escaped" where there is none. Does not return. */
void tell_result(long result) __attribute__((noreturn));
/* The attack has reached what no domain may have. Does not return. */
void tell_escape(void) __attribute__((noreturn));

#endif
