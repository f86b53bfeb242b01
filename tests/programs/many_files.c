/* SPDX-License-Identifier: MIT */
/*
 * Many large files: more than there can be handles for. Each has a few bytes at its ends and at a
 * page between them, which tell its number.
 *
 *	many_files make COUNT DIR	makes them, keeps some mapped and open meanwhile, and checks
 *	many_files check COUNT DIR	checks what is there
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE (100u << 10)
#define MIDDLE 0xa000u
/* Of so many one is mapped, and one is kept open. */
#define STRIDE 100
#define IN_DIRECTORY 1000

struct held {
	int fd;
	char *bytes;
};

static const off_t places[] = { 0, MIDDLE, FILE_SIZE - sizeof(uint64_t) };

static void fail(const char *what, unsigned long number)
{
	fprintf(stderr, "%s of file %lu: %m\n", what, number);
	exit(1);
}

static void name_of(unsigned long number, char name[32])
{
	snprintf(name, 32, "%lu/%lu", number / IN_DIRECTORY, number);
}

static uint64_t mark_of(unsigned long number, size_t place)
{
	return (number + 1) * 0x9e3779b97f4a7c15u + place;
}

static void marks_check(int fd, unsigned long number)
{
	uint64_t mark;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (pread(fd, &mark, sizeof(mark), places[i]) != sizeof(mark) ||
		    mark != mark_of(number, i))
			fail("bytes", number);
	}
}

static void marks_write(int fd, unsigned long number)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		uint64_t mark = mark_of(number, i);

		if (pwrite(fd, &mark, sizeof(mark), places[i]) != sizeof(mark))
			fail("write", number);
	}
}

static int file_open(unsigned long number, int flags)
{
	char name[32];
	int fd;

	name_of(number, name);
	if (flags & O_CREAT && number % IN_DIRECTORY == 0) {
		*strchr(name, '/') = '\0';
		mkdir(name, 0755);
		name_of(number, name);
	}
	fd = open(name, flags, 0644);
	if (fd < 0)
		fail("open", number);
	return fd;
}

static void check(unsigned long count)
{
	struct stat status;

	for (unsigned long i = 0; i < count; i++) {
		int fd = file_open(i, O_RDONLY);

		marks_check(fd, i);
		if (fstat(fd, &status) || status.st_size != FILE_SIZE || !status.st_blocks ||
		    status.st_blocks > FILE_SIZE / 512)
			fail("status", i);
		close(fd);
	}
}

/* The middle of a mapped file is written by its mapping alone, when its handle is long gone. */
static void make(unsigned long count)
{
	struct held *held = calloc(count / STRIDE + 1, sizeof(*held));

	for (unsigned long i = 0; i < count; i++) {
		int fd = file_open(i, O_RDWR | O_CREAT | O_EXCL);
		struct held *hold = &held[i / STRIDE];

		marks_write(fd, i);
		if (i % STRIDE == 0) {
			hold->bytes = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
					   0);
			if (hold->bytes == MAP_FAILED)
				fail("map", i);
			memset(hold->bytes + MIDDLE, 0, 8);
		}
		if (i % STRIDE == 1)
			hold->fd = fd;
		else
			close(fd);
	}
	for (unsigned long i = 0; i < count; i++) {
		uint64_t mark = mark_of(i, 1);

		if (i % STRIDE == 0)
			memcpy(held[i / STRIDE].bytes + MIDDLE, &mark, sizeof(mark));
		else if (i % STRIDE == 1)
			marks_write(held[i / STRIDE].fd, i);
	}
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;

	if (!count || chdir(argv[3]))
		return 2;
	if (!strcmp(argv[1], "make"))
		make(count);
	check(count);
	printf("%lu files\n", count);
	return 0;
}
