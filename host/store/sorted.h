/* SPDX-License-Identifier: MIT */
/* Rows in memory, in the order of their keys: a skip list. No locks. */
#ifndef HOST_STORE_SORTED_H
#define HOST_STORE_SORTED_H

#include <stdbool.h>

#include "host/store/rows.h"

#define SORTED_LEVELS 16u

struct sorted_row {
	struct key key;
	void *value;			/* size bytes, the row's own */
	size_t size;
	struct sorted_row *next[];	/* as many as its height */
};

struct sorted {
	struct sorted_row *first[SORTED_LEVELS];
	uint64_t random;
};

void sorted_init(struct sorted *sorted);
void sorted_release(struct sorted *sorted);

/* The first row whose key is not below key, or, with after, above it; NULL for none. */
struct sorted_row *sorted_next(const struct sorted *sorted, const struct key *key, bool after);
struct sorted_row *sorted_get(const struct sorted *sorted, const struct key *key);

/*
 * Makes a row or replaces its value; value belongs to the table on success. Returns 0 or -ENOMEM.
 */
int sorted_put(struct sorted *sorted, const struct key *key, void *value, size_t size);
/* Takes a row out and frees it, if it is there. */
void sorted_remove(struct sorted *sorted, const struct key *key);

#endif
