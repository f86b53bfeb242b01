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
#include "host/base/time.h"

#define STATUS_MAX 4096
/* Searches take one part of so many of a processor's time at most, whatever a domain asks for. */
#define SEARCH_SHARE 5

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

static int64_t cpu_used_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * 1000 * TIME_NS_PER_MS + used.tv_nsec;
}

/*
 * What one search took tells when the next may be: it is as long as the host has processes, and a
 * domain may ask without end for ids that are not there.
 */
static int search_in_turn(struct process_finder *finder, uint32_t wanted, char status[STATUS_MAX],
			  pid_t *outer)
{
	int64_t before_ns = cpu_used_ns();

	if (time_now_ns() < finder->search_due_ns)
		return -EAGAIN;
	*outer = search(finder, wanted, status);
	finder->search_due_ns = time_now_ns() + (SEARCH_SHARE - 1) * (cpu_used_ns() - before_ns);
	return *outer ? 0 : -ESRCH;
}

/*
 * The host's id of a process, which may end at any time, and its status. 0, -ESRCH, or -EAGAIN
 * where it is not the turn for a search.
 */
static int find(struct process_finder *finder, uint32_t inner, char status[STATUS_MAX],
		pid_t *outer)
{
	uint32_t slot = inner % PROCESS_FINDER_SLOTS, found = 0;

	if (!inner || !domain_find(finder))
		return -ESRCH;
	*outer = finder->slots[slot].outer;
	if (finder->slots[slot].inner == inner && status_read(finder, *outer, status, &found) &&
	    found == inner)
		return 0;
	return search_in_turn(finder, inner, status, outer);
}

int process_memory_read(struct process_finder *finder, uint32_t inner,
			struct process_memory *memory)
{
	char status[STATUS_MAX];
	pid_t outer;
	int error = find(finder, inner, status, &outer);

	if (error)
		return error;
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
	pid_t outer;
	int directory, fd, error = find(finder, inner, status, &outer);
	uint32_t found;

	if (error)
		return error;
	snprintf(path, sizeof(path), "/proc/%d", outer);
	directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
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
