/* SPDX-License-Identifier: MIT */
/*
 * Faults in LMDB; see guard.h. The guards of a thread are its own. The handler stays for the life
 * of the process, and lets all faults kill it that no guard is for.
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "host/store/guard.h"

static _Thread_local struct guard *innermost;

/* A fault is the thread's own doing: leaving the handler by a jump interrupts nothing. */
static void handle(int number)
{
	guard_trip();
	/* The instruction is tried again, and then it is the end. */
	signal(number, SIG_DFL);
}

void guard_install(void)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_NODEFER };

	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

struct guard *guard_enter(struct guard *guard)
{
	guard->outer = innermost;
	innermost = guard;
	return guard;
}

void guard_leave(struct guard *guard)
{
	innermost = guard->outer;
}

void guard_trip(void)
{
	struct guard *guard = innermost;

	if (!guard)
		return;
	innermost = guard->outer;
	siglongjmp(guard->jump, 1);
}
