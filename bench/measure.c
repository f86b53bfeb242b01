/* SPDX-License-Identifier: MIT */
/* How a figure is measured: clock, batches, median. No state but the directory's name, no locks. */
#include "bench.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_NS 5000000ull /* a batch lasts at least this long */
#define BATCHES 15
#define TOTAL_NS 1500000000ull /* slow operations: fewer batches, but never fewer than three */

const char *bench_directory = ".";

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_fail(int error, const char *format, ...)
{
	va_list arguments;

	fputs("bench: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	if (error)
		fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
	_Exit(1);
}

char *bench_path(const char *name)
{
	char *path;

	MUST(asprintf(&path, "%s/%s", bench_directory, name) > 0);
	return path;
}

static int double_compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), double_compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double measure(batch_fn batch, void *context, uint64_t count_max)
{
	double per_operation[BATCHES];
	uint64_t count = 1, taken_ns, began_ns;
	size_t done;

	/* These first batches also warm caches, and patch call sites in a domain. */
	while ((taken_ns = batch(context, count)) < BATCH_NS && count < count_max)
		count = count * 2 < count_max ? count * 2 : count_max;

	began_ns = clock_ns();
	for (done = 0; done < BATCHES; done++) {
		if (done >= 3 && clock_ns() - began_ns > TOTAL_NS)
			break;
		taken_ns = batch(context, count);
		per_operation[done] = (double)taken_ns / (double)count;
	}
	return median(per_operation, done);
}
