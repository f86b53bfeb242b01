/* SPDX-License-Identifier: MIT */
/* Content hashes; see hash.h. No locks, no state. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/store/hash.h"

#define PIECE_SIZE (256u << 10)

/* What is hashed. */
struct source {
	struct store *store;		/* NULL: fd */
	object_id id;			/* 0: fd is of no object */
	int fd;
};

static ssize_t source_read(const struct source *source, void *to, size_t size, uint64_t at,
			   struct error *err)
{
	ssize_t got;

	if (source->store)
		return source->store->operations->file_read(source->store, source->id, to, size, at,
							    err);
	do {
		got = pread(source->fd, to, size, (off_t)at);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? error_set(err, errno, "can't read a file of the store") : got;
}

static int hash_bytes(EVP_MD_CTX *context, const struct source *source, uint64_t size, void *piece,
		      struct error *err)
{
	for (uint64_t at = 0; at < size;) {
		size_t want = size - at < PIECE_SIZE ? (size_t)(size - at) : PIECE_SIZE;
		ssize_t got = source_read(source, piece, want, at, err);

		if (got < 0)
			return (int)got;
		if (!got)
			return error_set(err, EBUSY, "object %" PRIu64 " shrinks while it is read",
					 source->id);
		if (!EVP_DigestUpdate(context, piece, (size_t)got))
			return error_set(err, ENOMEM, "can't hash object %" PRIu64, source->id);
		at += (uint64_t)got;
	}
	return 0;
}

static int source_hash(const struct source *source, uint64_t size, uint8_t hash[OBJECT_HASH_SIZE],
		       struct error *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	void *piece = malloc(size < PIECE_SIZE ? size + 1 : PIECE_SIZE);
	int error;

	if (!context || !piece || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
		error = error_set(err, ENOMEM, "can't hash object %" PRIu64, source->id);
	else
		error = hash_bytes(context, source, size, piece, err);
	if (!error && !EVP_DigestFinal_ex(context, hash, NULL))
		error = error_set(err, ENOMEM, "can't hash object %" PRIu64, source->id);
	free(piece);
	EVP_MD_CTX_free(context);
	return error;
}

int object_hash(struct store *store, object_id id, uint64_t size, uint8_t hash[OBJECT_HASH_SIZE],
		struct error *err)
{
	const struct source source = { .store = store, .id = id, .fd = -1 };

	return source_hash(&source, size, hash, err);
}

int file_hash(int fd, uint64_t size, uint8_t hash[OBJECT_HASH_SIZE], struct error *err)
{
	const struct source source = { .fd = fd };

	return source_hash(&source, size, hash, err);
}
