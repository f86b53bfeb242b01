/* SPDX-License-Identifier: MIT */
/* Small operations on host file descriptors; see fd.h. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/base/fd.h"

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

long fd_read_file(const char *path, char *text, size_t size)
{
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (used < size - 1) {
		ssize_t done = read(fd, text + used, size - 1 - used);

		if (done < 0) {
			close(fd);
			return -errno;
		}
		if (!done)
			break;
		used += (size_t)done;
	}
	close(fd);
	text[used] = '\0';
	return (long)used;
}
