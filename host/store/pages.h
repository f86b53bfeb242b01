/* SPDX-License-Identifier: MIT */
/*
 * LMDB's file, read without LMDB, which believes every number in it: what passes pages_check() can
 * be given to LMDB, and what does not is read here as far as it can be. No locks: the writer's is
 * held by who calls, but for pages_look().
 */
#ifndef HOST_STORE_PAGES_H
#define HOST_STORE_PAGES_H

#include <stddef.h>

#include "host/base/error.h"

#define PAGES_FINDING_SIZE 128u

/* A row of the last commit; non-zero ends the reading and is its result. */
typedef int (*pages_row)(const void *key, size_t key_size, const void *value, size_t size,
			 void *data);

/*
 * A quick look, before LMDB maps the file: the two pages that name commits make sense, and the file
 * has room for what they name. Returns 0, 1 where the file is damaged, with the finding as text, or
 * -errno. Without the writer's lock a finding may be of commits that are made meanwhile.
 */
int pages_look(int fd, char finding[PAGES_FINDING_SIZE], struct error *err);

/* Whether there ever was a commit, in a file that may be damaged: 1, 0 or -errno. */
int pages_are_used(int fd);

/*
 * Every page of the last commit: all numbers are in bounds, keys rise, no page has two uses, and
 * the totals are right, those of free pages too. row (NULL: nobody) is called for each row that can
 * be read, of a damaged file too, then in no certain order. As pages_look(), with the first
 * finding.
 */
int pages_check(int fd, pages_row row, void *data, char finding[PAGES_FINDING_SIZE],
		struct error *err);

#endif
