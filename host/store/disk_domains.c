/* SPDX-License-Identifier: MIT */
/*
 * Which lasting domain uses a mapping: DIR/domains/NAME/record, a text with lines "key value", of
 * which one is "mapping N". Who makes a domain pins the mapping before that file is there and until
 * it is whole. No locks.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/disk.h"

#define DOMAIN_RECORD_MAX 65536u
#define MAPPING_KEY "mapping "

/* Whether a record names the mapping; the text ends with NUL. */
static bool record_names(const char *text, mapping_id id)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		char *end;

		if (strncmp(line, MAPPING_KEY, strlen(MAPPING_KEY)))
			continue;
		if (strtoull(line + strlen(MAPPING_KEY), &end, 10) == id &&
		    (*end == '\n' || !*end))
			return true;
	}
	return false;
}

/* The record of a domain: its size, -ENOENT where there is none, -EFBIG or another -errno. */
static ssize_t record_read(int domains_fd, const char *name, char text[DOMAIN_RECORD_MAX])
{
	char path[RECORD_NAME_MAX + sizeof("/record")];
	ssize_t size;
	int fd, error;

	snprintf(path, sizeof(path), "%s/record", name);
	fd = openat(domains_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	size = read(fd, text, DOMAIN_RECORD_MAX);
	error = size < 0 ? -errno : 0;
	close(fd);
	if (error)
		return error;
	if (size == DOMAIN_RECORD_MAX)
		return -EFBIG;
	text[size] = '\0';
	return size;
}

static int find_in(int domains_fd, DIR *dir, mapping_id id, char name[RECORD_NAME_MAX + 1],
		   struct error *err)
{
	char *text = malloc(DOMAIN_RECORD_MAX);
	struct dirent *entry;
	int result = text ? 0 : error_set(err, ENOMEM, "can't read records of domains");

	while (!result && (entry = readdir(dir))) {
		ssize_t size;

		if (entry->d_name[0] == '.')
			continue;
		size = record_read(domains_fd, entry->d_name, text);
		if (size < 0 && size != -ENOENT)
			result = error_set(err, (int)-size, "the record of domain %s",
					   entry->d_name);
		if (size < 0 || !record_names(text, id))
			continue;
		snprintf(name, RECORD_NAME_MAX + 1, "%s", entry->d_name);
		result = 1;
	}
	free(text);
	return result;
}

int domains_holder(struct store *store, mapping_id id, char name[RECORD_NAME_MAX + 1],
		   struct error *err)
{
	int result, fd = openat(disk_of(store)->root_fd, "domains",
				O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		result = errno == ENOENT ? 0 : error_set(err, errno, "the store's folder domains");
		fd_close(&fd);
		return result;
	}
	result = find_in(fd, dir, id, name, err);
	closedir(dir);
	return result;
}
