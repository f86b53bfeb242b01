/* SPDX-License-Identifier: MIT */
/*
 * Both sides of the proof that domains share pages. In a domain:
 *
 *	sharing hold FILE...
 *		maps the files shared, reads all of them and of itself, prints "ready" and waits
 *		for a signal
 *	sharing write FILE BYTES
 *		makes a file of so many bytes and holds it mapped to be written, in the same way
 *
 * On the host:
 *
 *	sharing file PID FILE
 *		looks in PID for mappings of FILE, which it maps itself. It prints "mapped", the
 *		pages that PID has there, and as root also "same", those whose frames are those
 *		of its own mapping, "other", and "copied", pages that PID has changed for itself
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096ul
#define TABLE_SIZE (1ul << 20)

#define PAGE_PRESENT (1ull << 63)
#define PAGE_OF_FILE (1ull << 61)
#define PAGE_FRAME ((1ull << 55) - 1)

/* Read-only pages of the program itself; the bytes before keep the linker from sharing zeros. */
static const unsigned char table[TABLE_SIZE] = { [0] = 1, [TABLE_SIZE - 1] = 1 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void touch(const volatile unsigned char *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		(void)bytes[at];
}

static void *map(const char *path, int writable, size_t *size)
{
	int fd = open(path, writable ? O_RDWR : O_RDONLY);
	struct stat status;
	void *bytes;

	if (fd < 0 || fstat(fd, &status))
		fail(path);
	*size = (size_t)status.st_size;
	bytes = mmap(NULL, *size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		fail(path);
	close(fd);
	return bytes;
}

static void wait_for_end(void)
{
	touch(table, TABLE_SIZE);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

static void hold(char **paths)
{
	size_t size;

	for (; *paths; paths++) {
		void *bytes = map(*paths, 0, &size);

		touch(bytes, size);
	}
	wait_for_end();
}

/* Half of it is written by calls, half through the mapping. */
static void write_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char part[65536];
	unsigned char *bytes;

	memset(part, 'w', sizeof(part));
	if (fd < 0 || ftruncate(fd, (off_t)size))
		fail(path);
	for (size_t at = 0; at < size / 2; at += sizeof(part)) {
		if (write(fd, part, sizeof(part)) != sizeof(part))
			fail(path);
	}
	close(fd);
	bytes = map(path, 1, &size);
	memset(bytes + size / 2, 'm', size - size / 2);
	touch(bytes, size);
	wait_for_end();
}

/* ---- On the host ---- */

struct line {
	uint64_t start, end, offset, inode;
	unsigned int major, minor;
};

/* Returns whether there was one more. */
static int next_line(FILE *maps, struct line *line)
{
	char text[8192];

	return fgets(text, sizeof(text), maps) &&
	       sscanf(text, "%lx-%lx %*s %lx %x:%x %lu", &line->start, &line->end, &line->offset,
		      &line->major, &line->minor, &line->inode) == 6;
}

static int open_of(const char *pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		fail(path);
	return fd;
}

static uint64_t page_of(int pagemap, uint64_t address)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)(address / PAGE * sizeof(entry))) !=
	    sizeof(entry))
		fail("pagemap");
	return entry;
}

/* The kernel's own words for the file: its device in maps may not be that of stat(2). */
static struct line own_line(const void *bytes)
{
	FILE *maps = fdopen(open_of("self", "maps"), "r");
	struct line line;

	while (next_line(maps, &line)) {
		if (line.start == (uint64_t)bytes) {
			fclose(maps);
			return line;
		}
	}
	fail("own mapping");
	return line;
}

struct counts {
	unsigned long mapped, same, other, copied;
};

static void compare(struct counts *counts, uint64_t theirs, uint64_t own)
{
	if (!(theirs & PAGE_PRESENT))
		return;
	counts->mapped++;
	if (!(theirs & PAGE_OF_FILE))
		counts->copied++;
	else if ((theirs & PAGE_FRAME) == (own & PAGE_FRAME))
		counts->same++;
	else
		counts->other++;
}

static void compare_file(const char *pid, const char *path)
{
	size_t size;
	unsigned char *bytes = map(path, 0, &size);
	struct line own = own_line(bytes), line;
	FILE *maps = fdopen(open_of(pid, "maps"), "r");
	int theirs = open_of(pid, "pagemap"), ours = open_of("self", "pagemap");
	struct counts counts = { 0 };

	touch(bytes, size);
	while (next_line(maps, &line)) {
		if (line.inode != own.inode || line.major != own.major || line.minor != own.minor)
			continue;
		for (uint64_t at = line.start; at < line.end; at += PAGE) {
			uint64_t offset = line.offset + at - line.start;

			if (offset < size)
				compare(&counts, page_of(theirs, at),
					page_of(ours, (uint64_t)bytes + offset));
		}
	}
	/* Who is not root reads zeros for all frames. */
	if (geteuid())
		printf("mapped %lu\n", counts.mapped);
	else
		printf("mapped %lu same %lu other %lu copied %lu\n", counts.mapped, counts.same,
		       counts.other, counts.copied);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "hold"))
		hold(argv + 2);
	else if (argc == 4 && !strcmp(argv[1], "write"))
		write_file(argv[2], strtoul(argv[3], NULL, 10));
	else if (argc == 4 && !strcmp(argv[1], "file"))
		compare_file(argv[2], argv[3]);
	else
		return 2;
	return 0;
}
