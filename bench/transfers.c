/* SPDX-License-Identifier: MIT */
/*
 * Figures of reading and writing what is cached. The file "data" was written by the driver before
 * the domain began, so a domain reads it from its lower directory; what is written to is a file
 * that the program made itself. No locks.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct transfer {
	int fd;
	size_t size;
	uint64_t turn; /* goes on through all batches: pages are taken in order, round and round */
	uint64_t *buffer;
};

static void transfer_init(struct transfer *transfer, int fd, size_t size)
{
	MUST(fd >= 0);
	*transfer = (struct transfer){ .fd = fd, .size = size };
	transfer->buffer = aligned_alloc(4096, size);
	MUST(transfer->buffer);
	memset(transfer->buffer, 0, size);
}

static double transfer_measure(struct transfer *transfer, batch_fn batch)
{
	double figure = measure(batch, transfer, UINT64_MAX / 2);

	MUST(close(transfer->fd) == 0);
	free(transfer->buffer);
	return figure;
}

/*
 * pread_4k, pread_64k: pread of a cached file, one piece after the other, into one buffer. Each
 * page of "data" holds its own number, in text, in its first 8 and last 8 bytes.
 */
static uint64_t page_mark(uint64_t page)
{
	char text[9];
	uint64_t mark;

	snprintf(text, sizeof(text), "%08u", (unsigned)page);
	memcpy(&mark, text, sizeof(mark));
	return mark;
}

static uint64_t pread_batch(void *context, uint64_t count)
{
	static uint64_t marks[DATA_SIZE / 4096];
	struct transfer *transfer = context;
	size_t words = transfer->size / sizeof(uint64_t), pages = transfer->size / 4096;
	uint64_t pieces = DATA_SIZE / transfer->size, began_ns;

	if (!marks[0])
		for (size_t i = 0; i < DATA_SIZE / 4096; i++)
			marks[i] = page_mark(i);
	began_ns = clock_ns();
	for (uint64_t i = 0; i < count; i++) {
		uint64_t piece = transfer->turn++ % pieces;

		MUST(pread(transfer->fd, transfer->buffer, transfer->size,
			   (off_t)(piece * transfer->size)) == (ssize_t)transfer->size);
		MUST(transfer->buffer[0] == marks[piece * pages]);
		MUST(transfer->buffer[words - 1] == marks[piece * pages + pages - 1]);
	}
	return clock_ns() - began_ns;
}

static double pread_run(size_t size)
{
	struct transfer transfer;
	char *path = bench_path("data");

	transfer_init(&transfer, open(path, O_RDONLY), size);
	free(path);
	return transfer_measure(&transfer, pread_batch);
}

static double pread_4k_run(void)
{
	return pread_run(4096);
}

static double pread_64k_run(void)
{
	return pread_run(65536);
}

/* pwrite_4k, pwrite_64k: pwrite over pages that exist, one piece after the other; read back at the
 * end. */
static uint64_t pwrite_batch(void *context, uint64_t count)
{
	struct transfer *transfer = context;
	size_t words = transfer->size / sizeof(uint64_t);
	uint64_t pieces = DATA_SIZE / transfer->size, began_ns = clock_ns();

	for (uint64_t i = 0; i < count; i++) {
		uint64_t turn = transfer->turn++;

		transfer->buffer[0] = turn;
		transfer->buffer[words - 1] = ~turn;
		MUST(pwrite(transfer->fd, transfer->buffer, transfer->size,
			    (off_t)(turn % pieces * transfer->size)) == (ssize_t)transfer->size);
	}
	return clock_ns() - began_ns;
}

static void written_check(const struct transfer *transfer)
{
	size_t words = transfer->size / sizeof(uint64_t);
	uint64_t pieces = DATA_SIZE / transfer->size;

	MUST(transfer->turn > pieces);
	for (uint64_t turn = transfer->turn - pieces; turn < transfer->turn; turn++) {
		MUST(pread(transfer->fd, transfer->buffer, transfer->size,
			   (off_t)(turn % pieces * transfer->size)) == (ssize_t)transfer->size);
		MUST(transfer->buffer[0] == turn && transfer->buffer[words - 1] == ~turn);
	}
}

static double pwrite_run(size_t size)
{
	struct transfer transfer;
	char *path = bench_path("written");
	double figure;

	unlink(path);
	transfer_init(&transfer, open(path, O_RDWR | O_CREAT | O_EXCL, 0600), size);
	pwrite_batch(&transfer, DATA_SIZE / size);
	figure = measure(pwrite_batch, &transfer, UINT64_MAX / 2);
	written_check(&transfer);
	MUST(close(transfer.fd) == 0 && unlink(path) == 0);
	free(transfer.buffer);
	free(path);
	return figure;
}

static double pwrite_4k_run(void)
{
	return pwrite_run(4096);
}

static double pwrite_64k_run(void)
{
	return pwrite_run(65536);
}

const struct figure transfer_figures[] = {
	{ "pread_4k", pread_4k_run },
	{ "pread_64k", pread_64k_run },
	{ "pwrite_4k", pwrite_4k_run },
	{ "pwrite_64k", pwrite_64k_run },
	{ 0 },
};
