/* SPDX-License-Identifier: MIT */
/*
 * The memory of a domain; see memory_usage.h. Its memory files (memfds), the heap among them, are
 * counted by their blocks: pages that no process has mapped at this moment are there as well. All
 * host processes of a domain share one table of descriptors, and so its first process has them all.
 * No locks.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boundary/abi.h"
#include "host/base/fd.h"
#include "host/base/id_list.h"
#include "host/stats/memory_usage.h"

#define MEMORY_FILE "/memfd:"
#define HEAP_FILE MEMORY_FILE "mezzo-heap"

struct reading {
	struct memory_usage *usage;
	struct id_list memory_files;	/* their inodes */
	int error;			/* of a visit */
};

static bool is_ended(int error)
{
	return error == -ENOENT || error == -ESRCH;
}

/* ---- Memory files ---- */

static bool is_counted(const struct reading *reading, uint64_t inode)
{
	for (size_t i = 0; i < reading->memory_files.count; i++) {
		if (reading->memory_files.ids[i] == inode)
			return true;
	}
	return false;
}

static int count_memory_file(struct reading *reading, const struct stat *status)
{
	if (is_counted(reading, status->st_ino))
		return 0;
	if (id_list_add(&reading->memory_files, status->st_ino))
		return -ENOMEM;
	reading->usage->memory_file_bytes += (uint64_t)status->st_blocks * 512;
	return 0;
}

/* What the layer says that its host processes used which have ended; it can say anything. */
static void read_ended(struct reading *reading, int descriptors, const char *name)
{
	struct heap_front front;
	int fd = openat(descriptors, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && pread(fd, &front, sizeof(front), 0) == (ssize_t)sizeof(front))
		reading->usage->ended_cpu_ns = front.ended_cpu_ns;
	fd_close(&fd);
}

static int read_descriptors(struct reading *reading, pid_t first)
{
	char path[40], target[64];
	struct dirent *entry;
	struct stat status;
	int error = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", first);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!error && (entry = readdir(dir))) {
		ssize_t size = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		target[size > 0 ? size : 0] = '\0';
		if (!strncmp(target, MEMORY_FILE, strlen(MEMORY_FILE)) &&
		    !fstatat(dirfd(dir), entry->d_name, &status, 0))
			error = count_memory_file(reading, &status);
		if (!strncmp(target, HEAP_FILE, strlen(HEAP_FILE)))
			read_ended(reading, dirfd(dir), entry->d_name);
	}
	closedir(dir);
	return error;
}

/* ---- Mappings ---- */

static bool same_file(const struct file_id *one, const struct file_id *other)
{
	return one->inode == other->inode && one->major == other->major &&
	       one->minor == other->minor;
}

static struct mapped_file *file_find(const struct memory_usage *usage, const struct file_id *id)
{
	for (size_t i = 0; i < usage->file_count; i++) {
		if (same_file(&usage->files[i].id, id))
			return &usage->files[i];
	}
	return NULL;
}

static struct mapped_file *file_add(struct memory_usage *usage,
				    const struct smaps_mapping *mapping)
{
	char *path = strdup(mapping->path);

	if (path && usage->file_count == usage->file_room) {
		size_t room = usage->file_room ? 2 * usage->file_room : 32;
		struct mapped_file *files = realloc(usage->files, room * sizeof(*files));

		if (files) {
			usage->files = files;
			usage->file_room = room;
		}
	}
	if (!path || usage->file_count == usage->file_room) {
		free(path);
		return NULL;
	}
	usage->files[usage->file_count] =
		(struct mapped_file){ .id = mapping->file, .path = path };
	return &usage->files[usage->file_count++];
}

static void count_mapping(const struct smaps_mapping *mapping, void *data)
{
	struct reading *reading = data;
	struct memory_usage *usage = reading->usage;
	struct mapped_file *file;

	if (!mapping->file.inode) {
		usage->private_bytes += smaps_pss_bytes(mapping);
		return;
	}
	if (!strncmp(mapping->path, MEMORY_FILE, strlen(MEMORY_FILE)) &&
	    is_counted(reading, mapping->file.inode))
		return;
	/* The parts of pages are rounded down one by one. */
	usage->private_bytes += smaps_private_bytes(mapping);
	if (smaps_pss_bytes(mapping) > smaps_private_bytes(mapping))
		usage->shared_bytes += smaps_pss_bytes(mapping) - smaps_private_bytes(mapping);
	file = file_find(usage, &mapping->file);
	if (!file)
		file = file_add(usage, mapping);
	if (!file)
		reading->error = -ENOMEM;
	else if (smaps_rss_bytes(mapping) > smaps_private_bytes(mapping))
		file->process_bytes += smaps_rss_bytes(mapping) - smaps_private_bytes(mapping);
}

static int read_process(struct reading *reading, const struct process *process)
{
	struct memory_usage *usage = reading->usage;
	int error = smaps_read(process->pid, count_mapping, reading);

	for (size_t i = 0; i < usage->file_count; i++) {
		struct mapped_file *file = &usage->files[i];

		if (file->process_bytes > file->shared_bytes)
			file->shared_bytes = file->process_bytes;
		file->process_bytes = 0;
	}
	usage->processes++;
	usage->cpu_ns += process->cpu_ns;
	if (error && !is_ended(error))
		return error;
	return reading->error;
}

static int read_all(struct reading *reading, const struct processes *processes, pid_t monitor)
{
	int error = 0;

	for (size_t i = 0; !error && i < processes->count; i++) {
		if (processes->items[i].parent == monitor)
			error = read_descriptors(reading, processes->items[i].pid);
		if (is_ended(error))
			error = 0;
	}
	for (size_t i = 0; !error && i < processes->count; i++) {
		if (processes_descend(processes, processes->items[i].pid, monitor))
			error = read_process(reading, &processes->items[i]);
	}
	return error;
}

int memory_usage_read(struct memory_usage *usage, const struct processes *processes,
		      pid_t monitor, struct error *err)
{
	struct reading reading = { .usage = usage };
	int error;

	*usage = (struct memory_usage){ 0 };
	error = read_all(&reading, processes, monitor);
	free(reading.memory_files.ids);
	usage->cpu_ns += usage->ended_cpu_ns;
	usage->private_bytes += usage->memory_file_bytes;
	usage->pss_bytes = usage->private_bytes + usage->shared_bytes;
	usage->unshared_bytes = usage->private_bytes;
	for (size_t i = 0; i < usage->file_count; i++)
		usage->unshared_bytes += usage->files[i].shared_bytes;
	return error ? error_set(err, -error, "can't read the memory of its processes") : 0;
}

void memory_usage_release(struct memory_usage *usage)
{
	for (size_t i = 0; i < usage->file_count; i++)
		free(usage->files[i].path);
	free(usage->files);
	*usage = (struct memory_usage){ 0 };
}

const struct mapped_file *memory_usage_find(const struct memory_usage *usage,
					    const struct file_id *id)
{
	return file_find(usage, id);
}
