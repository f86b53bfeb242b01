/* SPDX-License-Identifier: MIT */
/*
 * Being there while a lasting domain runs: its output is printed, what is typed goes in, and its
 * exit status becomes mezzo's. The end of this process is not the end of the domain.
 */
#ifndef HOST_CLI_ATTEND_H
#define HOST_CLI_ATTEND_H

#include "host/cli/entries.h"
#include "host/domain/control.h"

struct attendance {
	const struct folder *folder;
	int socket;			/* to the monitor (control.h) */
	struct entries entries;		/* at the place to go on from */
	bool gives_input;		/* standard input goes in, while the domain wants any */
	bool has_terminal;		/* the domain has: ours, if we have one, becomes it */
	bool passes_signals;		/* else they end this process */
};

/* Until the domain ends, or the user leaves. Returns mezzo's status; prints what goes wrong. */
int attend(struct attendance *attendance);

#endif
