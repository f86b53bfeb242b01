/* SPDX-License-Identifier: MIT */
/*
 * The set-user-id and set-group-id bits that programs give to files of volumes. On the host such a
 * bit would give whoever runs the file the rights of its owner, who may be `mezzo`'s user: so the
 * mode never gets one, and a regular file keeps them beside it, in an extended attribute that
 * programs can't see. Where the file system has no such attributes they are lost. Directories have
 * them in the mode: there they give no rights. Used by the monitor's main thread alone: no locks.
 */
#ifndef HOST_MONITOR_VOLUME_RIGHTS_H
#define HOST_MONITOR_VOLUME_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Descriptors here are O_PATH. */

/* The bits that a mode is not to have on the host, for a file of its type. */
static inline uint32_t volume_rights_in(uint32_t mode)
{
	return S_ISDIR(mode) ? 0 : mode & (S_ISUID | S_ISGID);
}

/* Those that are kept beside the mode of a regular file. */
uint32_t volume_rights_kept(int fd);

/*
 * Give a file the permissions, and keep beside them what they must not have. Returns 0 or -errno.
 */
int volume_rights_change(int fd, uint32_t type, uint32_t permissions);

/* The file got another owner: what of the bits goes with that. Returns 0 or -errno. */
int volume_rights_disown(int fd, uint32_t mode);

/* Whether an extended attribute is this module's. */
bool volume_rights_is_own(const char *name);

#endif
