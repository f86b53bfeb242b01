/* SPDX-License-Identifier: MIT */
/* Reading smaps; see smaps.h. No locks. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boundary/layout.h"
#include "host/base/smaps.h"

#define FIGURE(name, text) text,
static const char *const figure_names[FIGURE_COUNT] = { AREA_FIGURES(FIGURE) };
#undef FIGURE

/* "3f0000000000-3f0000046000 r-xp 00001000 fe:00 5359603     /path": whether it is such a line. */
static bool take_head(char *line, struct smaps_mapping *mapping)
{
	uint64_t start, end, inode;
	uint32_t major, minor;
	int used = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %*x %x:%x %" SCNu64 "%n", &start, &end,
		   &major, &minor, &inode, &used) != 5 || !used)
		return false;
	line += used;
	line += strspn(line, " ");
	line[strcspn(line, "\n")] = '\0';
	*mapping = (struct smaps_mapping){
		.file = { .major = major, .minor = minor, .inode = inode }, .path = line,
		.use = { .start = start, .end = end },
	};
	return true;
}

/* "Rss:                 280 kB" */
static void take_figure(const char *line, struct smaps_mapping *mapping)
{
	size_t size = strcspn(line, ":");

	for (size_t i = 0; line[size] == ':' && i < FIGURE_COUNT; i++)
		if (strlen(figure_names[i]) == size && !memcmp(line, figure_names[i], size))
			mapping->use.kb[i] = strtoull(line + size + 1, NULL, 10);
}

/* A mapping's path lies in the line it came from: two lines are kept by turns. */
int smaps_parse(FILE *file, smaps_visit *visit, void *data)
{
	struct smaps_mapping mapping, next;
	char *lines[2] = { NULL, NULL };
	size_t rooms[2] = { 0, 0 };
	bool within = false;
	int free_line = 0, error = 0;

	while (errno = 0, getline(&lines[free_line], &rooms[free_line], file) > 0) {
		if (!take_head(lines[free_line], &next)) {
			if (within)
				take_figure(lines[free_line], &mapping);
			continue;
		}
		if (within)
			visit(&mapping, data);
		mapping = next;
		within = true;
		free_line = !free_line;
	}
	if (ferror(file))
		error = errno ? -errno : -EIO;
	if (within && !error)
		visit(&mapping, data);
	free(lines[0]);
	free(lines[1]);
	return error;
}

int smaps_read(pid_t pid, smaps_visit *visit, void *data)
{
	char path[40];
	FILE *file;
	int error;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	error = smaps_parse(file, visit, data);
	fclose(file);
	return error;
}

static int find_address(uint64_t address, struct file_id *id)
{
	FILE *file = fopen("/proc/self/maps", "re");
	struct smaps_mapping mapping;
	int error = -ENOENT;
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return -errno;
	while (error && getline(&line, &room, file) > 0) {
		if (take_head(line, &mapping) && mapping.use.start == address) {
			*id = mapping.file;
			error = 0;
		}
	}
	free(line);
	fclose(file);
	return error;
}

int smaps_identify(int fd, struct file_id *id)
{
	void *page = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	int error;

	if (page == MAP_FAILED)
		return -errno;
	error = find_address((uint64_t)(uintptr_t)page, id);
	munmap(page, PAGE_SIZE);
	return error;
}
