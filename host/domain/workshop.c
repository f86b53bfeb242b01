/* SPDX-License-Identifier: MIT */
/* See workshop.h, which also tells of the lock. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/domain/directory.h"
#include "host/domain/file_lock.h"
#include "host/domain/workshop.h"

int workshop_enter(int folder_fd, const char *what, struct error *err)
{
	int error, fd = openat(folder_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || (mkdirat(folder_fd, WORKSHOP, 0700) && errno != EEXIST)) {
		error_set(err, errno, "can't work in %s", what);
		if (fd >= 0)
			close(fd);
		return -err->code;
	}
	/* What can't be removed now is tried again by the next one. */
	if (!file_lock(fd, F_WRLCK, F_OFD_SETLK))
		directory_empty(folder_fd, WORKSHOP);
	error = file_lock(fd, F_RDLCK, F_OFD_SETLKW);
	if (error) {
		close(fd);
		return error_set(err, -error, "can't lock %s/.lock", what);
	}
	return fd;
}

int workshop_name(char name[WORKSHOP_NAME_SIZE], struct error *err)
{
	uint64_t bits[2];

	if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return error_set(err, errno, "can't make a name");
	snprintf(name, WORKSHOP_NAME_SIZE, WORKSHOP "/%016" PRIx64 "%016" PRIx64, bits[0], bits[1]);
	return 0;
}
