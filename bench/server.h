/* SPDX-License-Identifier: MIT */
/*
 * Servers that figures start beside themselves, one at a time. They run in bench_directory, so
 * their sockets have short names. Whatever fails ends the program, and the server with it. No
 * locks.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

/* Makes bench_directory the current one, where servers and their clients meet. */
void server_directory_enter(void);

/*
 * Starts the server, a command of the shell (which must exec it), and waits until it says on its
 * standard output that it is ready, by a text with the one given in it.
 */
void server_start(const char *command, const char *ready);

/* Ends it; it must exit with 0. */
void server_stop(void);

/* A stream connected to the local socket of this path. The caller closes it. */
int server_connect(const char *path);

#endif
