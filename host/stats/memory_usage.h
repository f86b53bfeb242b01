/* SPDX-License-Identifier: MIT */
/* The memory and the processor time of a running domain, from /proc of its host processes. */
#ifndef HOST_STATS_MEMORY_USAGE_H
#define HOST_STATS_MEMORY_USAGE_H

#include "host/stats/processes.h"
#include "host/base/smaps.h"

/* A file that processes of the domain have mapped, and that is none of its memory files. */
struct mapped_file {
	struct file_id id;
	char *path;			/* as the host names it */
	uint64_t shared_bytes;		/* that others have mapped too: the most in one process */
	uint64_t process_bytes;		/* the same of the process that is being read */
};

struct memory_usage {
	size_t processes;		/* with the monitor */
	uint64_t cpu_ns;		/* of those, and of those that have ended: */
	uint64_t ended_cpu_ns;		/* as the domain's own layer says */
	/*
	 * What only this domain has: pages of no file, once also where its processes share them;
	 * pages of files that one of its processes alone has mapped; its memory files.
	 */
	uint64_t private_bytes;
	uint64_t shared_bytes;		/* its part of what it has mapped together with others */
	uint64_t pss_bytes;		/* both */
	uint64_t memory_file_bytes;	/* of private_bytes: the heap and other memory files */
	/* If it shared nothing: private_bytes, and a copy of what it has mapped of each file. */
	uint64_t unshared_bytes;
	struct mapped_file *files;
	size_t file_count, file_room;
};

/*
 * Of the domain of a monitor. One that ends meanwhile has what was seen of it. Returns 0 or -errno;
 * memory_usage_release() is due after either.
 */
int memory_usage_read(struct memory_usage *usage, const struct processes *processes,
		      pid_t monitor, struct error *err);
void memory_usage_release(struct memory_usage *usage);

/* The file, if the domain has it mapped, or NULL. */
const struct mapped_file *memory_usage_find(const struct memory_usage *usage,
					    const struct file_id *id);

#endif
