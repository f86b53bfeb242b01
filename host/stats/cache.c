/* SPDX-License-Identifier: MIT */
/* The page cache of files; see cache.h. No locks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boundary/layout.h"
#include "host/base/kernel.h"
#include "host/stats/cache.h"

#define PART ((size_t)1 << 30)		/* bytes that are mapped at once */

/* mincore(2) tells those who may not know that all pages are there. */
static int may_know(int fd, const struct stat *status)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return !geteuid() || status->st_uid == geteuid() || !eaccess(path, W_OK);
}

static int count_part(int fd, off_t offset, size_t size, unsigned char *pages, uint64_t *bytes)
{
	void *data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, offset);
	int error;

	if (data == MAP_FAILED)
		return -errno;
	error = mincore(data, size, pages) ? -errno : 0;
	munmap(data, size);
	for (size_t i = 0; !error && i < (size + PAGE_SIZE - 1) / PAGE_SIZE; i++)
		*bytes += pages[i] & 1 ? PAGE_SIZE : 0;
	return error;
}

int cache_bytes_mincore(int fd, uint64_t *bytes)
{
	uint64_t found = 0;
	unsigned char *pages;
	struct stat status;
	int error = 0;

	if (fstat(fd, &status))
		return -errno;
	if (!may_know(fd, &status))
		return -EPERM;
	pages = malloc(PART / PAGE_SIZE);
	if (!pages)
		return -ENOMEM;
	for (off_t at = 0; !error && at < status.st_size; at += (off_t)PART) {
		size_t size = status.st_size - at < (off_t)PART ? (size_t)(status.st_size - at) :
								  PART;

		error = count_part(fd, at, size, pages, &found);
	}
	free(pages);
	if (!error)
		*bytes = found;
	return error;
}

int cache_bytes(int fd, uint64_t *bytes)
{
	struct kernel_cache_range whole = { 0 };
	struct kernel_cache_pages pages;

	if (!kernel_cachestat(fd, &whole, &pages)) {
		*bytes = pages.cached * PAGE_SIZE;
		return 0;
	}
	return errno == ENOSYS ? cache_bytes_mincore(fd, bytes) : -errno;
}
