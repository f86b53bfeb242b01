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

/* The mapping that a record names, 0 for none; the text ends with NUL. */
static mapping_id record_mapping(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		mapping_id id;
		char *end;

		if (strncmp(line, MAPPING_KEY, strlen(MAPPING_KEY)))
			continue;
		id = strtoull(line + strlen(MAPPING_KEY), &end, 10);
		if (*end == '\n' || !*end)
			return id;
	}
	return 0;
}

/* The record of a domain: its size, -ENOENT where there is none, -EFBIG or another -errno. */
static ssize_t record_read(int domains_fd, const char *name, char text[DOMAIN_RECORD_MAX])
{
	char path[RECORD_NAME_MAX + sizeof("/record")];
	ssize_t size;
	int fd, error;

	snprintf(path, sizeof(path), "%s/record", name);
	fd = fd_open_file(domains_fd, path, O_RDONLY, 0);
	if (fd < 0)
		return fd == -ENOTDIR ? -ENOENT : fd;
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

/*
 * Calls visit with the mapping of each record, until it returns non-zero, which is then the result.
 * A record that can't be read is a failure, or with lenient left out.
 */
static int visit_in(int domains_fd, DIR *dir, bool lenient,
		    int (*visit)(const char *name, mapping_id id, void *data), void *data,
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
		if (size >= 0)
			result = visit(entry->d_name, record_mapping(text), data);
		else if (size != -ENOENT && !lenient)
			result = error_set(err, (int)-size, "the record of domain %s",
					   entry->d_name);
	}
	free(text);
	return result;
}

static int domains_visit(struct store *store, bool lenient,
			 int (*visit)(const char *name, mapping_id id, void *data), void *data,
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
	result = visit_in(fd, dir, lenient, visit, data, err);
	closedir(dir);
	return result;
}

struct holder_search {
	mapping_id id;
	char *name;			/* RECORD_NAME_MAX + 1 bytes */
};

static int holder_look(const char *name, mapping_id id, void *data)
{
	struct holder_search *search = data;

	if (id != search->id)
		return 0;
	snprintf(search->name, RECORD_NAME_MAX + 1, "%s", name);
	return 1;
}

int domains_holder(struct store *store, mapping_id id, char name[RECORD_NAME_MAX + 1],
		   struct error *err)
{
	struct holder_search search = { .id = id, .name = name };

	return domains_visit(store, false, holder_look, &search, err);
}

static int last_note(const char *name, mapping_id id, void *data)
{
	mapping_id *last = data;

	(void)name;
	if (id > *last)
		*last = id;
	return 0;
}

int domains_last_mapping(struct store *store, mapping_id *last, struct error *err)
{
	*last = 0;
	return domains_visit(store, true, last_note, last, err);
}
