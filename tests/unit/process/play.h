/* SPDX-License-Identifier: MIT */
/*
 * Processes of the layer without programs: each is a thread of the test that calls the handlers of
 * system calls directly and does by play_call() what the way out to a program does.
 */
#ifndef PLAY_H
#define PLAY_H

#include "fake.h"

#include "process/process.h"
#include "signal/signal.h"
#include "syscalls.h"

/* A group setup: fake_start(), init, and process 2, which is the calling thread. */
int play_start(void **state);
/* A child of the calling process that runs main(argument) and exits with its result. Its pid. */
u32 play_fork(int (*main)(void *argument), void *argument);
/* Another thread of the calling process. Its tid. */
u32 play_thread(int (*main)(void *argument), void *argument);
/*
 * Signals, stops and ends, and the result of the call: what a program would see. True: make the
 * call again.
 */
bool play_way_out(long *result);
/* Runs code of the program: looks for signals, as a kick would. */
void play_look(void);

#define play_call(expression) ({ \
	long result_; \
	do \
		result_ = (expression); \
	while (play_way_out(&result_)); \
	result_; \
})

/* Sets the action of a signal; handler runs as a function call. */
void play_action(int number, void (*handler)(int number), u64 flags);

#endif
