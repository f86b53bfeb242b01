/* SPDX-License-Identifier: MIT */
/*
 * Figures of servers that bring a client that measures them, over a local socket: the time of the
 * client's whole run by its number of requests. No locks.
 */
#include "bench.h"
#include "command.h"
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REDIS_SERVER \
	"exec redis-server --port 0 --unixsocket redis.sock --save '' --appendonly no 2>&1"
#define REDIS_REQUESTS "100000" /* of each of the two kinds */
#define PGBENCH_CLIENTS "4"
#define PGBENCH_TRANSACTIONS "2500" /* of each client */

/* Commands that the server says it has done. */
static long redis_done(void)
{
	static const char question[] = "INFO stats\r\n", name[] = "total_commands_processed:";
	int fd = server_connect("redis.sock");
	char text[16384], *found = NULL;
	size_t length = 0;

	MUST(write(fd, question, sizeof(question) - 1) == sizeof(question) - 1);
	while (!found || !strchr(found, '\n')) {
		ssize_t size = read(fd, text + length, sizeof(text) - 1 - length);

		MUST(size > 0);
		length += (size_t)size;
		text[length] = '\0';
		found = strstr(text, name);
	}
	MUST(close(fd) == 0);
	return strtol(found + sizeof(name) - 1, NULL, 10);
}

/* redis-benchmark with its 50 clients, which set and get. */
static double redis_measure(char *pipelined)
{
	char *warm[] = {
		"redis-benchmark", "-s", "redis.sock", "-t", "set,get", "-q", "-n", "5000", "-P",
		pipelined,	   NULL
	};
	char *timed[] = { "redis-benchmark", "-s", "redis.sock", "-t", "set,get", "-q", "-n",
			  REDIS_REQUESTS,    "-P", pipelined,	 NULL };
	double requests = 2 * strtod(REDIS_REQUESTS, NULL), taken_ns;
	long done;

	server_directory_enter();
	server_start(REDIS_SERVER, "ready to accept connections");
	command_time_ns(warm, -1, -1);
	done = redis_done();
	taken_ns = (double)command_time_ns(timed, -1, -1);
	MUST((double)(redis_done() - done) >= requests);
	server_stop();
	return taken_ns / requests;
}

/* redis_unix: each client waits for the answer before it asks again. */
static double redis_unix_run(void)
{
	return redis_measure("1");
}

/* redis_unix_pipelined: each client has 16 requests under way. */
static double redis_unix_pipelined_run(void)
{
	return redis_measure("16");
}

static void database_make(void)
{
	char *remove[] = { "rm", "-rf", "data", NULL };
	char *make[] = { "initdb", "-D", "data", "-U",		"bench",     "-A",
			 "trust",  "-E", "UTF8", "--no-locale", "--no-sync", NULL };

	command_time_ns(remove, -1, -1);
	command_time_ns(make, -1, -1);
}

/* Transactions that the tables tell of: each adds a row to the history. */
static long pgbench_done(char *directory)
{
	char *ask[] = { "psql",
			"-h",
			directory,
			"-U",
			"bench",
			"-Atc",
			"select count(*) from pgbench_history",
			"postgres",
			NULL };
	char text[32];
	int pipe_fds[2];
	ssize_t size;
	pid_t child;

	MUST(pipe(pipe_fds) == 0);
	child = command_start(ask, -1, pipe_fds[1]);
	MUST(close(pipe_fds[1]) == 0);
	command_wait(child, "psql");
	size = read(pipe_fds[0], text, sizeof(text) - 1);
	MUST(size > 0 && close(pipe_fds[0]) == 0);
	text[size] = '\0';
	return strtol(text, NULL, 10);
}

/*
 * pgbench_unix: transactions of pgbench's own kind, without waiting for the disk: what is compared
 * is processes, semaphores, shared memory and sockets, not one file system with another.
 */
static double pgbench_unix_run(void)
{
	char *directory = (char *)bench_directory, *server;
	char *fill[] = { "pgbench", "-i", "-q",	   "-s",       "5", "-h",
			 directory, "-U", "bench", "postgres", NULL };
	char *timed[] = { "pgbench",  "-n",	 "-c", PGBENCH_CLIENTS,
			  "-j",	      "2",	 "-t", PGBENCH_TRANSACTIONS,
			  "-h",	      directory, "-U", "bench",
			  "postgres", NULL };
	long transactions =
		strtol(PGBENCH_CLIENTS, NULL, 10) * strtol(PGBENCH_TRANSACTIONS, NULL, 10);
	double taken_ns;

	server_directory_enter();
	database_make();
	MUST(asprintf(&server,
		      "exec postgres -D data -k '%s' -c listen_addresses= -c fsync=off "
		      "-c autovacuum=off 2>&1",
		      directory) > 0);
	server_start(server, "ready to accept connections");
	command_time_ns(fill, -1, -1);
	taken_ns = (double)command_time_ns(timed, -1, -1);
	MUST(pgbench_done(directory) == transactions);
	server_stop();
	free(server);
	return taken_ns / (double)transactions;
}

const struct figure server_figures[] = {
	{ "redis_unix", redis_unix_run },
	{ "redis_unix_pipelined", redis_unix_pipelined_run },
	{ "pgbench_unix", pgbench_unix_run },
	{ 0 },
};
