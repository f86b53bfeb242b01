/* SPDX-License-Identifier: MIT */
/*
 * The hashing thread; see hasher.h. Its pieces are a ring: the owner fills the one at head, the
 * thread works at tail. One lock guards all but the bytes of pieces, which belong to whoever's turn
 * it is.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/hasher.h"

#define PIECES 64u
#define BATCH 16u /* as many as are worth waking the thread for */
#define PIECE_SIZE 65536u

struct piece {
	uint64_t zeros;	      /* so many zeros in place of bytes */
	size_t size;	      /* of bytes */
	struct hash_job *end; /* the file ends with this piece; NULL: it goes on */
	char bytes[PIECE_SIZE];
};

struct hasher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	/* Guarded by lock: */
	size_t head, tail; /* count all pieces so far; as many as head - tail are full */
	bool ending;
	/* Private to the thread: */
	struct digest digest;
	int error; /* of the file that is being hashed */

	struct piece pieces[PIECES];
};

/* ---- The thread ---- */

static void digest_zeros(struct digest *digest, uint64_t size)
{
	static const char zeros[PIECE_SIZE];

	while (size) {
		size_t part = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);

		digest_add(digest, zeros, part);
		size -= part;
	}
}

static void hash_piece(struct hasher *hasher, const struct piece *piece)
{
	struct error unused;

	if (!hasher->digest.context && !hasher->error)
		hasher->error = digest_init(&hasher->digest, &unused);
	if (hasher->error)
		return;
	digest_zeros(&hasher->digest, piece->zeros);
	digest_add(&hasher->digest, piece->bytes, piece->size);
}

static void end_file(struct hasher *hasher, struct hash_job *job)
{
	job->error = hasher->error;
	if (!hasher->error)
		digest_end(&hasher->digest, job->hash);
	digest_release(&hasher->digest);
	hasher->error = 0;
}

static void *hasher_run(void *data)
{
	struct hasher *hasher = data;

	pthread_mutex_lock(&hasher->lock);
	for (;;) {
		struct piece *piece = &hasher->pieces[hasher->tail % PIECES];

		while (hasher->tail == hasher->head && !hasher->ending)
			pthread_cond_wait(&hasher->filled, &hasher->lock);
		if (hasher->ending)
			break;
		pthread_mutex_unlock(&hasher->lock);
		hash_piece(hasher, piece);
		if (piece->end)
			end_file(hasher, piece->end);
		pthread_mutex_lock(&hasher->lock);
		if (piece->end)
			piece->end->done = true;
		hasher->tail++;
		pthread_cond_signal(&hasher->emptied);
	}
	pthread_mutex_unlock(&hasher->lock);
	return NULL;
}

/* ---- The owner ---- */

/* Signals are for the owner. */
static int thread_start(struct hasher *hasher)
{
	sigset_t all, former;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	error = pthread_create(&hasher->thread, NULL, hasher_run, hasher);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return error;
}

struct hasher *hasher_create(struct error *err)
{
	struct hasher *hasher = calloc(1, sizeof(*hasher));
	int error = ENOMEM;

	if (hasher) {
		pthread_mutex_init(&hasher->lock, NULL);
		pthread_cond_init(&hasher->filled, NULL);
		pthread_cond_init(&hasher->emptied, NULL);
		error = thread_start(hasher);
	}
	if (!error)
		return hasher;
	free(hasher);
	error_set(err, error, "can't start hashing");
	return NULL;
}

void hasher_free(struct hasher *hasher)
{
	if (!hasher)
		return;
	pthread_mutex_lock(&hasher->lock);
	hasher->ending = true;
	pthread_cond_signal(&hasher->filled);
	pthread_mutex_unlock(&hasher->lock);
	pthread_join(hasher->thread, NULL);
	digest_release(&hasher->digest);
	pthread_cond_destroy(&hasher->filled);
	pthread_cond_destroy(&hasher->emptied);
	pthread_mutex_destroy(&hasher->lock);
	free(hasher);
}

/* The piece at head, once it is free. */
static struct piece *piece_get(struct hasher *hasher)
{
	struct piece *piece = &hasher->pieces[hasher->head % PIECES];

	pthread_mutex_lock(&hasher->lock);
	while (hasher->head - hasher->tail == PIECES)
		pthread_cond_wait(&hasher->emptied, &hasher->lock);
	pthread_mutex_unlock(&hasher->lock);
	piece->zeros = 0;
	piece->size = 0;
	piece->end = NULL;
	return piece;
}

static void piece_put(struct hasher *hasher)
{
	pthread_mutex_lock(&hasher->lock);
	hasher->head++;
	if (hasher->head - hasher->tail >= BATCH)
		pthread_cond_signal(&hasher->filled);
	pthread_mutex_unlock(&hasher->lock);
}

void hasher_add(struct hasher *hasher, const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		struct piece *piece = piece_get(hasher);

		piece->size = size < PIECE_SIZE ? size : PIECE_SIZE;
		memcpy(piece->bytes, from, piece->size);
		from += piece->size;
		size -= piece->size;
		piece_put(hasher);
	}
}

void hasher_zeros(struct hasher *hasher, uint64_t size)
{
	if (!size)
		return;
	piece_get(hasher)->zeros = size;
	piece_put(hasher);
}

void hasher_end(struct hasher *hasher, struct hash_job *job)
{
	job->done = false;
	piece_get(hasher)->end = job;
	piece_put(hasher);
}

bool hasher_is_done(struct hasher *hasher, const struct hash_job *job)
{
	bool done;

	pthread_mutex_lock(&hasher->lock);
	done = job->done;
	pthread_mutex_unlock(&hasher->lock);
	return done;
}

void hasher_wait(struct hasher *hasher, const struct hash_job *job)
{
	pthread_mutex_lock(&hasher->lock);
	pthread_cond_signal(&hasher->filled);
	while (!job->done)
		pthread_cond_wait(&hasher->emptied, &hasher->lock);
	pthread_mutex_unlock(&hasher->lock);
}
