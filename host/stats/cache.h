/* SPDX-License-Identifier: MIT */
/* How much of a file the host's page cache holds. */
#ifndef HOST_STATS_CACHE_H
#define HOST_STATS_CACHE_H

#include <stdint.h>

/*
 * Bytes of a file, in whole pages, that are in the page cache. Returns 0 or -errno; -EPERM where
 * the kernel does not tell this user, who must own the file or be able to write it.
 */
int cache_bytes(int fd, uint64_t *bytes);

/* The same for a kernel without cachestat(2). */
int cache_bytes_mincore(int fd, uint64_t *bytes);

#endif
