/* SPDX-License-Identifier: MIT */
/*
 * LMDB believes what is in its file: a damaged one leads it to addresses where nothing is, or to a
 * failed assertion. A guard turns both into an error of the call. Only pages_check() finds all
 * damage; this is for those who have no time for it.
 */
#ifndef HOST_STORE_GUARD_H
#define HOST_STORE_GUARD_H

#include <setjmp.h>

struct guard {
	sigjmp_buf jump;
	struct guard *outer;
};

/* Once, before the first guard. */
void guard_install(void);
/* For the macro below. */
struct guard *guard_enter(struct guard *guard);
/*
 * Begins to guard: false. If what follows faults before guard_leave(), it returns a second time,
 * with true, and guards no longer; what LMDB was about to do is then half done.
 */
#define guard_trips(guard) (sigsetjmp(guard_enter(guard)->jump, 0) != 0)
void guard_leave(struct guard *guard);
/* Ends what the innermost guard guards; returns where there is none. */
void guard_trip(void);

#endif
