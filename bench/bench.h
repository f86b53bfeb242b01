/* SPDX-License-Identifier: MIT */
/*
 * What a figure of bench-calls is, and the way all of them are measured. One thread measures at a
 * time; there are no locks here.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * One figure: a name as in bench/figures and the work behind it. run() prepares, measures, cleans
 * up and returns nanoseconds per operation; it ends the program through bench_fail() when any
 * result of the work is not what it must be, so that a fast wrong answer never counts.
 */
struct figure {
	const char *name;
	double (*run)(void);
};

/* Tables of the figures, each ended by an empty row; one table for each file of figures. */
extern const struct figure call_figures[];
extern const struct figure transfer_figures[];
extern const struct figure name_figures[];
extern const struct figure wait_figures[];
extern const struct figure process_figures[];
extern const struct figure command_figures[];
extern const struct figure storage_figures[];
extern const struct figure random_figures[];
extern const struct figure tree_figures[];
extern const struct figure sqlite_figures[];
extern const struct figure program_figures[];
extern const struct figure server_figures[];
extern const struct figure http_figures[];

/*
 * The directory in which figures make their files, and the prepared files in it: "data" (DATA_SIZE
 * bytes, see transfers.c) and "gcc_file.c". Set once by main().
 */
extern const char *bench_directory;
#define DATA_SIZE (4u << 20)

/* The path of a file in bench_directory. The caller frees it. */
char *bench_path(const char *name);

/* The monotonic clock in nanoseconds. */
uint64_t clock_ns(void);

/* Prints the message with errno's text where error is not 0, and exits with status 1. */
_Noreturn void bench_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the program unless the condition, a result of the measured work, holds. */
#define MUST(condition)                                                                           \
	do {                                                                                      \
		if (__builtin_expect(!(condition), 0))                                            \
			bench_fail(errno, "%s:%d: not true: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/*
 * Does the operation count times and returns the nanoseconds that took, so that a batch can leave
 * its own preparation out of the figure.
 */
typedef uint64_t (*batch_fn)(void *context, uint64_t count);

/*
 * Finds a count for which a batch lasts some milliseconds (at most count_max), runs a number of
 * batches and returns the median of nanoseconds per operation.
 */
double measure(batch_fn batch, void *context, uint64_t count_max);

/* The median of values, which are sorted in place. */
double median(double *values, size_t count);

#endif
