/* SPDX-License-Identifier: MIT */
/* See store_format.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/store_format.h"

int store_format_check(int directory, const char *path, struct error *err)
{
	char text[64] = "";
	unsigned int version;
	int fd = openat(directory, "format", O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ENOENT, "%s is no object store", path);
	if (fd < 0)
		return error_set(err, errno, "%s/format", path);
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0 || sscanf(text, STORE_FORMAT_LINE, &version) != 1)
		return error_set(err, EUCLEAN, "%s/format is not that of an object store", path);
	if (version <= STORE_FORMAT_VERSION)
		return 0;
	error_set(err, 0, "%s has format %u, which needs a newer program (this one knows %u)", path,
		  version, STORE_FORMAT_VERSION);
	return -EPROTO;
}
