/* SPDX-License-Identifier: MIT */
/* CPU times and other counts of processes, as the host keeps them. */
#ifndef PROCESS_TIMES_H
#define PROCESS_TIMES_H

#include "process/process.h"

struct rusage;

/*
 * What the host counts for who (RUSAGE_SELF, RUSAGE_THREAD) of the calling host process. Zeros if
 * it doesn't say.
 */
void process_times_read(int who, struct process_times *times);
void process_times_to_rusage(const struct process_times *times, struct rusage *usage);

#endif
