/* SPDX-License-Identifier: MIT */
/*
 * Finding a domain's process in the host's /proc; see process.h. What is remembered is only a
 * guess: the file that has the figures also says whose they are. Used by the monitor's main thread
 * alone: no locks.
 */
#include "host/monitor/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"

#define STATUS_MAX 4096

static const char *line_of(const char *status, const char *name)
{
	size_t length = strlen(name);
	const char *line = status;

	while (line && (strncmp(line, name, length) || line[length] != ':')) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return line ? line + length + 1 : NULL;
}

static uint64_t kilobytes(const char *status, const char *name)
{
	const char *line = line_of(status, name);

	return line ? strtoull(line, NULL, 10) : 0;
}

/* The id in the innermost namespace: the last of the line. */
static uint32_t inner_id(const char *status)
{
	const char *line = line_of(status, "NSpid");
	uint32_t id = 0;
	char *end;

	while (line && *line && *line != '\n') {
		id = (uint32_t)strtoul(line, &end, 10);
		if (end == line)
			break;
		line = end;
	}
	return id;
}

static bool namespace_read(pid_t outer, char *to, size_t size)
{
	char path[40];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", outer);
	length = readlink(path, to, size - 1);
	if (length < 0)
		return false;
	to[length] = '\0';
	return true;
}

/* Done once, by the first request: a domain's start has no time for it. */
static bool domain_find(struct process_finder *finder)
{
	char path[40], text[256];
	const char *line;

	if (finder->namespace[0])
		return true;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", finder->pidfd);
	if (fd_read_file(path, text, sizeof(text)) <= 0)
		return false;
	line = line_of(text, "Pid");
	return line && namespace_read(atoi(line), finder->namespace, sizeof(finder->namespace));
}

/* The status of a process of the domain, and its id there. False: it is gone, or another's. */
static bool status_read(const struct process_finder *finder, pid_t outer, char status[STATUS_MAX],
			uint32_t *inner)
{
	char path[40], namespace[sizeof(finder->namespace)];

	snprintf(path, sizeof(path), "/proc/%d/status", outer);
	if (fd_read_file(path, status, STATUS_MAX) <= 0)
		return false;
	*inner = inner_id(status);
	return *inner && namespace_read(outer, namespace, sizeof(namespace)) &&
	       !strcmp(namespace, finder->namespace);
}

static void remember(struct process_finder *finder, uint32_t inner, pid_t outer)
{
	finder->slots[inner % PROCESS_FINDER_SLOTS].inner = inner;
	finder->slots[inner % PROCESS_FINDER_SLOTS].outer = outer;
}

/*
 * Looks at all processes of the host, and remembers those of the domain on the way. The host's id
 * of the wanted one, or 0.
 */
static pid_t search(struct process_finder *finder, uint32_t wanted, char status[STATUS_MAX])
{
	char other[STATUS_MAX];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	pid_t found = 0;
	uint32_t inner;

	while (proc && (entry = readdir(proc))) {
		pid_t outer = atoi(entry->d_name);

		if (outer <= 0 || !status_read(finder, outer, other, &inner))
			continue;
		remember(finder, inner, outer);
		if (inner == wanted) {
			memcpy(status, other, STATUS_MAX);
			found = outer;
		}
	}
	if (proc)
		closedir(proc);
	return found;
}

/* The host's id of a process, which may end at any time, and its status. 0: there is none. */
static pid_t find(struct process_finder *finder, uint32_t inner, char status[STATUS_MAX])
{
	uint32_t slot = inner % PROCESS_FINDER_SLOTS, found = 0;

	if (!inner || !domain_find(finder))
		return 0;
	if (finder->slots[slot].inner == inner &&
	    status_read(finder, finder->slots[slot].outer, status, &found) && found == inner)
		return finder->slots[slot].outer;
	return search(finder, inner, status);
}

int process_memory_read(struct process_finder *finder, uint32_t inner,
			struct process_memory *memory)
{
	char status[STATUS_MAX];

	if (!find(finder, inner, status))
		return -ESRCH;
	*memory = (struct process_memory){
		.peak_kb = kilobytes(status, "VmHWM"),
		.resident_kb = kilobytes(status, "VmRSS"),
		.anonymous_kb = kilobytes(status, "RssAnon"),
		.file_kb = kilobytes(status, "RssFile"),
		.shared_kb = kilobytes(status, "RssShmem"),
		.swapped_kb = kilobytes(status, "VmSwap"),
		.page_table_kb = kilobytes(status, "VmPTE"),
	};
	return 0;
}

/*
 * The directory is one process's as long as it is open: if its id leads to the wanted process after
 * the opening, it was that, or it is gone and has no files.
 */
int process_open(struct process_finder *finder, uint32_t inner, const char *name, FILE **file)
{
	char path[40], status[STATUS_MAX];
	pid_t outer = find(finder, inner, status);
	int directory, fd, error = 0;
	uint32_t found;

	snprintf(path, sizeof(path), "/proc/%d", outer);
	directory = outer ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (directory < 0)
		return -ESRCH;
	if (!status_read(finder, outer, status, &found) || found != inner) {
		close(directory);
		return -ESRCH;
	}
	fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	*file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!*file)
		error = -errno;
	if (error && fd >= 0)
		close(fd);
	close(directory);
	return error == -ENOENT ? -ESRCH : error;
}
