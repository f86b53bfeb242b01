/* SPDX-License-Identifier: MIT */
/* Wishes for programs in memory files; see exec.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/exec.h"

/* The front of the file; strings follow: the directory, arguments, environment. */
struct exec_head {
	uint32_t flags, uid, gid;
	uint32_t directory_count;	/* 0 or 1 */
	uint32_t argument_count, environment_count;
	uint32_t group_count;
	gid_t groups[CONFIG_GROUPS_MAX];
};

/* ---- Writing ---- */

static int write_bytes(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		ssize_t done = write(fd, at, size);

		if (done < 0)
			return -errno;
		at += done;
		size -= (size_t)done;
	}
	return 0;
}

static int write_strings(int fd, const struct strings *list)
{
	int error = 0;

	for (size_t i = 0; i < list->count && !error; i++)
		error = write_bytes(fd, list->items[i], strlen(list->items[i]) + 1);
	return error;
}

int exec_wish_write(const struct exec_wish *wish, struct error *err)
{
	struct exec_head head = {
		.flags = wish->flags, .uid = wish->uid, .gid = wish->gid,
		.directory_count = wish->directory != NULL,
		.argument_count = (uint32_t)wish->arguments.count,
		.environment_count = (uint32_t)wish->environment.count,
		.group_count = wish->group_count,
	};
	int fd = memfd_create("mezzo-exec", MFD_CLOEXEC), error;

	memcpy(head.groups, wish->groups, wish->group_count * sizeof(*wish->groups));
	if (fd < 0)
		return error_set(err, errno, "can't describe the program");
	error = write_bytes(fd, &head, sizeof(head));
	if (!error && wish->directory)
		error = write_bytes(fd, wish->directory, strlen(wish->directory) + 1);
	if (!error)
		error = write_strings(fd, &wish->arguments);
	if (!error)
		error = write_strings(fd, &wish->environment);
	if (!error)
		return fd;
	close(fd);
	return error_set(err, -error, "can't describe the program");
}

/* ---- Reading ---- */

/* The next string, all of which lies before end; NULL: there is none. */
static char *take_string(char **at, const char *end)
{
	char *string = *at;
	size_t size = strnlen(string, (size_t)(end - string));

	if (string + size == end)
		return NULL;
	*at = string + size + 1;
	return string;
}

static int take_strings(char **at, const char *end, uint32_t count, struct strings *list)
{
	for (uint32_t i = 0; i < count; i++) {
		char *string = take_string(at, end);

		if (!string)
			return -EINVAL;
		if (strings_add(list, string))
			return -ENOMEM;
	}
	return 0;
}

static int take_wish(struct exec_wish *wish, size_t size)
{
	struct exec_head head;
	char *at = wish->storage + sizeof(head);
	const char *end = wish->storage + size;
	int error;

	memcpy(&head, wish->storage, sizeof(head));
	wish->flags = head.flags;
	wish->uid = head.uid;
	wish->gid = head.gid;
	if (head.group_count > CONFIG_GROUPS_MAX)
		return -EINVAL;
	wish->group_count = head.group_count;
	memcpy(wish->groups, head.groups, sizeof(wish->groups));
	if (head.directory_count) {
		wish->directory = take_string(&at, end);
		if (!wish->directory)
			return -EINVAL;
	}
	error = take_strings(&at, end, head.argument_count, &wish->arguments);
	if (!error)
		error = take_strings(&at, end, head.environment_count, &wish->environment);
	if (!error && !wish->arguments.count)
		error = -EINVAL;
	return error;
}

int exec_wish_read(int fd, struct exec_wish *wish, struct error *err)
{
	struct stat status;
	size_t size;
	int error = 0;

	*wish = (struct exec_wish){ 0 };
	if (fstat(fd, &status))
		return error_set(err, errno, "can't read what program to start");
	if (status.st_size > (off_t)(sizeof(struct exec_head) + CONFIG_TEXT_MAX))
		return error_set(err, E2BIG, "arguments and environment");
	size = (size_t)status.st_size;
	wish->storage = malloc(size + 1);
	if (!wish->storage)
		return error_set(err, ENOMEM, "can't read what program to start");
	if (size < sizeof(struct exec_head) || pread(fd, wish->storage, size, 0) != (ssize_t)size)
		error = -EINVAL;
	if (!error)
		error = take_wish(wish, size);
	if (!error)
		return 0;
	exec_wish_release(wish);
	return error_set(err, -error, "can't read what program to start");
}

void exec_wish_release(struct exec_wish *wish)
{
	strings_release(&wish->arguments);
	strings_release(&wish->environment);
	free(wish->storage);
	wish->storage = NULL;
}
