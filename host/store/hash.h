/* SPDX-License-Identifier: MIT */
/*
 * The hash of an object's content: SHA-256, out of OpenSSL's libcrypto. That library is there for
 * the system's C library only, so what hashes (hash.c, seal.c, dedup.c, check*.c) is linked into
 * mezzo-image and the tests, and not into `mezzo`, which is static and runs domains without it.
 */
#ifndef HOST_STORE_HASH_H
#define HOST_STORE_HASH_H

#include "host/store/backend.h"

/* Hashes the size bytes of an object's file as it is now. */
int object_hash(struct store *store, object_id id, uint64_t size, uint8_t hash[OBJECT_HASH_SIZE],
		struct error *err);
/* The same for any file of the host. */
int file_hash(int fd, uint64_t size, uint8_t hash[OBJECT_HASH_SIZE], struct error *err);

#endif
