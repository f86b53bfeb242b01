/* SPDX-License-Identifier: MIT */
/*
 * A heap in a file: what a program builds in it is there when the program starts again, also after
 * kill -9 and after a power failure. docs/storage.md tells why that holds.
 *
 *	persistent_heap FILE add TEXT...	adds notes; each is committed by itself
 *	persistent_heap FILE count N		adds notes 1 to N, and prints each when it is kept
 *	persistent_heap FILE list		prints all notes, the newest first
 *
 * The file: a page with the header, two pages with a generation each, then what was allocated. A
 * generation says where the root is and how much of the file is in use. Bytes of a committed
 * generation are never written again: what is new goes behind them, is made durable, and only then
 * the older of the two generations becomes the next one. At each moment one of them is whole.
 * References are offsets from the file's begin, as it may be mapped anywhere. One process at a time
 * has the file, by a lock on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096ull
#define HEAP_MAGIC "pheap\r\n"
#define HEAP_VERSION 1u
#define HEAP_BEGIN (3 * PAGE)
#define HEAP_STEP (1ull << 20) /* the file grows by so much */
#define HEAP_MAX (1ull << 30)

struct header {
	char magic[8];
	uint32_t version;
};

struct generation {
	uint64_t number;   /* from 1 on; it is on the page of its parity */
	uint64_t root;	   /* 0: nothing yet */
	uint64_t used;	   /* where free space begins */
	uint64_t checksum; /* of what is before it */
};

struct heap {
	int fd;
	uint64_t size;	     /* of the file: bytes that can be written */
	unsigned char *base; /* HEAP_MAX bytes: the mapping stays where it is when the file grows */
	struct generation committed;
	uint64_t used; /* with what is not committed yet */
};

/* The newest is the root. */
struct note {
	uint64_t older;
	uint32_t size, checksum;
	char text[];
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "persistent_heap: %s: %s\n", what, why);
	exit(1);
}

static void fail_errno(const char *what)
{
	fail(what, strerror(errno));
}

static uint64_t checksum_of(const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint64_t sum = 14695981039346656037ull;

	while (size--)
		sum = (sum ^ *at++) * 1099511628211ull;
	return sum;
}

/* The pages that bytes from begin to end lie in are on disk afterwards. */
static void heap_sync(struct heap *heap, uint64_t begin, uint64_t end)
{
	begin -= begin % PAGE;
	if (msync(heap->base + begin, end - begin, MS_SYNC))
		fail_errno("msync");
}

/* ---- Commit ---- */

static struct generation *generation_at(struct heap *heap, uint64_t number)
{
	return (struct generation *)(heap->base + (1 + number % 2) * PAGE);
}

/* From now on, whatever happens, the heap is what it is at this moment, with this root. */
static void heap_commit(struct heap *heap, uint64_t root)
{
	struct generation next = { heap->committed.number + 1, root, heap->used, 0 };
	struct generation *place = generation_at(heap, next.number);

	next.checksum = checksum_of(&next, offsetof(struct generation, checksum));
	heap_sync(heap, heap->committed.used, heap->used);
	*place = next;
	heap_sync(heap, (1 + next.number % 2) * PAGE, (2 + next.number % 2) * PAGE);
	heap->committed = next;
}

static bool generation_is_whole(const struct heap *heap, const struct generation *generation)
{
	return generation->checksum ==
		       checksum_of(generation, offsetof(struct generation, checksum)) &&
	       generation->used >= HEAP_BEGIN && generation->used <= heap->size &&
	       generation->root < generation->used;
}

/* ---- The file ---- */

static void heap_map(struct heap *heap, const char *path)
{
	struct stat status;

	if (fstat(heap->fd, &status))
		fail_errno(path);
	heap->size = (uint64_t)status.st_size;
	heap->base = mmap(NULL, HEAP_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, heap->fd, 0);
	if (heap->base == MAP_FAILED)
		fail_errno(path);
}

/* A name is durable when its directory is. */
static void directory_sync(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0 || fsync(fd))
		fail_errno(path);
	close(fd);
	free(copy);
}

/* Makes an empty heap in the file, under another name until it is whole. */
static void heap_fill(struct heap *heap, const char *new_path, const char *path)
{
	struct header header = { HEAP_MAGIC, HEAP_VERSION };

	if (ftruncate(heap->fd, 0) || (errno = posix_fallocate(heap->fd, 0, HEAP_STEP)))
		fail_errno(new_path);
	heap_map(heap, new_path);
	memcpy(heap->base, &header, sizeof(header));
	heap->committed.used = heap->used = HEAP_BEGIN;
	heap_commit(heap, 0);
	if (fsync(heap->fd) || rename(new_path, path))
		fail_errno(new_path);
	directory_sync(path);
	munmap(heap->base, HEAP_MAX);
}

