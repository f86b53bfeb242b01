/* SPDX-License-Identifier: MIT */
/* See volume_rights.h. */
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "host/domain/volume_bits.h"
#include "host/monitor/volume.h"
#include "host/monitor/volume_rights.h"

#define PERMISSIONS	01777u		/* of what is no directory */

bool volume_rights_is_own(const char *name)
{
	return !strcmp(name, VOLUME_BITS_NAME);
}

uint32_t volume_rights_kept(int fd)
{
	char link[VOLUME_LINK_SIZE], value[VOLUME_BITS_SIZE];
	ssize_t size = getxattr(volume_node_link(fd, link), VOLUME_BITS_NAME, value, sizeof(value));

	return volume_bits(value, size);
}

/* Returns 0, also where the file system can't keep them, or -errno. */
static int keep(const char *link, uint32_t rights)
{
	const char *value = rights & S_ISUID ? "ug" : "g";
	size_t size = rights == (S_ISUID | S_ISGID) ? 2 : 1;
	int result = rights ? setxattr(link, VOLUME_BITS_NAME, value, size, 0) :
			      removexattr(link, VOLUME_BITS_NAME);

	if (!result || errno == EOPNOTSUPP || (!rights && errno == ENODATA))
		return 0;
	return -errno;
}

/* Only who may write a file changes such attributes of it: its owner can make that so. */
static int keep_as_owner(const char *link, uint32_t rights, uint32_t permissions)
{
	int error = keep(link, rights);

	if (error != -EACCES)
		return error;
	if (chmod(link, permissions | S_IWUSR))
		return -errno;
	error = keep(link, rights);
	return chmod(link, permissions) ? -errno : error;
}

int volume_rights_change(int fd, uint32_t type, uint32_t permissions)
{
	uint32_t rights = volume_rights_in((type & S_IFMT) | permissions);
	char link[VOLUME_LINK_SIZE];
	int error = 0;

	permissions &= ~rights;
	volume_node_link(fd, link);
	if (S_ISREG(type) && rights != volume_rights_kept(fd))
		error = keep_as_owner(link, rights, permissions);
	if (chmod(link, permissions))
		return -errno;
	return error;
}

int volume_rights_disown(int fd, uint32_t mode)
{
	uint32_t rights = S_ISREG(mode) ? volume_rights_kept(fd) : 0;
	char link[VOLUME_LINK_SIZE];

	/* Linux leaves a bit that means no right but a kind of lock. */
	if (!rights || (rights == S_ISGID && !(mode & S_IXGRP)))
		return 0;
	return keep_as_owner(volume_node_link(fd, link), mode & S_IXGRP ? 0 : rights & S_ISGID,
			     mode & PERMISSIONS);
}
