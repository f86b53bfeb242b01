/* SPDX-License-Identifier: MIT */
/*
 * The bytes of one object of a store in memory: in the heap while small, in a memfd once large or
 * opened; so a store of many small objects needs few descriptors. No locks. Functions return 0 (or
 * bytes) or -errno.
 */
#ifndef HOST_STORE_MEMORY_FILE_H
#define HOST_STORE_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct memory_file {
	int fd;				/* of a memfd, or -1 */
	char *bytes;			/* where there is no memfd: room bytes, 0 from size on */
	size_t size, room;
};

#define MEMORY_FILE_INIT ((struct memory_file){ .fd = -1 })

void memory_file_release(struct memory_file *file);
ssize_t memory_file_read(struct memory_file *file, void *to, size_t size, uint64_t offset);
ssize_t memory_file_write(struct memory_file *file, const void *from, size_t size, uint64_t offset);
int memory_file_truncate(struct memory_file *file, uint64_t size);
int memory_file_size(struct memory_file *file, uint64_t *size, uint64_t *disk_size);
/* to is empty. */
int memory_file_copy(struct memory_file *from, struct memory_file *to);
/* A descriptor of the caller's. */
int memory_file_open(struct memory_file *file, bool writable);

#endif
