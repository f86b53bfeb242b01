/* SPDX-License-Identifier: MIT */
/* Small operations on host file descriptors. */
#ifndef HOST_BASE_FD_H
#define HOST_BASE_FD_H

#include <stddef.h>

/* Close *fd where it is open and set it to -1. */
void fd_close(int *fd);

/*
 * Read a whole small file into text, at most size - 1 bytes, and end it with NUL. Bytes or -errno.
 */
long fd_read_file(const char *path, char *text, size_t size);

#endif
