/* SPDX-License-Identifier: MIT */
/* What /proc/PID/smaps tells about the mappings of a process. */
#ifndef HOST_BASE_SMAPS_H
#define HOST_BASE_SMAPS_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "boundary/area_use.h"

/* A file as the kernel names it in maps: on some file systems stat(2) has another device. */
struct file_id {
	uint32_t major, minor;
	uint64_t inode;			/* 0: no file, but memory of the process */
};

struct smaps_mapping {
	struct file_id file;
	const char *path;		/* until the visit returns; may be empty */
	struct area_use use;		/* where it lies, and all its figures */
};

static inline uint64_t smaps_rss_bytes(const struct smaps_mapping *mapping)
{
	return mapping->use.kb[FIGURE_RSS] << 10;
}

static inline uint64_t smaps_pss_bytes(const struct smaps_mapping *mapping)
{
	return mapping->use.kb[FIGURE_PSS] << 10;
}

/* Of this process alone. */
static inline uint64_t smaps_private_bytes(const struct smaps_mapping *mapping)
{
	return (mapping->use.kb[FIGURE_PRIVATE_CLEAN] + mapping->use.kb[FIGURE_PRIVATE_DIRTY])
	       << 10;
}

typedef void smaps_visit(const struct smaps_mapping *mapping, void *data);

/* Each mapping of a text as in smaps. Returns 0 or -errno, what the last read failed with. */
int smaps_parse(FILE *file, smaps_visit *visit, void *data);

/* Each mapping of a process. -ENOENT or -ESRCH where it has ended. */
int smaps_read(pid_t pid, smaps_visit *visit, void *data);

/* The identity that smaps has for an open file, which is not empty. Returns 0 or -errno. */
int smaps_identify(int fd, struct file_id *id);

#endif
