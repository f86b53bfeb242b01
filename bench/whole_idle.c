/* SPDX-License-Identifier: MIT */
/*
 * The memory of a command that does nothing. This process makes itself the reaper of all its
 * descendants, so that none that a command starts can leave the tree that is summed. No locks.
 */
#include "bench.h"
#include "whole.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTLE_US 500000
#define PROCESSES_MAX 1024

extern char **environ;

/* The parent of a process, from /proc/PID/stat; 0 when the process is gone. */
static pid_t process_parent(pid_t pid)
{
	char path[64], line[512];
	const char *after;
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	got = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[got] = 0;
	after = strrchr(line, ')');
	return after ? atoi(after + 4) : 0;
}

static bool process_descends(pid_t pid, pid_t from)
{
	while (pid > 1 && pid != from)
		pid = process_parent(pid);
	return pid == from;
}

/* All descendants of this process, in the order of /proc. Returns how many. */
static size_t descendants_find(pid_t pids[PROCESSES_MAX])
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	MUST(proc);
	while ((entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || pid == getpid() || !process_descends(pid, getpid()))
			continue;
		MUST(count < PROCESSES_MAX);
		pids[count++] = pid;
	}
	closedir(proc);
	return count;
}

/* One line of a process's smaps_rollup. A process that is gone or hidden is a failure. */
static double process_memory_kb(pid_t pid, const char *field)
{
	size_t field_size = strlen(field);
	char path[64], line[256];
	double kb = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "re");
	if (!file)
		bench_fail(errno, "%s", path);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, field, field_size))
			kb = atof(line + field_size);
	fclose(file);
	return kb;
}

static void descendants_end(pid_t first)
{
	pid_t pids[PROCESSES_MAX];
	size_t count;

	kill(first, SIGTERM);
	usleep(200000);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	count = descendants_find(pids);
	for (size_t i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

double whole_idle(char **arguments, const char *field)
{
	pid_t command, pids[PROCESSES_MAX];
	double total_kb = 0;
	size_t count;
	int error;

	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	error = posix_spawnp(&command, arguments[0], NULL, NULL, arguments, environ);
	if (error)
		bench_fail(error, "%s", arguments[0]);
	usleep(SETTLE_US);
	if (waitpid(command, NULL, WNOHANG) != 0)
		bench_fail(0, "%s ended while it was to idle", arguments[0]);
	count = descendants_find(pids);
	for (size_t i = 0; i < count; i++)
		total_kb += process_memory_kb(pids[i], field);
	descendants_end(command);
	MUST(count > 0);
	return total_kb;
}
