/* SPDX-License-Identifier: MIT */
/*
 * Programs that are started from outside: the first one, and those that the monitor starts later,
 * each with a console of its own (boundary/abi.h).
 */
#ifndef PROCESS_PROGRAM_H
#define PROCESS_PROGRAM_H

#include "core/types.h"

struct process;

/*
 * Starts the program that a console holds, in a process of its own whose parent is the layer's
 * init. 0 or -errno. For the event thread. What fails later the program's stderr tells, and its
 * status.
 */
int program_start(u32 console);
/* EVENT_CONSOLES: the same for each bit; where it fails the monitor hears that it has ended. */
void programs_start(u32 consoles);

/* The program's process, which is not the first one, ends: its console goes, the monitor hears. */
void program_end(struct process *process);

/* What a process begins with: the ids of a console's program, nothing open. 0 or -ENOMEM. */
int program_resources_give(struct process *process, u32 console);

#endif
