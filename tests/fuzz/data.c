/* SPDX-License-Identifier: MIT */
/*
 * Random reads, writes, mappings, truncations and holes of one file, each compared with a copy in
 * memory.
 *
 *	data FILE SEED OPERATIONS
 *
 * FILE may exist (in a domain: a file of the lower tree) or not. Ends with 1 at the first
 * difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE_MAX_TESTED 300000

static unsigned char model[SIZE_MAX_TESTED], buffer[SIZE_MAX_TESTED];
static long model_size, limit, operation;
static uint32_t state;
static int fd, reader;

static uint32_t random_below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static void check(int good, const char *what)
{
	if (good)
		return;
	printf("operation %ld: %s (errno %d)\n", operation, what, errno);
	exit(1);
}

static void model_grow(long size)
{
	if (size <= model_size)
		return;
	memset(model + model_size, 0, (size_t)(size - model_size));
	model_size = size;
}

static void fill(long size)
{
	for (long i = 0; i < size; i++)
		buffer[i] = (unsigned char)random_below(256);
}

static void model_write(long offset, long size)
{
	if (!size)
		return;
	model_grow(offset + size);
	memcpy(model + offset, buffer, (size_t)size);
}

static void op_write(long offset, long size)
{
	fill(size);
	check(pwrite(fd, buffer, (size_t)size, offset) == size, "pwrite");
	model_write(offset, size);
}

static void op_write_vector(long offset, long size)
{
	long third = size / 3;
	struct iovec parts[3] = {
		{ buffer, (size_t)third },
		{ buffer + third, (size_t)third },
		{ buffer + 2 * third, (size_t)(size - 2 * third) },
	};

	fill(size);
	check(lseek(fd, offset, SEEK_SET) == offset, "lseek");
	check(writev(fd, parts, 3) == size, "writev");
	check(lseek(fd, 0, SEEK_CUR) == offset + size, "position");
	model_write(offset, size);
}

static void op_read(long offset, long size)
{
	long left = offset < model_size ? model_size - offset : 0;
	long wanted = size < left ? size : left;

	memset(buffer, 1, (size_t)size);
	check(pread(random_below(2) ? fd : reader, buffer, (size_t)size, offset) == wanted,
	      "pread");
	check(!memcmp(buffer, model + offset, (size_t)wanted), "bytes read");
}

static void op_truncate(long size)
{
	struct stat status;

	check(ftruncate(fd, size) == 0, "ftruncate");
	model_grow(size);
	model_size = size;
	check(fstat(fd, &status) == 0 && status.st_size == size, "size");
	check(lseek(reader, 0, SEEK_END) == size, "end");
}

static void op_map(void)
{
	int shared = (int)random_below(2);
	unsigned char *map;
	long offset, size;

	if (!model_size)
		return;
	offset = random_below((uint32_t)model_size) & ~4095l;
	size = model_size - offset < 40000 ? model_size - offset : 40000;
	map = mmap(NULL, (size_t)size, PROT_READ | (shared ? PROT_WRITE : 0),
		   shared ? MAP_SHARED : MAP_PRIVATE, fd, offset);
	check(map != MAP_FAILED, "mmap");
	check(!memcmp(map, model + offset, (size_t)size), "bytes mapped");
	for (int i = 0; shared && i < 100; i++) {
		long at = random_below((uint32_t)size);

		map[at] = model[offset + at] = (unsigned char)random_below(256);
	}
	check(munmap(map, (size_t)size) == 0, "munmap");
}

static void op_hole(long offset, long size)
{
	long end = offset + size < model_size ? offset + size : model_size;

	if (!size || fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size)) {
		check(!size || errno == EOPNOTSUPP, "hole");
		return;
	}
	if (end > offset)
		memset(model + offset, 0, (size_t)(end - offset));
}

static void op_allocate(long offset, long size)
{
	if (size && fallocate(fd, 0, offset, size) == 0)
		model_grow(offset + size);
	else
		check(!size || errno == EOPNOTSUPP, "fallocate");
}

static void op_reopen(const char *name)
{
	close(reader);
	reader = open(name, O_RDONLY);
	check(reader >= 0, "open");
}

static void one(const char *name)
{
	long offset = random_below((uint32_t)limit),
	     size = random_below(random_below(4) ? 5000 : 70000);

	if (offset + size > limit)
		size = limit - offset;
	switch (random_below(12)) {
	case 0: case 1:
		op_write(offset, size);
		break;
	case 2:
		op_write_vector(offset, size);
		break;
	case 3:
		op_truncate(offset);
		break;
	case 4:
		op_map();
		break;
	case 5:
		op_hole(offset, size);
		break;
	case 6:
		op_allocate(offset, size);
		break;
	case 7:
		op_reopen(name);
		break;
	default:
		op_read(offset, size);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	state = (uint32_t)atoi(argv[2]) * 7919u + 1;
	/* Half of the runs stay small: such files may be kept in another way. */
	limit = random_below(2) ? 60000 : SIZE_MAX_TESTED;
	fd = open(argv[1], O_RDWR | O_CREAT, 0666);
	reader = open(argv[1], O_RDONLY);
	check(fd >= 0 && reader >= 0, "open");
	model_size = pread(fd, model, sizeof(model), 0);
	check(model_size >= 0 && lseek(fd, 0, SEEK_END) == model_size, "first look");
	for (; operation < atol(argv[3]); operation++)
		one(argv[1]);
	return 0;
}