/* Who has the lock on the new file makes it; who comes too late for that finds it made. */
static void heap_create(const char *path)
{
	struct heap heap = { 0 };
	char *new_path;

	if (asprintf(&new_path, "%s.new", path) < 0)
		fail_errno(path);
	heap.fd = open(new_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (heap.fd < 0 || flock(heap.fd, LOCK_EX | LOCK_NB))
		fail_errno(new_path);
	if (access(path, F_OK))
		heap_fill(&heap, new_path, path);
	else if (unlink(new_path) && errno != ENOENT)
		fail_errno(new_path);
	close(heap.fd);
	free(new_path);
}

static void heap_open(struct heap *heap, const char *path)
{
	const struct header *header;
	const struct generation *even, *odd;
	bool even_is_whole, odd_is_whole;

	if (access(path, F_OK) && errno == ENOENT)
		heap_create(path);
	heap->fd = open(path, O_RDWR | O_CLOEXEC);
	if (heap->fd < 0 || flock(heap->fd, LOCK_EX | LOCK_NB))
		fail_errno(path);
	heap_map(heap, path);
	header = (const struct header *)heap->base;
	if (heap->size < HEAP_BEGIN || memcmp(header->magic, HEAP_MAGIC, sizeof(header->magic)))
		fail(path, "is no heap");
	if (header->version != HEAP_VERSION)
		fail(path, "is a heap of another version");
	even = generation_at(heap, 0);
	odd = generation_at(heap, 1);
	even_is_whole = generation_is_whole(heap, even);
	odd_is_whole = generation_is_whole(heap, odd);
	if (!even_is_whole && !odd_is_whole)
		fail(path, "neither of its generations is whole");
	heap->committed = !odd_is_whole || (even_is_whole && even->number > odd->number) ? *even
											 : *odd;
	heap->used = heap->committed.used;
}

/*
 * The offset of size new bytes. The file grows by fallocate: where the disk is full, that says so.
 * A page that is written through a mapping and finds no room on disk would be a SIGBUS.
 */
static uint64_t heap_alloc(struct heap *heap, size_t size)
{
	uint64_t at = heap->used, end = (at + size + 7) & ~7ull;
	uint64_t wanted = (end + HEAP_STEP - 1) / HEAP_STEP * HEAP_STEP;

	if (wanted > HEAP_MAX)
		fail("heap", strerror(ENOSPC));
	if (wanted > heap->size) {
		errno = posix_fallocate(heap->fd, (off_t)heap->size, (off_t)(wanted - heap->size));
		if (errno)
			fail_errno("heap");
		heap->size = wanted;
	}
	heap->used = end;
	return at;
}

/* ---- What is kept in it ---- */

static void note_add(struct heap *heap, const char *text)
{
	size_t size = strlen(text);
	uint64_t at = heap_alloc(heap, sizeof(struct note) + size);
	struct note *note = (struct note *)(heap->base + at);

	note->older = heap->committed.root;
	note->size = (uint32_t)size;
	note->checksum = (uint32_t)checksum_of(text, size);
	memcpy(note->text, text, size);
	heap_commit(heap, at);
}

/* A note begins before the one that leads to it: so a damaged file can't make this endless. */
static void notes_list(const struct heap *heap)
{
	uint64_t limit = heap->committed.used, at = heap->committed.root;

	for (const struct note *note; at; limit = at, at = note->older) {
		note = (const struct note *)(heap->base + at);
		if (at < HEAP_BEGIN || at % 8 || at >= limit || limit - at < sizeof(*note) ||
		    limit - at - sizeof(*note) < note->size ||
		    (uint32_t)checksum_of(note->text, note->size) != note->checksum)
			fail("heap", "a note is damaged");
		printf("%.*s\n", (int)note->size, note->text);
	}
}

static void notes_count(struct heap *heap, unsigned long count)
{
	char text[32];

	for (unsigned long i = 1; i <= count; i++) {
		snprintf(text, sizeof(text), "%lu", i);
		note_add(heap, text);
		puts(text);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[2] : "";
	struct heap heap = { 0 };

	if (!strcmp(verb, "add") && argc > 3) {
		heap_open(&heap, argv[1]);
		for (int i = 3; i < argc; i++)
			note_add(&heap, argv[i]);
	} else if (!strcmp(verb, "count") && argc == 4) {
		heap_open(&heap, argv[1]);
		notes_count(&heap, strtoul(argv[3], NULL, 10));
	} else if (!strcmp(verb, "list") && argc == 3) {
		heap_open(&heap, argv[1]);
		notes_list(&heap);
	} else {
		fputs("usage: persistent_heap FILE add TEXT... | count N | list\n", stderr);
		return 2;
	}
	return fflush(stdout) ? 1 : 0;
}
