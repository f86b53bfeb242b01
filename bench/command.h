/* SPDX-License-Identifier: MIT */
/* Commands that figures start. Whatever fails ends the program through bench_fail(). No locks. */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Starts a command, found along PATH; arguments end with NULL. in_fd and out_fd take the place of
 * its standard streams, -1 means /dev/null.
 */
pid_t command_start(char *const *arguments, int in_fd, int out_fd);

/* Waits for it; it must exit with 0. name is for the message. */
void command_wait(pid_t child, const char *name);

/* Both, and the nanoseconds from start to exit. */
uint64_t command_time_ns(char *const *arguments, int in_fd, int out_fd);

/* For measure(): the command, one after the other; context is its arguments. */
uint64_t command_batch(void *context, uint64_t count);

#endif
