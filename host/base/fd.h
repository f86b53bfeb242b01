/* SPDX-License-Identifier: MIT */
/* Small operations on host file descriptors. */
#ifndef HOST_BASE_FD_H
#define HOST_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * First thing in each main(): where a standard stream is closed, /dev/null is opened in its place,
 * so that no file gets its number and then what is printed. To read from or write to it fails as
 * before. Returns 0 or -errno.
 */
int fd_secure_standard(void);

/* Whether a standard stream is one that the function above had to open. */
bool fd_is_stand_in(int fd);

/* Close *fd where it is open and set it to -1. */
void fd_close(int *fd);

/*
 * openat() of a regular file, close-on-exec. What else may lie at its place (a fifo, a socket, a
 * device, a folder, a link) is -EUCLEAN, and is never waited for. A descriptor or -errno.
 */
int fd_open_file(int dir_fd, const char *name, int flags, unsigned mode);

/* Write all of data to fd, going on after partial writes. Returns 0 or -errno. */
int fd_pwrite_all(int fd, const void *data, size_t size, long offset);

/* Read exactly size bytes. Returns 0, -ENODATA where the file ends before, or another -errno. */
int fd_pread_all(int fd, void *data, size_t size, long offset);

/*
 * Read a whole small file into text, at most size - 1 bytes, and end it with NUL. Bytes or -errno.
 */
long fd_read_file(const char *path, char *text, size_t size);

#endif
