/* SPDX-License-Identifier: MIT */
/*
 * Removing what is below a directory, without following a link, whatever its depth. Modes are of no
 * matter to who owns the directories.
 */
#ifndef HOST_DOMAIN_DIRECTORY_H
#define HOST_DOMAIN_DIRECTORY_H

/* Remove all in a directory; what can't be removed stays. Returns 0 or the last -errno. */
int directory_empty(int parent_fd, const char *name);

/* Remove a directory with all in it. Returns 0 or -errno. */
int directory_remove(int parent_fd, const char *name);

#endif
