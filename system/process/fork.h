/* SPDX-License-Identifier: MIT */
/* New processes and threads: clone(2) and its family, and the host threads under them. */
#ifndef PROCESS_FORK_H
#define PROCESS_FORK_H

#include "core/thread.h"

struct process;

/*
 * Ends the host thread under the calling thread, and with the last one its host process. All
 * bookkeeping is done.
 */
__noreturn void thread_host_exit(struct thread *thread);

/*
 * A process that was published with its only thread, and never ran, goes again, with both. Whoever
 * waits for it looks again.
 */
void process_withdraw(struct process *process, struct thread *thread);

#endif
