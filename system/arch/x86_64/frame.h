/* SPDX-License-Identifier: MIT */
/* Delivery of signals to a program: the frame on its stack, and what becomes of a fault. */
#ifndef ARCH_FRAME_H
#define ARCH_FRAME_H

#include "core/types.h"

struct siginfo;
struct thread;

/*
 * Acts on the thread's pending signals (signal_take) and, where a handler is to run, builds its
 * frame and points the saved registers at it; settles the restart of an interrupted call. Clears
 * WORK_SIGNAL when nothing is left. Called on the kernel stack, without locks, on the way out to
 * the program; does not return where the signal ends the process.
 */
void signal_deliver(struct thread *thread);

/* Makes the host's word on a fault of the program the program's own signal. */
void fault_to_signal(int host_signal, const struct siginfo *host_info, u64 trap, u64 error,
		     u64 address);

#endif
