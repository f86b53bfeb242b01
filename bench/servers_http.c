/* SPDX-License-Identifier: MIT */
/*
 * nginx_unix: a page of 1 KiB that nginx sends from a file, to a client that keeps its connections,
 * all over a local socket. The client is here: what others have speaks to networks only. Each of
 * its connections has one request under way. The driver wrote nginx.conf and the page. No locks.
 */
#include "bench.h"
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET "nginx.sock"
#define CONNECTIONS 16u
#define PAGE_SIZE 1024u
#define ANSWER_MAX 4096u

static const char question[] = "GET /page HTTP/1.1\r\nHost: bench\r\n\r\n";

static void ask(int fd)
{
	MUST(send(fd, question, sizeof(question) - 1, 0) == sizeof(question) - 1);
}

/* Reads one answer, which must be the page: heads, an empty line, and 1 KiB that ends in "end". */
static void answer_read(int fd)
{
	char answer[ANSWER_MAX + 1], *page = NULL;
	size_t length = 0;

	do {
		ssize_t size = recv(fd, answer + length, ANSWER_MAX - length, 0);

		MUST(size > 0);
		length += (size_t)size;
		answer[length] = '\0';
		if (!page)
			page = strstr(answer, "\r\n\r\n");
	} while (!page || answer + length < page + 4 + PAGE_SIZE);
	MUST(!strncmp(answer, "HTTP/1.1 200 ", 13));
	MUST(page + 4 + PAGE_SIZE == answer + length && !strcmp(answer + length - 3, "end"));
}

static uint64_t nginx_batch(void *context, uint64_t count)
{
	const int *fds = context;
	uint64_t began_ns = clock_ns();

	while (count) {
		unsigned under_way = count < CONNECTIONS ? (unsigned)count : CONNECTIONS;

		for (unsigned i = 0; i < under_way; i++)
			ask(fds[i]);
		for (unsigned i = 0; i < under_way; i++)
			answer_read(fds[i]);
		count -= under_way;
	}
	return clock_ns() - began_ns;
}

static double nginx_unix_run(void)
{
	int fds[CONNECTIONS];
	double request_ns;

	server_directory_enter();
	MUST(unlink(SOCKET) == 0 || errno == ENOENT);
	server_start("exec nginx -e stderr -p . -c nginx.conf 2>&1", "start worker process");
	for (unsigned i = 0; i < CONNECTIONS; i++)
		fds[i] = server_connect(SOCKET);
	request_ns = measure(nginx_batch, fds, UINT64_MAX / 2);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		MUST(close(fds[i]) == 0);
	server_stop();
	return request_ns;
}

const struct figure http_figures[] = {
	{ "nginx_unix", nginx_unix_run },
	{ 0 },
};
