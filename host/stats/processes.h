/* SPDX-License-Identifier: MIT */
/* The host's processes at one moment, as far as /proc shows them. */
#ifndef HOST_STATS_PROCESSES_H
#define HOST_STATS_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/base/error.h"

struct process {
	pid_t pid, parent;
	uint64_t cpu_ns;		/* user and system; its own and of children it waited for */
};

struct processes {
	struct process *items;		/* by rising pid */
	size_t count, room;
};

/* Returns 0 or -errno; processes_release() is due after either. */
int processes_read(struct processes *list, struct error *err);
void processes_release(struct processes *list);

/* Whether pid is ancestor, or descends from it. */
bool processes_descend(const struct processes *list, pid_t pid, pid_t ancestor);

/* One line of /proc/PID/stat. Returns 0 or -EINVAL. */
int process_parse(const char *line, struct process *process);

#endif
