/* SPDX-License-Identifier: MIT */
/* See owner.h. No locks. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/owner.h"

static bool is_believed(uid_t uid)
{
	const char *other = getenv("MEZZO_STORE_OWNER");
	unsigned long number;
	char *end;

	if (!uid || uid == geteuid())
		return true;
	if (!other || !*other)
		return false;
	errno = 0;
	number = strtoul(other, &end, 10);
	return !errno && !*end && number == uid;
}

int owner_check(int fd, const char *what, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status))
		return error_set(err, errno, "%s", what);
	if (!is_believed(status.st_uid)) {
		error_set(err, 0, "%s belongs to user %u, and what lies there is obeyed: if you "
			  "trust that user, set MEZZO_STORE_OWNER=%u", what,
			  (unsigned)status.st_uid, (unsigned)status.st_uid);
		return -EPERM;
	}
	if (status.st_mode & (S_IWGRP | S_IWOTH)) {
		error_set(err, 0, "others may write to %s, and what lies there is obeyed: "
			  "`chmod go-w` it first", what);
		return -EPERM;
	}
	return 0;
}
