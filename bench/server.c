/* SPDX-License-Identifier: MIT */
/* Servers that figures start; see server.h. No locks. */
#include "server.h"

#include "bench.h"
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define OUTPUT_MAX 16384u

static pid_t server;	  /* 0 where none runs */
static int server_output; /* held open, as a server may say something at any time */

/* A figure that fails leaves no server behind. */
static void server_end(void)
{
	if (server)
		kill(server, SIGTERM);
}

void server_directory_enter(void)
{
	MUST(chdir(bench_directory) == 0);
}

/* Reads what the server says until the text is in it. */
static void ready_wait(const char *command, const char *ready)
{
	char said[OUTPUT_MAX + 1];
	size_t length = 0;

	do {
		ssize_t size = read(server_output, said + length, OUTPUT_MAX - length);

		MUST(size >= 0);
		if (size == 0)
			bench_fail(0, "%s: not ready, but says: %.*s", command, (int)length, said);
		length += (size_t)size;
		said[length] = '\0';
	} while (!strstr(said, ready));
}

void server_start(const char *command, const char *ready)
{
	char *arguments[] = { "sh", "-c", (char *)command, NULL };
	int pipe_fds[2];

	MUST(!server && pipe2(pipe_fds, O_CLOEXEC) == 0);
	server = command_start(arguments, -1, pipe_fds[1]);
	MUST(atexit(server_end) == 0);
	MUST(close(pipe_fds[1]) == 0);
	server_output = pipe_fds[0];
	ready_wait(command, ready);
}

void server_stop(void)
{
	pid_t child = server;

	MUST(kill(server, SIGTERM) == 0);
	server = 0;
	command_wait(child, "the server");
	MUST(close(server_output) == 0);
}

int server_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	MUST(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}
