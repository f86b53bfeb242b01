/* SPDX-License-Identifier: MIT */
/* Locks of open files (OFD): they end with their holder, however it ends. */
#ifndef HOST_DOMAIN_FILE_LOCK_H
#define HOST_DOMAIN_FILE_LOCK_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * F_RDLCK or F_WRLCK on a whole file, by F_OFD_SETLK or F_OFD_SETLKW. Returns 0, -EAGAIN where
 * another one has it, or another -errno.
 */
static inline int file_lock(int fd, short type, int command)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET };

	while (fcntl(fd, command, &range)) {
		if (errno != EINTR)
			return errno == EACCES ? -EAGAIN : -errno;
	}
	return 0;
}

#endif
