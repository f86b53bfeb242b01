/* SPDX-License-Identifier: MIT */
/*
 * Removing and looking at what is below a directory, without following a link, whatever its depth.
 * Modes are of no matter to who owns the directories.
 */
#ifndef HOST_DOMAIN_DIRECTORY_H
#define HOST_DOMAIN_DIRECTORY_H

#include <stdint.h>
#include <sys/stat.h>

/*
 * Calls visit with each entry below a directory, which is before all that is in it, until it
 * returns non-zero, which is then the result; parent_fd is of the directory that the entry is in.
 * What is removed meanwhile is passed over. Returns 0 or -errno.
 */
int directory_walk(int parent_fd, const char *name,
		   int (*visit)(int parent_fd, const char *name, const struct stat *status,
				void *data),
		   void *data);

/* Blocks of a directory and of all in it, in bytes. Returns 0 or -errno. */
int directory_bytes(int parent_fd, const char *name, uint64_t *bytes);

/* Remove all in a directory; what can't be removed stays. Returns 0 or the last -errno. */
int directory_empty(int parent_fd, const char *name);

/* Remove a directory with all in it. Returns 0 or -errno. */
int directory_remove(int parent_fd, const char *name);

#endif
