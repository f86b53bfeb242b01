/* SPDX-License-Identifier: MIT */
/* What the folder of a domain takes: disk, and page cache. */
#ifndef HOST_STATS_FOLDER_USAGE_H
#define HOST_STATS_FOLDER_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"

struct folder_usage {
	uint64_t disk_bytes;		/* blocks of all in it, directories too */
	uint64_t cache_bytes;		/* of all its files: objects, overlay, output */
	bool cache_is_known;		/* else cache_bytes is 0 */
	size_t objects;			/* of its own */
};

/* Returns 0 or -errno. What is removed meanwhile is not counted. */
int folder_usage_read(struct folder_usage *usage, int folder_fd, struct error *err);

#endif
