/* SPDX-License-Identifier: MIT */
/*
 * The figures of bench-whole, which look at a whole command from outside. Each starts arguments
 * (ended by NULL), one or many times, checks that it did its work, and returns the figure; failure
 * ends the program through bench_fail().
 */
#ifndef BENCH_WHOLE_H
#define BENCH_WHOLE_H

/* Nanoseconds from start to exit of the command, with status 0: the median of 20 runs after 2.
 * An argument NUMBER is another name in each of them. */
double whole_time(char **arguments);

/*
 * The same to the time that the command prints first (`bench-calls --now`): to the first
 * instructions of a program that is not linked at its start.
 */
double whole_first(char **arguments);

/* The same, of one run. */
double whole_once(char **arguments);

/* GB/s (10^9 bytes) of a stream of 4 GiB through the command's standard input and output, both
 * pipes. */
double whole_stream(char **arguments);

/*
 * kB of memory, from smaps_rollup, of the command and all that descends from it, half a second
 * after its start; the command is then ended. field is the line to sum, with its colon.
 */
double whole_idle(char **arguments, const char *field);

#endif
