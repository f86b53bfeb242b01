/* SPDX-License-Identifier: MIT */
/* Figures of a database in a file, by the program sqlite3 with its own defaults. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "storage.h"

#define TABLE "CREATE TABLE t(id INTEGER PRIMARY KEY, value INTEGER, text TEXT);\n"
#define QUERY "SELECT count(*), sum(value) FROM t; PRAGMA integrity_check;\n"

static FILE *script_begin(const char *path)
{
	FILE *script = fopen(path, "w");

	MUST(script && fputs(TABLE, script) >= 0);
	return script;
}

/* Runs the script over the database, with output into a file where a path is given. */
static uint64_t script_run(char *database, const char *script, const char *output)
{
	char *arguments[] = { "sqlite3", "-bail", database, NULL };
	int in_fd = open(script, O_RDONLY | O_CLOEXEC), out_fd = -1;
	uint64_t taken_ns;

	if (output) {
		out_fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		MUST(out_fd >= 0);
	}
	MUST(in_fd >= 0);
	taken_ns = command_time_ns(arguments, in_fd, out_fd);
	MUST(close(in_fd) == 0 && (out_fd < 0 || close(out_fd) == 0));
	return taken_ns;
}

/* The rows are there, and SQLite finds the file whole. */
static void database_check(char *database, const char *script, unsigned rows)
{
	char *output = bench_path("answer"), expected[64], answer[64] = "";
	unsigned long long sum = (unsigned long long)rows * (rows - 1) / 2 * 7;
	FILE *file = fopen(script, "w");

	MUST(file && fputs(QUERY, file) >= 0 && fclose(file) == 0);
	script_run(database, script, output);
	file = fopen(output, "r");
	MUST(file && fread(answer, 1, sizeof(answer) - 1, file) > 0 && fclose(file) == 0);
	snprintf(expected, sizeof(expected), "%u|%llu\nok\n", rows, sum);
	MUST(!strcmp(answer, expected));
	MUST(unlink(output) == 0);
	free(output);
}

static double inserts_run(unsigned rows, const char *before, const char *after)
{
	char *database = bench_path("database"), *path = bench_path("script");
	FILE *script = script_begin(path);
	double taken_ns;

	fputs(before, script);
	for (unsigned i = 0; i < rows; i++)
		fprintf(script, "INSERT INTO t VALUES(%u, %u, 'the text of row %u');\n", i + 1,
			i * 7, i);
	fputs(after, script);
	MUST(!ferror(script) && fclose(script) == 0);
	storage_settle();
	taken_ns = (double)script_run(database, path, NULL);
	database_check(database, path, rows);
	MUST(unlink(database) == 0 && unlink(path) == 0);
	free(database);
	free(path);
	return taken_ns;
}

/* sqlite_inserts: 10,000 rows in one transaction. */
static double one_run(void)
{
	return inserts_run(10000, "BEGIN;\n", "COMMIT;\n");
}

/* sqlite_commits: 500 transactions of a row each, each made durable. */
static double each_run(void)
{
	return inserts_run(500, "", "");
}

const struct figure sqlite_figures[] = {
	{ "sqlite_inserts", one_run },
	{ "sqlite_commits", each_run },
	{ 0 },
};
