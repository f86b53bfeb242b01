/* SPDX-License-Identifier: MIT */
/* Small operations on host file descriptors. */
#ifndef HOST_BASE_FD_H
#define HOST_BASE_FD_H

#include <stddef.h>

/* Close *fd where it is open and set it to -1. */
void fd_close(int *fd);

/* Write all of data to fd, going on after partial writes. Returns 0 or -errno. */
int fd_pwrite_all(int fd, const void *data, size_t size, long offset);

/*
 * Read a whole small file into text, at most size - 1 bytes, and end it with NUL. Bytes or -errno.
 */
long fd_read_file(const char *path, char *text, size_t size);

#endif
