/* SPDX-License-Identifier: MIT */
/* The host's processes; see processes.h. No locks. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/stats/processes.h"

int process_parse(const char *line, struct process *process)
{
	uint64_t user, system, waited_user, waited_system;
	/* The name in parentheses may hold anything. */
	const char *rest = strrchr(line, ')');
	int pid, parent;

	if (!rest || sscanf(line, "%d", &pid) != 1 ||
	    sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64, &parent, &user, &system, &waited_user,
		   &waited_system) != 5)
		return -EINVAL;
	*process = (struct process){
		.pid = pid, .parent = parent,
		.cpu_ns = (user + system + waited_user + waited_system) *
			  (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK)),
	};
	return 0;
}

static int add(struct processes *list, const struct process *process)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		struct process *items = realloc(list->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = *process;
	return 0;
}

static int compare(const void *one, const void *other)
{
	pid_t a = ((const struct process *)one)->pid, b = ((const struct process *)other)->pid;

	return (a > b) - (a < b);
}

/* One that has ended since it was listed is none. */
static int read_one(struct processes *list, int pid)
{
	char path[40], line[1024];
	struct process process;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_read_file(path, line, sizeof(line)) <= 0 || process_parse(line, &process))
		return 0;
	return add(list, &process);
}

int processes_read(struct processes *list, struct error *err)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int error = 0;

	*list = (struct processes){ 0 };
	if (!proc)
		return error_set(err, errno, "/proc");
	while (!error && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name);

		if (pid > 0)
			error = read_one(list, pid);
	}
	closedir(proc);
	if (error)
		return error_set(err, -error, "/proc");
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare);
	return 0;
}

void processes_release(struct processes *list)
{
	free(list->items);
	*list = (struct processes){ 0 };
}

bool processes_descend(const struct processes *list, pid_t pid, pid_t ancestor)
{
	/* A pid that was used again while they were read could close a circle. */
	for (size_t steps = 0; pid > 1 && steps <= list->count; steps++) {
		struct process key = { .pid = pid };
		const struct process *found;

		if (pid == ancestor)
			return true;
		found = bsearch(&key, list->items, list->count, sizeof(key), compare);
		if (!found)
			return false;
		pid = found->parent;
	}
	return false;
}
