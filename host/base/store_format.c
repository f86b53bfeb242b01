/* SPDX-License-Identifier: MIT */
/* See store_format.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/store_format.h"

int store_part_damaged(const char *name, const char *how, const char *path, struct error *err)
{
	error_set(err, 0, "%s/%s is %s: run `mezzo store fsck --repair`", path, name, how);
	err->code = EUCLEAN;
	return -EUCLEAN;
}

int store_format_check(int directory, const char *path, struct error *err)
{
	char text[64] = "";
	unsigned int version;
	int fd = fd_open_file(directory, "format", O_RDONLY, 0);
	ssize_t size = 0;

	if (fd == -ENOENT)
		return error_set(err, ENOENT, "%s is no object store", path);
	if (fd < 0 && fd != -EUCLEAN)
		return error_set(err, -fd, "%s/format", path);
	if (fd >= 0) {
		size = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (size <= 0 || sscanf(text, STORE_FORMAT_LINE, &version) != 1)
		return store_part_damaged("format", "damaged", path, err);
	if (version <= STORE_FORMAT_VERSION)
		return 0;
	error_set(err, 0, "%s has format %u, which needs a newer program (this one knows %u)", path,
		  version, STORE_FORMAT_VERSION);
	return -EPROTO;
}
