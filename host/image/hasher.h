/* SPDX-License-Identifier: MIT */
/*
 * Hashes the bytes of files in a thread of its own, while their owner goes on to write them: a
 * third of the work of an import. Files are told one behind the other; of each what hasher_add()
 * and hasher_zeros() give, up to hasher_end(). What is on its way has a bound, where the owner
 * waits.
 */
#ifndef HOST_IMAGE_HASHER_H
#define HOST_IMAGE_HASHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/image/digest.h"

struct hasher;

/* One file, the owner's memory; it must stay until it is done or the hasher is freed. */
struct hash_job {
	uint8_t hash[DIGEST_SIZE]; /* once it is done */
	int error;		   /* 0 or -ENOMEM; once it is done */
	bool done;		   /* read by hasher_is_done() and hasher_wait() */
};

/* NULL, with a message, where there is no memory or no thread. */
struct hasher *hasher_create(struct error *err);
/* What is not done yet never will be. NULL is allowed. */
void hasher_free(struct hasher *hasher);

/* The next bytes, which are copied. */
void hasher_add(struct hasher *hasher, const void *data, size_t size);
/* So many zeros, which count as one piece of what is on its way. */
void hasher_zeros(struct hasher *hasher, uint64_t size);
/* The file is whole; the next one begins. */
void hasher_end(struct hasher *hasher, struct hash_job *job);

bool hasher_is_done(struct hasher *hasher, const struct hash_job *job);
void hasher_wait(struct hasher *hasher, const struct hash_job *job);

#endif
