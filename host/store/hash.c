/* SPDX-License-Identifier: MIT */
/* Content hashes; see hash.h. No locks, no state. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "host/store/hash.h"

#define PIECE_SIZE (256u << 10)

static int hash_bytes(EVP_MD_CTX *context, struct store *store, object_id id, uint64_t size,
		      void *piece, struct error *err)
{
	for (uint64_t at = 0; at < size;) {
		size_t want = size - at < PIECE_SIZE ? (size_t)(size - at) : PIECE_SIZE;
		ssize_t got = store->operations->file_read(store, id, piece, want, at, err);

		if (got < 0)
			return (int)got;
		if (!got)
			return error_set(err, EBUSY, "object %" PRIu64 " shrinks while it is read",
					 id);
		if (!EVP_DigestUpdate(context, piece, (size_t)got))
			return error_set(err, ENOMEM, "can't hash object %" PRIu64, id);
		at += (uint64_t)got;
	}
	return 0;
}

int object_hash(struct store *store, object_id id, uint64_t size, uint8_t hash[OBJECT_HASH_SIZE],
		struct error *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	void *piece = malloc(size < PIECE_SIZE ? size + 1 : PIECE_SIZE);
	int error;

	if (!context || !piece || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
		error = error_set(err, ENOMEM, "can't hash object %" PRIu64, id);
	else
		error = hash_bytes(context, store, id, size, piece, err);
	if (!error && !EVP_DigestFinal_ex(context, hash, NULL))
		error = error_set(err, ENOMEM, "can't hash object %" PRIu64, id);
	free(piece);
	EVP_MD_CTX_free(context);
	return error;
}
