/* SPDX-License-Identifier: MIT */
/* Monitors as processes; see process.h. No locks are taken: they are looked at. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/kernel.h"
#include "host/domain/process.h"

/* Whether an open file of a process has a lock for writing: fdinfo tells it. */
static bool has_lock(pid_t process, const char *number)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", (int)process, number);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "lock:", 5) && strstr(line, " OFDLCK ") &&
			strstr(line, " WRITE ");
	if (file)
		fclose(file);
	return found;
}

static bool holds(pid_t process, const struct stat *lock)
{
	bool found = false;
	struct dirent *entry;
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)process);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		struct stat status;

		found = !fstatat(dirfd(dir), entry->d_name, &status, 0) &&
			status.st_dev == lock->st_dev && status.st_ino == lock->st_ino &&
			has_lock(process, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* What the host says of a process; false: there is none. */
static bool process_look(pid_t process, char *state, unsigned int *flags)
{
	char path[32], line[512] = "", *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
	file = fopen(path, "re");
	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	/* Behind the name, in which there may be anything: the state, and five numbers. */
	end = strrchr(line, ')');
	return end && sscanf(end, ") %c %*d %*d %*d %*d %*d %u", state, flags) == 2;
}

/* Whether it executes no more, and gives back what it held (PF_EXITING), or has done so. */
static bool is_dying(pid_t process)
{
	const unsigned int exiting = 4;
	unsigned int flags;
	char state;

	return process_look(process, &state, &flags) && flags & exiting;
}

static bool is_in_state(pid_t process, char wanted)
{
	unsigned int flags;
	char state;

	return process > 0 && process_look(process, &state, &flags) && state == wanted;
}

bool monitor_is_stopped(pid_t process)
{
	return is_in_state(process, 'T');
}

bool monitor_is_in_kernel(pid_t process)
{
	return is_in_state(process, 'D');
}

/*
 * A pidfd and the process, or -1. With dying: or the one that is named and dies, whatever it still
 * holds.
 */
static int find(const struct folder *folder, bool dying, pid_t *process)
{
	struct domain_record record = { 0 };
	struct pollfd ended = { .events = POLLIN };
	struct stat lock;

	domain_record_load_run(folder->fd, &record);
	if (record.monitor <= 0 || record.monitor > INT32_MAX ||
	    fstatat(folder->fd, "lock", &lock, AT_SYMLINK_NOFOLLOW))
		return -1;
	*process = (pid_t)record.monitor;
	ended.fd = kernel_pidfd_open(*process);
	/* One that lives on had its number all the while, and so what was read was its own. */
	if (ended.fd >= 0 && (!holds(*process, &lock) || poll(&ended, 1, 0)) &&
	    !(dying && is_dying(*process)))
		fd_close(&ended.fd);
	return ended.fd;
}

pid_t monitor_find(const struct folder *folder)
{
	pid_t process = 0;
	int fd = find(folder, false, &process);

	if (fd < 0)
		return 0;
	close(fd);
	return process;
}

int monitor_open(const struct folder *folder, struct error *err)
{
	pid_t process;
	int fd = find(folder, true, &process);

	if (fd >= 0)
		return fd;
	error_set(err, 0, "domain %s is being started, or held by a process that can't be told: "
		  "see `fuser` of domains/%s/lock in the store", folder->name, folder->name);
	return -ESRCH;
}
