/* SPDX-License-Identifier: MIT */
/*
 * What figures of storage share. Their files are made by the program itself, so in a lasting domain
 * they are the domain's own, and natively files of the host's file system. No locks.
 */
#ifndef BENCH_STORAGE_H
#define BENCH_STORAGE_H

#include <stdint.h>

#define LARGE_SIZE (1ull << 30)
#define LARGE_STEP (1u << 20) /* bytes of one read or write of a large file */

/* What was prepared, and is not measured, is on disk afterwards and in nobody's way. */
void storage_settle(void);

/*
 * Writes a file of LARGE_SIZE in which each page begins with its number, from its begin on; an
 * older one is overwritten. Returns the nanoseconds that took.
 */
uint64_t large_write(const char *path);

/* Reads such a file from end to end and checks it. Returns the nanoseconds that took. */
uint64_t large_read(const char *path);

#endif
